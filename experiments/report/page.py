"""One self-contained HTML page about a study: figures, tables, verdicts, configuration."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from bandits.contract import Bound
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.findings import RESULTS, Findings, counted
from experiments.analysis.search import SearchResult
from experiments.analysis.sentences import sentence, sweep_sentence, title_of
from experiments.analysis.statistics import FEWEST
from experiments.analysis.sweeps import SweepResult
from experiments.analysis.verdicts import Verdict
from experiments.report.figures import drawn_by_name, picture
from experiments.report.search_figures import SearchFigure, search_figures
from experiments.report.search_report import search_section
from experiments.report.style import MARKED, curve_id
from experiments.report.sweep_figures import lines_by_name
from experiments.report.tables import best_of, csv_text, latex, table
from experiments.run.files import write
from experiments.study.model import Figure
from experiments.study.texts import visible

COLUMNS = 6
"""Metrics side by side in a table: as many as fit on paper."""

SECTIONS, CURVES = 100, 500
"""A study with more experiments than this, or more policies in all of them together, is shown in part."""
FIRST, PICTURES, DRAWN = 40, 8, 100
"""Then so many sections stand on the page, or fewer with five times as many policies, and the first ones have a
picture, until the pictures have so many curves."""
ROWS = 200
"""Rows of a table of verdicts or pairs, at most."""
FINALS = 5_000
"""Rows of the table of the experiments that are not shown in full, at most."""
CONFIGURATION = 400_000
"""Characters of the configuration, at most."""


def write_report(found: Findings, path: Path) -> Path:
    """Write the page to ``path``; equal results give equal bytes but for times and memory.

    A large study is shown in part: the first experiments in full, of the others the values at the horizon.
    """
    results, about = found.results, _Page(found)
    sections = about.sections()
    script = files("experiments.report").joinpath("templates/report.js").read_text(encoding="utf-8")
    configuration = json.dumps(results.manifest["study"], indent=2, ensure_ascii=False)
    text = page("report.html").render(
        study=results.study,
        sections=sections,
        contents=[(s["name"], s["title"], [(p["name"], _point(p, s)) for p in s["below"]]) for s in sections],
        rest=about.rest(),
        failed=found.contradicted,
        checked=len(found.verdicts) + len(found.sweeps),
        counts=counted((*found.verdicts, *found.sweeps)),
        clean=found.clean,
        missing=len(found.missing),
        rows=ROWS,
        fewest=FEWEST,
        seconds=sum(price.total for result in results.experiments.values() for price in result.prices.values()),
        configuration=configuration[:CONFIGURATION],
        cut=len(configuration) > CONFIGURATION,
        versions=results.manifest["versions"],
        machine=results.manifest["machine"],
        script=Markup(script),
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
    )
    write(path, text.encode())
    return path


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("experiments.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    templates.filters.update(number=_number, bytes=_bytes)
    return templates


def page(name: str) -> Any:
    """The template of that name, which escapes all text."""
    return _templates().get_template(name)


def _shown(value: Any) -> Any:
    """Text of which nothing is hidden."""
    return "\n".join(map(visible, value.split("\n"))) if type(value) is str else value


_OWN = ("results", "made", "rest-")
"""What the template names itself."""


class _Page:
    """What of a study stands on the page; asked for in the order in which it stands there."""

    def __init__(self, found: Findings) -> None:
        self._found, self._confidence = found, found.results.study.confidence
        self._experiments = found.results.experiments
        policies = sum(len(result.series) for result in self._experiments.values())
        self._large = len(self._experiments) > SECTIONS or policies > CURVES
        self._whole: set[str] = set()  # experiments that have been shown
        self._tables: set[tuple[str, str]] = set()  # of an experiment, by a regret definition
        self._names = set(_OWN)  # of sections
        self._policies = 0  # in the sections so far
        self._pictures, self._drawn = 0, 0  # so far, and curves in them

    def sections(self) -> list[dict[str, Any]]:
        """One for each figure with results, and for each experiment of which there is none.

        Below a figure over swept values stand the experiments that it sums up.
        """
        own = {shown.experiment.name for _, shown in self._found.views if isinstance(shown, ExperimentResult)}
        sections = []
        for figure, shown in self._found.views:
            if self._full:
                break
            if isinstance(shown, ExperimentResult):
                sections.append(self._experiment(figure, shown))
                continue
            sections.append(self._sweep(shown))
            for name in dict.fromkeys(result.experiment.name for result in shown.experiments):
                if name not in own and name not in self._whole and not self._full:
                    sections[-1]["below"].append(self._experiment(_look(figure, name), self._experiments[name]))
        for name, result in self._experiments.items():
            if name not in self._whole and not self._full:
                sections.append(self._experiment(Figure(name=name, experiment=name), result))
        return sections

    def rest(self) -> dict[str, Any]:
        """Values at the horizon of the experiments that are not shown, the first of them."""
        left = [result for name, result in self._experiments.items() if name not in self._whole]
        finals = ((result, label) for result in left if result.ready for label in result.series)
        return {
            "experiments": len(left),
            "of": len(self._experiments),
            "rows": [
                (result.experiment.name, label, result.final(label, self._confidence), result.definition())
                for result, label in islice(finals, FINALS)
            ],
            "policies": sum(len(result.series) for result in left if result.ready),
        }

    @property
    def _full(self) -> bool:
        return self._large and (len(self._names) - len(_OWN) >= FIRST or self._policies >= 5 * FIRST)

    def _experiment(self, figure: Figure, result: ExperimentResult) -> dict[str, Any]:
        name, confidence = result.experiment.name, self._confidence
        figure = figure.model_copy(update={"name": self._named(figure.name)})
        first = name not in self._whole
        self._whole.add(name)
        self._policies += len(result.series)
        about = {
            "name": figure.name,
            "title": title_of(figure, result),
            "environment": result.experiment.environment,
            "horizon": result.experiment.horizon,
            "replicates": len(result.replicates),
            "missing": result.missing,
            "ready": result.ready,
            "first": first,
            "below": [],
            "search": self._search(self._found.searches.get(name)) if first else None,
        }
        if not result.ready:
            return about
        definition, (named, others) = result.definition(figure.regret), drawn_by_name(result, figure)
        has_table = (name, definition.name) not in self._tables
        self._tables.add((name, definition.name))
        rows = table(result, confidence, definition.name) if has_table else []
        metrics = list(dict.fromkeys(series for of_policy in result.series.values() for series in of_policy))
        return about | {
            "svg": self._picture(result, figure.name, len(named), figure),
            "cost": figure.quantity == "cost",
            "shown": "Cumulative cost" if figure.quantity == "cost" else definition.label,
            "finding": sentence(result, self._found, figure),
            "regret": definition,
            "has_table": has_table,
            "rows": rows,
            "best": best_of(result, definition.name),
            "curves": [(i, label) for i, label in enumerate(result.series) if label in named],
            "others": len(others),
            "policies": [row["policy"] for row in rows],
            "metrics": [metrics[i : i + COLUMNS] for i in range(0, len(metrics), COLUMNS)],
            "finals": {
                label: {series: float(values[:, -1].mean()) for series, values in of_policy.items()}
                for label, of_policy in result.series.items()
            },
            "pairs": self._found.comparisons[name].get(definition.name, ()) if has_table else (),
            "csv": csv_text(result, confidence, definition.name).replace("\r", "") if has_table else "",
            "latex": latex(result, confidence, definition.name) if has_table else "",
            "price": result.prices[""],
            "verdicts": _gravest(self._found.by_experiment.get(name, ())),
            "bounds": _sources(result),
        }

    def _search(self, result: SearchResult | None) -> dict[str, Any] | None:
        if result is None:
            return None
        section = search_section(result)
        texts = {found["entry"]: found["text"] for found in section["policies"]}
        figures = [
            {
                "entry": figure.policy.entry,
                "parameter": figure.parameter,
                "text": texts[figure.policy.entry],
                "intervals": len(figure.policy.candidates) <= MARKED,
                "svg": self._picture(figure, f"{result.experiment}.search{i}", 1),
            }
            for i, figure in enumerate(search_figures(result))
        ]
        return section | {"figures": figures}

    def _sweep(self, sweep: SweepResult) -> dict[str, Any]:
        named, others = lines_by_name(sweep)
        return {
            "name": self._named(sweep.name),
            "title": sweep.title,
            "axis": sweep.axis,
            "curves": [(sweep.lines[label].position, label) for label in named],
            "others": len(others),
            "svg": self._picture(sweep, sweep.name, len(named)),
            "finding": sweep_sentence(sweep, self._found),
            "verdicts": _gravest([v for v in self._found.sweeps if v.experiment == sweep.name]),
            "below": [],
        }

    def _picture(
        self,
        shown: ExperimentResult | SweepResult | SearchFigure,
        name: str,
        drawn: int,
        figure: Figure | None = None,
    ) -> Markup:
        """The picture, or nothing where there have been enough of them."""
        if self._large and (self._pictures >= PICTURES or self._drawn >= DRAWN):
            return Markup()
        self._pictures, self._drawn = self._pictures + 1, self._drawn + drawn
        return _inline(picture(self._found, shown, figure), name)

    def _named(self, name: str) -> str:
        """The name, or, where another section has it, as an experiment may have that of its figure, one like it."""
        while name in self._names:
            name = f"{name}-"
        self._names.add(name)
        return name


def _look(figure: Figure, name: str) -> Figure:
    """How an experiment is drawn below a figure over swept values that sums it up."""
    return Figure(
        name=name,
        experiment=name,
        regret=figure.regret,
        quantity="cost" if figure.quantity == "cost" else "regret",
        policies=figure.policies,
        comparators=figure.comparators,
    )


def _gravest(verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """The verdicts as they come, or, where there are too many for a table, the gravest first."""
    few = len(verdicts) <= ROWS
    return verdicts if few else sorted(verdicts, key=lambda v: (not v.failed, RESULTS.index(v.result)))


def _sources(result: ExperimentResult) -> list[tuple[Bound, list[str]]]:
    """Each theorem with the policies of which it says the same under the same assumptions."""
    found: dict[tuple[Any, ...], tuple[Bound, list[str]]] = {}
    bounds = [(label, bound) for label in result.series for bound in result.bounds[label]]
    for label, b in [*bounds, *(("Every policy", bound) for bound in result.lower_bounds)]:
        key = (b.name, b.kind, b.time, b.claim, b.evidence, b.source, *((str(a), a.holds) for a in b.assumptions))
        found.setdefault(key, (b, []))[1].append(label)
    return list(found.values())


def _point(experiment: Mapping[str, Any], sweep: Mapping[str, Any]) -> str:
    """Title of an experiment below that of its sweep."""
    return str(experiment["title"]).removeprefix(sweep["title"]).strip() or str(experiment["title"])


def _inline(svg: str, name: str) -> Markup:
    """The SVG with ids that are unique in the page, and the parts of each curve marked for the check boxes."""
    svg = re.sub(rf'id="{curve_id(re.escape(name), "([0-9]+)", "[0-9]+")}"', r'data-curve="\1"', svg)
    svg = re.sub(r' d="[^"]*"', lambda m: re.sub(r"(\.\d\d)\d+", r"\1", m[0]), svg)  # hundredths of a point
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}.{m[1]}"' if m[1] in used else "", svg)
    return Markup(re.sub(r'(url\(#|href="#)', rf"\g<1>{name}.", svg))


def _number(value: float | None) -> str:
    """Four significant digits; whole with thousands set apart from 10,000 on."""
    if value is None or math.isnan(value):
        return "–"
    if abs(value) < 1e-12:  # rounding alone
        return "0"
    return f"{value:,.0f}" if abs(value) >= 9999.5 else f"{value:.4g}"


def _bytes(value: int | None) -> str:
    """Kilobytes, megabytes or gigabytes, to three digits."""
    if value is None:
        return "–"
    for power, unit in ((9, "GB"), (6, "MB"), (3, "kB")):
        if value >= 10**power:
            return f"{value / 10**power:.3g} {unit}"
    return f"{value} B"
