"""Weights of the last ``m`` plays: how much a play made ``s`` rounds ago counts in an action's tally."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bandits.arguments import affordable, flag, integer, is_list, real, shaped
from bandits.contract import Array
from bandits.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Weights(ABC):
    """Makes the weights of a tally.

    Args:
        normalise: whether weights are divided by their sum.
    """

    normalise: bool = False

    def __post_init__(self) -> None:
        flag("normalise", self.normalise)

    @abstractmethod
    def rows(self, memory: int | None, n_actions: int) -> Array:
        """Weights [n_actions, memory] before they are normalised; column ``s`` is for plays ``s`` rounds ago."""

    def table(self, memory: int | None, n_actions: int) -> Array:
        """Weights [n_actions, memory].

        Args:
            memory: number of plays that count, m >= 1; may be None where the weights are given one by one.
            n_actions: number of actions.

        Raises:
            ValueError: a weight out of its domain, or a wrong number of them.
        """
        if memory is not None:
            memory = integer("memory", memory)
            affordable("memory", f"the weights of {n_actions} actions and {memory} plays", n_actions * memory)
        rows = self.rows(memory, n_actions)
        bad = np.argwhere(~(np.isfinite(rows) & (rows >= 0.0)))
        if bad.size:
            x, s = bad[0]
            raise ValueError(f"weights must be finite numbers >= 0, got {rows[x, s]} for action {x}, {s} rounds ago")
        for x in np.flatnonzero(rows[:, 0] <= 0.0):
            raise ValueError(f"the weight of the current play must be above 0, got {rows[x, 0]} for action {x}")
        return rows / rows.sum(axis=1, keepdims=True) if self.normalise else rows


@dataclass(frozen=True, kw_only=True)
class Uniform(Weights):
    """1 for each play: the tally counts."""

    def rows(self, memory: int | None, n_actions: int) -> Array:
        return np.ones((n_actions, _length(memory)))


@dataclass(frozen=True, kw_only=True)
class Linear(Weights):
    """``1 - s / m``."""

    def rows(self, memory: int | None, n_actions: int) -> Array:
        length = _length(memory)
        return np.tile(1.0 - np.arange(length, dtype=np.float64) / length, (n_actions, 1))


@dataclass(frozen=True, kw_only=True)
class Exponential(Weights):
    """``beta^s``.

    Args:
        beta: in (0, 1].
    """

    beta: float

    def __post_init__(self) -> None:
        super().__post_init__()
        real("beta", self.beta, 0.0, 1.0, closed="high")

    def rows(self, memory: int | None, n_actions: int) -> Array:
        return np.tile(self.beta ** np.arange(_length(memory), dtype=np.float64), (n_actions, 1))


@dataclass(frozen=True, kw_only=True)
class Table(Weights):
    """Weights given one by one.

    Args:
        values: latest play first: ``memory`` numbers for all actions, or a list of them for each action.
    """

    values: Sequence[float] | Sequence[Sequence[float]] | Array

    def __post_init__(self) -> None:
        super().__post_init__()
        self.rows(None, len(self.values) if is_list(self.values) else 1)

    def rows(self, memory: int | None, n_actions: int) -> Array:
        flat = is_list(self.values) and not any(map(is_list, self.values))
        table = shaped("values", self.values, (None,) if flat else (None, None))
        if flat:
            table = np.tile(table, (n_actions, 1))
        if table.shape[0] != n_actions:
            raise ValueError(f"weights must be given for all {n_actions} actions, got {table.shape[0]} lists")
        if memory is not None and integer("memory", memory) != table.shape[1]:
            raise ValueError(f"memory must be the number of weights, {table.shape[1]}, got {memory}")
        return table


WEIGHTS = Registry(
    "kind of weights", {"uniform": Uniform, "exponential": Exponential, "linear": Linear, "table": Table}
)


def _length(memory: int | None) -> int:
    if memory is None:
        raise ValueError("memory must be given where the weights are not given one by one, got None")
    return integer("memory", memory)
