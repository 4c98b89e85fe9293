"""What the policies on arms share: the block driver of the compiled path, and checks of what they are given."""

from __future__ import annotations

import math
from abc import abstractmethod
from math import isfinite
from typing import Any, ClassVar, TypeVar

import numpy as np

from bandits.arguments import check_action, check_reward, check_rewards
from bandits.arms.problem import Actions, ActionsProblem, BanditProblem, Block, Blocks, FullFeedbackProblem
from bandits.contract import Array, Playable, Policy
from bandits.kernels import kernel
from bandits.offers import offers

P = TypeVar("P", bound=ActionsProblem)
Fbk = TypeVar("Fbk")


@kernel
def _first_outside(block: Block, actions: Actions, full: bool, low: float, high: float) -> tuple[float, float]:
    for s in range(actions.size):
        first, last = actions[s], actions[s] + 1
        if full:
            first, last = 0, block.levels.shape[1]
        smallest, largest = math.inf, -math.inf
        for arm in range(first, last):
            reward = block.levels[s * block.stride, arm] + block.noise[s]
            if block.binary:
                reward = 1.0 if reward > 0.0 else 0.0
            smallest, largest = min(smallest, reward), max(largest, reward)
        if smallest < low or largest > high:
            return smallest, largest
    return low, high


def look_at(policy: Policy[Any, Any, Any, Any], block: Block, actions: Actions) -> None:
    """Have a policy look at what the actions [n_rounds] that were played in a block revealed."""
    watch = policy._declared
    if watch is None or watch.told or (block.binary and watch.low <= 0.0 and watch.high >= 1.0):
        return
    full = isinstance(watch.problem, FullFeedbackProblem)
    watch.see(policy, *_first_outside(block, actions, full, watch.low, watch.high))


class ArmsPolicy(Policy[P, Any, int, Fbk]):
    """A policy on arms with a compiled loop over blocks of rounds.

    Contexts, where the environment shows any, are ignored: ``choose`` and ``update`` do not look at the observation.
    """

    def _sized_for(self, problem: P) -> None:
        self._n_arms = problem.n_actions

    @abstractmethod
    def play(self, block: Block, actions: Actions) -> None:
        """Play ``len(actions)`` rounds of ``block``, writing the arm of each into ``actions``.

        The decisions and the state afterwards must equal those of ``choose`` and ``update`` bit for bit.
        """

    def leap(self, environment: Playable[Any, int, Fbk], most: int) -> int:
        if not offers(environment, Blocks):
            return 0
        block = environment.block(most)
        actions = np.empty(len(block.noise), dtype=np.int64)
        self.play(block, actions)
        environment.absorb(actions)
        look_at(self, block, actions)
        return len(actions)


class BanditPolicy(ArmsPolicy[BanditProblem, float]):
    """A policy on arms that observes the reward of the arm it played."""

    plays: ClassVar[tuple[type[ActionsProblem], ...]] = (BanditProblem,)

    @abstractmethod
    def learn(self, action: int, reward: float) -> None:
        """Take in the reward of ``action``, both checked."""

    def update(self, observation: Any, action: int, feedback: float) -> None:
        if type(action) is not int or not 0 <= action < self._n_arms:
            check_action("action", action, self._n_arms)
            action = int(action)
        if type(feedback) is not float or not isfinite(feedback):
            feedback = check_reward(feedback)
        self.learn(action, feedback)


class FullFeedbackPolicy(ArmsPolicy[FullFeedbackProblem, Array]):
    """A policy on arms that observes the rewards of all of them."""

    plays: ClassVar[tuple[type[ActionsProblem], ...]] = (FullFeedbackProblem,)

    @abstractmethod
    def learn(self, rewards: Array) -> None:
        """Take in the rewards [n_arms] of all arms, checked."""

    def update(self, observation: Any, action: int, feedback: Array) -> None:
        check_action("action", action, self._n_arms)
        self.learn(check_rewards(feedback, self._n_arms))
