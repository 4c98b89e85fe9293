"""Figures of sweeps: values at the horizon against a parameter."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from environments.contract import Regret
from experiments.analysis.sentences import number
from experiments.analysis.statistics import Array
from experiments.analysis.sweeps import SweepBound, SweepResult
from experiments.report.style import (
    BOUND_STYLES,
    COLOURS,
    DASHES,
    GREY,
    MANY,
    MARKED,
    by_name,
    curve_id,
    draw_others,
    entry,
    notes_of,
    place_legend,
    slant,
    wrapped,
)
from experiments.study.axes import text_of

MOST = 8
"""On a logarithmic x axis with fewer than two powers of ten, ticks stand at the points, at most at so many of them."""

WIDE = 30.0
"""Over values that are no numbers, the y axis is logarithmic where the largest value is so many times the smallest."""


def draw_sweep(ax: Axes, result: SweepResult) -> None:
    """Draw values at the horizon against the parameter: means with pointwise intervals, bounds as over time.

    Policies that do not sweep a parameter that others sweep are level lines without marks. Of more than ``MANY`` lines
    those of ``lines_by_name`` are drawn like this, the others as thin grey lines.
    """
    named, others = lines_by_name(result)
    figure, x = result.figure, np.array(result.points if result.numeric else range(len(result.points)), dtype=float)
    scale = _scale_of(result, x)
    for place, label in enumerate(named):
        line = result.lines[label]
        i = place if others else line.position
        colour, dash = COLOURS[i % len(COLOURS)], DASHES[(i // len(COLOURS)) % len(DASHES)]
        mean, low, high = (np.array([getattr(v, end) for v in line.intervals]) for end in ("value", "low", "high"))
        slope = line.exponent
        text = (
            label
            if slope is None or scale != "loglog"
            else f"{label}: slope {slope.value:.2f} [{slope.low:.2f}, {slope.high:.2f}]"
        )
        marker = "" if label in result.level or len(x) > MARKED else "o"
        lines = ax.plot(
            x, mean, color=colour, linestyle=dash, marker=marker, markersize=2.5, label=entry(text), zorder=3
        )
        shade = ax.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0, zorder=2)
        bounds = [_draw_sweep_bound(ax, x, bound, colour) for bound in result.bounds.get(label, ())]
        for k, artist in enumerate((lines[0], shade, *bounds)):
            artist.set_gid(curve_id(result.name, line.position, k))
    draw_others(ax, x, [np.array([v.value for v in result.lines[label].intervals]) for label in others])
    for bound in result.bounds.get("", ()):
        _draw_sweep_bound(ax, x, bound, "black")
    definition = result.experiments[0].definition(figure.regret)
    quantity = figure.quantity
    shown = {"regret": definition.label, "cost": "cost", "ratio": _ratio(result, definition)}[quantity]
    ax.set_title(wrapped(result.title, 44), loc="left", fontweight="bold")
    unit = "" if quantity == "ratio" else f" ({definition.unit})"
    ax.set_ylabel(wrapped(f"{shown} at the horizon{unit}", 40))
    ax.set_xlabel(wrapped(result.axis, 52))
    curves = np.array([[v.value, v.low, v.high] for line in result.lines.values() for v in line.intervals])
    _set_scales(ax, result, x, scale)
    if not np.isfinite(curves).any():
        ax.text(0.5, 0.5, "no ratio: the comparator's mean is 0", transform=ax.transAxes, ha="center", fontsize="small")
    elif quantity == "ratio" and scale in ("linear", "semilogx"):
        ax.set_ylim(*_limits(result, curves))
    place_legend(ax)


def lines_by_name(result: SweepResult) -> tuple[Sequence[str], Sequence[str]]:
    """Which lines are drawn by name, and the others: where there are many, those of the lowest mean over the points."""
    if len(result.lines) <= MANY:
        return by_name(list(result.lines))
    values = {label: [v.value for v in line.intervals if v.value == v.value] for label, line in result.lines.items()}
    means = {label: float(np.mean(there)) if there else math.inf for label, there in values.items()}
    return by_name(sorted(means, key=means.__getitem__))


def _ratio(result: SweepResult, definition: Regret) -> str:
    """What is divided by what: rewards where the comparator earns, costs where it pays."""
    earns = result.experiments[0].comparators[definition.comparator][0, -1] > 0.0
    return f"{'reward' if earns else 'cost'} / {definition.comparator.replace('_', ' ')}"


def _limits(result: SweepResult, curves: Array) -> tuple[float, float]:
    """Limits of the y axis that hold all curves, 1, and the bounds that are not far above them."""
    top = float(np.nanmax(curves))
    bounds = [float(v) for found in result.bounds.values() for bound in found for v in bound.values]
    shown = [1.0, top, float(np.nanmin(curves)), *(v for v in bounds if v <= 3.0 * top)]
    margin = 0.05 * (max(shown) - min(shown)) or 0.05
    return min(shown) - margin, max(shown) + margin


def _scale_of(result: SweepResult, x: Array) -> str:
    if result.figure.scale != "auto":
        return result.figure.scale
    values = [v.value for line in result.lines.values() for v in line.intervals]
    values += [float(v) for bounds in result.bounds.values() for bound in bounds for v in bound.values]
    values = [v for v in values if np.isfinite(v)] or [0.0]
    if min(values) <= 0.0 or (result.numeric and x.min() <= 0.0):
        return "linear"
    if result.numeric:
        return "loglog"
    return "semilogy" if max(values) > WIDE * min(values) else "linear"


def _set_scales(ax: Axes, result: SweepResult, x: Array, scale: str) -> None:
    if not result.numeric:
        slant(ax, x, [text_of(p) for p in result.points])
    elif scale in ("loglog", "semilogx"):
        if x.min() > 0.0:
            ax.set_xscale("log")
        else:  # room for 0 at the left of a logarithmic axis
            ax.set_xscale("symlog", linthresh=float(np.min(x[x > 0.0], initial=1.0)))
        ax.xaxis.set_minor_formatter(NullFormatter())
        decades = np.log10(x[x > 0.0])
        if math.floor(decades.max()) <= math.ceil(decades.min()):
            shown = x[:: math.ceil(len(x) / MOST)]
            ax.set_xticks(shown, [number(v) for v in shown])
    if scale in ("loglog", "semilogy"):
        ax.set_yscale("log")


def _draw_sweep_bound(ax: Axes, x: Array, bound: SweepBound, colour: str) -> Artist:
    text = entry(f"{bound.bound.name}{notes_of(bound.bound, over_time=False)}")
    return ax.plot(
        x,
        bound.values,
        color=colour if bound.bound.holds else GREY,
        linestyle=BOUND_STYLES["data-dependent" if bound.bound.data_dependent else bound.bound.kind],
        linewidth=1.0,
        label=text,
        zorder=2.5,
    )[0]
