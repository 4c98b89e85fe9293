"""What the theorems about delays ask of the instance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Assumption, Bound, Instance

BEST_ARM = ("fixed", "bayesian")
"""Comparator classes of theorems that hold with delays, too: the best arm, of given means or over a prior of them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class DelayedInstance(Instance):
    """An environment with delays, as the analysis knows it.

    Attributes:
        inner: the instance without delays.
        outstanding: [n_rounds] the largest number, of rounds ``1..t`` at index ``t - 1``, of feedbacks that had not
            arrived when the action of a round was chosen; None where delays are drawn and no run was begun.
        oblivious_delays: delays depend neither on the actions nor on the rewards.
    """

    inner: Instance
    outstanding: NDArray[np.int64] | None = None
    oblivious_delays: bool = False


def outstanding_at(outstanding: NDArray[np.int64], t: Array) -> Array:
    """Largest number [n] of outstanding feedbacks up to times ``t`` [n], from that of every round [n_rounds]."""
    return np.asarray(outstanding[np.minimum(t.astype(np.int64), len(outstanding)) - 1], dtype=np.float64)


def oblivious(instance: DelayedInstance) -> Assumption:
    """The assumption that all theorems here need."""
    return Assumption("delays depend neither on the actions nor on the rewards", instance.oblivious_delays)


def concave(base: Bound, horizon: int) -> Assumption:
    """Whether the base bound's increments fall, on 1000 evenly spaced times up to the horizon."""
    increments = np.diff(base.curve(np.linspace(1.0, max(horizon, 2), 1000)))
    falls = bool(np.all(np.diff(increments) <= 1e-9 * np.max(np.abs(increments))))
    return Assumption("the base policy's bound is concave in time", falls)
