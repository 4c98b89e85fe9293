"""UCB1 that ignores idle times: pull the K arms with the largest ``mean + sqrt(2 ln(T) / n)``, unpulled arms first.

Ties go to the smaller index. A baseline of this project: what is lost by treating recovering arms as ordinary ones.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array, Problem
from bandits.kernels import kernel
from bandits.recovering.policy import Block, Idle, IndexPolicy, Pulls, check_pulls, recovery_of
from bandits.recovering.schedule import Rows


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
def _play(block: Block, longest: int, idle: Idle, rows: Rows, counts: Array, sums: Array, scale: float) -> None:
    idle = idle.copy()
    for t in range(rows.shape[0]):
        _choose(counts, sums, scale, rows[t])
        for s in range(rows.shape[1]):
            arm = rows[t, s]
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

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        if problem.horizon is None:
            raise ValueError("IdleBlindUCB needs a horizon: the problem has horizon=None")
        self._problem, self._longest = problem, recovery_of(problem)
        self._counts, self._sums = np.zeros(problem.n_actions), np.zeros(problem.n_actions)
        noise = 1.0 if problem.noise is None else 2.0 * problem.noise
        self._scale = noise * math.sqrt(2.0 * math.log(problem.horizon))

    def choose(self, observation: Idle) -> Pulls:
        row = np.empty(self._problem.plays, dtype=np.int64)
        _choose(self._counts, self._sums, self._scale, row)
        return tuple(row.tolist())

    def update(self, observation: Idle, action: Pulls, feedback: Array) -> None:
        check_pulls(observation, action, feedback, self._problem)
        for arm, reward in zip(action, feedback.tolist(), strict=True):
            self._counts[arm] += 1.0
            self._sums[arm] += reward

    def play(self, block: Block, idle: Idle, rows: Rows) -> None:
        _play(block, self._longest, idle, rows, self._counts, self._sums, self._scale)
