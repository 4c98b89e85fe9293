"""UCB1 that ignores idle times: pull the K arms with the largest ``mean + sqrt(2 ln(T) / n)``, unpulled arms first.

Ties go to the smaller index. A baseline of this project: what is lost by treating recovering arms as ordinary ones.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.recovering.policy import IndexPolicy
from bandits.recovering.problem import Idle, Outcomes, Pulls, RecoveringProblem, Schedule


@kernel
def _choose(counts: Array, sums: Array, scale: float, row: Idle) -> None:
    """Writes into ``row`` [plays] the arms with the largest indices, ascending."""
    plays = row.size
    values = np.empty(plays)
    used = 0
    for i in range(counts.size):
        value = sums[i] / counts[i] + scale / math.sqrt(counts[i]) if counts[i] > 0.0 else math.inf
        if used < plays:
            used += 1
        elif value <= values[plays - 1]:
            continue
        j = used - 1
        while j > 0 and values[j - 1] < value:
            values[j], row[j] = values[j - 1], row[j - 1]
            j -= 1
        values[j], row[j] = value, i
    row.sort()


@kernel
def _play(block: Outcomes, idle: Idle, schedule: Schedule, counts: Array, sums: Array, scale: float) -> None:
    longest = block.curves.shape[1]
    idle = idle.copy()
    for t in range(schedule.shape[0]):
        _choose(counts, sums, scale, schedule[t])
        for s in range(schedule.shape[1]):
            arm = schedule[t, s]
            mean, u = block.curves[arm, idle[arm] - 1], block.noise[t, s]
            if block.kind == 1:
                reward = 1.0 if u < mean else 0.0
            elif block.kind == 2:
                reward = mean + (2.0 * u - 1.0) * min(mean, 1.0 - mean, 0.5)
            else:
                reward = mean + u
            counts[arm] += 1.0
            sums[arm] += reward
            idle[arm] = 0
        for i in range(idle.size):
            idle[i] = min(idle[i] + 1, longest)


class IdleBlindUCB(IndexPolicy):
    """UCB1 on the arms' plain means, K arms a period; needs the horizon."""

    decided = True

    def start(self, problem: RecoveringProblem) -> None:
        if problem.horizon is None:
            raise ValueError("IdleBlindUCB needs a horizon: the problem has horizon=None")
        self._counts, self._sums = np.zeros(problem.n_actions), np.zeros(problem.n_actions)
        self._scale = problem.width * math.sqrt(2.0 * math.log(problem.horizon))

    def pulls(self, idle: Idle) -> tuple[int, ...]:
        row = np.empty(self._problem.plays, dtype=np.int64)
        _choose(self._counts, self._sums, self._scale, row)
        return tuple(row.tolist())

    def take(self, idle: Idle, pulls: Pulls, rewards: Array) -> None:
        for arm, reward in zip(pulls, rewards.tolist(), strict=True):
            self._counts[arm] += 1.0
            self._sums[arm] += reward

    def play(self, block: Outcomes, idle: Idle, schedule: Schedule) -> None:
        _play(block, idle, schedule, self._counts, self._sums, self._scale)
