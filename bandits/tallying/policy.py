"""What the policies that play in runs share: the driver that plays a run at once."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, final

import numpy as np

from bandits.arguments import check_action, check_reward, not_owed
from bandits.arms.problem import BanditProblem, Block, Blocks
from bandits.contract import Array, Playable, Policy, Problem
from bandits.defaults import default
from bandits.kernels import kernel
from bandits.offers import offers
from bandits.tallying.problem import Runs


def running_sum(start: float, values: Array) -> float:
    """``start`` plus the values, added one by one, so that it does not matter where a run is cut."""
    return _running_sum(start, values)


@kernel
def _running_sum(start: float, values: Array) -> float:
    for i in range(values.size):
        start += values[i]
    return start


class RunPolicy(Policy[BanditProblem, Any, int, float]):
    """A policy that fixes its action for several rounds ahead, whatever the rewards of these rounds."""

    plays: ClassVar[tuple[type[Problem], ...]] = (BanditProblem,)

    @final
    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        self._rng, self._n_actions, self._chosen = rng, problem.n_actions, -1
        type(self).start(self, problem)  # of an object, it may be a parameter

    @default
    def start(self, problem: BanditProblem) -> None:
        """Forget everything; ``_rng`` and ``_n_actions`` are set. Here: there is nothing else.

        Raises:
            ValueError: the problem lacks something that the policy needs.
        """

    @abstractmethod
    def intend(self) -> tuple[int, int]:
        """The next action and a number of rounds, >= 1, for which it will surely be played."""

    @abstractmethod
    def learn(self, action: int, rewards: Array) -> None:
        """Take in rewards [n] of ``action``, at most as many as the rounds intended.

        The state afterwards must not depend on how a run is cut into calls.
        """

    def choose(self, observation: Any) -> int:
        self._chosen = self.intend()[0]
        return self._chosen

    def update(self, observation: Any, action: int, feedback: float) -> None:
        """Learn from the reward of ``action``.

        Raises:
            ValueError: no such action, or a reward that is not finite; nothing has changed then.
            RuntimeError: ``action`` is not the one chosen since the last update; nothing has changed then.
        """
        if type(action) is not int or not 0 <= action < self._n_actions:
            check_action("action", action, self._n_actions)
        reward = check_reward(feedback)
        if action != self._chosen:
            chosen = "none" if self._chosen < 0 else self._chosen
            raise not_owed(f"update takes the action chosen, once: got {action}, chosen was {chosen}")
        action, self._chosen = self._chosen, -1
        self.learn(action, np.array([reward]))

    def leap(self, environment: Playable[Any, int, float], most: int) -> int:
        """Play one run, or as much of it as the environment has at hand."""
        if offers(environment, Runs):
            action, rounds = self.intend()
            rewards = environment.block_of(action, min(rounds, most))
        elif offers(environment, Blocks):
            action, rounds = self.intend()
            rewards = _rewards(environment.block(min(rounds, most)), action)
        else:
            return 0
        actions = np.empty(rewards.size, dtype=np.int64)
        actions.fill(action)
        environment.absorb(actions)
        self.learn(action, rewards)
        if self._declared is not None:
            self._declared.look_through(self, rewards, rewards, rewards.item)
        return rewards.size


def _rewards(block: Block, action: int) -> Array:
    """What ``action`` pays in each round of ``block``."""
    rewards: Array = block.levels[: len(block.noise) if block.stride else 1, action] + block.noise
    return (rewards > 0.0).astype(np.float64) if block.binary else rewards
