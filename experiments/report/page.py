"""One self-contained HTML page about a study: figures, tables, verdicts, configuration."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from bandits.contract import Array, Bound
from experiments.analysis.curves import SIGNS, ExperimentResult
from experiments.analysis.findings import RESULTS, Findings, counted
from experiments.analysis.search import SearchResult
from experiments.analysis.sentences import sentence, sweep_sentence, title_of
from experiments.analysis.statistics import FEWEST, Interval
from experiments.analysis.sweeps import SweepResult
from experiments.analysis.verdicts import Verdict, known
from experiments.report.curves import comparators_of, drawn_by_name
from experiments.report.figures import picture, search_look
from experiments.report.palette import DARK, of_text, variables
from experiments.report.points import Curve, Picture
from experiments.report.search_figures import SearchFigure, search_figures
from experiments.report.search_report import search_section
from experiments.report.style import FIXED, curve_id
from experiments.report.sweep_figures import lines_by_name
from experiments.report.tables import best_of, csv_text, latex, table
from experiments.run.files import write
from experiments.study.appearance import Appearance
from experiments.study.axes import text_of
from experiments.study.model import Figure
from experiments.study.texts import visible

COLUMNS = 6
"""Metrics side by side in a table: as many as fit on paper."""

SECTIONS, CURVES = 100, 500
"""A study with more experiments than this, or more policies in all of them together, is shown in part."""
FIRST, PICTURES, DRAWN = 40, 8, 100
"""Then so many sections stand on the page, or fewer with five times as many policies, and the first ones have a
picture, until the pictures have so many curves."""
POINTS = 8.0
"""Points of a picture's width to an em of the page: letters of 7 points are as large as those of a footnote."""
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
    script = "\n".join(_text(name) for name in (["vendor/uPlot.iife.min.js"] * about.drawn + ["templates/report.js"]))
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
        uplot=Markup(_text("vendor/uPlot.min.css")) if about.drawn else "",
        dark=Markup(variables(about.colours)),
        script=Markup(script),
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
    )
    write(path, text.encode())
    return path


