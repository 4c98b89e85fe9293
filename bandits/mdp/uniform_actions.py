"""Uniform play in one life without resets: every step an action drawn uniformly, whatever was seen.

The yardstick that every learner must beat. One uniform ``u`` a step: action ``floor(u A)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bandits.contract import Array
from bandits.mdp.average import AveragePolicy
from bandits.mdp.model import Ints
from bandits.mdp.problem import AverageRewardProblem, Steps


class UniformActions(AveragePolicy):
    """Draws each action with equal probability in every step; learns nothing."""

    def start(self, problem: AverageRewardProblem) -> None:
        return

    def pick(self, state: int) -> int:
        return min(int(self._rng.random() * self._n_actions), self._n_actions - 1)

    def probabilities(self, observation: Any) -> Array:
        self._checked(observation)
        return np.full(self._n_actions, 1.0 / self._n_actions)

    def take(self, state: int, action: int, reward: float, following: int) -> None:
        return

    def play(self, steps: Steps, actions: Ints) -> None:
        drawn = (self._rng.random(actions.size) * self._n_actions).astype(np.int64)
        np.minimum(drawn, self._n_actions - 1, out=actions)
