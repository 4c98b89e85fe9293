"""Figures of sweeps: values at the horizon against a parameter."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.transforms import ScaledTranslation

from environments.contract import Regret
from experiments.analysis.curves import SIGNS
from experiments.analysis.statistics import Array
from experiments.analysis.sweeps import SLOPE, SweepBound, SweepLine, SweepResult
from experiments.report.colours import GREY, for_text, looks_of, places_of
from experiments.report.labels import End, EndLabels, alike, within
from experiments.report.style import (
    BELOW,
    DEEP,
    LOG_Y,
    MANY,
    MARKED,
    by_name,
    curve_id,
    dash_of,
    draw_others,
    entry,
    lines_of,
    logarithmic,
    name_quantity,
    named_bound,
    notes_of,
    place_legend,
    plain,
    slant,
    wrapped,
)
from experiments.report.ticks import write_numbers
from experiments.study.axes import text_of

WIDE = 30.0
"""An axis of values is logarithmic where the largest is so many times the smallest."""
FAR = 3.0
"""Times the largest value: on a linear axis bounds beyond are not shown."""
MARGIN = 0.03
"""Share of the x axis beyond the points at each end."""
LETTERS = 24
"""Of a line of a label."""
CAPPED, RAISED = r"$\uparrow$", 7.0
"""The mark of a mean that is a lower end, and how many points it stands above it."""
LABEL = 50
"""Pieces of a policy at the end of its line have ids from here on."""


def draw_sweep(
    ax: Axes,
    result: SweepResult,
    places: Mapping[str, int] | None = None,
    room: float | None = None,
    confidence: float = 0.95,
) -> None:
    """Draw values at the horizon against the parameter: means with pointwise intervals, bounds as over time.

    Policies that do not sweep a parameter that others sweep are level lines, with marks at their ends alone. Of more
    than ``MANY`` lines those of ``lines_by_name`` are drawn like this, the others as thin grey lines. Brackets join
    those that the data do not tell apart at the last value, where the labels stand.

    Args:
        ax: where to draw.
        result: what to draw.
        places: of the policies of the study, which look alike in all its figures; by themselves where None.
        room: width of the axes with what is right of them, times ``WIDTH``; None for axes of somebody's, inside which
            the labels take their room.
        confidence: of what is told apart, in (0, 1).
    """
    named, others = lines_by_name(result)
    figure, x = result.figure, np.array(result.points if result.numeric else range(len(result.points)), dtype=float)
    curves = np.array([[v.value, v.low, v.high] for line in result.lines.values() for v in line.intervals])
    scale = _scale_of(result, x, curves)
    looks = looks_of(named, places_of([list(result.lines)]) if places is None else places, figure.colours)
    ends: list[End] = []
    last = result.experiments[-1]
    there = [lb for lb in named if lb in last.series and math.isfinite(result.lines[lb].intervals[-1].value)]
    for label in [*there, *(label for label in named if label not in there)]:
        line, look = result.lines[label], looks[label]
        mean, low, high = (np.array([getattr(v, end) for v in line.intervals]) for end in ("value", "low", "high"))
        name, slope = figure.name_of(label), _slope(line) if scale == "loglog" else ""
        marks = look.marks() | {"markevery": _marked(len(x), label in result.level)}
        if scale in LOG_Y:
            low = np.maximum(low, mean / DEEP)
            name += ": 0" if _last(mean) == 0.0 else ""
        capped = draw_capped(ax, x, mean, result, label, look.colour)
        text = entry(": ".join([name, *([", ".join(filter(None, (slope, capped)))] if slope or capped else [])]))
        drawn = ax.plot(x, mean, color=look.colour, label=text, zorder=3, **marks)[0]
        shade = ax.fill_between(x, low, high, color=look.colour, alpha=0.2, linewidth=0, zorder=2)
        drawn.set_gid(curve_id(result.name, line.position, 0))
        shade.set_gid(curve_id(result.name, line.position, 1))
        gids = curve_id(result.name, line.position, LABEL), curve_id(result.name, line.position, LABEL + 1)
        ends.append(End(_last(mean), _label(name, slope, capped), for_text(look.colour), gids=gids))
    grey = [np.array([v.value for v in result.lines[label].intervals]) for label in others]
    draw_others(ax, x, grey)
    if others:
        right = [_last(values) for values in grey]
        ends.append(End(float(np.nanmedian(right)), plain(f"{len(others):,} others"), for_text(GREY), faint=True))
    colours = {label: look.colour for label, look in looks.items()} | {"": mpl.rcParams["text.color"]}
    ends += _draw_bounds(ax, x, result, colours) if figure.bounds != "none" else []
    _dress(ax, result, x, curves, scale, room)
    if figure.labels == "lines":
        groups = alike(last, there, confidence, figure.regret)
        EndLabels(ax, float(x[-1]), within(ax, ends), groups, inside=room is None)
    elif figure.labels == "legend":
        place_legend(ax, room is None)


def lines_by_name(result: SweepResult) -> tuple[Sequence[str], Sequence[str]]:
    """Which lines are drawn by name, those of ``order`` first, and the others.

    Where there are many, those of the best mean over the points are drawn by name.
    """
    if len(result.lines) <= MANY:
        return by_name(result.figure.ordered(result.lines))
    values = {label: [v.value for v in line.intervals if v.value == v.value] for label, line in result.lines.items()}
    sign = SIGNS[result.figure.quantity]
    means = {label: sign * float(np.mean(there)) if there else math.inf for label, there in values.items()}
    return by_name(result.figure.ordered(sorted(means, key=means.__getitem__)))


def _slope(line: SweepLine) -> str:
    """The fitted exponent in words; nothing where there is none."""
    slope = line.exponent
    if slope is None:
        return ""
    return f"slope {slope.value:.2f}" + (f" [{slope.low:.2f}, {slope.high:.2f}]" if slope.finite else "")


def _marked(n: int, level: bool) -> Any:
    """Which of n points have a mark."""
    if level:
        return [0, n - 1]
    return None if n <= MARKED else 0.1


def _last(values: Array) -> float:
    """The last value that there is."""
    there = values[np.isfinite(values)]
    return float(there[-1]) if len(there) else math.nan


def _label(name: str, *notes: str) -> str:
    return "\n".join(map(plain, [*lines_of(name, LETTERS, 2), *filter(None, notes)]))


def draw_capped(ax: Axes, x: Array, mean: Array, result: SweepResult, label: str, colour: str) -> str:
    """Mark by arrows the means [n_points] that are lower ends, see ``Regret.censored``; returns how many runs are."""
    there = [
        (point, found.censored(label, result.figure.regret), found.censoring(label, result.figure.regret))
        for point, found in enumerate(result.experiments)
        if label in found.series
    ]
    at = [point for point, runs, _ in there if runs]
    if not at:
        return ""
    above = ax.transData + ScaledTranslation(0.0, RAISED / 72.0, ax.figure.dpi_scale_trans)
    marks: dict[str, Any] = {"marker": CAPPED, "markersize": RAISED, "markeredgewidth": 0.0, "color": colour}
    ax.plot(x[at], mean[at], linestyle="none", **marks, zorder=3.1, transform=above, clip_on=False, label="_capped")
    return ("up to " if len(there) > 1 else "") + max(there, key=lambda of_point: of_point[1])[2]


def _draw_bounds(ax: Axes, x: Array, result: SweepResult, colours: Mapping[str, str]) -> list[End]:
    """Draw the bounds, those that fail lowest; returns their labels, one for those that coincide."""
    found = [
        (bound, colour, curve_id(result.name, result.lines[label].position, 2 + k) if label else "")
        for label, colour in colours.items()
        for k, bound in enumerate(result.bounds.get(label, ()))
    ]
    ends: dict[tuple[str, ...], tuple[Line2D, list[str]]] = {}
    taken: set[tuple[str, str]] = set()
    for place, (bound, colour, gid) in enumerate(sorted(found, key=lambda f: f[0].bound.holds)):
        line = _draw_bound(ax, x, bound, colour, place, taken)
        line.set_gid(gid or None)
        key = tuple(f"{value:.6g}" for value in bound.values)
        _, names = ends.get(key, (line, []))
        ends[key] = line, list(dict.fromkeys([*names, named_bound(bound.bound)]))
    return [
        End(
            _last(np.asarray(line.get_ydata(), dtype=float)),
            wrapped(", ".join(names), LETTERS + 4),
            for_text(line.get_color()),
            faint=True,
            line=line,
        )
        for line, names in ends.values()
    ]


def _draw_bound(ax: Axes, x: Array, bound: SweepBound, colour: str, place: int, taken: set[tuple[str, str]]) -> Line2D:
    theorem = bound.bound
    colour, order = (colour, 2.5) if theorem.holds else (GREY, 2.1)
    return ax.plot(
        x,
        bound.values,
        color=colour,
        linestyle=dash_of(theorem, colour, taken),
        linewidth=0.9,
        label=entry(f"{theorem.name}{notes_of(theorem, over_time=False)}"),
        zorder=order + 0.01 * place,
    )[0]


def _scale_of(result: SweepResult, x: Array, curves: Array) -> str:
    """What is asked for, or, of each axis, logarithmic where its values are positive and differ much."""
    values = curves[:, 0][np.isfinite(curves[:, 0])]
    if result.figure.scale in LOG_Y and not (values > 0.0).any():  # a logarithm has nothing to show
        return "semilogx" if result.figure.scale == "loglog" else "linear"
    if result.figure.scale != "auto":
        return result.figure.scale
    values = values if len(values) else np.zeros(1)
    wide = values.min() > 0.0 and values.max() > WIDE * values.min()
    if not (result.numeric and x.min() > 0.0 and x.max() >= SLOPE * x.min()):
        return "semilogy" if wide else "linear"
    return "loglog" if values.min() > 0.0 and result.figure.quantity != "ratio" else "semilogx"


def _dress(ax: Axes, result: SweepResult, x: Array, curves: Array, scale: str, room: float | None) -> None:
    """Titles, scales, ticks and limits."""
    definition, figure = result.experiments[0].definition(result.figure.regret), result.figure
    known = {"regret": definition.label, "cost": "cost", "reward": "reward", "ratio": _ratio(result, definition)}
    ax.set_title(wrapped(result.title, round(44 * (room or 1.0))), loc="left", fontweight="bold")
    ax.set_xlabel(wrapped(result.axis, round(52 * (room or 1.0))))
    sizes = sorted({len(each.replicates) for each in result.experiments})
    mean = f"mean of {' to '.join(str(n) for n in (sizes[0], sizes[-1])[: len(sizes)])}"
    how = mean if figure.quantity == "ratio" else f"{definition.unit}, {mean}"
    name_quantity(ax, f"{known[figure.quantity]} at the horizon", how, room)
    if not result.numeric:
        slant(ax, x, [text_of(p) for p in result.points])
    elif scale in ("loglog", "semilogx"):
        positive = x[x > 0.0]
        if len(positive) == len(x):
            ax.set_xscale("log")
        else:  # room for 0 at the left of a logarithmic axis
            ax.set_xscale("symlog", linthresh=float(np.min(positive, initial=1.0)))
    if scale in LOG_Y:
        logarithmic(ax)
        least = np.min(curves[:, 0], where=curves[:, 0] > 0.0, initial=math.inf) / BELOW
        if ax.get_ylim()[0] < least < math.inf:
            most = np.nanmax(np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in ax.get_lines()]))
            ax.set_ylim(least, 1.5 * float(most))
    if not np.isfinite(curves).any():
        ax.text(0.5, 0.5, "no ratio: the comparator's mean is 0", transform=ax.transAxes, ha="center", fontsize="small")
    elif scale in ("linear", "semilogx"):
        ax.set_ylim(*_limits(result, curves, ax.get_ylim()))
        if result.figure.quantity == "regret" and np.nanmin(curves) < 0.0:
            ax.axhline(0.0, color=mpl.rcParams["text.color"], linewidth=0.6, zorder=1)
    to_axis = ax.xaxis.get_transform()
    first, last = to_axis.transform(np.array([x.min(), x.max()]))
    margin = MARGIN * (last - first) or 0.5
    first, last = to_axis.inverted().transform(np.array([first - margin, last + margin])).tolist()
    ax.set_xlim(first, last)
    if result.numeric:
        write_numbers(ax.xaxis, float(x.min()), float(x.max()), ends=True)
    bottom, top = sorted(ax.get_ylim())
    write_numbers(ax.yaxis, bottom, top)


def _ratio(result: SweepResult, definition: Regret) -> str:
    """What is divided by what: rewards where the comparator earns, costs where it pays."""
    earns = result.experiments[0].comparators[definition.comparator][0, -1] > 0.0
    return f"{'reward' if earns else 'cost'} / {definition.comparator.replace('_', ' ')}"


def _limits(result: SweepResult, curves: Array, now: tuple[float, float]) -> tuple[float, float]:
    """Limits of a linear y axis that hold all curves, of ratios 1, and the bounds that are not far above them."""
    top = float(np.nanmax(curves))
    if result.figure.quantity != "ratio" and (top <= 0.0 or now[1] <= FAR * top):
        return now
    shown = [float(np.nanmin(curves)), top, *(v for v in _values(result) if v <= FAR * top)]
    shown += [1.0] if result.figure.quantity == "ratio" else [0.0]
    margin = 0.05 * (max(shown) - min(shown)) or 0.05
    return min(shown) - margin, max(shown) + margin


def _values(result: SweepResult) -> Iterator[float]:
    """Values of all bounds."""
    for bounds in result.bounds.values():
        for bound in bounds:
            yield from map(float, bound.values)
