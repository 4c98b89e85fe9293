"""Explore, then plan once: try every arm at every power of two of idle time, smooth, and play one plan for ever.

For each ``d = 1, 2, 4, ...`` up to D rounded up to a power of two, the arms are taken ``K d`` at a time; a block of
``d (n + 1)`` periods pulls each of them every ``d`` periods, and the first pull of an arm in a block is not used. Means
are then made nondecreasing in ``d`` (pool adjacent violators, weighted), held between the powers of two, and handed to
the planner. A baseline of this project.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer
from bandits.contract import Array
from bandits.kernels import kernel
from bandits.recovering.planners import PLANNERS, Planner
from bandits.recovering.policy import SchedulingPolicy
from bandits.recovering.problem import Idle, RecoveringProblem, Schedule
from bandits.recovering.schedule import offsets_of, round_up, schedule_of
from bandits.registry import Component

CHUNK = 1 << 14


def isotonic(values: Array, weights: Array) -> Array:
    """The nondecreasing sequence [n] nearest to ``values`` in weighted squares (pool adjacent violators)."""
    pools: list[tuple[float, float, int]] = []  # mean, weight, length
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        pool = (value, weight, 1)
        while pools and pools[-1][0] >= pool[0]:
            mean, mass, length = pools.pop()
            total = mass + pool[1]
            pool = ((mean * mass + pool[0] * pool[1]) / total, total, length + pool[2])
        pools.append(pool)
    return np.repeat([p[0] for p in pools], [p[2] for p in pools])


@kernel
def _use(schedule: Schedule, rewards: Array, pulled: NDArray[np.bool_], sums: Array, used: Array) -> None:
    """Add up rewards and count them [n_arms], but the first of each arm that was not pulled before."""
    for t in range(schedule.shape[0]):
        for s in range(schedule.shape[1]):
            arm = schedule[t, s]
            if arm >= 0:
                if pulled[arm]:
                    sums[arm] += rewards[t, s]
                    used[arm] += 1.0
                pulled[arm] = True


class ExploreThenPlan(SchedulingPolicy):
    """Explores in blocks, then plans once.

    Args:
        trials: rewards n >= 1 used of each arm at each idle time tried; None takes the largest with which exploration
            lasts at most ``T^(2/3)`` periods, at least 1.
        planner: as in ``PPPUCB``.
    """

    def __init__(self, trials: int | None = None, planner: Component = "pow2") -> None:
        self.trials = None if trials is None else integer("trials", trials)
        self.planner = planner
        self._planner: Planner = PLANNERS.build(planner, "planner", of=Planner)

    def reset(self, problem: RecoveringProblem, rng: np.random.Generator) -> None:
        super().reset(problem, rng)
        last = round_up(problem.recovery, 1)
        self._tried = [1 << level for level in range(last.bit_length())]
        self._blocks = [(d, first) for d in self._tried for first in range(0, problem.n_actions, problem.plays * d)]
        self._trials = self._trials_of(problem)
        self._next = 0
        self._pulled = np.zeros(problem.n_actions, dtype=bool)
        self._means, self._used = np.zeros((2, problem.n_actions, len(self._tried)))
        self._periods = self._offsets = np.zeros(problem.n_actions, dtype=np.int64)

    def _trials_of(self, problem: RecoveringProblem) -> int:
        if self.trials is not None:
            return self.trials
        if problem.horizon is None:
            raise ValueError("ExploreThenPlan needs a horizon or trials: the problem has horizon=None")
        once = sum(d for d, _ in self._blocks)
        return max(1, int(round(problem.horizon ** (2.0 / 3.0), 9)) // once - 1)

    def schedule(self) -> Schedule:
        problem = self._problem
        if self._next < len(self._blocks):
            d, first = self._blocks[self._next]
            arms = np.arange(first, min(first + problem.plays * d, problem.n_actions))
            periods = np.zeros(problem.n_actions, dtype=np.int64)
            periods[arms] = d
            self._next += 1
            self._pulled[:] = False
            offsets = np.zeros_like(periods)
            offsets[arms] = (arms - first) % d
            return schedule_of(periods, offsets, 0, d * (self._trials + 1), problem.plays)
        if self._next == len(self._blocks):
            self._next += 1
            self._settle()
            self._began = self._t
        return schedule_of(self._periods, self._offsets, self._t - self._began, CHUNK, problem.plays)

    def learn(self, schedule: Schedule, rewards: Array, idle: Idle) -> None:
        if self._next > len(self._blocks):
            return
        level = self._tried.index(self._blocks[self._next - 1][0])
        _use(schedule, rewards, self._pulled, self._means[:, level], self._used[:, level])

    def _settle(self) -> None:
        """Plan with the smoothed means, held from each power of two to the next."""
        problem = self._problem
        curves = np.empty((problem.n_actions, problem.recovery))
        for i, (sums, used) in enumerate(zip(self._means, self._used, strict=True)):
            smooth = np.clip(isotonic(sums / used, used), 0.0, 1.0)
            for d in range(1, problem.recovery + 1):
                curves[i, d - 1] = smooth[-1] if d == problem.recovery else smooth[d.bit_length() - 1]
        self._periods = self._planner.plan(curves, problem.plays).periods
        self._offsets = offsets_of(self._periods, problem.plays)
