"""What the learner is told in a tallying bandit, and how runs of one action are handed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bandits.arms.problem import Actions, BanditProblem
from bandits.contract import Array


@dataclass(frozen=True, kw_only=True)
class TallyingProblem(BanditProblem):
    """Bandit feedback on actions whose rewards depend on how often each was played of late.

    The learner is told no more than in a ``BanditProblem``, and not how far back plays count. So whatever plays bandit
    problems can play this one; but theorems about arms do not speak of it, as its ``TallyingInstance`` is no
    ``ArmsInstance``: the reward of an action has no distribution of its own.
    """


class Runs(Protocol):
    """An environment that can hand out what one action pays in the coming rounds, if it alone is played in them."""

    clock: int

    def block_of(self, action: int, most: int) -> Array:
        """Rewards [n_rounds] of ``action`` in the next rounds, at least 1 and at most ``most`` of them."""

    def absorb(self, actions: Actions) -> None:
        """Account for ``actions`` [n_rounds], played in the next rounds."""
