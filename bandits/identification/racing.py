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
from typing import ClassVar

from bandits.contract import Bound
from bandits.identification.bounds import error_bound, racing_rate
from bandits.identification.divergence import reward_of
from bandits.identification.elimination import (
    ARM,
    BEST,
    LEFT,
    ROUND,
    Elimination,
    Field,
    begin_round,
    next_arm,
    renew,
    take,
)
from bandits.identification.problem import IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.identification.thresholds import Threshold, check_rule, level, threshold_of
from bandits.identification.times import transport
from bandits.kernels import inlined, kernel


@inlined
def _settle(threshold: Threshold, t: int, field: Field) -> None:
    place, alive, counts, means = field.place, field.alive, field.counts, field.means
    if place[LEFT] == 1 or not next_arm(field):
        return
    best, r, least = place[BEST], place[ROUND], math.inf
    in_turn = level(threshold, t, r, r)
    for i in range(means.size):
        if i != best and alive[i] and (means[i] < least or counts[i] != r or counts[best] != r):
            of_best, own = counts[best], counts[i]  # r each, unless others sampled
            z = transport(threshold.family, threshold.variance, means[best], means[i], of_best, own)
            if z > (in_turn if of_best == r == own else level(threshold, t, of_best, own)):
                alive[i] = 0
                place[LEFT] -= 1
            elif of_best == r == own:
                least = means[i]  # arms of larger means have a smaller z
    begin_round(field)


@kernel
def _go_on(threshold: Threshold, t: int, field: Field, arm: int) -> None:
    renew(field, arm)
    _settle(threshold, t, field)


@kernel
def _play(outcomes: Outcomes, threshold: Threshold, t: int, field: Field, arms: Ints, codes: Ints) -> tuple[int, bool]:
    place = field.place
    for s in range(arms.size):
        if place[LEFT] == 1:
            return s, True
        arm = place[ARM]
        arms[s], codes[s] = arm, place[BEST]
        take(field, arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]))
        _settle(threshold, t + s + 1, field)
    return arms.size, False


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
        _go_on(self._threshold, self._taken, self._field, arm)

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        return _play(outcomes, self._threshold, self._taken, self._field, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The error, where the threshold is proved, and the asymptotic number of samples (derived)."""
        return (*error_bound(self.threshold, problem), *racing_rate(self.threshold, problem, instance))
