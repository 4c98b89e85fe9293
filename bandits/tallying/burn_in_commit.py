"""Explore, with burn-in, then commit: each action once in a run, then the best one for ever.

Every action, in the order of indices, is played ``M - 1`` times unheeded and then ``n`` times for its mean; the rest of
the rounds play the action with the largest mean, ties to the smaller index. A baseline of this project.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer
from bandits.arms.problem import BanditProblem
from bandits.contract import Array
from bandits.earlier import set_state
from bandits.tallying.policy import RunPolicy, add_up


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
        self._counts, self._sums = np.zeros(arms, dtype=np.int64), np.zeros(arms)
        self._action = self._played = 0

    def __setstate__(self, state: Any) -> None:
        """As pickled; earlier versions kept a list of sums, and no counts."""
        if isinstance(sums := set_state(self, state).get("_sums"), list):
            self._counts, self._sums = np.zeros(len(sums), dtype=np.int64), np.array(sums)

    def intend(self) -> Iterator[tuple[int, int]]:
        if self._action == len(self._sums):
            yield int(self._sums.argmax()), 1 << 40
        played = self._played
        for action in range(self._action, len(self._sums)):
            yield action, self.memory - 1 + self._trials - played
            played = 0

    def learn(self, runs: NDArray[np.int64], rewards: Array) -> None:
        if self._action < len(self._sums):
            self._played = add_up(runs, rewards, self.memory - 1, self._played, self._counts, self._sums)
            self._action = int(runs[-1, 0])
            if self._played == self.memory - 1 + self._trials:
                self._action, self._played = self._action + 1, 0
