"""Uniform play: every round an arm drawn uniformly at random, whatever was seen.

The yardstick that every learner must beat. One uniform ``u`` a round: arm ``floor(u K)``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bandits.arguments import check_action
from bandits.arms.policy import ArmsPolicy
from bandits.arms.problem import Actions, ActionsProblem, Block
from bandits.contract import Array


class Uniform(ArmsPolicy[ActionsProblem, Any]):
    """Draws each arm with equal probability in every round; learns nothing."""

    plays = (ActionsProblem,)
    by_arm = True

    def reset(self, problem: ActionsProblem, rng: np.random.Generator) -> None:
        self._rng = rng
        self._problem, self._n_actions = problem, problem.n_actions

    def choose(self, observation: Any) -> int:
        return min(int(self._rng.random() * self._n_actions), self._n_actions - 1)

    def probabilities(self, observation: Any) -> Array:
        return np.full(self._n_actions, 1.0 / self._n_actions)

    def update(self, observation: Any, action: int, feedback: Any) -> None:
        check_action("action", action, self._n_actions)
        self._problem.checked_feedback(feedback)

    def play(self, block: Block, actions: Actions) -> None:
        arms = (self._rng.random(actions.size) * self._n_actions).astype(np.int64)
        np.minimum(arms, self._n_actions - 1, out=actions)
