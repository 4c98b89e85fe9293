"""Figures of searches: scores of the candidates against a parameter, on the replicates that chose and on the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from experiments.analysis.search import Scored, Searched, SearchResult
from experiments.analysis.sentences import number
from experiments.analysis.statistics import Array
from experiments.report.style import COLOURS, GREY, MARKED, place_legend, slant, wrapped
from experiments.study.axes import is_number, text_of

WIDE = 30.0
"""Ratio of largest to smallest from which an axis is logarithmic."""


@dataclass(frozen=True)
class SearchFigure:
    """One pair of axes: a policy's candidates against one of its swept parameters."""

    result: SearchResult
    policy: Searched
    parameter: str


def search_figures(result: SearchResult) -> list[SearchFigure]:
    """A pair of axes for each policy and each of its swept parameters that has several values."""
    return [
        SearchFigure(result, policy, name)
        for policy in result.policies.values()
        for name in policy.chosen.point
        if len({text_of(c.point[name]) for c in policy.candidates}) > 1
    ]


def draw_search(ax: Axes, figure: SearchFigure) -> None:
    """Draw means with pointwise intervals; joined by lines where the candidates differ in this parameter alone."""
    policy, name = figure.policy, figure.parameter
    values = [c.point[name] for c in policy.candidates]
    numeric = all(map(is_number, values))
    kinds = sorted(set(values)) if numeric else list(dict.fromkeys(map(text_of, values)))
    where = {
        c.label: float(v if numeric else kinds.index(text_of(v)))
        for c, v in zip(policy.candidates, values, strict=True)
    }
    candidates = sorted(policy.candidates, key=lambda c: where[c.label])
    x = np.array([where[c.label] for c in candidates])
    joined = len(set(x)) == len(x)
    _draw_scores(
        ax, x, [c.tuning for c in candidates], f"{len(figure.result.tuning)} tuning replicates", GREY, "s", joined
    )
    shown = f"{len(figure.result.held_out)} held-out replicates"
    _draw_scores(ax, x, [c.held_out for c in candidates], shown, COLOURS[0], "o", joined)
    at, best = where[policy.chosen.label], policy.chosen
    mark: dict[str, Any] = {"linestyle": "none", "zorder": 5, "markerfacecolor": "none"}
    text = f"chosen: {name}={text_of(policy.parameters[name])}, {number(best.held_out.value)} held out"
    ax.plot([at], [best.held_out.value], marker="o", markersize=9, color=COLOURS[1], label=text, **mark)
    if policy.first.label != best.label:
        first = policy.first
        text = f"first: {name}={text_of(first.point[name])}, {number(first.held_out.value)} held out"
        ax.plot(
            [where[first.label]], [first.held_out.value], marker="D", markersize=7, color=COLOURS[2], label=text, **mark
        )
    ax.set_title(wrapped(policy.entry, 44), loc="left", fontweight="bold")
    ax.set_xlabel(wrapped(name.replace("_", " "), 52))
    ax.set_ylabel(wrapped(f"{figure.result.score} at the horizon ({figure.result.unit})", 40))
    _scale(ax, x, candidates, kinds, numeric)
    place_legend(ax)


def _draw_scores(ax: Axes, x: Array, scores: list[Any], label: str, colour: str, marker: str, joined: bool) -> None:
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
        ax.xaxis.set_minor_formatter(NullFormatter())
    if _is_wide(np.array([end for c in candidates for end in (c.tuning.value, c.held_out.value)])):
        ax.set_yscale("log")


def _is_wide(values: Array) -> bool:
    return bool(values.min() > 0.0 and values.max() >= WIDE * values.min())