def _text(name: str) -> str:
    """A file beside this one."""
    return files("experiments.report").joinpath(name).read_text(encoding="utf-8")


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
        self._seen: dict[str, set[str]] = {}  # of an experiment the regret definitions that figures show
        for figure, shown in found.views:
            if isinstance(shown, ExperimentResult):
                self._seen.setdefault(shown.experiment.name, set()).add(shown.definition(figure.regret).name)
        self._names = set(_OWN)  # of sections
        self._policies = 0  # in the sections so far
        self._pictures, self._drawn = 0, 0  # so far, and curves in them
        self.colours: set[str] = set()  # in the pictures

    @property
    def drawn(self) -> bool:
        """Whether there is a picture, so far."""
        return self._pictures > 0

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
        titles = Counter(section["title"] for section in sections)
        for section in sections:
            if titles[section["title"]] > 1 and "shown" in section:
                section["title"] += f": {section['shown'][:1].lower()}{section['shown'][1:]}"
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
        own, rest = self._verdicts(result, figure, {*named, *others}, has_table, first)
        metrics = list(dict.fromkeys(series for of_policy in result.series.values() for series in of_policy))
        return about | {
            "drawing": self._picture(result, figure.name, named, figure),
            "plays": _plays(result, confidence, figure, (*named, *others)) if figure.quantity != "regret" else [],
            "shown": definition.label if figure.quantity == "regret" else f"Cumulative {figure.quantity}",
            "finding": sentence(result, self._found, figure),
            "regret": definition,
            "has_table": has_table,
            "rows": rows,
            "best": best_of(result, definition.name),
            "named": len(named),
            "others": len(others),
            "runs": figure.shade == "runs",
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
            "own": own,
            "rest": rest,
            "bounds": _sources(result),
        }

    def _verdicts(
        self, result: ExperimentResult, figure: Figure, drawn: Collection[str], by_regret: bool, first: bool
    ) -> tuple[_Verdicts, _Verdicts]:
        """Those that a section shows: of the curves in its figure, with all that fail; and the others.

        Args:
            result: the experiment.
            figure: how it looks.
            drawn: labels of the policies in the figure.
            by_regret: whether no section before has those by the figure's regret definition.
            first: whether no section before is of this experiment: it has those by definitions that no figure shows.
        """
        name, definition = result.experiment.name, result.definition(figure.regret).name
        seen = self._seen.get(name, {definition})
        here = [
            v
            for v in self._found.by_experiment.get(name, ())
            if (v.regret == definition and by_regret) or (first and v.regret not in seen)
        ]
        own = {id(v) for v in here if v.failed or (v.regret == definition and v.policy in drawn)}
        return _Verdicts([v for v in here if id(v) in own]), _Verdicts([v for v in here if id(v) not in own])

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
                "intervals": figure.intervals,
                "drawing": self._picture(figure, f"{result.experiment}.search{i}", [figure.policy.entry]),
            }
            for i, figure in enumerate(search_figures(result, search_look(self._found, result.experiment)))
        ]
        return section | {"figures": figures}

    def _sweep(self, sweep: SweepResult) -> dict[str, Any]:
        named, others = lines_by_name(sweep)
        return {
            "name": self._named(sweep.name),
            "title": sweep.title,
            "axis": sweep.axis,
            "named": len(named),
            "others": len(others),
            "drawing": self._picture(sweep, sweep.name, named),
            "shown": _quantity(sweep),
            "values": [
                (named[i : i + COLUMNS], [(text_of(x), row[i : i + COLUMNS]) for x, row in _rows(sweep, named)])
                for i in range(0, len(named), COLUMNS)
            ],
            "finding": sweep_sentence(sweep, self._found),
            "own": _Verdicts([v for v in self._found.sweeps if v.experiment == sweep.name]),
            "below": [],
        }

    def _picture(
        self,
        shown: ExperimentResult | SweepResult | SearchFigure,
        name: str,
        drawn: Sequence[str],
        figure: Figure | None = None,
    ) -> dict[str, Any] | None:
        """The picture of these policies with what is read on it, or nothing where there have been enough of them."""
        if self._large and (self._pictures >= PICTURES or self._drawn >= DRAWN):
            return None
        self._pictures, self._drawn = self._pictures + 1, self._drawn + len(drawn)
        made = picture(self._found, shown, figure)
        self.colours |= {shade for curve in made.curves for shade in (curve.colour, of_text(curve.colour))}
        by_place = {curve.policy: curve for curve in made.curves}
        places, look = _positions(shown), shown.figure if isinstance(shown, SweepResult) else figure or Appearance()
        curves = [(label, by_place[places[label]]) for label in drawn if places.get(label) in by_place]
        said = _said(shown, figure, self._confidence, made, curves)
        for curve in said.get("curves", ()):
            curve["label"] = visible(look.name_of(curve["label"]))
        return {
            "svg": _inline(made.svg, name, {*DARK, *self.colours} if made.paper == "#ffffff" else ()),
            "own": made.paper != "#ffffff",  # colours, by a style that the study asks for
            "name": name,
            "wide": made.size / POINTS,
            "curves": [(curve.policy, look.name_of(label)) for label, curve in curves],
            "points": json.dumps(said, ensure_ascii=False, separators=(",", ":")) if curves else "",
        }

    def _named(self, name: str) -> str:
        """The name, or, where another section has it, as an experiment may have that of its figure, one like it."""
        while name in self._names:
            name = f"{name}-"
        self._names.add(name)
        return name


def _look(figure: Figure, name: str) -> Figure:
    """How an experiment is drawn below a figure over swept values that sums it up."""
    quantity = figure.quantity if figure.quantity in ("cost", "reward") else "regret"
    over_time = {"name": name, "experiment": name, "quantity": quantity, "title": "", "over": "", "label": ""}
    return figure.model_copy(update=over_time)


class _Verdicts:
    """Verdicts as the page lists them: as they come, or, where there are too many for a table, the gravest first."""

    def __init__(self, verdicts: Sequence[Verdict]) -> None:
        self.counts, self.number = counted(verdicts), len(verdicts)
        few = len(verdicts) <= ROWS
        self.all = verdicts if few else sorted(verdicts, key=lambda v: (not v.failed, RESULTS.index(v.result)))


def _plays(
    result: ExperimentResult, confidence: float, figure: Figure, drawn: Sequence[str]
) -> list[tuple[str, float, float | None, Interval | None]]:
    """What curves and lines of a figure of costs or rewards end at, the best first: standard error and interval."""
    bands = {label: result.band(label, confidence, figure.regret, figure.quantity, at_horizon=True) for label in drawn}
    rows: list[tuple[str, float, float | None, Interval | None]] = [
        (label, float(b.mean[0]), known(b.error[0]), result.final(label, confidence, figure.regret, figure.quantity))
        for label, b in bands.items()
    ]
    sign = SIGNS[figure.quantity]
    for name in comparators_of(result, figure):
        mean = -sign * float(result.comparators[name][:, -1].mean())
        rows.append((f"{name.replace('_', ' ')} (hindsight)", mean, None, None))
    return sorted(rows, key=lambda row: sign * row[1])


