"""What the policies on recovering arms share: checks of what they are told, and the drivers of the compiled paths."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar, final

import numpy as np

from bandits.arguments import floats, not_owed
from bandits.contract import Array, Playable, Policy
from bandits.defaults import default
from bandits.kernels import kernel
from bandits.offers import offers
from bandits.recovering.problem import Idle, Outcomes, PullBlocks, Pulls, RecoveringProblem, Schedule, check_pulls

NO_FORMULA = 3
"""Kind of ``Outcomes`` whose rewards no formula gives."""


class RecoveringPolicy(Policy[RecoveringProblem, Idle, Pulls, Array]):
    """A policy on recovering arms."""

    plays: ClassVar[tuple[type[RecoveringProblem], ...]] = (RecoveringProblem,)

    @final
    def reset(self, problem: RecoveringProblem, rng: np.random.Generator) -> None:
        self._problem, self._rng = problem, rng
        self._chosen: Pulls | None = None  # since the last update
        type(self).start(self, problem)  # of an object, it may be a parameter

    @default
    def start(self, problem: RecoveringProblem) -> None:
        """Forget everything; ``_problem`` and ``_rng`` are set. Here: there is nothing else.

        Raises:
            ValueError: the problem lacks something that the policy needs.
        """

    @abstractmethod
    def pulls(self, idle: Idle) -> tuple[int, ...]:
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
        self._chosen = pulls = self.pulls(check_idle(observation, self._problem))
        return pulls

    @final
    def update(self, observation: Idle, action: Pulls, feedback: Array) -> None:
        """Learn from the rewards of the pulls [n_pulled], or [plays] with zeros after them, as in gymnasium's form.

        Raises:
            NotResetError: before ``reset``.
            ValueError: what ``check_idle``, ``check_pulls`` or ``check_rewards`` refuses; nothing has changed then.
            RuntimeError: from a policy that plans ahead, other pulls than ``choose`` gave since the last update;
                nothing has changed then.
        """
        idle = check_idle(observation, self._problem)
        if action is not self._chosen:  # which may be pulled
            check_pulls(action, self._problem)
        rewards = without_padding(floats("feedback must be finite rewards", feedback), len(action), self._problem.plays)
        check_rewards(rewards, len(action))
        self.take(idle, action, rewards)
        self._chosen = None

    def _look_at(self, rewards: Array) -> None:
        """Look at the rewards [n, plays] of the periods of a leap."""
        if self._declared is not None:
            sums = _sums(rewards)
            self._declared.look_through(self, sums, sums, lambda period: rewards[period])


@kernel
def _sums(rewards: Array) -> Array:
    """What each period paid [n], of the rewards [n, plays]."""
    sums = np.zeros(rewards.shape[0])
    for t in range(rewards.shape[0]):
        for reward in rewards[t]:
            sums[t] += reward
    return sums


@kernel
def _within(idle: Idle, longest: int) -> bool:
    within = True
    for i in range(idle.size):
        within &= 1 <= idle[i] <= longest
    return within


def check_idle(idle: Any, problem: RecoveringProblem) -> Idle:
    """Check the observation of a period, and return it as kernels take it.

    Args:
        idle: [n_arms] periods since each arm's last pull, in 1..recovery; a list or an array.
        problem: the problem of the run.

    Raises:
        ValueError: not whole numbers in that range, one an arm.
    """
    seen, n, longest = np.asarray(idle), problem.n_actions, problem.recovery
    if seen.shape != (n,) or seen.dtype.kind not in "iu" or not _within(seen, longest):
        raise ValueError(f"idle times must be {n} whole numbers in 1..{longest}, one an arm, got {idle!r}")
    return seen.astype(np.int64, copy=False)


def without_padding(feedback: Array, number: int, plays: int) -> Array:
    """The first ``number`` of ``plays`` rewards, where all the others are 0; anything else as it is."""
    if number == plays or np.shape(feedback) != (plays,) or np.any(feedback[number:]):
        return feedback
    return feedback[:number]


def check_rewards(feedback: Array, number: int) -> None:
    """Check what the pulls of a period paid.

    Args:
        feedback: [n_pulled] the rewards, in the order of the pulls.
        number: of the pulls.

    Raises:
        ValueError: not finite numbers, one a pull.
    """
    rewards = np.asarray(feedback)
    if rewards.shape != (number,) or not all(map(math.isfinite, rewards.tolist())):
        raise ValueError(f"feedback must be {number} finite rewards, one a pull, got {feedback!r}")


class SchedulingPolicy(RecoveringPolicy):
    """A policy that fixes the pulls of many periods ahead, and learns from them afterwards."""

    @abstractmethod
    def schedule(self) -> Schedule:
        """The pulls of the next periods [n >= 1, plays], asked for when those before are over."""

    @abstractmethod
    def learn(self, schedule: Schedule, rewards: Array, idle: Idle) -> None:
        """Take in the rewards [n, plays] of the next pulls scheduled [n, plays], from idle times [n_arms] on."""

    def start(self, problem: RecoveringProblem) -> None:
        self._t = self._position = 0
        self._schedule = np.empty((0, problem.plays), dtype=np.int64)
        self.begin(problem)

    @default
    def begin(self, problem: RecoveringProblem) -> None:
        """Forget everything, as in ``start``; ``_t``, the number of periods so far, is set, too. Here: nothing else."""

    def _coming(self) -> Schedule:
        if self._position == len(self._schedule):
            self._schedule, self._position = self.schedule(), 0
        return self._schedule[self._position :]

    def pulls(self, idle: Idle) -> tuple[int, ...]:
        return tuple([arm for arm in self._coming()[0].tolist() if arm >= 0])

    def take(self, idle: Idle, pulls: Pulls, rewards: Array) -> None:
        if self._chosen is None:
            raise not_owed()
        if pulls is not self._chosen and tuple(pulls) != self._chosen:
            raise not_owed(f"update takes the pulls chosen, {self._chosen}, got {pulls!r}")
        padded = np.zeros((1, self._problem.plays))
        padded[0, : len(rewards)] = rewards
        self._move_on(self._coming()[:1], padded, idle)

    def _move_on(self, schedule: Schedule, rewards: Array, idle: Idle) -> None:
        self.learn(schedule, rewards, idle)
        self._position += len(schedule)
        self._t += len(schedule)
        self._chosen = None

    def leap(self, environment: Playable[Idle, Pulls, Array], most: int) -> int:
        if not offers(environment, PullBlocks):
            return 0
        schedule, idle = self._coming()[:most], environment.observe()
        rewards = environment.absorb(schedule)
        self._move_on(schedule, rewards, idle)
        self._look_at(rewards)
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
        self._look_at(environment.absorb(schedule))
        return len(schedule)
