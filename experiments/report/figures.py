"""Figures: regret against the theorems' bounds, one pair of axes an experiment; PNG, SVG and PDF with stable bytes."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas
from matplotlib.ticker import FuncFormatter

from bandits.arguments import did_you_mean
from bandits.contract import Bound
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.results import Results
from experiments.analysis.statistics import Array, Band, mean_band
from experiments.analysis.sweeps import SweepResult, sweep_results
from experiments.analysis.verdicts import bounds_for, lower_bounds_for, vacuous
from experiments.report.search_figures import SearchFigure, draw_search, search_figures
from experiments.report.style import (
    BOUND_STYLES,
    COLOURS,
    DASHES,
    DECADES,
    FORMATS,
    GREY,
    WIDTH,
    curve_id,
    height_of,
    notes_of,
    number,
    place_legend,
    plain,
    style,
)
from experiments.report.sweep_figures import draw_sweep

Part = ExperimentResult | SweepResult | SearchFigure
"""What takes one pair of axes."""


def draw_study(results: Results, folder: Path, formats: Sequence[str] = FORMATS, regret: str = "") -> list[Path]:
    """Draw every experiment, sweep and search, and all experiments and sweeps side by side where there are several.

    Args:
        results: what to draw.
        folder: where the files go; made if need be.
        formats: file endings.
        regret: regret definition, in place of the experiments' own choices.

    Returns:
        The files, the overview first.

    Raises:
        ValueError: an experiment lacks the regret definition, or there is nothing to draw.
    """
    swept = {name for sweep in results.study.sweeps for name in sweep.experiment_names()}
    ready = [p for p in results.experiments.values() if p.series and p.regrets and len(p.replicates)]
    parts: list[tuple[str, Part]] = [(p.experiment.name, p) for p in ready if p.experiment.name not in swept]
    parts += [(s.name, s) for s in sweep_results(results, regret)]
    if not parts:
        raise ValueError(f"{results.folder} holds no finished experiment to draw")
    folder.mkdir(parents=True, exist_ok=True)
    study = results.study.name
    sets = [(study, parts)] if len(parts) == 1 else [(study, parts), *((n, [(n, p)]) for n, p in parts)]
    written = []
    sets += [(f"{n}-search", [(n, f) for f in search_figures(found)]) for n, found in results.searches.items()]
    names = [_file(name, study) if i else name for i, (name, _) in enumerate(sets)]
    for name, (_, group) in zip(names, sets, strict=True):
        with style():
            canvas = _canvas([part for _, part in group], results.study.confidence, regret)
            for ending in formats:
                written.append(folder / f"{name}.{ending}")
                save(canvas, written[-1])
    return written


def _file(name: str, study: str) -> str:
    """A file name for one part, other than the overview's."""
    return f"{name}-only" if name == study else name


def save(canvas: Canvas, path: Path) -> None:
    """Write a figure with no date and no version in it, so that equal figures are equal files."""
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": None},
        "svg": {"Date": None, "Creator": None},
        "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    }
    canvas.savefig(path, metadata=metadata.get(path.suffix[1:], {}))


def svg_of(part: Part, confidence: float, regret: str = "") -> str:
    """One experiment or sweep as SVG text, for the report."""
    from io import StringIO

    stream = StringIO()
    with style():
        _canvas([part], confidence, regret).savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return stream.getvalue()[stream.getvalue().index("<svg") :]


def _canvas(parts: Sequence[Part], confidence: float, regret: str) -> Canvas:
    columns = min(len(parts), 2 if len(parts) in (2, 4) else 3)
    rows = math.ceil(len(parts) / columns)
    canvas = Canvas(layout="constrained")
    axes = canvas.subplots(rows, columns, squeeze=False).ravel()
    for ax, part in zip(axes, parts, strict=False):
        if isinstance(part, SweepResult):
            draw_sweep(ax, part)
        elif isinstance(part, SearchFigure):
            draw_search(ax, part)
        else:
            draw_experiment(ax, part, confidence, regret)
    for ax in axes[len(parts) :]:
        ax.set_axis_off()
    canvas.set_size_inches(WIDTH * columns, max(map(height_of, axes)) * rows)
    return canvas


