"""The best sequence of actions, exactly: a dynamic programme over the last ``m - 1`` actions (derived).

A history is coded in base K, the latest action last; histories of the first ``m - 1`` rounds are shorter and have
tables of their own, so that nothing stands for the rounds before the first. ``T K^m`` operations.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from environments.tallying.tallies import Tallies

MOST_STEPS = 50_000_000
"""Largest ``T K^m`` of the exact optimum."""
MOST_EDGES = 1 << 20
"""Largest ``K^m`` of the long-run optimum."""


class Optimum(NamedTuple):
    """The best sequences from an empty history.

    Attributes:
        costs: [horizon] least total mean loss of 1, 2, ..., ``horizon`` rounds.
        sequence: [horizon] actions of a best sequence of ``horizon`` rounds.
    """

    costs: Array
    sequence: NDArray[np.int64]


class LongRun(NamedTuple):
    """Least average loss of an endless sequence lies in ``value`` plus or minus half of ``span``."""

    value: float
    span: float


def fits(tallies: Tallies, horizon: int) -> bool:
    """Whether the exact optimum of ``horizon`` rounds is within the size limit."""
    return bool(horizon * tallies.n_actions**tallies.memory <= MOST_STEPS)


def optimum(tallies: Tallies, horizon: int) -> Optimum:
    """The best sequences of up to ``horizon`` rounds, ties to the smaller action.

    Raises:
        ValueError: ``horizon * n_actions^memory`` is above the limit.
    """
    actions, memory = tallies.n_actions, tallies.memory
    if not fits(tallies, horizon):
        size = horizon * actions**memory
        raise ValueError(f"the exact optimum needs T K^m = {size:.3g} steps, more than the limit {MOST_STEPS:.3g}")
    costs, digit = np.empty(horizon), np.min_scalar_type(actions - 1)
    back: list[NDArray[Any]] = []
    values, table = np.zeros(1), np.empty((0, 0))
    for t in range(horizon):
        if t < memory:
            table = _costs(tallies, t)
        totals = values[:, None] + table
        if t < memory - 1:
            values = totals.ravel()
        else:
            # The oldest action is the leading digit of (state, action) and falls out of the history.
            by_oldest = totals.reshape(actions, -1)
            oldest = np.argmin(by_oldest, axis=0)
            values = np.take_along_axis(by_oldest, oldest[None, :], axis=0)[0]
            back.append(oldest.astype(digit))
        costs[t] = np.min(values)
    return Optimum(costs, _trace(int(np.argmin(values)), back, actions, memory, horizon))


def _trace(state: int, back: list[NDArray[Any]], actions: int, memory: int, horizon: int) -> NDArray[np.int64]:
    """Actions of the history that ends in ``state``: digits of the state, older ones from the pointers."""
    sequence = np.empty(horizon, dtype=np.int64)
    for t in range(horizon - 1, -1, -1):
        if not back:  # the state holds the whole history
            sequence[t] = state % actions
            state //= actions
            continue
        whole = int(back.pop()[state]) * actions ** (memory - 1) + state
        sequence[t] = whole % actions
        state = whole // actions
    return sequence


def long_run_optimum(tallies: Tallies, tolerance: float = 1e-10, most_sweeps: int = 1_000_000) -> LongRun:
    """Least average mean loss of an endless sequence: damped value iteration on the histories of ``m - 1`` actions.

    Raises:
        ValueError: ``n_actions^memory`` is above the limit, or ``most_sweeps`` did not reach the tolerance.
    """
    actions, memory = tallies.n_actions, tallies.memory
    if actions**memory > MOST_EDGES:
        size = actions**memory
        raise ValueError(f"the long-run optimum has K^m = {size:.3g} edges, more than the limit {MOST_EDGES:.3g}")
    costs = _costs(tallies, memory - 1)
    states = len(costs)
    after = (np.arange(states)[:, None] * actions + np.arange(actions)) % states
    values = np.zeros(states)
    for _ in range(most_sweeps):
        change = np.min(costs + values[after], axis=1) - values
        low, high = float(np.min(change)), float(np.max(change))
        if high - low < tolerance:
            return LongRun((low + high) / 2.0, high - low)
        values += 0.5 * change
        values -= values[0]
    raise ValueError(f"value iteration did not reach the tolerance {tolerance} in {most_sweeps} sweeps")


def _costs(tallies: Tallies, length: int) -> Array:
    """Mean losses [K^length, K] of each action after each history of ``length`` actions."""
    actions = tallies.n_actions
    states = np.arange(actions**length)
    costs = np.empty((len(states), actions))
    for a in range(actions):
        sums = np.full(len(states), tallies.weights[a, 0])
        for s in range(1, length + 1):
            sums += tallies.weights[a, s] * (states // actions ** (s - 1) % actions == a)
        distinct, where = np.unique(sums, return_inverse=True)
        costs[:, a] = np.array([tallies.losses[a](float(y)) for y in distinct])[where]
    return costs
