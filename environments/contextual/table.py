"""Arms with contexts that pay from a table, as a data set of classified examples gives one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import flag, integer, interval, is_list, real, shaped, shown
from bandits.contextual.problem import ContextualProblem
from bandits.contextual.theory import ContextualInstance
from bandits.contract import Array
from environments.arms.tables import RewardTable, table_limits
from environments.contextual.environment import ContextualEnvironment
from environments.contract import Regret


class ContextTable(RewardTable, ContextualEnvironment[int]):
    """Contexts and rewards that are fixed in advance. Nothing is random: every run is the same.

    Comparators in hindsight: ``best_fixed``, the arm with the largest sum for the rounds so far; ``best_each_round``,
    which plays the largest reward of every round; and, where contexts come again, ``best_by_context``, which plays for
    each context the arm with the largest sum in the rounds so far that had it.

    Args:
        rewards: [n_rounds, n_actions] in [low, high].
        contexts: [n_rounds, n_coordinates] in the ``box``.
        low: smallest possible reward.
        high: largest possible reward, > low.
        realizable: see ``ContextualInstance``.
        box: the interval (low, high) of all coordinates, or a list of one for each; policies are told.
        horizon: number of rounds, >= 1; None means the table's. A table with more rounds is cut.

    Raises:
        ValueError: a table of another shape, or with entries outside its range.
    """

    def __init__(
        self,
        rewards: ArrayLike,
        contexts: ArrayLike,
        low: float = 0.0,
        high: float = 1.0,
        realizable: bool | None = None,
        box: Sequence[float] | Sequence[Sequence[float]] = (0.0, 1.0),
        horizon: int | None = None,
    ) -> None:
        self.rewards, self._contexts = (
            shaped("rewards", rewards, (None, None)),
            shaped("contexts", contexts, (None, None)),
        )
        self.low, self.high = real("low", low), real("high", high, low)
        self.realizable = None if realizable is None else flag("realizable", realizable)
        if not is_list(box) or len(box) == 0:
            raise ValueError(f"box must be an interval, or a list of one for each coordinate, got {shown(box)}")
        self.box = [list(one) if is_list(one) else one for one in box]
        for name, table in (("rewards", self.rewards), ("contexts", self._contexts)):
            if table.ndim != 2 or table.size == 0 or len(table) != len(self.rewards):
                raise ValueError(f"{name} must be a table with a row for each round, got shape {table.shape}")
        rounds = len(self.rewards) if horizon is None else integer("horizon", horizon, 1, len(self.rewards))
        self.rewards, self._contexts = self.rewards[:rounds], self._contexts[:rounds]
        actions, coordinates = self.rewards.shape[1], self._contexts.shape[1]
        ends: list[Any] = self.box if is_list(self.box[0]) else [self.box] * coordinates
        if len(ends) != coordinates:
            raise ValueError(f"box must have {coordinates} intervals, one for each coordinate, got {len(ends)}")
        intervals = [(low, high) for low, high in (interval(f"box[{i}]", one) for i, one in enumerate(ends))]
        _check_within("rewards", self.rewards, [(self.low, self.high)] * actions)
        _check_within("contexts", self._contexts, intervals)
        super().__init__(
            ContextualProblem(
                n_actions=actions, horizon=rounds, low=self.low, high=self.high, contexts=tuple(intervals)
            )
        )
        kinds, self._kind = np.unique(self._contexts, axis=0, return_inverse=True)
        self._come_again = len(kinds) < rounds
        self._instance = ContextualInstance(oblivious=True, bounded=True, realizable=realizable)

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        sums = {
            "best_fixed": np.cumsum(self.rewards, axis=0).max(axis=1),
            "best_each_round": np.cumsum(self.rewards.max(axis=1)),
            "worst": np.cumsum(self.rewards.min(axis=1)),
        }
        if self._come_again:
            sums["best_by_context"] = self._best_by_context()
        return {name: values[times - 1] for name, values in sums.items()}

    def _best_by_context(self) -> Array:
        """Cumulative reward [n_rounds] of the best arm for each context, in hindsight at each time."""
        order = np.argsort(self._kind, kind="stable")  # the rounds of a context stand together, in order of time
        best = np.empty(len(order))
        for its in np.split(order, np.flatnonzero(np.diff(self._kind[order])) + 1):
            best[its] = np.diff(np.cumsum(self.rewards[its], axis=0).max(axis=1), prepend=0.0)
        return np.asarray(np.cumsum(best))

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """The best action of each round and the worst."""
        curves = self.comparators(times)
        found = table_limits(curves)
        if self._come_again:
            plays = np.array([curves["best_each_round"], curves["worst"]])
            found["by_context"] = curves["best_by_context"] - plays
        return found

    def regrets(self) -> Sequence[Regret]:
        label = "regret against the best arm for each context in hindsight"
        by_context = (Regret("by_context", "reward", "best_by_context", "by_context", label),)
        return (
            Regret("fixed", "reward", "best_fixed", "fixed", "regret against the best fixed arm in hindsight"),
            Regret("dynamic", "reward", "best_each_round", "dynamic", "regret against the best arm of each round"),
            *(by_context if self._come_again else ()),
        )

    def instance(self) -> ContextualInstance:
        return self._instance


def _check_within(name: str, table: Array, intervals: Sequence[Sequence[float]]) -> None:
    """Raise ``ValueError`` naming the first column [n] that leaves its interval."""
    for i, (low, high) in enumerate(intervals):
        if not np.all((table[:, i] >= low) & (table[:, i] <= high)):
            raise ValueError(f"{name} must lie in [{low:g}, {high:g}], got one in column {i} that does not")
