"""The figure of an evaluation: a row a policy, a mark an estimator, its interval, and what the log itself earned."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.report.colours import GREY, look
from experiments.report.style import LINE, lend_glyphs, plain, shortened, wrapped
from experiments.report.style import style as in_style
from regretlab.ope.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW, EDGE, WIDTH = 0.13, 0.8, 3.5
"""Inches that an estimate takes, that titles and labels take, and of the figure."""
LETTERS = 18
"""Of a policy's label, in a line."""


def draw(found: Sequence[Estimate], log_value: float, ax: Axes | None = None, title: str = "") -> Axes:
    """Draw the estimates with their intervals.

    A filled mark and a solid line are of an interval that is certain, a hollow mark and a dashed line of one that holds
    for many rows; the dotted line is the logging policy's mean reward.

    Args:
        found: an evaluation's, policy by policy.
        log_value: mean reward in the log.
        ax: where to draw; None for a figure of its own.
        title: above it.

    Returns:
        The axes; ``ax.figure.savefig`` writes them to a file.
    """
    if ax is not None:
        ax.legend(handles=_fill(ax, found, log_value, title), loc="best")
        return ax
    import matplotlib
    from matplotlib import pyplot

    pyplot.switch_backend(matplotlib.get_backend())  # whose settings, in a notebook, are not to be undone with ours
    with in_style():
        policies, estimators = _labels(found)
        height = EDGE + ROW * (len(found) + len(policies)) + LINE * (len(estimators) + 1)
        figure = pyplot.figure(figsize=(WIDTH, height), layout="constrained")
        made = figure.add_subplot()
        figure.legend(handles=_fill(made, found, log_value, title), loc="outside lower center")
        lend_glyphs(figure)
    return made


def _fill(ax: Axes, found: Sequence[Estimate], log_value: float, title: str) -> list[Any]:
    """Draw on these axes, and give the entries of the legend."""
    policies, estimators = _labels(found)
    n = len(estimators)
    for e in found:
        y = policies.index(e.policy) * (n + 1) + estimators.index(e.estimator)
        marks = look(estimators.index(e.estimator))
        line: Any = "-" if e.certain else (0, (2.5, 1.2))
        ends = np.array([e.low, e.high])
        ends = ends if e.low <= e.high else ends[:0]
        ax.plot(ends[np.isfinite(ends)], np.full(np.isfinite(ends).sum(), y), color=marks.colour, linestyle=line)
        face = marks.colour if e.certain else "white"
        ax.plot(
            [e.value], [y], marks.marker, color=marks.colour, markersize=3.6, markerfacecolor=face, markeredgewidth=0.8
        )
    ax.axvline(log_value, color=GREY, linestyle=":", linewidth=1.0, zorder=1.0)
    middles = np.arange(len(policies)) * (n + 1) + 0.5 * (n - 1)
    ax.set_yticks(middles, [wrapped(policy, LETTERS, most=2) for policy in policies])
    ax.set_ylim(len(policies) * (n + 1) - 1.0, -1.0)
    ax.tick_params(axis="y", length=0.0)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel(f"value: mean reward a row ({found[0].n:,} rows)")
    ax.set_title(plain(shortened(title, 60)))
    from matplotlib.lines import Line2D

    log = Line2D([], [], color=GREY, linestyle=":", label="what the logging policy earned")
    return [*(_handle(found, name, i) for i, name in enumerate(estimators)), log]


def _labels(found: Sequence[Estimate]) -> tuple[list[str], list[str]]:
    """Those of policies and of estimators."""
    return list(dict.fromkeys(e.policy for e in found)), list(dict.fromkeys(e.estimator for e in found))


def _handle(found: Sequence[Estimate], name: str, place: int) -> Any:
    """The entry of an estimator, which says what its intervals are."""
    from matplotlib.lines import Line2D

    theirs = [e for e in found if e.estimator == name]
    kinds = dict.fromkeys(f"{e.interval}, {'certain' if e.certain else 'for many rows'}" for e in theirs)
    biased = ", biased" if any(e.biased and not e.certain for e in theirs) else ""
    marks = look(place)
    certain = all(e.certain for e in theirs)
    return Line2D(
        [],
        [],
        color=marks.colour,
        linestyle="-" if certain else (0, (2.5, 1.2)),
        marker=marks.marker,
        markersize=3.6,
        markerfacecolor=marks.colour if certain else "white",
        markeredgewidth=0.8,
        label=plain(f"{name} ({100 * theirs[0].confidence:g} %: {' or '.join(kinds)}{biased})"),
    )
