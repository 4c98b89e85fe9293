"""Explore, with burn-in, then commit: each action once in a run, then the best one for ever.

Every action, in the order of indices, is played ``M - 1`` times unheeded and then ``n`` times for its mean; the rest of
the rounds play the action with the largest mean, ties to the smaller index. A baseline of this project.
"""

from __future__ import annotations

import math

from bandits.arguments import integer
from bandits.arms.problem import BanditProblem
from bandits.contract import Array
from bandits.tallying.policy import RunPolicy, running_sum


class BurnInThenCommit(RunPolicy):
    """Explore-then-commit whose trials of an action start with a burn-in.

    Args:
        memory: M >= 1; the first ``M - 1`` rewards of each action are not used.
        trials: rewards used of each action, n >= 1; None takes ``ceil((T / K)^(2/3))``, at most ``T / (2 K)``.
    """

    decided = True

    def __init__(self, memory: int, trials: int | None = None) -> None:
        self.memory = integer("memory", memory)
        self.trials = None if trials is None else integer("trials", trials)

    def start(self, problem: BanditProblem) -> None:
        arms, horizon = problem.n_actions, problem.horizon
        if self.trials is not None:
            self._trials = self.trials
        elif horizon is None:
            raise ValueError("BurnInThenCommit needs a horizon or trials: the problem has horizon=None")
        else:
            self._trials = max(1, min(math.ceil(round((horizon / arms) ** (2.0 / 3.0), 9)), horizon // (2 * arms)))
        self._sums = [0.0] * arms
        self._action = self._played = 0

    def intend(self) -> tuple[int, int]:
        if self._action == len(self._sums):
            return self._sums.index(max(self._sums)), 1 << 40
        return self._action, self.memory - 1 + self._trials - self._played

    def learn(self, action: int, rewards: Array) -> None:
        if self._action == len(self._sums):
            return
        used = rewards[max(0, self.memory - 1 - self._played) :]
        self._sums[action] = running_sum(self._sums[action], used)
        self._played += rewards.size
        if self._played == self.memory - 1 + self._trials:
            self._action, self._played = self._action + 1, 0
