"""What policies share whose index of an arm changes only when that arm is played.

Rewards, rows and ties are those of ``scan.py``: the lowest arm is played of those whose index is within ``TIE`` of the
largest. The indices lie in a tree (``tournament.py``). While an arm is played all others' indices stand still, so that
it is played on as long as its own is above a level, a little more than the largest of the others; that it is above can
often be seen without working it out. Else its index goes to the tree, which gives the arm that follows: a round costs
no more than the logarithm of the number of arms. An arm that was never played has the index inf.

What a policy does, it says in three kernels, which it hands to ``follow`` and ``rounds``:

* ``index(rows, arm, own)``: the index of an arm that was played.
* ``above(rows, arm, level, own)``: whether ``index`` would surely return more than the level, rounding included. False
  where that is not known costs time; a decision it cannot change.
* ``note(rows, arm, reward, own)``: takes a mapped reward into the row of its arm, as in ``scan.py``.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, TIE, Note, units
from bandits.arms.tournament import first, put, rival, tree_of
from bandits.contract import Array
from bandits.defaults import default
from bandits.kernels import inlined

LEADER, LEVEL = range(2)
"""Of ``lead`` [2]: the arm of the next round, and the level above which its index is alone on top."""

Index = Callable[[Array, int, Any], float]
Above = Callable[[Array, int, float, Any], bool]


@inlined
def follow(
    index: Index,
    above: Above,
    note: Note,
    arm: int,
    reward: float,
    rows: Array,
    tree: Array,
    lead: Array,
    own: Any,
) -> int:
    """Take in a mapped reward, and return the arm of the round that follows. The rest as in ``rounds``."""
    note(rows, arm, reward, own)
    leader = int(lead[LEADER])
    if arm == leader:
        if above(rows, arm, lead[LEVEL], own):
            return arm
    elif rows[leader, COUNT] > 0.0:
        put(tree, leader, index(rows, leader, own))
    put(tree, arm, index(rows, arm, own))
    leader = max(0, first(tree, tree[1] - TIE))
    lead[LEADER], lead[LEVEL] = leader, rival(tree, leader) + 4.0 * TIE
    return leader


@inlined
def rounds(
    index: Index,
    above: Above,
    note: Note,
    block: Block,
    actions: Actions,
    rows: Array,
    tree: Array,
    lead: Array,
    own: Any,
    low: float,
    span: float,
) -> None:
    """Play a block.

    Args:
        index: see above.
        above: see above.
        note: see above.
        block: the rounds.
        actions: [n_rounds], filled in.
        rows: [n_arms, n_columns].
        tree: of the indices; that of the leader may be out of date.
        lead: [2], see ``LEADER``.
        own: what the kernels have to know of the policy.
        low: the reward that is mapped to 0.
        span: the difference of rewards that is mapped to 1.
    """
    arm = int(lead[LEADER])
    for s in range(actions.size):
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        actions[s] = arm
        arm = follow(index, above, note, arm, (reward - low) / span, rows, tree, lead, own)


class CachedPolicy(BanditPolicy):
    """A policy whose index of an arm changes only when that arm is played.

    Attributes:
        follow: kernel ``(arm, reward, rows, tree, lead, own)`` that takes in a mapped reward.
        rounds: kernel ``(block, actions, rows, tree, lead, own, low, span)`` that plays a block.
    """

    follow: ClassVar[Callable[..., int]]
    rounds: ClassVar[Callable[..., None]]

    @abstractmethod
    def constants(self, problem: BanditProblem) -> tuple[Any, ...]:
        """What the kernels have to know of the run: numbers and arrays.

        Raises:
            ValueError: the problem lacks something that the policy needs.
        """

    @default
    def scale(self, problem: BanditProblem) -> tuple[float, float]:
        """Which reward is mapped to 0, and which difference of rewards to 1. Here: as ``units`` says."""
        return units(problem)

    @default
    def rows(self, problem: BanditProblem) -> Array:
        """The rows [n_arms, n_columns] of arms that were never played. Here: zeros."""
        return np.zeros((problem.n_actions, MORE))

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        self._own = self.constants(problem)
        self._low, self._span = self.scale(problem)
        self._rows, self._tree = self.rows(problem), tree_of(problem.n_actions)
        self._lead = np.array([0.0, math.inf])

    def choose(self, observation: Any) -> int:
        return int(self._lead[LEADER])

    def learn(self, action: int, reward: float) -> None:
        self.follow(action, (reward - self._low) / self._span, self._rows, self._tree, self._lead, self._own)

    def play(self, block: Block, actions: Actions) -> None:
        self.rounds(block, actions, self._rows, self._tree, self._lead, self._own, self._low, self._span)
