"""Figures of searches: scores of the candidates against a parameter, or as a map of two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm, Normalize
from matplotlib.patches import Rectangle

from experiments.analysis.search import Scored, Searched, SearchResult
from experiments.analysis.sentences import number
from experiments.analysis.statistics import Array, Interval
from experiments.report.colours import COLOURS, DIM, GREY, for_text, luminance
from experiments.report.labels import End, EndLabels
from experiments.report.style import FIXED, MARKED, name_quantity, place_legend, plain, points, slant, wrapped
from experiments.report.ticks import write_numbers
from experiments.study.appearance import Appearance
from experiments.study.axes import is_number, text_of

WIDE = 30.0
"""Ratio of largest to smallest from which an axis, or a scale of colours, is logarithmic."""
MAP = "cividis"
"""Scale of colours that grows lighter throughout, for people of any colour vision and in grey print."""
CELLS = 10
"""Values of a parameter up to which each has its name beside a map, and each cell its number."""


OURS = Appearance()


@dataclass(frozen=True)
class SearchFigure:
    """One pair of axes: a policy's candidates against one of its swept parameters, or against two as a map.

    Attributes:
        result: the search.
        policy: what it found for the policy.
        parameters: their names.
        look: how it looks; its font, grid and style, and, of a figure that is alone, its size.
    """

    result: SearchResult
    policy: Searched
    parameters: tuple[str, ...]
    look: Appearance = OURS

    @property
    def parameter(self) -> str:
        """The parameters in words."""
        return " and ".join(self.parameters)

    @property
    def intervals(self) -> bool:
        """Whether means are drawn with their intervals."""
        return len(self.parameters) == 1 and len(self.policy.candidates) <= MARKED


def search_figures(result: SearchResult, look: Appearance | None = None) -> list[SearchFigure]:
    """For each policy a map of the two parameters that have several values, or a figure of each where not two have.

    Args:
        result: the search.
        look: of the figure of the experiment's curves, which these follow.
    """
    figures = []
    for policy in result.policies.values():
        several = [name for name in policy.chosen.point if len(_kinds(policy, name)) > 1]
        sets = [tuple(several)] if len(several) == 2 else [(name,) for name in several]
        figures += [SearchFigure(result, policy, names, look or OURS) for names in sets]
    return figures


def draw_search(ax: Axes, figure: SearchFigure, room: float | None = None) -> None:
    """Draw the scores of all candidates, with the chosen one and the first one marked.

    Against one parameter: means with pointwise intervals on the replicates that chose and on the others, joined by
    lines where the candidates differ in this parameter alone. Of two: the means on the others, a cell each.

    Args:
        ax: where to draw.
        figure: what to draw.
        room: width of the axes with what is right of them, times ``WIDTH``; None for axes of somebody's, inside which
            the labels take their room.
    """
    title = figure.look.name_of(figure.policy.entry)
    ax.set_title(wrapped(title, round(44 * (room or 1.0))), loc="left", fontweight="bold")
    if len(figure.parameters) == 2:
        _draw_map(ax, figure, room)
    else:
        _draw_line(ax, figure, room)


def _kinds(policy: Searched, name: str) -> list[Any]:
    """The values of a parameter, numbers in order."""
    values = [c.point[name] for c in policy.candidates]
    if all(map(is_number, values)):
        return sorted(set(values))
    return list({text_of(value): value for value in values}.values())


def _places(policy: Searched, name: str) -> dict[str, int]:
    """Label of each candidate to the place of its value."""
    places = {text_of(value): place for place, value in enumerate(_kinds(policy, name))}
    return {c.label: places[text_of(c.point[name])] for c in policy.candidates}


def _draw_line(ax: Axes, figure: SearchFigure, room: float | None) -> None:
    policy, (name,), letters = figure.policy, figure.parameters, round(52 * (room or 1.0))
    kinds, places = _kinds(policy, name), _places(policy, name)
    numeric = all(map(is_number, kinds))
    where = {label: float(kinds[place] if numeric else place) for label, place in places.items()}
    candidates = sorted(policy.candidates, key=lambda c: where[c.label])
    x = np.array([where[c.label] for c in candidates])
    joined = len(set(x)) == len(x)
    ink = mpl.rcParams["text.color"]
    ends = []
    for what, colour, marker, scores in (
        (f"tuning, mean of {len(figure.result.tuning)}", GREY, "s", [c.tuning for c in candidates]),
        (f"held out, mean of {len(figure.result.held_out)}", COLOURS[0], "o", [c.held_out for c in candidates]),
    ):
        _draw_scores(ax, x, scores, what, colour, marker, joined)
        ends.append(End(scores[-1].value, plain(what), for_text(colour)))
    best, first = policy.chosen, policy.first
    ring: dict[str, Any] = {"linestyle": "none", "zorder": 5, "markerfacecolor": "none", "color": ink}
    notes = [f"circle: chosen, {policy.parameters[name]}: {number(best.held_out.value)} held out"]
    ax.plot([where[best.label]], [best.held_out.value], marker="o", markersize=9, label="chosen", **ring)
    if first.label != best.label:
        notes.append(f"diamond: first, {text_of(first.point[name])}: {number(first.held_out.value)}")
        ax.plot([where[first.label]], [first.held_out.value], marker="D", markersize=7, label="first", **ring)
    ax.set_xlabel("\n".join(wrapped(text, letters) for text in (name.replace("_", " "), *notes)))
    name_quantity(ax, f"{figure.result.score} at the horizon", figure.result.unit, room)
    _scale(ax, x, candidates, kinds if numeric else [text_of(kind) for kind in kinds], numeric)
    if figure.look.labels == "legend":
        place_legend(ax, room is None)
    elif figure.look.labels == "lines":
        EndLabels(ax, float(x[-1]), ends, inside=room is None)


def _draw_scores(
    ax: Axes, x: Array, scores: Sequence[Interval], label: str, colour: str, marker: str, joined: bool
) -> None:
    mean, low, high = (np.array([getattr(score, end) for score in scores]) for end in ("value", "low", "high"))
    if len(x) > MARKED:
        ax.plot(x, mean, ".", color=colour, markersize=2.0, label=f"{label}, means alone", zorder=3)
        return
    reach = np.nan_to_num(np.stack([mean - low, high - mean]))
    ax.errorbar(
        x,
        mean,
        reach,
        color=colour,
        linestyle="-" if joined else "none",
        linewidth=1.0,
        elinewidth=0.8,
        marker=marker,
        markersize=5 if marker == "s" else 3,
        markerfacecolor="none" if marker == "s" else colour,
        label=label,
        zorder=3,
    )


def _scale(ax: Axes, x: Array, candidates: list[Scored], kinds: list[Any], numeric: bool) -> None:
    if not numeric:
        slant(ax, range(len(kinds)), kinds)
    elif _is_wide(x):
        ax.set_xscale("log")
    if _is_wide(np.array([end for c in candidates for end in (c.tuning.value, c.held_out.value)])):
        ax.set_yscale("log")
    if numeric:
        write_numbers(ax.xaxis, float(x.min()), float(x.max()), ends=True)
    bottom, top = sorted(ax.get_ylim())
    write_numbers(ax.yaxis, bottom, top)


def _is_wide(values: Array) -> bool:
    return bool(values.min() > 0.0 and values.max() >= WIDE * values.min())


def _draw_map(ax: Axes, figure: SearchFigure, room: float | None) -> None:
    """Draw a cell for each candidate, the parameter with more values along the x axis; what was not run is empty."""
    policy, result, letters = figure.policy, figure.result, round(52 * (room or 1.0))
    along, up = sorted(figure.parameters, key=lambda name: -len(_kinds(policy, name)))
    columns, rows = _kinds(policy, along), _kinds(policy, up)
    i, j = _places(policy, along), _places(policy, up)
    scores = np.full((len(rows), len(columns)), np.nan)
    for c in policy.candidates:
        scores[j[c.label], i[c.label]] = c.held_out.value
    shown = scores[np.isfinite(scores)]
    norm = LogNorm() if _is_wide(shown) else Normalize()
    mesh = ax.pcolormesh(np.ma.masked_invalid(scores), cmap=MAP, norm=norm, edgecolors="none", rasterized=False)
    _name_places(ax, columns, rows)
    ax.grid(visible=False)
    bar = ax.figure.colorbar(mesh, ax=ax, fraction=0.06, pad=0.02)
    bar.outline.set_visible(False)
    write_numbers(bar.ax.yaxis, float(shown.min()), float(shown.max()))
    if len(columns) <= CELLS:
        size = 0.9 * points(mpl.rcParams["legend.fontsize"])
        for k, c in enumerate(policy.candidates):
            ink = "white" if luminance(mesh.cmap(norm(c.held_out.value))) < DIM else "black"
            at = i[c.label] + 0.5, j[c.label] + 0.5
            said: dict[str, Any] = {"fontsize": size, "ha": "center", "va": "center", "zorder": 4, "gid": f"{FIXED}{k}"}
            ax.text(*at, number(c.held_out.value), color=ink, **said)
    notes: list[str] = []
    for what, c, dash in (("first", policy.first, (0, (2, 1.2))), ("chosen", policy.chosen, "-")):
        if what == "first" and c.label == policy.chosen.label:
            continue
        for colour, width in (("white", 3.2), (COLOURS[1], 1.8)):
            frame: Any = {"fill": False, "edgecolor": colour, "linewidth": width, "zorder": 5, "clip_on": False}
            frame |= {"linestyle": dash if colour != "white" else "-"}
            ax.add_patch(Rectangle((i[c.label], j[c.label]), 1.0, 1.0, label=f"_{what}", **frame))
        point = ", ".join(f"{name}={text_of(c.point[name])}" for name in c.point)
        notes.insert(0, f"{'frame' if dash == '-' else 'dashed'}: {what}, {point}")
    ax.set_xlabel("\n".join(wrapped(text, letters) for text in (along.replace("_", " "), *notes)))
    ax.set_ylabel(wrapped(up.replace("_", " "), 30))
    how = f"{result.unit}, mean of {len(result.held_out)} held out"
    if room is None:
        bar.set_label(f"{wrapped(result.score, 24)}\n{wrapped(f'({how})', 24)}")
    else:
        name_quantity(ax, f"{result.score} at the horizon", how, room)


def _name_places(ax: Axes, columns: Sequence[Any], rows: Sequence[Any]) -> None:
    """Write the values of the parameters beside their cells."""
    for axis, kinds in ((ax.xaxis, columns), (ax.yaxis, rows)):
        step = -(-len(kinds) // CELLS)
        axis.set_ticks(np.arange(len(kinds))[::step] + 0.5, [plain(text_of(kind)) for kind in kinds[::step]])
        axis.set_tick_params(length=0.0)
    if max(len(text_of(kind)) for kind in columns) * len(columns) > 50:
        for tick in ax.get_xticklabels():
            tick.set(rotation=30.0, ha="right")
