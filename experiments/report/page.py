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
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from experiments.analysis.curves import ExperimentResult
from experiments.analysis.findings import Findings, counted, findings, is_ready, sentence, sweep_sentence
from experiments.analysis.results import Results
from experiments.analysis.search import SearchResult
from experiments.analysis.sweeps import SweepResult, sweep_results
from experiments.analysis.verdicts import Verdict
from experiments.report.figures import svg_of
from experiments.report.search_figures import search_figures
from experiments.report.search_report import search_section
from experiments.report.style import curve_id
from experiments.report.tables import best_of, csv_text, latex, table

COLUMNS = 6
"""Metrics side by side in a table: as many as fit on paper."""


def write_report(results: Results, path: Path) -> Path:
    """Write the page to ``path``; equal results give equal bytes but for times and memory."""
    found = findings(results)
    searches = results.searches
    experiments = {name: _experiment(results, result, found, searches) for name, result in results.experiments.items()}
    sweeps = [_sweep(result, found, experiments) for result in sweep_results(results)]
    swept = {p["name"] for s in sweeps for p in s["experiments"]}
    alone = [p for name, p in experiments.items() if name not in swept]
    script = files("experiments.report").joinpath("templates/report.js").read_text(encoding="utf-8")
    text = page("report.html").render(
        study=results.study,
        experiments=alone,
        sweeps=sweeps,
        contents=[
            *((s["name"], s["title"], [(p["name"], _point(p, s)) for p in s["experiments"]]) for s in sweeps),
            *((p["name"], p["title"], []) for p in alone),
        ],
        failed=found.contradicted,
        checked=len(found.verdicts) + len(found.sweeps),
        counts=counted((*found.verdicts, *found.sweeps)),
        clean=found.clean,
        missing=len(found.missing),
        seconds=sum(price.total for result in results.experiments.values() for price in result.prices.values()),
        configuration=json.dumps(results.manifest["study"], indent=2, ensure_ascii=False),
        versions=results.manifest["versions"],
        machine=results.manifest["machine"],
        script=Markup(script),
        script_hash=f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}",
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("experiments.report"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters.update(number=_number, bytes=_bytes)
    return templates


def page(name: str) -> Any:
    """The template of that name, which escapes all text."""
    return _templates().get_template(name)


def _experiment(
    results: Results, result: ExperimentResult, found: Findings, searches: Mapping[str, SearchResult]
) -> dict[str, Any]:
    name, confidence = result.experiment.name, results.study.confidence
    about = {
        "name": name,
        "title": result.experiment.title or name,
        "environment": result.experiment.environment,
        "horizon": result.experiment.horizon,
        "replicates": len(result.replicates),
        "missing": result.missing,
        "svg": "",
        "search": _search(searches.get(name), confidence),
    }
    if not is_ready(result):
        return about
    names = list(dict.fromkeys(series for metrics in result.series.values() for series in metrics))
    return about | {
        "svg": _inline(svg_of(result, confidence), name, len(result.series)),
        "cost": result.experiment.figure.quantity == "cost",
        "shown": "Cumulative cost" if result.experiment.figure.quantity == "cost" else result.definition().label,
        "finding": sentence(result, found),
        "regret": result.definition(),
        "rows": table(result, confidence),
        "first": best_of(result),
        "curves": list(result.series),
        "metrics": [names[i : i + COLUMNS] for i in range(0, len(names), COLUMNS)],
        "finals": {
            label: {series: float(values[:, -1].mean()) for series, values in metrics.items()}
            for label, metrics in result.series.items()
        },
        "pairs": found.comparisons[name],
        "csv": csv_text(result, confidence),
        "latex": latex(result, confidence),
        "price": result.prices[""],
        "verdicts": [v for v in found.verdicts if v.experiment == name],
        "bounds": [(label, b) for label in result.series for b in result.bounds[label]]
        + [("", b) for b in result.lower_bounds],
    }


def _search(result: SearchResult | None, confidence: float) -> dict[str, Any] | None:
    if result is None:
        return None
    section = search_section(result)
    texts = {found["entry"]: found["text"] for found in section["policies"]}
    figures = [
        {
            "entry": figure.policy.entry,
            "parameter": figure.parameter,
            "text": texts[figure.policy.entry],
            "svg": _inline(svg_of(figure, confidence), f"{result.experiment}.search{i}", 0),
        }
        for i, figure in enumerate(search_figures(result))
    ]
    return section | {"figures": figures}


def _sweep(sweep: SweepResult, found: Findings, experiments: dict[str, dict[str, Any]]) -> dict[str, Any]:
    verdicts: Sequence[Verdict] = [v for v in found.sweeps if v.experiment == sweep.name]
    return {
        "name": sweep.name,
        "title": sweep.title,
        "axis": sweep.axis,
        "curves": list(sweep.lines),
        "svg": _inline(svg_of(sweep, found.results.study.confidence), sweep.name, len(sweep.lines)),
        "finding": sweep_sentence(sweep, verdicts),
        "verdicts": verdicts,
        "experiments": [experiments[result.experiment.name] for result in sweep.experiments],
    }


def _point(experiment: dict[str, Any], sweep: dict[str, Any]) -> str:
    """Title of an experiment below that of its sweep."""
    return str(experiment["title"]).removeprefix(sweep["title"]).strip() or str(experiment["title"])


def _inline(svg: str, name: str, curves: int) -> Markup:
    """The SVG with ids that are unique in the page, and the parts of each curve marked for the check boxes."""
    for i in range(curves):
        svg = re.sub(rf'id="{re.escape(curve_id(name, i, 0))[:-1]}\d+"', f'data-curve="{i}"', svg)
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
