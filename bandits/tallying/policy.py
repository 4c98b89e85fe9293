"""What the policies that play in runs share: the driver that plays a run at once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import check_action, check_reward, not_owed, shown
from bandits.arms.problem import Actions, BanditProblem, Blocks
from bandits.contract import Array, Playable, Policy, Problem
from bandits.defaults import default
from bandits.kernels import kernel
from bandits.offers import offers
from bandits.tallying.problem import Runs


@kernel
def add_up(
    runs: NDArray[np.int64], rewards: Array, unheeded: int, played: int, counts: NDArray[np.int64], sums: Array
) -> int:
    """Add up the rewards of each action in ``runs``, but for the first ``unheeded`` of each run, and count them.

    They are added one by one, so that it does not matter where a run is cut.

    Args:
        runs: [n_runs, 2] actions, and for how many rounds each was played.
        rewards: [n_rounds] of these rounds.
        unheeded: rounds.
        played: rounds of the first run that came before.
        counts: [n_actions] numbers of rewards, to which is added.
        sums: [n_actions] to which is added.

    Returns:
        Rounds of the last run, those before among them.
    """
    s = 0
    for i in range(runs.shape[0]):
        action, stop = runs[i, 0], s + runs[i, 1]
        if i > 0:
            played = 0
        played += stop - s
        heeded = max(s, stop - max(0, played - unheeded))
        total = sums[action]
        for t in range(heeded, stop):
            total += rewards[t]
        sums[action] = total
        counts[action] += stop - heeded
        s = stop
    return played


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
    def intend(self) -> Iterator[tuple[int, int]]:
        """The next actions, each with a number of rounds, >= 1, for which it will be played, whatever the rewards.

        At least one. Where asked again, the same ones follow.
        """

    @abstractmethod
    def learn(self, runs: NDArray[np.int64], rewards: Array) -> None:
        """Take in the rewards [n_rounds] of runs [n_runs, 2]: actions, and for how many rounds each was played.

        They are those intended, or the first of them, and of the last one all rounds or less. The state afterwards must
        not depend on how a run is cut into calls.
        """

    def choose(self, observation: Any) -> int:
        self._chosen = next(self._intended())[0]
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
        self.learn(np.array([(action, 1)]), np.array([reward]))

    def leap(self, environment: Playable[Any, int, float], most: int) -> int:
        """Play the runs intended, or as much of them as the environment has at hand."""
        if offers(environment, Runs):
            runs, rounds = self._next(most)
            rewards = environment.block_of(runs, rounds)
            environment.absorb(runs, rewards.size)
        elif offers(environment, Blocks):
            runs, rounds = self._next(most)
            block = environment.block(rounds)
            if (at_hand := len(block.noise)) < rounds:
                runs, rounds = self._next(at_hand)
            actions = np.repeat(*runs.T)
            rewards = _rewards(block.levels, block.stride, block.noise, block.binary, actions)
            environment.absorb(actions)
        else:
            return 0
        if rewards.size < rounds:
            runs, rounds = self._next(rewards.size)
        self.learn(runs, rewards)
        if self._declared is not None:
            self._declared.look_through(self, rewards, rewards, rewards.item)
        return rewards.size

    def _intended(self) -> Iterator[tuple[int, int]]:
        runs = self.intend()
        if not isinstance(runs, Iterator):  # as a single run is, which was the form before
            raise TypeError(
                f"intend of {type(self).__name__} must yield runs, (action, rounds) each, got {shown(runs)}"
            )
        return runs

    def _next(self, most: int) -> tuple[NDArray[np.int64], int]:
        """The runs [n_runs, 2] that are intended of the next ``most`` rounds, and how many rounds they have."""
        runs, left = [], most
        for action, rounds in self._intended():
            runs.append((action, min(rounds, left)))
            left -= runs[-1][1]
            if left == 0:
                break
        return np.array(runs), most - left


@kernel
def _rewards(levels: Array, stride: int, noise: Array, binary: bool, actions: Actions) -> Array:
    """What ``actions`` [n_rounds] pay in the first rounds of a block."""
    rewards = np.empty(actions.size)
    for s in range(actions.size):
        reward = levels[s * stride, actions[s]] + noise[s]
        if binary:
            reward = 1.0 if reward > 0.0 else 0.0
        rewards[s] = reward
    return rewards
