"""What the policies that play in runs share: the driver that plays a run at once."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar, Protocol

import numpy as np

from bandits.arms.policy import Blocks
from bandits.contract import Array, Policy, World
from bandits.kernels import kernel
from bandits.offers import offers


class Holds(Protocol):
    """A world in which one action can be played many times at once."""

    clock: int

    def hold(self, action: int, rounds: int) -> Array:
        """Play ``action`` for ``rounds`` rounds; returns the rewards [rounds]."""


def running_sum(start: float, values: Array) -> float:
    """``start`` plus the values, added one by one, so that it does not matter where a run is cut."""
    return _running_sum(start, values)


@kernel
def _running_sum(start: float, values: Array) -> float:
    for i in range(values.size):
        start += values[i]
    return start


class RunPolicy(Policy[Any, int, float]):
    """A policy that fixes its action for several rounds ahead, whatever the rewards of these rounds."""

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset({("arms", "bandit"), ("contextual", "bandit")})

    @abstractmethod
    def intend(self) -> tuple[int, int]:
        """The next action and a number of rounds, >= 1, for which it will surely be played."""

    @abstractmethod
    def learn(self, action: int, rewards: Array) -> None:
        """Take in rewards [n] of ``action``, at most as many as the rounds intended.

        The state afterwards must not depend on how a run is cut into calls.
        """

    def choose(self, observation: Any) -> int:
        return self.intend()[0]

    def update(self, observation: Any, action: int, feedback: float) -> None:
        """Learn from the reward of ``action``.

        Raises:
            ValueError: not the action that was to be played, or a reward that is not finite; nothing has changed then.
        """
        intended, _ = self.intend()
        if action != intended:
            raise ValueError(f"action must be the one chosen, {intended}, got {action!r}")
        if not math.isfinite(feedback):
            raise ValueError(f"the reward must be a finite number, got {feedback!r}")
        self.learn(action, np.array([feedback]))

    def advance(self, environment: World[Any, int, float], rounds: int) -> None:
        """Play ``rounds`` rounds, run by run where the world can, and round by round elsewhere."""
        end = environment.clock + rounds
        if offers(environment, Holds):
            while environment.clock < end:
                action, run = self.intend()
                self.learn(action, environment.hold(action, min(run, end - environment.clock)))
        elif offers(environment, Blocks):
            while environment.clock < end:
                action, run = self.intend()
                block = environment.block(min(run, end - environment.clock))
                n = len(block.noise)
                rewards = block.levels[: n if block.stride else 1, action] + block.noise
                environment.absorb(np.full(n, action))
                self.learn(action, (rewards > 0.0).astype(np.float64) if block.binary else rewards)
        else:
            super().advance(environment, rounds)
