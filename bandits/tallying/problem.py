"""What the learner is told in a tallying bandit, and how runs of one action are handed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arms.problem import BanditProblem
from bandits.contract import Array


@dataclass(frozen=True, kw_only=True)
class TallyingProblem(BanditProblem):
    """Bandit feedback on actions whose rewards depend on how often each was played of late.

    The learner is told no more than in a ``BanditProblem``, and not how far back plays count. So whatever plays bandit
    problems can play this one; but theorems about arms do not speak of it, as its ``TallyingInstance`` is no
    ``ArmsInstance``: the reward of an action has no distribution of its own.
    """


class Runs(Protocol):
    """An environment that can hand out what runs of actions pay in the coming rounds, if these are played in them.

    Runs [n_runs, 2] are actions, and for how many rounds, >= 1, each is played.
    """

    clock: int

    def block_of(self, runs: NDArray[np.int64], most: int) -> Array:
        """Rewards [n_rounds] of ``runs`` in the next rounds, at least 1 and at most ``most`` of them."""

    def absorb(self, runs: NDArray[np.int64], rounds: int) -> None:
        """Account for ``runs``, played in the next ``rounds``."""
