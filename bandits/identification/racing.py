"""Chernoff racing: survivors are sampled in turn, and dropped when the statistic decides against them.

After round ``r`` of all survivors, arm ``i`` is dropped if ``Z`` of the best arm and it is above the threshold, see
``bandits.identification.thresholds``; with a provable one a wrong answer has probability at most ``delta`` (derived in
this project).

Reference: A. Garivier, E. Kaufmann, *Optimal Best Arm Identification with Fixed Confidence*, COLT 2016, arXiv
1602.04589, section 6 (as remembered).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bandits.contract import Array, Bound
from bandits.identification.bounds import error_bound, racing_rate
from bandits.identification.divergence import reward_of
from bandits.identification.elimination import ARM, LEFT, ROUND, following, following_of, lead, leader, next_arm
from bandits.identification.policy import STOP, IdentificationPolicy, note
from bandits.identification.problem import Answer, IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.identification.thresholds import Threshold, check_rule, level, threshold_of
from bandits.identification.times import transport
from bandits.kernels import inlined, kernel


@inlined
def _settle(threshold: Threshold, t: int, place: Ints, alive: Ints, counts: Ints, sums: Array) -> None:
    if place[LEFT] == 1 or not next_arm(place, alive, counts):
        return
    best, r = leader(alive, counts, sums), place[ROUND]
    most, needed = sums[best] / r, level(threshold, t, r, r)
    for i in range(counts.size):
        if i != best and alive[i]:
            z = transport(threshold.family, threshold.variance, most, sums[i] / r, r, r)
            if z > needed:
                alive[i] = 0
                place[LEFT] -= 1
    place[ROUND] += 1
    place[ARM] = 0
    next_arm(place, alive, counts)


@kernel
def _go_on(threshold: Threshold, t: int, place: Ints, alive: Ints, counts: Ints, sums: Array) -> None:
    _settle(threshold, t, place, alive, counts, sums)


@kernel
def _play(
    outcomes: Outcomes,
    threshold: Threshold,
    t: int,
    place: Ints,
    alive: Ints,
    counts: Ints,
    sums: Array,
    arms: Ints,
    codes: Ints,
) -> tuple[int, bool]:
    for s in range(arms.size):
        arm = following(place)
        if arm == STOP:
            return s, True
        codes[s], arms[s] = leader(alive, counts, sums), arm
        note(arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]), counts, sums)
        _settle(threshold, t + s + 1, place, alive, counts, sums)
    return arms.size, False


class Racing(IdentificationPolicy):
    """Chernoff racing.

    Args:
        threshold: of the statistic, see ``bandits.identification.thresholds``.

    Raises:
        ValueError: no such threshold; from ``reset``, no ``delta``, or a threshold that is not proved for the family.
    """

    needs: ClassVar[str] = "delta"

    def __init__(self, threshold: str = "provable") -> None:
        self.threshold = check_rule(threshold)

    def start(self, problem: IdentificationProblem) -> None:
        self._threshold = threshold_of(self.threshold, problem)
        self._place = np.array([1, 0, problem.n_actions], dtype=np.int64)
        self._alive = np.ones(problem.n_actions, dtype=np.int64)

    def pick(self) -> int:
        return following_of(self._place)

    def learn(self, arm: int, reward: float) -> None:
        _go_on(self._threshold, self._taken, self._place, self._alive, self._counts, self._sums)

    def respond(self) -> Answer | None:
        """The survivor with the largest mean; None before any sample."""
        best = lead(self._alive, self._counts, self._sums)
        return None if best < 0 else best

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        state = (self._place, self._alive, self._counts, self._sums)
        return _play(outcomes, self._threshold, self._taken, *state, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The error, where the threshold is proved, and the asymptotic number of samples (derived)."""
        return (*error_bound(self.threshold, problem), *racing_rate(self.threshold, problem, instance))
