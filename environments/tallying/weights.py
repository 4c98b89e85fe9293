"""Weights of the last ``m`` plays: how much a play made ``s`` rounds ago counts in an action's tally."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bandits.contract import Array
from bandits.arguments import did_you_mean, integer, one_of, real

Weights = str | Mapping[str, Any] | Sequence[float] | Sequence[Sequence[float]]

_KEYS = {"uniform": (), "exponential": ("beta",), "linear": (), "table": ("values",)}


def weights_of(weights: Weights, memory: int | None, n_actions: int) -> Array:
    """The weights [n_actions, memory] that a study names.

    Args:
        weights: "uniform" (1), "linear" (``1 - s / m``), or a mapping with ``family`` (one of these, "exponential" with
            ``beta`` in (0, 1], or "table" with ``values``) and ``normalise`` (divide by the sum; default False); or the
            values themselves, ``memory`` numbers for all actions or a list of them for each action.
        memory: m >= 1; may be None where the values are given.
        n_actions: number of actions.

    Raises:
        ValueError: a value out of its domain, an unknown family, or a wrong number of values.
    """
    normalise = False
    if isinstance(weights, str | Mapping):
        mapping: dict[str, Any] = {"family": weights} if isinstance(weights, str) else dict(weights)
        family = one_of("weights.family", mapping.pop("family", "uniform"), _KEYS)
        normalise = mapping.pop("normalise", False)
        if not isinstance(normalise, bool):
            raise ValueError(f"weights.normalise must be true or false, got {normalise!r}")
        for key in mapping:
            if key not in _KEYS[family]:
                known = ("family", "normalise", *_KEYS[family])
                raise ValueError(f"weights.{key} is not a key of {family} weights{did_you_mean(key, known)}")
        if missing := [key for key in _KEYS[family] if key not in mapping]:
            raise ValueError(f"weights.{missing[0]} is missing for {family} weights")
        if family != "table":
            if memory is None:
                raise ValueError(f"memory must be given for {family} weights, got None")
            steps = np.arange(integer("memory", memory), dtype=np.float64)
            if family == "exponential":
                row = real("weights.beta", mapping["beta"], 0.0, 1.0, closed="high") ** steps
            else:
                row = np.ones(memory) if family == "uniform" else 1.0 - steps / memory
            return _checked(np.tile(row, (n_actions, 1)), normalise)
        weights = mapping["values"]
    return _checked(_table(weights, memory, n_actions), normalise)


def _table(values: Any, memory: int | None, n_actions: int) -> Array:
    try:
        table = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"weights must be numbers, or as many of them for each action, got {values!r}") from None
    if table.ndim == 1:
        table = np.tile(table, (n_actions, 1))
    if table.ndim != 2 or table.shape[1] == 0:
        raise ValueError(f"weights must not be empty, got {values!r}")
    if table.shape[0] != n_actions:
        raise ValueError(f"weights must be given for all {n_actions} actions, got {table.shape[0]} lists")
    if memory is not None and integer("memory", memory) != table.shape[1]:
        raise ValueError(f"memory must be the number of weights, {table.shape[1]}, got {memory}")
    return table


def _checked(table: Array, normalise: bool) -> Array:
    bad = np.argwhere(~(np.isfinite(table) & (table >= 0.0)))
    if bad.size:
        x, s = bad[0]
        raise ValueError(f"weights must be finite numbers >= 0, got {table[x, s]} for action {x}, {s} rounds ago")
    for x in np.flatnonzero(table[:, 0] <= 0.0):
        raise ValueError(f"the weight of the current play must be above 0, got {table[x, 0]} for action {x}")
    return table / table.sum(axis=1, keepdims=True) if normalise else table
