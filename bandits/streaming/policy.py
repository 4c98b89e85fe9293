"""What every streaming policy shares: the script of actions between two observed pulls, and the drivers.

Only an observed pull tells a learner something, so a policy is a rule that answers the mean of a batch with the
actions up to the next pull.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, final

import numpy as np

from bandits.contract import Array, Policy, Problem, World
from bandits.offers import offers
from bandits.streaming.protocol import CURRENT, Action, Advance, Arrivals, Feedback, Pull, Store, View


class StreamingPolicy(Policy[View, Action, Feedback]):
    """A policy that reads a stream of ``problem.items`` arms once and then commits to one of them.

    Such a policy keeps its own books on slots and arrivals, so it does not look at the observation. Common rules: every
    pull is clipped to what is left of the horizon; ties keep the stored arm; a single arm is stored and pulled
    throughout.
    """

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset({("streaming", "bandit")})

    @abstractmethod
    def slots_required(self, problem: Problem) -> int:
        """The number of arms that must be stored at once."""

    @abstractmethod
    def memory_words(self, problem: Problem) -> int:
        """Numbers kept: for each stored arm its identity and statistics, and a few scalars."""

    @abstractmethod
    def _begin(self, problem: Problem, rng: np.random.Generator) -> list[Action]:
        """Forget everything; returns the actions up to and with the first pull, while the first arm is arriving."""

    @abstractmethod
    def _respond(self, mean: float) -> list[Action]:
        """The actions after a batch with that mean, up to and with the next pull."""

    @final
    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        """Forget everything and prepare for a run.

        Raises:
            ValueError: no horizon, or more arms to store than the problem's memory holds.
        """
        arms, horizon = stream_of(problem)
        need, have = self.slots_required(problem), problem.memory or 0
        if need > have:
            raise ValueError(f"{type(self).__name__} stores {need} arms of {arms}, but the memory holds {have}")
        self._arms, self._horizon, self._left = arms, horizon, horizon
        self._arrived = 1
        self._step = 0
        self._script: list[Action] = self._begin(problem, rng)
        if arms == 1:
            self._script = [Store(0), self._commit(0)]

    @final
    def choose(self, observation: View | None) -> Action:
        return self._script[self._step]

    @final
    def update(self, observation: View | None, action: Action, feedback: Feedback) -> None:
        self._step += 1
        if type(action) is Pull:
            self._left -= action.n
            if feedback is not None and self._left > 0:
                self._script, self._step = self._respond(feedback[0] / feedback[1]), 0

    def advance(self, environment: World[Any, Any, Any], rounds: int) -> None:
        """Play until the clock has moved on by ``rounds``, or past that in the last batch."""
        end = min(environment.clock + rounds, self._horizon)
        while environment.clock < end:
            action = self._script[self._step]
            _, feedback = environment.transition(action)
            self.update(None, action, feedback)

    def _pull(self, where: int, n: int) -> Pull:
        return Pull(where, min(n, self._left))

    def _commit(self, slot: int) -> Pull:
        return Pull(slot, self._left, False)

    def _next(self, n: int) -> list[Action]:
        """Let the next arm arrive and pull it ``n`` times."""
        self._arrived += 1
        return [Advance(), self._pull(CURRENT, n)]


class SkimmingPolicy(StreamingPolicy):
    """A policy that can tell from the first batches of many arrivals which of them it lets pass."""

    _fresh = True
    """Whether the next pull is the first of an arrival."""

    @abstractmethod
    def _skim(self, means: Array) -> int:
        """How many of the next arms, whose first batches have these means [n], are let pass; counts them in."""

    def advance(self, environment: World[Any, Any, Any], rounds: int) -> None:
        """Play as the plain loop does, skipping over stretches of arms that are let pass."""
        if not offers(environment, Arrivals):
            super().advance(environment, rounds)
            return
        end = min(environment.clock + rounds, self._horizon)
        while environment.clock < end:
            action = self._script[self._step]
            if self._fresh and type(action) is Pull and self._arrived < self._arms:
                n = action.n
                most = min((end - environment.clock - 1) // n, self._arms - self._arrived)
                means = environment.arrivals(n)[:most] / n
                if len(means) > 1:
                    count = self._skim(means)
                    if count:
                        environment.pass_by(count)
                        self._arrived += count
                        self._left -= count * n
                        self._script, self._step = [self._pull(CURRENT, n)], 0
                        continue
            _, feedback = environment.transition(action)
            self.update(None, action, feedback)


def stream_of(problem: Problem) -> tuple[int, int]:
    """Number of arms and horizon.

    Raises:
        ValueError: the problem has no stream of arms, or no horizon.
    """
    if not problem.items or problem.horizon is None:
        raise ValueError(f"a streaming policy needs a number of arms and a horizon, got {problem!r}")
    return problem.items, problem.horizon
