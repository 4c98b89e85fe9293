"""Figures over time: curves with their labels, bands and bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from bandits.arguments import did_you_mean
from bandits.contract import Bound
from experiments.analysis.curves import SIGNS, ExperimentResult
from experiments.analysis.sentences import number, title_of
from experiments.analysis.statistics import Array, Interval
from experiments.analysis.verdicts import bounds_for, lower_bounds_for, vacuous
from experiments.report.colours import COLOURS, GREY, Look, for_text, looks_of, places_of
from experiments.report.labels import End, EndLabels, alike, within
from experiments.report.marks import draw_marks
from experiments.report.strip import Row, draw_strip, name_strip, rows_of
from experiments.report.style import (
    BELOW,
    DECADES,
    DEEP,
    LOG_Y,
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
    points,
    wrapped,
)
from experiments.report.ticks import write_numbers
from experiments.study.model import Figure

FAR, FITS, FITS_LINEAR = 3.0, 6.0, 1.6
"""Times the largest value of the curves: a bound beyond is not shown on a linear axis; beyond the others, on a
logarithmic and a linear one, it squashes the curves and has its place in the strip."""
FEW = 6
"""Policies whose bounds are drawn as curves too where there is a strip, if not asked for."""
SPREAD = 10.0
"""Times the lowest curve's end that the highest one's is where axes are logarithmic."""
LETTERS = 22
"""Of a line of a label."""
LABEL = 50
"""Pieces of a policy at the end of its line have ids from here on: its label and the leader."""


def draw_experiment(
    ax: Axes,
    result: ExperimentResult,
    confidence: float = 0.95,
    regret: str = "",
    figure: Figure | None = None,
    places: Mapping[str, int] | None = None,
    strip: Axes | None = None,
) -> None:
    """Draw an experiment's curves, bands and bounds, with labels at their ends, on axes of anybody's.

    Lines are means over replicates, shades simultaneous bands, or where 90 % of the runs are. The label of the lowest
    is bold; a bracket joins those that the data do not tell apart. A policy's upper bound is dashed in its colour, as
    far as it does not squash the curves; it is grey where an assumption of the theorem fails, dotted where only the
    order is known or where it depends on the data. The environment's lower bounds are dash-dotted. Bounds that speak of
    the horizon only are marks at the right end. The x axis are rounds, or the clock of the regret definition where it
    has one. Of more than ``MANY`` policies the lowest ones are drawn like this, see ``drawn_by_name``, the others as
    thin grey lines.

    Args:
        ax: where to draw.
        result: what to draw.
        confidence: of the bands, in (0, 1).
        regret: regret definition; the figure's, else the default one, where empty.
        figure: how it looks; as one of a study that says nothing of it where None.
        places: of ``places_in`` the study, whose policies look alike in all its figures; by themselves where None.
        strip: axes for the theorem strip, see ``draw_strip``.

    Raises:
        ValueError: the experiment lacks the regret definition, or a comparator that the figure names.
    """
    figure = figure or Figure(name=result.experiment.name, experiment=result.experiment.name)
    rows = []
    if strip is not None:
        rows = rows_of(
            result, drawn_by_name(result, figure, regret)[0], confidence, regret or figure.regret, figure.names
        )
    draw_curves(ax, result, confidence, regret, figure, places, strip, rows, room=None)


def draw_curves(
    ax: Axes,
    result: ExperimentResult,
    confidence: float,
    regret: str,
    figure: Figure | None,
    places: Mapping[str, int] | None,
    strip: Axes | None,
    rows: Sequence[Row],
    room: float | None,
) -> None:
    """As ``draw_experiment``, the rows of the strip at hand; ``room`` times ``WIDTH`` is ours, or the axes are not."""
    figure = figure or Figure(name=result.experiment.name, experiment=result.experiment.name)
    regret, plays, inside = regret or figure.regret, figure.quantity != "regret", room is None
    letters = max(10, round(LETTERS * (room or 1.0)))
    named, others = drawn_by_name(result, figure, regret)
    bands = {label: result.band(label, confidence, regret, figure.quantity) for label in named}
    grey = [result.shown(label, regret, figure.quantity).mean(axis=0) for label in others]
    means = [*(band.mean for band in bands.values()), *grey]
    shown = (
        [bound for label in named for bound in bounds_for(result, label, regret)] if figure.bounds == "curves" else []
    )
    scale = _scale(figure.scale, [*means, *(result.curve(bound) for bound in shown if not plays)], plays)
    log_y = scale in LOG_Y
    time, labels = result.time(regret), list(result.series)
    if places is None:
        places = places_of([labels if len(labels) <= len(COLOURS) else named])
    looks = looks_of(named, places, figure.colours)
    ends: list[End] = []
    top = max(float(np.nanmax(np.abs(mean))) for mean in means)
    learners = [label for label in named if label in result.learners] if len(means) > 1 else []
    sign = SIGNS[figure.quantity]
    best = min(learners, key=lambda label: sign * float(bands[label].mean[-1]), default="")
    for k, label in enumerate(named):
        i, band, look = labels.index(label), bands[label], looks[label]
        final = result.final(label, confidence, regret, figure.quantity)
        name = figure.names.get(label, label)
        value = _value(final, top)
        capped = result.censoring(label, regret)
        text = f"{name}: {value}" + f", {capped}" * bool(capped)
        marks = look.marks()
        if not log_y or bool((band.mean > 0.0).any()):  # matplotlib spaces no marks along nothing
            marks |= {"markevery": (0.05 + 0.07 * (k % 4), 0.3)}
        line = ax.plot(
            time, band.mean, color=look.colour, label=entry(text), zorder=3.0 + 0.01 * (len(named) - k), **marks
        )[0]
        floor, ceiling = band.around(figure.shade)
        if log_y:
            floor = np.maximum(floor, band.mean / DEEP)
        shade = ax.fill_between(time, floor, ceiling, color=look.colour, alpha=0.2, linewidth=0, zorder=2)
        line.set_gid(curve_id(figure.name, i, 0))
        shade.set_gid(curve_id(figure.name, i, 1))
        gids = curve_id(figure.name, i, LABEL), curve_id(figure.name, i, LABEL + 1)
        ends.append(
            End(
                float(band.mean[-1]),
                "\n".join([_label(name, value, letters), *([plain(capped)] if capped else [])]),
                for_text(look.colour),
                label == best,
                False,
                gids,
            )
        )
    draw_others(ax, time, grey)
    if others:
        last = [float(mean[-1]) for mean in grey]
        ends.append(End(float(np.median(last)), plain(f"{len(others):,} others"), for_text(GREY), faint=True))
    if plays:
        ends += _draw_comparators(ax, result, regret, figure, letters)
    elif figure.bounds in ("auto", "curves", "both"):
        ends += _draw_bounds(ax, result, named, looks, regret, figure, scale, means, strip is not None, letters)
    if not plays and not log_y and any(float(mean.min()) < 0.0 for mean in means):
        ax.axhline(0.0, color=mpl.rcParams["text.color"], linewidth=0.6, zorder=1)
    _dress(ax, result, scale, regret, figure, room)
    if not log_y and not plays:
        _fit_curves(ax, [*means, *(end for band in bands.values() for end in band.around(figure.shade))])
    for axis, (low, high) in ((ax.xaxis, ax.get_xlim()), (ax.yaxis, ax.get_ylim())):
        write_numbers(axis, low, high)
    draw_marks(ax, result, regret)
    if figure.labels == "lines":
        EndLabels(ax, float(time[-1]), within(ax, ends), alike(result, named, confidence, regret), inside=inside)
    elif figure.labels == "legend":
        place_legend(ax, inside)
    if strip is not None:
        draw_strip(
            strip,
            result,
            rows,
            looks,
            regret,
            figure.name,
            _of_others(result, others, confidence, regret),
        )
        name_strip(strip, result, regret)


def _label(name: str, value: str, letters: int) -> str:
    """Name and value on few short lines, of which none breaks the value."""
    tied = value.replace(" ", _TIED)
    lines = lines_of(f"{name}: {tied}", letters, 3)
    if not lines[-1].endswith(tied):
        lines = [*lines_of(name, letters, 2), tied]
    if lines[-1] == tied and len(lines) > 1:
        lines[-2] = lines[-2].removesuffix(":")
    return "\n".join(plain(line.replace(_TIED, " ")) for line in lines)


_TIED = "\u2007"
"""A space at which no line is broken."""


def _of_others(result: ExperimentResult, others: Sequence[str], confidence: float, regret: str) -> str:
    """What the strip says of policies without a row."""
    if not others:
        return ""
    above = sum(row.broken for row in rows_of(result, others, confidence, regret))
    return f"{len(others):,} others: {above or 'none'} above"


def drawn_by_name(result: ExperimentResult, figure: Figure, regret: str = "") -> tuple[Sequence[str], Sequence[str]]:
    """Which of a figure's policies are drawn by name, those of ``order`` and the best first, and the others."""
    shown = {
        label: result.shown(label, regret or figure.regret, figure.quantity) for label in result.named(figure.policies)
    }
    first, sign = {label: place for place, label in enumerate(figure.order)}, SIGNS[figure.quantity]
    ends = {label: sign * float(values[:, -1].mean()) for label, values in shown.items()}
    return by_name(sorted(shown, key=lambda label: (first.get(label, len(first)), ends[label])))


