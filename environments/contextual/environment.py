"""What environments of arms with contexts share: the context of each round, shown before it is played."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from gymnasium import spaces

from bandits.contextual.problem import ContextualProblem
from bandits.contract import Array
from bandits.frozen import read_only
from environments.arms.environment import ArmsEnvironment

Tape = TypeVar("Tape")


class ContextualEnvironment(ArmsEnvironment[Tape]):
    """Arms with contexts. A subclass keeps those of the run in ``_contexts`` [horizon, n_coordinates] when it starts.

    Actions have no influence on contexts. Metrics are those of arms.
    """

    problem: ContextualProblem
    _contexts: Array

    def __init__(self, problem: ContextualProblem) -> None:
        super().__init__(problem)
        low, high = np.array(problem.contexts, dtype=np.float64).T
        self.observation_space = spaces.Box(low, high, dtype=np.float64)

    def observe(self) -> Array:
        """The context [n_coordinates] of this round."""
        context: Array = self._contexts[min(self.clock, self.horizon - 1)].copy()
        return context

    def contexts(self, rounds: int) -> Array:
        """Contexts [rounds, n_coordinates] of the next rounds, for compiled policies."""
        return read_only(self._contexts[self.clock : self.clock + rounds])
