"""K arms drawn uniformly in every period: the yardstick."""

from __future__ import annotations

import numpy as np

from bandits.contract import Array
from bandits.recovering.policy import SchedulingPolicy
from bandits.recovering.problem import Idle, Schedule

CHUNK = 256


class RandomPulls(SchedulingPolicy):
    """Pulls K different arms drawn uniformly in every period; learns nothing."""

    def schedule(self) -> Schedule:
        order = np.argsort(self._rng.random((CHUNK, self._problem.n_actions)), axis=1)
        return np.sort(order[:, : self._problem.plays], axis=1)

    def learn(self, schedule: Schedule, rewards: Array, idle: Idle) -> None:
        return
