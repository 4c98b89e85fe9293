"""What the policies share that sample all surviving arms in turn and drop those that are worse, round by round."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bandits.contract import Array
from bandits.identification.policy import STOP, IdentificationPolicy, ahead
from bandits.identification.problem import Answer, IdentificationProblem, Ints
from bandits.kernels import inlined

ROUND, ARM, LEFT, BEST = range(4)
"""What ``place`` holds: the round, counted from 1, the arm that is next, how many arms survive, and the survivor with
the largest mean, the first of equal ones, -1 where none was sampled."""


class Field(NamedTuple):
    """Who survives.

    Attributes:
        place: see ``ROUND``.
        alive: [n_arms] 1 for survivors.
        counts: [n_arms] samples.
        sums: [n_arms] of rewards.
        means: [n_arms], -inf of arms without a sample.
    """

    place: Ints
    alive: Ints
    counts: Ints
    sums: Array
    means: Array


@inlined
def next_arm(field: Field) -> bool:
    """Go on to the survivor that is next in this round; whether the round is over."""
    arm, turn = field.place[ARM], field.place[ROUND]
    while arm < field.counts.size and not (field.alive[arm] and field.counts[arm] < turn):
        arm += 1
    field.place[ARM] = arm
    return bool(arm == field.counts.size)


@inlined
def take(field: Field, arm: int, reward: float) -> None:
    """Take in a reward, which may be of an arm that was dropped."""
    field.counts[arm] += 1
    field.sums[arm] += reward
    renew(field, arm)


@inlined
def renew(field: Field, arm: int) -> None:
    """Work out the mean of an arm that was sampled, and who is best now."""
    means, best = field.means, field.place[BEST]
    means[arm], before = field.sums[arm] / field.counts[arm], means[arm]
    if not field.alive[arm]:
        return
    if arm != best:
        field.place[BEST] = ahead(arm, means[arm], best, means[best] if best >= 0 else -math.inf)
    elif means[arm] < before:
        for i in range(means.size):
            if field.alive[i]:
                best = ahead(i, means[i], best, means[best])
        field.place[BEST] = best


@inlined
def begin_round(field: Field) -> None:
    """Go on to the next round."""
    field.place[ROUND] += 1
    field.place[ARM] = 0
    next_arm(field)


class Elimination(IdentificationPolicy):
    """A policy that samples surviving arms in turn, until one is left."""

    _field: Field

    def enter(self, problem: IdentificationProblem) -> None:
        """Let all arms survive."""
        n = problem.n_actions
        place, alive = np.array([1, 0, n, -1], dtype=np.int64), np.ones(n, dtype=np.int64)
        self._field = Field(place, alive, self._counts, self._sums, np.full(n, -math.inf))

    def pick(self) -> int:
        return STOP if self._field.place[LEFT] == 1 else int(self._field.place[ARM])

    def respond(self) -> Answer | None:
        """The survivor with the largest mean; None before any sample."""
        best = int(self._field.place[BEST])
        return None if best < 0 else best
