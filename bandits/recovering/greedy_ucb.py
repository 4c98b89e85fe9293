"""Greedy UCB: pull the K arms whose upper confidence bound at their present idle time is largest. No planning.

``U(i, d)`` and ``L`` are those of PPP-UCB, refreshed in every period; ties go to the smaller index. A baseline of this
project: strong where recovery is concave, stuck where waiting pays (it then never sees what waiting would bring).
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.recovering.policy import IndexPolicy
from bandits.recovering.ppp_ucb import confidence_log
from bandits.recovering.problem import Idle, Outcomes, Pulls, RecoveringProblem, Schedule


@kernel
def _choose(idle: Idle, upper: Array, row: Idle) -> None:
    """Writes into ``row`` [plays] the arms with the largest indices, ascending."""
    plays = row.size
    values = np.empty(plays)
    used = 0
    for i in range(idle.size):
        value = upper[i, idle[i] - 1]
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
def _learn(arm: int, d: int, reward: float, counts: Array, sums: Array, upper: Array, scale: float) -> None:
    counts[arm, d] += 1.0
    sums[arm, d] += reward
    least = upper[arm, d + 1] if d + 1 < counts.shape[1] else 1.0
    for k in range(d, -1, -1):
        if counts[arm, k] > 0.0:
            least = min(least, sums[arm, k] / counts[arm, k] + scale / math.sqrt(counts[arm, k]))
        upper[arm, k] = least


@kernel
def _play(
    block: Outcomes, idle: Idle, schedule: Schedule, counts: Array, sums: Array, upper: Array, scale: float
) -> None:
    longest = counts.shape[1]
    idle = idle.copy()
    for t in range(schedule.shape[0]):
        _choose(idle, upper, schedule[t])
        for s in range(schedule.shape[1]):
            arm = schedule[t, s]
            mean, u = block.curves[arm, idle[arm] - 1], block.noise[t, s]
            if block.kind == 1:
                reward = 1.0 if u < mean else 0.0
            elif block.kind == 2:
                reward = mean + (2.0 * u - 1.0) * min(mean, 1.0 - mean, 0.5)
            else:
                reward = mean + u
            _learn(arm, idle[arm] - 1, reward, counts, sums, upper, scale)
            idle[arm] = 0
        for i in range(idle.size):
            idle[i] = min(idle[i] + 1, longest)


class GreedyUCB(IndexPolicy):
    """Pulls the arms with the largest upper confidence bounds now; needs the horizon."""

    decided = True

    def start(self, problem: RecoveringProblem) -> None:
        if problem.horizon is None:
            raise ValueError("GreedyUCB needs a horizon: the problem has horizon=None")
        shape = (problem.n_actions, problem.recovery)
        self._counts, self._sums, self._upper = np.zeros(shape), np.zeros(shape), np.ones(shape)
        self._scale = problem.width * math.sqrt(confidence_log(problem.horizon, *shape) / 2.0)

    def pulls(self, idle: Idle) -> tuple[int, ...]:
        row = np.empty(self._problem.plays, dtype=np.int64)
        _choose(idle, self._upper, row)
        return tuple(row.tolist())

    def take(self, idle: Idle, pulls: Pulls, rewards: Array) -> None:
        for arm, reward in zip(pulls, rewards.tolist(), strict=True):
            _learn(arm, int(idle[arm]) - 1, reward, self._counts, self._sums, self._upper, self._scale)

    def play(self, block: Outcomes, idle: Idle, schedule: Schedule) -> None:
        _play(block, idle, schedule, self._counts, self._sums, self._upper, self._scale)
