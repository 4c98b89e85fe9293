"""Arms with contexts that pay from a table, as a data set of classified examples gives one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import real
from bandits.contextual.problem import ContextualProblem
from bandits.contextual.theory import ContextualInstance
from bandits.contract import Array
from environments.arms.tables import table_limits
from environments.contextual.environment import ContextualEnvironment
from environments.contract import Regret


class ContextTable(ContextualEnvironment[int]):
    """Contexts and rewards that are fixed in advance. Nothing is random: every run is the same.

    Two comparators: ``best_fixed``, the arm with the largest sum for the rounds so far, in hindsight; and
    ``best_each_round``, which plays the largest reward of every round.

    Args:
        rewards: [n_rounds, n_actions] in [low, high].
        contexts: [n_rounds, n_coordinates] in [0, 1].
        low: smallest possible reward.
        high: largest possible reward, > low.
        realizable: see ``ContextualInstance``.

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
    ) -> None:
        self.rewards = np.array(rewards, dtype=np.float64, order="C")
        self._contexts = np.array(contexts, dtype=np.float64, order="C")
        self.low, self.high, self.realizable = real("low", low), real("high", high, low), realizable
        for name, table, ends in (("rewards", self.rewards, (low, high)), ("contexts", self._contexts, (0.0, 1.0))):
            if table.ndim != 2 or table.size == 0 or len(table) != len(self.rewards):
                raise ValueError(f"{name} must be a table with a row for each round, got shape {table.shape}")
            if not np.all((table >= ends[0]) & (table <= ends[1])):
                raise ValueError(f"{name} must lie in [{ends[0]:g}, {ends[1]:g}], got one that does not")
        rounds, actions = self.rewards.shape
        intervals = ((0.0, 1.0),) * self._contexts.shape[1]
        super().__init__(
            ContextualProblem(n_actions=actions, horizon=rounds, low=self.low, high=self.high, contexts=intervals)
        )
        self._instance = ContextualInstance(oblivious=True, bounded=True, realizable=realizable)

    def draw(self, rng: np.random.Generator) -> int:
        """Nothing is random."""
        return 0

    def _start(self, tape: int) -> None:
        return

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        return self.rewards[start:stop], 1, stop

    def _noise(self, n: int) -> Array:
        return np.zeros(n)

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        sums = {
            "best_fixed": np.cumsum(self.rewards, axis=0).max(axis=1),
            "best_each_round": np.cumsum(self.rewards.max(axis=1)),
            "worst": np.cumsum(self.rewards.min(axis=1)),
        }
        return {name: values[times - 1] for name, values in sums.items()}

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """The best action of each round and the worst."""
        return table_limits(self.comparators(times))

    def regrets(self) -> Sequence[Regret]:
        return (
            Regret("fixed", "reward", "best_fixed", "fixed", "regret against the best fixed arm in hindsight"),
            Regret("dynamic", "reward", "best_each_round", "dynamic", "regret against the best arm of each round"),
        )

    def instance(self) -> ContextualInstance:
        return self._instance
