"""Actions with features that pay from a table, as a log of ranked candidates with all their rewards gives one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from gymnasium import spaces
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import integer, real, shaped
from bandits.contract import Array
from bandits.frozen import read_only
from bandits.linear.problem import SLACK, ChangingLinearProblem, largest_norm
from bandits.linear.theory import LinearModel
from environments.arms.tables import RewardTable, check_range
from environments.contract import Regret


class FeatureTable(RewardTable):
    """Features and rewards that are fixed in advance, of actions that are new in every round. Nothing is random.

    The comparator is ``best_each_round``, which plays the largest reward of every round. There is no best fixed action:
    the number of an action means nothing from round to round. That rewards are linear in the features, nobody states.

    Args:
        rewards: [n_rounds, n_actions] in [low, high].
        features: [n_rounds, n_actions, dimension].
        low: smallest possible reward.
        high: largest possible reward, > low.
        parameter_norm: what policies are told of the norm of the parameter, >= 0.
        horizon: number of rounds, >= 1; None means the table's. A table with more rounds is cut.

    Raises:
        ValueError: tables that do not fit each other, or with entries outside their range.

    Example:
        >>> environment = FeatureTable([[0.0, 1.0]], [[[1.0, 0.0], [0.6, 0.8]]])
        >>> environment.problem.dimension, environment.problem.feature_norm
        (2, 1.0)
    """

    problem: ChangingLinearProblem

    def __init__(
        self,
        rewards: ArrayLike,
        features: ArrayLike,
        low: float = 0.0,
        high: float = 1.0,
        parameter_norm: float = 1.0,
        horizon: int | None = None,
    ) -> None:
        table, rows = shaped("rewards", rewards, (None, None)), shaped("features", features, (None, None, None))
        if table.size == 0 or rows.size == 0 or rows.shape[:2] != table.shape:
            raise ValueError(
                "rewards and features must be tables [n_rounds, n_actions] and [n_rounds, n_actions, dimension], got "
                f"shapes {table.shape} and {rows.shape}"
            )
        self.low, self.high, self.parameter_norm = real("low", low), real("high", high, low), parameter_norm
        check_range(table, self.low, self.high, "rewards")
        rounds = len(table) if horizon is None else integer("horizon", horizon, 1, len(table))
        self.rewards = np.array(table[:rounds], order="C")
        self._features = np.array(rows[:rounds], order="C")
        norm = largest_norm(self._features)
        super().__init__(
            ChangingLinearProblem(
                n_actions=table.shape[1],
                dimension=rows.shape[2],
                horizon=rounds,
                low=self.low,
                high=self.high,
                parameter_norm=parameter_norm,
                feature_norm=norm,
            )
        )
        limit = norm * (1.0 + SLACK) or 1.0
        self.observation_space = spaces.Box(-limit, limit, rows.shape[1:], np.float64)
        self._instance = LinearModel(feature_norm=norm, changing=True, oblivious_rewards=True)

    def observe(self) -> Array:
        """The features [n_actions, dimension] of this round."""
        features: Array = self._features[min(self.clock, self.horizon - 1)].copy()
        return features

    def features(self, rounds: int) -> Array:
        """Features [rounds, n_actions, dimension] of the next rounds, read-only, for compiled policies."""
        return read_only(self._features[self.clock : self.clock + rounds])

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        sums = {
            "best_each_round": np.cumsum(self.rewards.max(axis=1)),
            "worst": np.cumsum(self.rewards.min(axis=1)),
        }
        return {name: values[times - 1] for name, values in sums.items()}

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """The best action of each round and the worst."""
        curves = self.comparators(times)
        return {"dynamic": curves["best_each_round"] - np.array([curves["best_each_round"], curves["worst"]])}

    def regrets(self) -> Sequence[Regret]:
        label = "regret against the best action of each round"
        return (Regret("dynamic", "reward", "best_each_round", "dynamic", label),)

    def instance(self) -> LinearModel:
        return self._instance
