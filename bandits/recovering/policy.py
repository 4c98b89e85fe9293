"""What the policies on recovering arms share: observation and action, and the drivers of the compiled paths.

The observation is the idle times [n_arms], capped at the longest recovery time; the action is a sequence of at most
``plays`` different arms; the feedback is their rewards [n_pulled], in the order of the action.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Policy, Problem, World
from bandits.kernels import kernel
from bandits.offers import offers
from bandits.recovering.schedule import Rows

Idle = NDArray[np.int64]
Pulls = Sequence[int]


class Block(NamedTuple):
    """The outcomes of the coming periods, for compiled policies.

    A pull at idle time ``d`` has mean ``m = curves[arm, d - 1]``; the reward of the ``s``-th pull of period ``t``
    follows from ``m`` and ``u = noise[t, s]``: kind 0 ``m + u``; kind 1, 1.0 if ``u < m`` else 0.0; kind 2
    ``m + (2 u - 1) min(m, 1 - m, 1/2)``.

    Attributes:
        curves: [n_arms, longest] mean rewards.
        noise: [n_periods, plays].
        kind: how noise enters.
    """

    curves: Array
    noise: Array
    kind: int


class Carries(Protocol):
    """A world that can carry out a schedule of many periods at once."""

    clock: int

    def observe(self) -> Idle:
        """Idle times before the next period."""

    def carry(self, rows: Rows) -> Array:
        """Pull the arms of ``rows`` [n, plays] (-1: none) in the next ``n`` periods; returns the rewards [n, plays]."""


class PullBlocks(Carries, Protocol):
    """A world that can also hand out blocks of outcomes, where ``compiled`` is true."""

    compiled: bool

    def block(self, periods: int) -> Block:
        """The next periods, at least 1 and at most ``periods`` of them."""


class RecoveringPolicy(Policy[Idle, Pulls, Array]):
    """A policy on recovering arms."""

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset({("recovering", "semi-bandit")})


def check_pulls(idle: Idle, action: Pulls, feedback: Array, problem: Problem) -> None:
    """Check what a policy is told of a period.

    Args:
        idle: [n_arms] periods since each arm's last pull, >= 1.
        action: the arms pulled, different ones.
        feedback: [n_pulled] their rewards, in that order.
        problem: the problem of the run.

    Raises:
        ValueError: idle times that are not whole numbers >= 1, one an arm; pulls of no such arms, of one arm twice, or
            of more than the problem's ``plays``; or rewards that are not finite numbers, one a pull.
    """
    n, told = problem.n_actions, np.asarray(idle)
    if told.shape != (n,) or told.dtype.kind not in "iu" or told.min() < 1:
        raise ValueError(f"idle times must be {n} whole numbers >= 1, one an arm, got {idle!r}")
    arms = sorted(action)
    if len(arms) > problem.plays or len(set(arms)) < len(arms) or (arms and not 0 <= arms[0] <= arms[-1] < n):
        raise ValueError(f"pulls must be at most {problem.plays} different arms of 0..{n - 1}, got {action!r}")
    if np.shape(feedback) != (len(arms),) or not np.all(np.isfinite(feedback)):
        raise ValueError(f"feedback must be {len(arms)} finite rewards, one a pull, got {feedback!r}")


def recovery_of(problem: Problem) -> int:
    """The longest recovery time that the learner is told.

    Raises:
        ValueError: the problem has none.
    """
    if problem.recovery is None:
        raise ValueError("the problem declares no longest recovery time")
    return problem.recovery


@kernel
def _record(rows: Rows, rewards: Array, idle: Idle, counts: Array, sums: Array) -> None:
    longest = counts.shape[1]
    last = np.empty(idle.size, dtype=np.int64)
    for i in range(idle.size):
        last[i] = -idle[i]
    for t in range(rows.shape[0]):
        for s in range(rows.shape[1]):
            arm = rows[t, s]
            if arm < 0:
                break
            d = min(t - last[arm], longest) - 1
            counts[arm, d] += 1.0
            sums[arm, d] += rewards[t, s]
            last[arm] = t


class SchedulingPolicy(RecoveringPolicy):
    """A policy that fixes the pulls of many periods ahead, and learns from them afterwards.

    Counts and sums of the rewards of each arm at each idle time are kept; idle times from the longest recovery time on
    share a cell.
    """

    @abstractmethod
    def prepare(self) -> Rows:
        """The pulls of the next periods [n >= 1, plays], -1 where fewer arms are pulled."""

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        self._rng, self._problem = rng, problem
        shape = (problem.n_actions, recovery_of(problem))
        self._counts, self._sums = np.zeros(shape), np.zeros(shape)
        self._t = self._position = 0
        self._rows = np.empty((0, problem.plays), dtype=np.int64)

    def _coming(self) -> Rows:
        if self._position == len(self._rows):
            self._rows, self._position = self.prepare(), 0
        return self._rows[self._position :]

    def choose(self, observation: Idle) -> Pulls:
        return tuple(arm for arm in self._coming()[0].tolist() if arm >= 0)

    def update(self, observation: Idle, action: Pulls, feedback: Array) -> None:
        """Learn from the rewards of the pulls that were planned.

        Raises:
            ValueError: other pulls than ``choose`` gave, or what ``check_pulls`` names; nothing has changed then.
        """
        check_pulls(observation, action, feedback, self._problem)
        if tuple(action) != (planned := self.choose(observation)):
            raise ValueError(f"pulls must be those chosen, {planned}, got {action!r}")
        n = len(feedback)
        rows, rewards = self._rows[self._position : self._position + 1], np.zeros((1, self._rows.shape[1]))
        rewards[0, :n] = feedback
        self._learn(rows, rewards, observation)

    def _learn(self, rows: Rows, rewards: Array, idle: Idle) -> None:
        _record(rows, rewards, idle, self._counts, self._sums)
        self._position += len(rows)
        self._t += len(rows)

    def advance(self, environment: World[Idle, Pulls, Array], rounds: int) -> None:
        """Play ``rounds`` periods, whole stretches at once where the world can."""
        if not offers(environment, Carries):
            super().advance(environment, rounds)
            return
        end = environment.clock + rounds
        while environment.clock < end:
            rows = self._coming()[: end - environment.clock]
            idle = environment.observe()
            self._learn(rows, environment.carry(rows), idle)


class IndexPolicy(RecoveringPolicy):
    """A policy that decides anew in every period, with a compiled loop over blocks of periods."""

    @abstractmethod
    def play(self, block: Block, idle: Idle, rows: Rows) -> None:
        """Play ``len(rows)`` periods of ``block``, writing the arms of each into ``rows`` [n, plays], -1 for none.

        Decisions and the state afterwards must equal those of ``choose`` and ``update`` bit for bit.
        """

    def advance(self, environment: World[Idle, Pulls, Array], rounds: int) -> None:
        """Play ``rounds`` periods, compiled where the world hands out blocks and one by one elsewhere."""
        if not offers(environment, PullBlocks) or not environment.compiled:
            super().advance(environment, rounds)
            return
        end = environment.clock + rounds
        while environment.clock < end:
            block = environment.block(end - environment.clock)
            rows = np.full(block.noise.shape, -1)
            self.play(block, environment.observe(), rows)
            environment.carry(rows)
