"""K arms drawn uniformly in every period: the yardstick."""

from __future__ import annotations

import copy

import numpy as np

from bandits.contract import Array
from bandits.recovering.policy import SchedulingPolicy, check_idle
from bandits.recovering.problem import Idle, Schedule

CHUNK = 256


class RandomPulls(SchedulingPolicy):
    """Pulls K different arms drawn uniformly in every period; learns nothing."""

    def undrawn(self) -> RandomPulls:
        """The same, with the pulls that nobody was told of to be drawn."""
        twin = copy.copy(self)
        if hasattr(self, "_schedule") and self._chosen is None:
            twin._schedule, twin._position = self._schedule[:0], 0
        return twin

    def probabilities(self, observation: Idle) -> Array:
        """Of the one arm, where a period has one play; once it was chosen, it is the same when asked for again."""
        if self._problem.plays > 1 or self._chosen is not None:
            return self._problem.distribution_of(self._chosen or ())
        check_idle(observation, self._problem)
        return np.full(self._problem.n_actions, 1.0 / self._problem.n_actions)

    def schedule(self) -> Schedule:
        order = np.argsort(self._rng.random((CHUNK, self._problem.n_actions)), axis=1)
        return np.sort(order[:, : self._problem.plays], axis=1)

    def learn(self, schedule: Schedule, rewards: Array, idle: Idle) -> None:
        return