def _quantity(sweep: SweepResult) -> str:
    """What a figure over swept values shows."""
    definition = sweep.experiments[0].definition(sweep.figure.regret)
    if sweep.figure.quantity == "ratio":
        return f"Ratio to {definition.comparator.replace('_', ' ')} at the horizon"
    quantity = sweep.figure.quantity
    shown = definition.label if quantity == "regret" else f"Cumulative {quantity}"
    return f"{shown} at the horizon ({definition.unit})"


def _rows(sweep: SweepResult, labels: Sequence[str]) -> list[tuple[Any, list[Interval]]]:
    """The values at each point of these lines."""
    return [(x, [sweep.lines[label].intervals[j] for label in labels]) for j, x in enumerate(sweep.points)]


def _positions(shown: ExperimentResult | SweepResult | SearchFigure) -> dict[str, int]:
    """Of each policy the position in the ids of its parts."""
    if isinstance(shown, ExperimentResult):
        return {label: i for i, label in enumerate(shown.series)}
    return {label: line.position for label, line in shown.lines.items()} if isinstance(shown, SweepResult) else {}


def _said(
    shown: ExperimentResult | SweepResult | SearchFigure,
    figure: Figure | None,
    confidence: float,
    made: Picture,
    curves: Sequence[tuple[str, Curve]],
) -> dict[str, Any]:
    """What the script reads of a picture: where its axes are, and of each point the place and the words."""
    ends: dict[str, tuple[Array, Array]] = {}  # of the intervals, at the points
    if isinstance(shown, ExperimentResult):
        regret, quantity = (figure.regret, figure.quantity) if figure else ("", "regret")
        clock, time = shown.definition(regret).clock, shown.time(regret)
        name, words = clock or "round", [_number(x) if clock else f"{x:,.0f}" for x in made.x]
        for label, _ in curves:
            band = shown.band(label, confidence, regret, quantity)
            low, high = band.around(figure.shade if figure else "mean")
            ends[label] = np.interp(made.x, time, low), np.interp(made.x, time, high)
    elif isinstance(shown, SweepResult):
        at = np.array(shown.points if shown.numeric else range(len(shown.points)), dtype=float)
        near = [int(np.abs(at - x).argmin()) for x in made.x]
        name, words = shown.axis, [text_of(shown.points[j]) for j in near]
        for label, _ in curves:
            intervals = [shown.lines[label].intervals[j] for j in near]
            ends[label] = np.array([v.low for v in intervals]), np.array([v.high for v in intervals])
    else:
        return {}
    return {
        "box": _places(made.box),
        "name": visible(name),
        "x": words,
        "width": _places(made.width),
        "curves": [
            {
                "policy": curve.policy,
                "label": label,
                "height": _places(curve.height),
                "y": "|".join(map(_read, curve.y.tolist(), *map(np.ndarray.tolist, ends[label]))),
            }
            for label, curve in curves
        ],
    }


def _places(fractions: Iterable[float]) -> list[int | None]:
    """Fractions of a picture or its axes, in tens of thousands, a tenth of a pixel."""
    return [None if math.isnan(fraction) else round(1e4 * float(fraction)) for fraction in fractions]


def _read(value: float, low: float, high: float) -> str:
    """What is read at a point of a curve."""
    return _number(value) if math.isnan(low + high) else f"{_number(value)} [{_number(low)}, {_number(high)}]"


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


def _inline(svg: str, name: str, colours: Collection[str]) -> Markup:
    """The SVG with ids that are unique in the page, the parts of each curve marked, and these colours as variables."""
    svg = re.sub(rf'id="{curve_id(re.escape(name), "([0-9]+)", "([0-9]+)")}"', r'data-curve="\1" data-piece="\2"', svg)
    svg = re.sub(rf'id="{FIXED}[0-9]+"', 'data-fixed=""', svg)
    svg = re.sub(r' d="[^"]*"', lambda m: re.sub(r"(\.\d\d)\d+", r"\1", m[0]), svg)  # hundredths of a point
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg))
    svg = re.sub(r' id="([^"]*)"', lambda m: f' id="{name}.{m[1]}"' if m[1] in used else "", svg)
    svg = re.sub(r": (#[0-9a-f]{6})", lambda m: f": var(--c{m[1][1:]}, {m[1]})" if m[1] in colours else m[0], svg)
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