def draw_experiment(ax: Axes, result: ExperimentResult, confidence: float = 0.95, regret: str = "") -> None:
    """Draw an experiment's curves, bands and bounds, the best policy first in the legend.

    Lines are means over replicates, shades simultaneous bands. A policy's upper bound is dashed in its colour; it is
    grey where an assumption of the theorem fails, dotted where only the order is known or where it depends on the data.
    The environment's lower bounds are black and dash-dotted. Bounds that speak of the horizon only are marks at the
    right end. The x axis are rounds, or the clock of the regret definition where it has one.
    """
    cost = result.experiment.figure.quantity == "cost"
    curves = {label: _curve(result, label, regret, cost) for label in result.series}
    bands = {label: mean_band(curve, confidence) for label, curve in curves.items()}
    order = sorted(bands, key=lambda label: float(bands[label].mean[-1]))
    scale = _scale(result.experiment.figure.scale, bands, cost)
    time = result.time(regret)
    for label in order:
        i = list(result.series).index(label)
        colour, dash = COLOURS[i % len(COLOURS)], DASHES[(i // len(COLOURS)) % len(DASHES)]
        band = bands[label]
        text = f"{label}: {number(band.mean[-1])}{_plus_minus(band, confidence)}"
        lines = ax.plot(time, band.mean, color=colour, linestyle=dash, label=text, zorder=3)
        floor = np.maximum(band.all_low, band.mean / 50.0) if scale == "loglog" else band.all_low
        shade = ax.fill_between(time, floor, band.all_high, color=colour, alpha=0.2, linewidth=0, zorder=2)
        bounds = [] if cost else bounds_for(result, label, regret)
        drawn = [lines[0], shade, *(_draw_bound(ax, result, bound, colour, regret) for bound in bounds)]
        for k, artist in enumerate(drawn):
            artist.set_gid(curve_id(result.experiment.name, i, k))
    if cost:
        _draw_comparators(ax, result, regret)
    else:
        for bound in lower_bounds_for(result, regret):
            _draw_bound(ax, result, bound, "black", regret)
        if scale != "loglog" and any(float(b.mean.min()) < 0.0 for b in bands.values()):
            ax.axhline(0.0, color="black", linewidth=0.6, zorder=1)
    _dress(ax, result, scale, regret, cost)


def _curve(result: ExperimentResult, label: str, regret: str, cost: bool) -> Array:
    return -result.series[label][result.definition(regret).series] if cost else result.regret(label, regret)


def _draw_bound(ax: Axes, result: ExperimentResult, bound: Bound, colour: str, regret: str) -> Artist:
    notes = notes_of(bound, vacuous(result, bound, regret))
    time, values = result.time(regret), result.curve(bound)
    text = f"{bound.name}{notes}: {number(values[-1])}"
    colour = colour if bound.holds else GREY
    if bound.time != "at the horizon":
        line = BOUND_STYLES["data-dependent" if bound.data_dependent else bound.kind]
        return ax.plot(time, values, color=colour, label=text, linestyle=line, linewidth=1.0, zorder=2.5)[0]
    mark: Any = {"linestyle": "none", "marker": "v", "markersize": 4, "zorder": 4, "clip_on": False}
    mark["markerfacecolor"] = "none" if bound.data_dependent else colour
    return ax.plot(time[-1:], values[-1:], color=colour, label=text, **mark)[0]


def _draw_comparators(ax: Axes, result: ExperimentResult, regret: str) -> None:
    definition = result.definition(regret)
    best = [name for name in result.comparators if name not in {n.worst for n in result.regrets}]
    names = result.experiment.figure.comparators or ([definition.comparator] if definition.clock else best)
    for i, name in enumerate(names):
        if name not in result.comparators:
            hint = f"{did_you_mean(name, result.comparators)}; it has {', '.join(result.comparators)}"
            raise ValueError(f"{result.experiment.name}: figure.comparators names {name!r}{hint}")
        values = -result.comparators[name].mean(axis=0)
        style: Any = ("--", "-.", ":", (0, (1, 1, 4, 1)))[i % 4]
        text = f"{name.replace('_', ' ')} (hindsight): {number(values[-1])}"
        ax.plot(result.time(regret), values, color="black", linestyle=style, linewidth=0.9, label=text, zorder=2.5)


def _scale(asked: str, bands: dict[str, Band], cost: bool) -> str:
    if asked != "auto":
        return asked
    positive = all(float(b.mean[len(b.mean) // 2 :].min()) > 0.0 for b in bands.values())
    return "loglog" if positive and not cost else "linear"


def _dress(ax: Axes, result: ExperimentResult, scale: str, regret: str, cost: bool) -> None:
    definition = result.definition(regret)
    if scale in ("loglog", "semilogx"):
        ax.set_xscale("log")
    if scale == "loglog":
        ax.set_yscale("log")
        for line in ax.get_lines():  # a gap, not a plunge, where there is nothing to show
            values = np.asarray(line.get_ydata(), dtype=float)
            line.set_ydata(np.where(values > 0.0, values, np.nan))
    else:
        ax.yaxis.set_major_formatter(FuncFormatter(lambda y, _: number(y)))
        if scale == "linear":
            ax.xaxis.set_major_formatter(FuncFormatter(lambda x, _: number(x)))
    n = len(result.replicates)
    ax.set_title(
        plain(textwrap.fill(result.experiment.title or result.experiment.name, 44)), loc="left", fontweight="bold"
    )
    ax.set_xlabel(f"{definition.clock} (mean of {n})" if definition.clock else "round")
    label = textwrap.fill("cumulative cost" if cost else definition.label, 40)
    ax.set_ylabel(f"{label}\n({definition.unit}, mean of {n})")
    time = result.time(regret)
    first = max(1.0, time[-1] / DECADES) if scale in ("loglog", "semilogx") else time[0]
    ax.set_xlim(first, max(time[-1], first + 1))
    if scale == "loglog":
        _fit_height(ax, first)
    place_legend(ax)


def _fit_height(ax: Axes, first: float) -> None:
    """Limit the y axis to what the lines, not the bands, show from ``first`` on."""
    values = [np.asarray(line.get_ydata())[np.asarray(line.get_xdata()) >= first] for line in ax.get_lines()]
    shown = np.concatenate([v[np.isfinite(v) & (v > 0.0)] for v in values])
    if len(shown):
        ax.set_ylim(float(shown.min()) / 1.5, float(shown.max()) * 1.5)


def _plus_minus(band: Band, confidence: float) -> str:
    reach = float(band.high[-1] - band.low[-1]) / 2.0
    known = reach > 1e-9 * max(1.0, abs(float(band.mean[-1])))  # neither NaN nor rounding alone
    return f" ± {number(reach)}" if known else ""
