"""Chernoff racing: survivors are sampled in turn, and dropped when the statistic decides against them.

After round ``r`` of all survivors, arm ``i`` is dropped if ``Z`` of the best arm and it is above the threshold, see
``bandits.identification.thresholds``; with a provable one a wrong answer has probability at most ``delta`` (derived in
this project).

Reference: A. Garivier, E. Kaufmann, *Optimal Best Arm Identification with Fixed Confidence*, COLT 2016, arXiv
1602.04589, section 6 (as remembered).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from bandits.contract import Array, Bound
from bandits.identification.bounds import error_bound, racing_rate
from bandits.identification.elimination import (
    BEST,
    LEFT,
    ROUND,
    Elimination,
    Field,
    begin_round,
    in_turn,
    lowest,
    renew,
    round_is_over,
    sample_round,
)
from bandits.identification.problem import IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.identification.thresholds import Threshold, check_rule, later_levels, level, threshold_of
from bandits.identification.times import transport
from bandits.kernels import inlined, kernel


@inlined
def _settle(threshold: Threshold, t: int, field: Field, at_least: float) -> float:
    """At the end of a round drop arms, ``Z`` of none of which decides up to ``at_least``; returns that of later rounds.

    Where all were sampled in turn, the arm of the lowest mean has the largest ``Z``.
    """
    place, alive, counts, means = field.place, field.alive, field.counts, field.means
    if place[LEFT] == 1 or not round_is_over(field):
        return at_least
    best, r, even = place[BEST], place[ROUND], in_turn(field)
    if even:
        z = transport(threshold.family, threshold.variance, means[best], lowest(field), r, r)
        if z <= at_least:
            begin_round(field, place[LEFT])
            return at_least
        at_least = later_levels(threshold, t, r)
        if z <= at_least:
            begin_round(field, place[LEFT])
            return at_least
    left, least, in_round = 0, math.inf, level(threshold, t, r, r)
    for p in range(place[LEFT]):
        i = alive[p]
        stays = i == best
        if not stays:
            of_best, own = counts[best], counts[i]  # r each, unless others sampled
            in_pair = of_best == r and own == r
            stays = in_pair and means[i] >= least
            if not stays:
                z = transport(threshold.family, threshold.variance, means[best], means[i], of_best, own)
                stays = not z > (in_round if in_pair else level(threshold, t, of_best, own))
                if stays and in_pair:
                    least = means[i]  # arms of larger means have a smaller z
        if stays:
            alive[left] = i
            left += 1
    begin_round(field, left)
    return at_least


@kernel
def _go_on(
    arm: int, t: int, place: Ints, alive: Ints, counts: Ints, sums: Array, means: Array, *threshold: Any
) -> None:
    field = Field(place, alive, counts, sums, means)
    renew(field, arm)
    _settle(Threshold(*threshold), t, field, -math.inf)


@kernel
def _play(outcomes: Outcomes, threshold: Threshold, t: int, field: Field, arms: Ints, codes: Ints) -> tuple[int, bool]:
    s, at_least = 0, -math.inf
    while s < arms.size and field.place[LEFT] > 1:
        s = sample_round(outcomes, field, s, arms, codes)
        at_least = _settle(threshold, t + s, field, at_least)
    return s, s < arms.size


class Racing(Elimination):
    """Chernoff racing.

    Args:
        threshold: of the statistic, see ``bandits.identification.thresholds``.

    Raises:
        ValueError: no such threshold; from ``reset``, no ``delta``, or a threshold that is not proved for the family.
    """

    decided = True
    needs: ClassVar[str] = "delta"

    def __init__(self, threshold: str = "provable") -> None:
        self.threshold = check_rule(threshold)

    def start(self, problem: IdentificationProblem) -> None:
        self._threshold = threshold_of(self.threshold, problem)
        self.enter(problem)

    def learn(self, arm: int, reward: float) -> None:
        _go_on(arm, self._taken, *self._survivors, *self._threshold)

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        return _play(outcomes, self._threshold, self._taken, self._survivors, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The error, where the threshold is proved, and the asymptotic number of samples (derived)."""
        return (*error_bound(self.threshold, problem), *racing_rate(self.threshold, problem, instance))
