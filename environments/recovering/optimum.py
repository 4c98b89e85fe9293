"""The exact optimum of tiny instances: value iteration over the arms' idle times (derived).

A state is the idle times, each capped at its arm's recovery time; an action is a set of at most K arms; everything is
deterministic. The long-run optimum is a maximum mean cycle: plain value iteration does not converge on its periodic
graph, the damped form ``h <- h + tau (max_a (r_a + h[next_a]) - h)`` does, and brackets the value at every step.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel

LIMIT = 5_000_000
"""Largest number of states times actions."""


class LongRun(NamedTuple):
    """The best long-run reward a period lies in ``value`` plus or minus half of ``span``."""

    value: float
    span: float


def size_of(curves: Sequence[Array], plays: int) -> int:
    """States times actions of the exact optimum."""
    subsets = sum(math.comb(len(curves), k) for k in range(min(plays, len(curves)) + 1))
    return math.prod(len(c) for c in curves) * subsets


def subsets_of(n_arms: int, plays: int) -> list[tuple[int, ...]]:
    """All sets of at most ``plays`` arms, by size and then in order."""
    return [s for k in range(min(plays, n_arms) + 1) for s in itertools.combinations(range(n_arms), k)]


def _graph(curves: Sequence[Array], plays: int, force: bool) -> tuple[Array, NDArray[np.int64]]:
    """Rewards and next states [n_actions, n_states], states in mixed radix, the first arm leading."""
    if (size := size_of(curves, plays)) > LIMIT and not force:
        raise ValueError(f"the exact optimum has {size:.3g} states x actions, more than the limit {LIMIT:.3g}")
    shape = tuple(len(c) for c in curves)
    idle = np.indices(shape).reshape(len(shape), -1)  # idle time - 1
    waited = np.minimum(idle + 1, np.array(shape)[:, None] - 1)
    means = np.array([c[i] for c, i in zip(curves, idle, strict=True)])
    rewards, after = [], []
    for subset in subsets_of(len(shape), plays):
        pulled = list(subset)
        rewards.append(means[pulled].sum(axis=0))
        following = waited.copy()
        following[pulled] = 0
        after.append(np.ravel_multi_index(tuple(following), shape))
    return np.array(rewards), np.array(after)


@kernel
def _sweep(rewards: Array, after: NDArray[np.int64], values: Array, new: Array) -> None:
    for s in range(values.size):
        best = -np.inf
        for a in range(rewards.shape[0]):
            best = max(best, rewards[a, s] + values[after[a, s]])
        new[s] = best


@kernel
def _sweeps(rewards: Array, after: NDArray[np.int64], start: int, best: Array) -> None:
    """Fill in the most that 1, 2, ... periods can earn [n_periods] from the state ``start``."""
    values, new = np.zeros(rewards.shape[1]), np.empty(rewards.shape[1])
    for t in range(best.size):
        _sweep(rewards, after, values, new)
        values, new = new, values
        best[t] = values[start]


def average_optimum(
    curves: Sequence[Array], plays: int, tolerance: float = 1e-10, most_sweeps: int = 1_000_000, force: bool = False
) -> LongRun:
    """The best long-run reward a period.

    Args:
        curves: [recovery time] for each arm.
        plays: largest number of pulls a period.
        tolerance: span at which value iteration stops.
        most_sweeps: largest number of sweeps.
        force: compute it whatever its size.

    Raises:
        ValueError: too many states and actions, or no convergence.
    """
    rewards, after = _graph(curves, plays, force)
    values, new = np.zeros((2, rewards.shape[1]))
    for _ in range(most_sweeps):
        _sweep(rewards, after, values, new)
        change = new - values
        low, high = float(np.min(change)), float(np.max(change))
        if high - low < tolerance:
            return LongRun((low + high) / 2.0, high - low)
        values += 0.5 * change
        values -= values[0]
    raise ValueError(f"value iteration did not reach the span {tolerance} in {most_sweeps} sweeps")


def finite_optimum(
    curves: Sequence[Array], plays: int, horizon: int, start: str = "cold", force: bool = False
) -> Array:
    """The best expected reward [horizon] of 1, 2, ..., ``horizon`` periods from the start "cold" or "recovered".

    Raises:
        ValueError: too many states and actions.
    """
    rewards, after = _graph(curves, plays, force)
    best = np.empty(horizon)
    _sweeps(rewards, after, 0 if start == "cold" else rewards.shape[1] - 1, best)
    return best
