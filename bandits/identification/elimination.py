"""What the policies share that sample all surviving arms in turn and drop those that are worse, round by round."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from bandits.contract import Array
from bandits.earlier import set_state
from bandits.identification.divergence import reward_of
from bandits.identification.policy import STOP, IdentificationPolicy, ahead
from bandits.identification.problem import Answer, IdentificationProblem, Ints, Outcomes
from bandits.kernels import inlined

ROUND, NEXT, LEFT, BEST = range(4)
"""What ``place`` holds: the round, counted from 1, the place among the survivors of the arm that is next, how many arms
survive, and the survivor with the largest mean, the first of equal ones, -1 where none was sampled."""


class Field(NamedTuple):
    """Who survives.

    Attributes:
        place: see ``ROUND``.
        alive: [n_arms] the arms that survive, in order, as many as are left.
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
def round_is_over(field: Field) -> bool:
    """Go on to the survivor that is next in this round; whether there is none."""
    place, alive, counts = field.place, field.alive, field.counts
    while place[NEXT] < place[LEFT] and counts[alive[place[NEXT]]] >= place[ROUND]:
        place[NEXT] += 1
    return bool(place[NEXT] == place[LEFT])


@inlined
def _first_best(field: Field) -> int:
    """The survivor with the largest mean, the first of equal ones."""
    best, most = -1, -math.inf
    for p in range(field.place[LEFT]):
        i = field.alive[p]
        if field.means[i] > most:
            best, most = i, field.means[i]
    return best


@inlined
def renew(field: Field, arm: int) -> None:
    """Work out the mean of an arm that was sampled, which may have been dropped, and who is best now."""
    field.means[arm] = field.sums[arm] / field.counts[arm]
    field.place[BEST] = _first_best(field)


@inlined
def sample_round(outcomes: Outcomes, field: Field, s: int, arms: Ints, codes: Ints) -> int:
    """Sample survivors until the round is over or there is no more noise, from place ``s`` on; returns how far."""
    place, alive, counts, sums, means = field
    r, best = place[ROUND], place[BEST]
    most = means[best] if best >= 0 else -math.inf
    while place[NEXT] < place[LEFT]:
        arm = alive[place[NEXT]]
        total, count, mean = sums[arm], counts[arm], means[arm]
        while count < r and s < arms.size:
            arms[s], codes[s] = arm, best
            total += reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s])
            count += 1
            s += 1
            mean = total / count
            means[arm] = mean
            best = ahead(arm, mean, best, most) if arm != best else _first_best(field)
            most = means[best]
        sums[arm], counts[arm], means[arm] = total, count, mean
        if count < r:
            break
        place[NEXT] += 1
    place[BEST] = best
    return s


@inlined
def in_turn(field: Field) -> bool:
    """Whether each survivor has a sample of each round: others may have sampled, too."""
    same = True
    for p in range(field.place[LEFT]):
        same &= field.counts[field.alive[p]] == field.place[ROUND]
    return same


@inlined
def lowest(field: Field) -> float:
    """The smallest mean of a survivor."""
    least = math.inf
    for p in range(field.place[LEFT]):
        least = min(least, field.means[field.alive[p]])
    return least


@inlined
def begin_round(field: Field, left: int) -> None:
    """Go on to the next round in which someone is owed a sample, with the first ``left`` that are listed as alive."""
    field.place[LEFT] = left
    over = True
    while over:
        field.place[ROUND] += 1
        field.place[NEXT] = 0
        over = round_is_over(field)


class Elimination(IdentificationPolicy):
    """A policy that samples surviving arms in turn, until one is left."""

    _survivors: Field

    def enter(self, problem: IdentificationProblem) -> None:
        """Let all arms survive."""
        n = problem.n_actions
        place = np.array([1, 0, n, -1], dtype=np.int64)
        self._survivors = Field(place, np.arange(n), self._counts, self._sums, np.full(n, -math.inf))

    def __setstate__(self, state: Any) -> None:
        """Earlier ones kept a mark for each survivor in a ``_field``, and which arm is next in place of where."""
        kept = set_state(self, state)
        if "_field" in kept:
            field: Field = kept.pop("_field")
            alive = np.flatnonzero(field.alive)
            place, arms = field.place.copy(), np.zeros_like(field.alive)
            place[NEXT], arms[: alive.size] = np.searchsorted(alive, place[NEXT]), alive
            self._survivors = field._replace(place=place, alive=arms)

    def pick(self) -> int:
        place, alive = self._survivors.place, self._survivors.alive
        return STOP if place[LEFT] == 1 else int(alive[place[NEXT]])

    def respond(self) -> Answer | None:
        """The survivor with the largest mean; None before any sample."""
        best = int(self._survivors.place[BEST])
        return None if best < 0 else best
