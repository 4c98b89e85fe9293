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


@kernel
def isotonic(values: Array, weights: Array) -> Array:
    """The nondecreasing sequence [n] nearest to ``values`` in weighted squares (pool adjacent violators)."""
    means, masses, begins = np.empty(values.size), np.empty(values.size), np.empty(values.size + 1, dtype=np.int64)
    pools = 0
    for i in range(values.size):
        mean, mass, begin = values[i], weights[i], i
        while pools > 0 and means[pools - 1] >= mean:
            pools -= 1
            total = masses[pools] + mass
            mean, mass, begin = (means[pools] * masses[pools] + mean * mass) / total, total, begins[pools]
        means[pools], masses[pools], begins[pools] = mean, mass, begin
        pools += 1
    begins[pools] = values.size
    found = np.empty(values.size)
    for p in range(pools):
        found[begins[p] : begins[p + 1]] = means[p]
    return found


@kernel
def _smoothed(sums: Array, used: Array, recovery: int) -> Array:
    """Curves [n_arms, recovery] in [0, 1] from sums of rewards and their numbers [n_arms, n_levels].

    The means are held from each power of two to the next.
    """
    curves = np.empty((sums.shape[0], recovery))
    for i in range(sums.shape[0]):
        smooth = isotonic(sums[i] / used[i], used[i])
        level = 0
        for d in range(1, recovery + 1):
            if 2 << level <= d:
                level += 1
            mean = smooth[-1] if d == recovery else smooth[level]
            curves[i, d - 1] = min(max(mean, 0.0), 1.0)
    return curves


@kernel
def _exploration(
    sizes: NDArray[np.int64], firsts: NDArray[np.int64], trials: int, n_arms: int, plays: int
) -> tuple[Schedule, NDArray[np.int64]]:
    """The pulls [n, plays] of all blocks, and for each period [n] the level of its idle time, -1 if it is not used.

    Args:
        sizes: [n_blocks] idle times, not falling.
        firsts: [n_blocks] the first arm of each.
        trials: rewards used of each arm.
        n_arms: number of arms.
        plays: pulls a period.
    """
    number = sizes.sum() * (trials + 1)
    schedule, levels = np.full((number, plays), -1), np.full(number, -1)
    begun = level = 0
    for b in range(sizes.size):
        while 1 << level < sizes[b]:
            level += 1
        for t in range(sizes[b] * (trials + 1)):
            for s in range(plays):
                arm = firsts[b] + t % sizes[b] + s * sizes[b]
                if arm < n_arms:
                    schedule[begun + t, s] = arm
            if t >= sizes[b]:
                levels[begun + t] = level
        begun += sizes[b] * (trials + 1)
    return schedule, levels


@kernel
def _use(schedule: Schedule, rewards: Array, levels: NDArray[np.int64], sums: Array, used: Array) -> None:
    """Add up rewards and count them [n_arms, n_levels] in the periods that are used."""
    for t in range(min(schedule.shape[0], levels.size)):
        for s in range(schedule.shape[1]):
            arm = schedule[t, s]
            if arm >= 0 and levels[t] >= 0:
                sums[arm, levels[t]] += rewards[t, s]
                used[arm, levels[t]] += 1.0


class ExploreThenPlan(SchedulingPolicy):
    """Explores in blocks, then plans once.

    Args:
        trials: rewards n >= 1 used of each arm at each idle time tried; None takes the largest with which exploration
            lasts at most ``T^(2/3)`` periods, at least 1.
        planner: as in ``PPPUCB``.
    """

    decided = True

    def __init__(self, trials: int | None = None, planner: Component = "pow2") -> None:
        self.trials = None if trials is None else integer("trials", trials)
        self.planner = planner
        self._planner: Planner = PLANNERS.build(planner, "planner", of=Planner)

    def begin(self, problem: RecoveringProblem) -> None:
        last = round_up(problem.recovery, 1)
        self._tried = [1 << level for level in range(last.bit_length())]
        self._blocks = [(d, first) for d in self._tried for first in range(0, problem.n_actions, problem.plays * d)]
        self._trials = self._trials_of(problem)
        self._means, self._used = np.zeros((2, problem.n_actions, len(self._tried)))
        self._explored, self._levels = False, np.empty(0, dtype=np.int64)
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
        if self._t == 0:
            blocks = np.array(self._blocks)
            schedule, self._levels = _exploration(
                blocks[:, 0], blocks[:, 1], self._trials, problem.n_actions, problem.plays
            )
            return schedule
        if not self._explored:
            self._explored = True
            self._settle()
        began, number = self._t - len(self._levels), CHUNK - self._t % CHUNK  # as noise is drawn
        return schedule_of(self._periods, self._offsets, began, number, problem.plays)

    def learn(self, schedule: Schedule, rewards: Array, idle: Idle) -> None:
        if not self._explored:
            _use(schedule, rewards, self._levels[self._t :], self._means, self._used)

    def _settle(self) -> None:
        """Plan with the smoothed means, held from each power of two to the next."""
        plays, curves = self._problem.plays, _smoothed(self._means, self._used, self._problem.recovery)
        self._periods = self._planner.plan(curves, plays).periods
        self._offsets = offsets_of(self._periods, plays)
