"""What the policies on recovering arms share: checks of what they are told, and the drivers of the compiled paths."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, final

import numpy as np

from bandits.contract import Array, Playable, Policy
from bandits.offers import offers
from bandits.recovering.problem import Idle, Outcomes, PullBlocks, Pulls, RecoveringProblem, Schedule

NO_FORMULA = 3
"""Kind of ``Outcomes`` whose rewards no formula gives."""


class RecoveringPolicy(Policy[RecoveringProblem, Idle, Pulls, Array]):
    """A policy on recovering arms. ``reset`` begins with this class's."""

    plays: ClassVar[tuple[type[RecoveringProblem], ...]] = (RecoveringProblem,)

    def reset(self, problem: RecoveringProblem, rng: np.random.Generator) -> None:
        self._problem = problem

    @abstractmethod
    def pulls(self, idle: Idle) -> Pulls:
        """The pulls of this period, from idle times [n_arms], checked."""

    @abstractmethod
    def take(self, idle: Idle, pulls: Pulls, rewards: Array) -> None:
        """Take in the rewards [n_pulled] of the pulls, all checked."""

    @final
    def choose(self, observation: Idle) -> Pulls:
        """The pulls of this period.

        Raises:
            NotResetError: before ``reset``.
            ValueError: no idle times, as ``check_idle`` says; nothing has changed then.
        """
        check_idle(observation, self._problem)
        return self.pulls(observation)

    @final
    def update(self, observation: Idle, action: Pulls, feedback: Array) -> None:
        """Learn from the rewards of the pulls.

        Raises:
            NotResetError: before ``reset``.
            ValueError: what ``check_idle`` or ``check_pulls`` refuses; from a policy that plans ahead, other pulls than
                ``choose`` gave. Nothing has changed then.
            RuntimeError: from such a policy, where ``choose`` was not called; nothing has changed then.
        """
        check_idle(observation, self._problem)
        check_pulls(action, feedback, self._problem)
        self.take(observation, action, feedback)


def check_idle(idle: Idle, problem: RecoveringProblem) -> None:
    """Check the observation of a period.

    Args:
        idle: [n_arms] periods since each arm's last pull, in 1..recovery.
        problem: the problem of the run.

    Raises:
        ValueError: not whole numbers in that range, one an arm.
    """
    n, longest, seen = problem.n_actions, problem.recovery, np.asarray(idle)
    if seen.shape != (n,) or seen.dtype.kind not in "iu" or seen.min() < 1 or seen.max() > longest:
        raise ValueError(f"idle times must be {n} whole numbers in 1..{longest}, one an arm, got {idle!r}")


def check_pulls(action: Pulls, feedback: Array, problem: RecoveringProblem) -> None:
    """Check what was pulled in a period and what it paid.

    Args:
        action: the arms pulled, different ones.
        feedback: [n_pulled] their rewards, in that order.
        problem: the problem of the run.

    Raises:
        ValueError: pulls of no such arms, of one arm twice, or of more than the problem's ``plays``; or rewards that
            are not finite numbers, one a pull.
    """
    n, arms = problem.n_actions, sorted(action)
    if len(arms) > problem.plays or len(set(arms)) < len(arms) or (arms and not 0 <= arms[0] <= arms[-1] < n):
        raise ValueError(f"pulls must be at most {problem.plays} different arms of 0..{n - 1}, got {action!r}")
    if np.shape(feedback) != (len(arms),) or not np.all(np.isfinite(feedback)):
        raise ValueError(f"feedback must be {len(arms)} finite rewards, one a pull, got {feedback!r}")


class SchedulingPolicy(RecoveringPolicy):
    """A policy that fixes the pulls of many periods ahead, and learns from them afterwards."""

    @abstractmethod
    def schedule(self) -> Schedule:
        """The pulls of the next periods [n >= 1, plays], asked for when those before are over."""

    @abstractmethod
    def learn(self, schedule: Schedule, rewards: Array, idle: Idle) -> None:
        """Take in the rewards [n, plays] of the next pulls scheduled [n, plays], from idle times [n_arms] on."""

    def reset(self, problem: RecoveringProblem, rng: np.random.Generator) -> None:
        super().reset(problem, rng)
        self._rng = rng
        self._t = self._position = 0
        self._schedule = np.empty((0, problem.plays), dtype=np.int64)

    def _coming(self) -> Schedule:
        if self._position == len(self._schedule):
            self._schedule, self._position = self.schedule(), 0
        return self._schedule[self._position :]

    def pulls(self, idle: Idle) -> Pulls:
        return tuple(arm for arm in self._coming()[0].tolist() if arm >= 0)

    def take(self, idle: Idle, pulls: Pulls, rewards: Array) -> None:
        if self._position == len(self._schedule):
            raise RuntimeError("no pulls were chosen: call choose before update")
        if tuple(pulls) != (planned := self.pulls(idle)):
            raise ValueError(f"pulls must be those chosen, {planned}, got {pulls!r}")
        padded = np.zeros((1, self._problem.plays))
        padded[0, : len(rewards)] = rewards
        self._move_on(self._coming()[:1], padded, idle)

    def _move_on(self, schedule: Schedule, rewards: Array, idle: Idle) -> None:
        self.learn(schedule, rewards, idle)
        self._position += len(schedule)
        self._t += len(schedule)

    def leap(self, environment: Playable[Idle, Pulls, Array], most: int) -> int:
        if not offers(environment, PullBlocks):
            return 0
        schedule, idle = self._coming()[:most], environment.observe()
        self._move_on(schedule, environment.absorb(schedule), idle)
        return len(schedule)


class IndexPolicy(RecoveringPolicy):
    """A policy that decides anew in every period, with a compiled loop over blocks of periods."""

    @abstractmethod
    def play(self, block: Outcomes, idle: Idle, schedule: Schedule) -> None:
        """Play ``len(schedule)`` periods of ``block``, writing the arms of each into ``schedule`` [n, plays].

        Decisions and the state afterwards must equal those of ``choose`` and ``update`` bit for bit.
        """

    def leap(self, environment: Playable[Idle, Pulls, Array], most: int) -> int:
        if not offers(environment, PullBlocks):
            return 0
        block = environment.block(most)
        if block.kind == NO_FORMULA:
            return 0
        schedule = np.full(block.noise.shape, -1)
        self.play(block, environment.observe(), schedule)
        environment.absorb(schedule)
        return len(schedule)
