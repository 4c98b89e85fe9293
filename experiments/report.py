"""One self-contained HTML page about a study: figures, tables, verdicts, configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape
from markupsafe import Markup

from experiments.check import Verdict, check
from experiments.comparisons import compare
from experiments.figures import svg_of
from experiments.results import PanelResult, Results
from experiments.sweeps import sweep_results
from experiments.tables import latex, table


def write_report(results: Results, path: Path) -> Path:
    """Write the page to ``path``; equal results give equal bytes but for the seconds column."""
    verdicts, confidence = check(results), results.study.confidence
    page = Environment(loader=PackageLoader("experiments"), autoescape=select_autoescape(), trim_blocks=True)
    page.filters["number"] = _number
    text = page.get_template("report.html").render(
        study=results.study,
        panels=[_panel(results, panel, verdicts) for panel in results.panels.values()],
        sweeps=[
            {"name": s.sweep.name, "title": s.sweep.title or s.sweep.name, "svg": Markup(svg_of(s, confidence))}
            for s in sweep_results(results)
        ],
        failed=[v for v in verdicts if v.failed],
        checked=len(verdicts),
        configuration=json.dumps(results.manifest["study"], indent=2),
        versions=results.manifest["versions"],
        machine=results.manifest["machine"],
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _panel(results: Results, panel: PanelResult, verdicts: list[Verdict]) -> dict[str, Any]:
    ready = bool(panel.series and panel.notions and len(panel.replicates))
    return {
        "name": panel.panel.name,
        "title": panel.panel.title or panel.panel.name,
        "environment": panel.panel.environment,
        "horizon": panel.panel.horizon,
        "replicates": len(panel.replicates),
        "missing": panel.missing,
        "svg": Markup(svg_of(panel, results.study.confidence)) if ready else "",
        "notion": panel.notion() if ready else None,
        "rows": table(panel, results.study.confidence) if ready else [],
        "curves": [(label, f"curve-{panel.panel.name}-{i}-") for i, label in enumerate(panel.series)] if ready else [],
        "ledger": _ledger(panel) if ready else [],
        "pairs": compare(panel, results.study.confidence) if ready else [],
        "latex": latex(panel, results.study.confidence) if ready else "",
        "verdicts": [v for v in verdicts if v.panel == panel.panel.name],
        "bounds": [(label, b) for label in panel.series for b in panel.bounds[label]] if ready else [],
        "lower_bounds": panel.lower_bounds,
    }


def _ledger(panel: PanelResult) -> list[tuple[str, list[float | None]]]:
    """Mean of every series of the ledger at the horizon, a row a policy; the first row names the series."""
    names = list(dict.fromkeys(name for series in panel.series.values() for name in series))
    rows: list[tuple[str, list[Any]]] = [("", names)]
    for label, series in panel.series.items():
        rows.append((label, [float(series[name][:, -1].mean()) if name in series else None for name in names]))
    return rows


def _number(value: float | None) -> str:
    """Four significant digits; whole with thousands set apart from 10,000 on."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 9999.5 else f"{value:.4g}"
