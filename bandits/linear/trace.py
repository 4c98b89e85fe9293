"""A growing sum over the rounds of a run, kept at times so far apart that memory does not grow with the horizon."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel

SPACING = 1.02
"""Growth from one kept time to the next."""

KEPT = 2000
"""Kept times, enough for more rounds than can be played."""

NOW = np.dtype([("round", np.float64), ("sum", np.float64), ("next", np.float64), ("kept", np.int64)])
"""Rounds so far, the sum, the round that is kept next, and how many are."""


class Trace(NamedTuple):
    """A sum and what it was.

    Attributes:
        now: [1] record of ``NOW``.
        times: [KEPT] rounds that are kept.
        sums: [KEPT] the sum after each.
    """

    now: NDArray[np.void]
    times: Array
    sums: Array


def new_trace() -> Trace:
    """An empty sum, before round 1."""
    return Trace(np.array([(0.0, 0.0, 1.0, 0)], dtype=NOW), np.zeros(KEPT), np.zeros(KEPT))


@kernel
def note(trace: Trace, amount: float) -> None:
    """Add what a round brings, >= 0."""
    now = trace.now[0]
    now["round"] += 1.0
    now["sum"] += amount
    if now["round"] == now["next"]:
        trace.times[now["kept"]], trace.sums[now["kept"]] = now["round"], now["sum"]
        now["kept"] += 1
        now["next"] = max(now["round"] + 1.0, math.ceil(SPACING * now["round"]))


def at(trace: Trace, times: Array) -> Array:
    """The sums [n] at times [n]; between kept ones the next, which can only be larger; the last one beyond the run."""
    now = trace.now[0]
    kept = int(now["kept"])
    rounds, sums = np.append(trace.times[:kept], now["round"]), np.append(trace.sums[:kept], now["sum"])
    values: Array = sums[np.minimum(np.searchsorted(rounds, times), kept)]
    return values
