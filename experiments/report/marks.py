"""Marks of time in figures of curves: changes and phases as thin lines, rounds along the clock of a group."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from bandits.contract import Array
from experiments.analysis.curves import ExperimentResult
from experiments.analysis.sentences import number

MOST = 24
"""Marks of a kind in the axes, at most: more would be a hatching."""
ROUNDS = 4
"""Rounds named along a clock, at most."""


def draw_marks(ax: Axes, result: ExperimentResult, regret: str = "") -> None:
    """Mark what begins at known rounds, and the rounds themselves where the x axis is another clock.

    The x axis must have its scale and its limits, which stay as they are.

    Args:
        ax: with the curves.
        result: what they show.
        regret: their definition.
    """
    times, clock = result.times.astype(np.float64), result.time(regret)
    first, last = ax.get_xlim()
    for kind, rounds in result.marks().items():
        at = np.interp(np.array(rounds, dtype=np.float64), times, clock)
        at = at[(at > first) & (at < min(last, clock[-1]))]
        if not 0 < len(at) <= MOST:
            continue
        for x in at.tolist():
            line = ax.axvline(x, color=mpl.rcParams["text.color"], linestyle=(0, (1, 2)), linewidth=0.6, alpha=0.6)
            line.set(zorder=1.5, label=f"_{kind}")
        _name(ax, float(at[0]), kind if len(at) == 1 else f"{kind}s")
    if result.definition(regret).clock:
        _rounds(ax, times, clock)


def _name(ax: Axes, x: float, what: str) -> None:
    """Write what the lines are at the top of the first one, on the side where there is more room."""
    left = ax.get_xaxis_transform().transform((x, 0.0))[0] - ax.bbox.x0 > ax.bbox.width / 2.0
    size = 0.8 * mpl.font_manager.FontProperties(size=mpl.rcParams["xtick.labelsize"]).get_size_in_points()
    ax.annotate(
        what,
        (x, 1.0),
        (-2.0 if left else 2.0, -1.0),
        xycoords=ax.get_xaxis_transform(),
        textcoords="offset points",
        ha="right" if left else "left",
        va="top",
        fontsize=size,
        alpha=0.8,
        zorder=5,
    )


def _rounds(ax: Axes, times: Array, clock: Array) -> None:
    """An axis on top with the rounds at which the clock stands where the axis below says."""
    first, last = ax.get_xlim()
    if ax.get_xscale() == "log":
        wanted = [*(10.0**k for k in range(20) if 10.0**k < times[-1] / 3.0), float(times[-1])]
    else:
        wanted = [float(t) for t in MaxNLocator(ROUNDS).tick_values(0.0, float(times[-1]))[1:]]
    at = np.interp(wanted, times, clock).tolist()
    shown = [(x, t) for x, t in zip(at, wanted, strict=True) if first < x <= last and t <= times[-1]][-ROUNDS:]
    top = ax.secondary_xaxis("top")
    top.xaxis.set_major_locator(FixedLocator([x for x, _ in shown]))
    top.xaxis.set_minor_locator(NullLocator())
    top.set_xticklabels([number(t) for _, t in shown])
    top.set_xlabel("round")
