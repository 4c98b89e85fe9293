"""Policies that play in phases: how often to play which actions is planned, and what comes next once all are played."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from bandits.arms.problem import Actions, Block
from bandits.contract import Array, Problem
from bandits.kernels import kernel
from bandits.linear.policy import LinearPolicy
from bandits.linear.problem import LinearActionsProblem, LinearProblem
from bandits.linear.ridge import cholesky, invert

EVER = 1 << 62
"""Plays of an action that is played to the end."""

Phase = tuple[Actions, Actions]
"""Actions [n], ascending, and how often each is played [n], >= 1."""


def forever(action: int) -> Phase:
    """The phase that does not end."""
    return np.array([action]), np.array([EVER])


@kernel
def _play(
    block: Block, actions: Actions, start: int, order: Actions, plays: Actions, sums: Array, place: Actions
) -> int:
    """Play from round ``start`` of the block until it or the phase ends; returns the round reached."""
    for s in range(start, actions.size):
        i = place[0]
        if i == order.size:
            return s
        arm = order[i]
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        sums[i] += reward
        actions[s] = arm
        place[1] += 1
        if place[1] == plays[i]:
            place[0], place[1] = i + 1, 0
    return actions.size


@kernel
def fit(rows: Array, plays: Array, sums: Array, theta: Array, inverse: Array) -> bool:
    """Least squares: fill in theta [r] and the inverse [r, r] of ``V = sum plays a a^T``.

    Args:
        rows: [n, r] features of the actions played.
        plays: [n] how often each, or other weights.
        sums: [n] of the rewards of each, or weights times means.
        theta: to be filled.
        inverse: to be filled.

    Returns:
        Whether V has an inverse, as far as rounding can tell; if not, nothing is filled in.
    """
    n, r = rows.shape
    gram, lower, moment = np.zeros((r, r)), np.zeros((r, r)), np.zeros(r)
    for i in range(n):
        for j in range(r):
            moment[j] += sums[i] * rows[i, j]
            for k in range(r):
                gram[j, k] += plays[i] * (rows[i, j] * rows[i, k])
    if not cholesky(gram, lower):
        return False
    invert(lower, inverse)
    for j in range(r):
        theta[j] = 0.0
        for k in range(r):
            theta[j] += inverse[j, k] * moment[k]
    return True


@kernel
def predict(rows: Array, theta: Array, means: Array) -> None:
    """Fill in ``<a, theta>`` [K] of the features ``rows`` [K, r]."""
    for i in range(rows.shape[0]):
        means[i] = 0.0
        for j in range(theta.size):
            means[i] += rows[i, j] * theta[j]


class PhasedPolicy(LinearPolicy):
    """A policy for a fixed set that plays phases, each action of a phase in a row, in ascending order of actions.

    Rewards of another action than the one that is due are not learned from.
    """

    plays: ClassVar[tuple[type[Problem], ...]] = (LinearProblem,)

    @abstractmethod
    def begin(self, problem: LinearProblem) -> Phase:
        """Forget everything; the first phase.

        Raises:
            ValueError: the problem lacks something that the policy needs.
        """

    @abstractmethod
    def follow(self, order: Actions, plays: Actions, sums: Array) -> Phase:
        """The next phase.

        Args:
            order: [n] actions of the last one.
            plays: [n] how often each was played.
            sums: [n] of the rewards of each.
        """

    def start(self, problem: LinearActionsProblem) -> None:
        assert isinstance(problem, LinearProblem)
        self._take_up(self.begin(problem))

    def _take_up(self, phase: Phase) -> None:
        self._order, self._plays = (np.asarray(part, dtype=np.int64) for part in phase)
        self._sums, self._place = np.zeros(len(self._order)), np.zeros(2, dtype=np.int64)

    def _go_on(self) -> None:
        if self._place[0] == len(self._order):
            self._take_up(self.follow(self._order, self._plays, self._sums))

    def pick(self, rows: Array) -> int:
        return int(self._order[self._place[0]])

    def take(self, rows: Array, action: int, reward: float) -> None:
        i, done = self._place.tolist()
        if action != self._order[i]:
            return
        self._sums[i] += reward
        self._place[:] = (i, done + 1) if done + 1 < self._plays[i] else (i + 1, 0)
        self._go_on()

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        reached = 0
        while reached < actions.size:
            reached = _play(block, actions, reached, self._order, self._plays, self._sums, self._place)
            self._go_on()