def _draw_bounds(
    ax: Axes,
    result: ExperimentResult,
    named: Sequence[str],
    looks: Mapping[str, Look],
    regret: str,
    figure: Figure,
    scale: str,
    means: Sequence[Array],
    has_strip: bool,
    letters: int,
) -> list[End]:
    """Draw the bounds that do not squash the curves, those that fail lowest; returns their labels, one for equal ones.

    If not asked for, those that fail or are vacuous, and those of many policies, stand in the strip alone where it is.
    """
    ink, places = mpl.rcParams["text.color"], list(result.series)
    found: list[tuple[Bound, str, tuple[str, ...]]] = []  # with the ids of line, label and leader
    pieces = (2, LABEL + 2, LABEL + 3)
    for label in named:
        bounds = bounds_for(result, label, regret)
        found += [
            (bound, looks[label].colour, tuple(curve_id(figure.name, places.index(label), at + 2 * k) for at in pieces))
            for k, bound in enumerate(bounds)
        ]
    found += [(bound, ink, ()) for bound in lower_bounds_for(result, regret)]
    top = max(float(np.nanmax(mean)) for mean in means)
    most = top * (FITS if scale in LOG_Y else FITS_LINEAR)
    labels: dict[tuple[str, ...], tuple[Line2D, str, list[str], tuple[str, str]]] = {}
    taken: set[tuple[str, str]] = set()
    for bound, colour, ids in sorted(found, key=lambda f: (f[0].holds, f[0].kind == "upper")):
        values, colour = result.curve(bound), colour if bound.holds else GREY
        there = values[np.isfinite(values)]
        if not len(there) or (figure.bounds != "curves" and float(there.max()) > most):
            continue
        crowded = len(named) > FEW or not bound.holds or vacuous(result, bound, regret)
        if figure.bounds == "auto" and has_strip and ids and crowded:
            continue
        dash = dash_of(bound, colour, taken)
        line = _draw_bound(ax, result, bound, values, colour, dash, regret)
        line.set_zorder((2.5 if bound.holds else 2.1) + 0.01 * len(taken))
        line.set_gid(ids[0] if ids else None)
        same = tuple(f"{v:.6g}" for v in values[[0, len(values) // 2, -1]])
        names = labels[same][2] if same in labels else []
        own = (ids[1], ids[2]) if ids and not names else ("", "")  # what several bounds share belongs to no policy
        labels[same] = line, for_text(colour), list(dict.fromkeys([*names, named_bound(bound)])), own
    return [
        End(
            float(np.asarray(line.get_ydata())[-1]),
            wrapped(", ".join(names), letters + 4),
            colour,
            False,
            True,
            gids,
            line,
        )
        for line, colour, names, gids in labels.values()
    ]


def _draw_bound(
    ax: Axes, result: ExperimentResult, bound: Bound, values: Array, colour: str, dash: Any, regret: str
) -> Line2D:
    notes = notes_of(bound, vacuous(result, bound, regret))
    text, time = entry(f"{bound.name}{notes}: {number(values[-1])}"), result.time(regret)
    if bound.time != "at the horizon":
        return ax.plot(time, values, color=colour, label=text, linestyle=dash, linewidth=0.9)[0]
    mark: Any = {"linestyle": "none", "marker": "_", "markersize": 12}
    return ax.plot(time[-1:], values[-1:], color=colour, label=text, **mark)[0]


def _draw_comparators(ax: Axes, result: ExperimentResult, regret: str, figure: Figure, letters: int) -> list[End]:
    ink, ends = mpl.rcParams["text.color"], []
    for i, name in enumerate(comparators_of(result, figure, regret)):
        values = -SIGNS[figure.quantity] * result.comparators[name].mean(axis=0)
        style: Any = ("--", "-.", ":", (0, (1, 1, 4, 1)))[i % 4]
        shown = f"{name.replace('_', ' ')} (hindsight)"
        text = f"{shown}: {number(values[-1])}"
        ax.plot(result.time(regret), values, color=ink, linestyle=style, linewidth=0.9, label=text, zorder=2.5)
        ends.append(End(float(values[-1]), _label(shown, number(values[-1]), letters), ink, faint=True))
    return ends


def comparators_of(result: ExperimentResult, figure: Figure, regret: str = "") -> Sequence[str]:
    """The comparators that a figure of costs or rewards draws.

    Raises:
        ValueError: the figure names one that the experiment lacks.
    """
    definition = result.definition(regret or figure.regret)
    best = [name for name in result.comparators if name not in {n.worst for n in result.regrets}]
    names = figure.comparators or ([definition.comparator] if definition.clock else best)
    for name in names:
        if name not in result.comparators:
            hint = f"{did_you_mean(name, result.comparators)}; it has {', '.join(result.comparators)}"
            raise ValueError(f"{figure.name}: figure.comparators names {name!r}{hint}")
    return names


def _scale(asked: str, means: Sequence[Array], plays: bool) -> str:
    if asked in LOG_Y and not any(bool((mean > 0.0).any()) for mean in means):
        return "semilogx" if asked == "loglog" else "linear"  # a logarithm has nothing to show
    if asked != "auto":
        return asked
    positive = all(float(mean[len(mean) // 2 :].min()) > 0.0 for mean in means)
    ends = [float(mean[-1]) for mean in means]
    return "loglog" if positive and not plays and max(ends) > SPREAD * min(ends) else "linear"


def _dress(ax: Axes, result: ExperimentResult, scale: str, regret: str, figure: Figure, room: float | None) -> None:
    definition = result.definition(regret)
    if scale in ("loglog", "semilogx"):
        ax.set_xscale("log")
    if scale in LOG_Y:
        logarithmic(ax)
    n = len(result.replicates)
    ax.set_title(wrapped(title_of(figure, result), round(44 * (room or 1.0))), loc="left", fontweight="bold")
    ax.set_xlabel(wrapped(f"{definition.clock} (mean of {n})", 52) if definition.clock else "round")
    what = definition.label if figure.quantity == "regret" else f"cumulative {figure.quantity}"
    above = 3.2 * points(mpl.rcParams["axes.labelsize"]) if definition.clock else 0.0  # see ``draw_marks``
    shade = ", shade: 90 % of runs" if figure.shade == "runs" else ""
    name_quantity(ax, what, f"{definition.unit}, mean of {n}{shade}", room, above)
    time = result.time(regret)
    first = max(1.0, time[-1] / DECADES) if scale in ("loglog", "semilogx") else time[0]
    ax.set_xlim(first, max(time[-1], first + 1))
    if scale in LOG_Y:
        _fit_height(ax, first)


def _fit_height(ax: Axes, first: float) -> None:
    """Limit the y axis to what the lines, not the bands, show from ``first`` on; of bounds, what is not far below."""
    values = [np.asarray(line.get_ydata())[np.asarray(line.get_xdata()) >= first] for line in ax.get_lines()]
    values = [v[np.isfinite(v) & (v > 0.0)] for v in values]
    curves = [v for line, v in zip(ax.get_lines(), values, strict=True) if line.get_linestyle() == "-"]
    shown, least = np.concatenate(values), np.concatenate([*curves, [math.inf]]).min() / BELOW
    if len(shown):
        low = float(shown.min())
        ax.set_ylim((max(low, least) if math.isfinite(least) else low) / 1.5, float(shown.max()) * 1.5)


def _fit_curves(ax: Axes, curves: Sequence[Array]) -> None:
    """Limit a linear y axis to the curves and what is not far above; a bound beyond has its value in the legend."""
    ends = np.concatenate(curves)
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    bottom, top = ax.get_ylim()
    if high > 0.0 and top > FAR * high:
        near = [v for line in ax.get_lines() if (v := float(np.nanmax(np.asarray(line.get_ydata())))) <= FAR * high]
        ax.set_ylim(max(bottom, min(0.0, low) - 0.05 * high), 1.05 * max([high, *near]))


def _value(interval: Interval, top: float) -> str:
    """A value with its interval, and none of what rounding makes of 0 beside values up to ``top``."""
    return f"{number(interval.value if abs(interval.value) > 1e-9 * top else 0.0)}{_plus_minus(interval)}"


def _plus_minus(interval: Interval) -> str:
    """Half the length of the interval; all of it, to one side, where the value is an end of it."""
    up, down = interval.high - interval.value, interval.value - interval.low
    least = 1e-9 * max(1.0, abs(interval.value))  # neither NaN nor rounding alone
    if not up + down > 2.0 * least:
        return ""
    sign, reach = ("+", up) if down <= least else ("-", down) if up <= least else ("±", (up + down) / 2.0)
    return f" {sign} {number(float(f'{reach:.2g}'))}"
