"""Successive elimination: survivors are sampled in turn, and dropped when their interval lies below the best one's.

After round ``r`` of all survivors, arm ``i`` is dropped if ``max_j m_j - m_i > 2 rad(r, delta / K)``, with the radius
of ``bandits.identification.thresholds``, valid at all times (derived in this project).

Reference: E. Even-Dar, S. Mannor, Y. Mansour, *Action Elimination and Stopping Conditions*, JMLR 7, 2006 (as
remembered; there with another radius).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bandits.contract import Array, Bound
from bandits.identification.bounds import elimination_samples, interval_error
from bandits.identification.divergence import reward_of
from bandits.identification.elimination import ARM, LEFT, ROUND, following, following_of, lead, leader, next_arm
from bandits.identification.policy import STOP, IdentificationPolicy, note
from bandits.identification.problem import Answer, IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.identification.thresholds import radius
from bandits.kernels import inlined, kernel


@inlined
def _settle(variance: float, log_inverse: float, place: Ints, alive: Ints, counts: Ints, sums: Array) -> None:
    if place[LEFT] == 1 or not next_arm(place, alive, counts):
        return
    best = leader(alive, counts, sums)
    most, width = sums[best] / counts[best], 2.0 * radius(variance, log_inverse, place[ROUND])
    for i in range(counts.size):
        if alive[i] and most - sums[i] / counts[i] > width:
            alive[i] = 0
            place[LEFT] -= 1
    place[ROUND] += 1
    place[ARM] = 0
    next_arm(place, alive, counts)


@kernel
def _go_on(variance: float, log_inverse: float, place: Ints, alive: Ints, counts: Ints, sums: Array) -> None:
    _settle(variance, log_inverse, place, alive, counts, sums)


@kernel
def _play(
    outcomes: Outcomes,
    variance: float,
    log_inverse: float,
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
        _settle(variance, log_inverse, place, alive, counts, sums)
    return arms.size, False


class ActionElimination(IdentificationPolicy):
    """Successive elimination for a wrong answer with probability ``delta`` at the most.

    Raises:
        ValueError: from ``reset``, no ``delta``, or rewards that are not sub-Gaussian.
    """

    needs: ClassVar[str] = "delta"

    def start(self, problem: IdentificationProblem) -> None:
        assert problem.delta is not None  # reset has seen to it
        self._variance, self._log_inverse = problem.deviation**2, math.log(problem.n_actions / problem.delta)
        self._place = np.array([1, 0, problem.n_actions], dtype=np.int64)
        self._alive = np.ones(problem.n_actions, dtype=np.int64)

    def pick(self) -> int:
        return following_of(self._place)

    def learn(self, arm: int, reward: float) -> None:
        _go_on(self._variance, self._log_inverse, self._place, self._alive, self._counts, self._sums)

    def respond(self) -> Answer | None:
        """The survivor with the largest mean; None before any sample."""
        best = lead(self._alive, self._counts, self._sums)
        return None if best < 0 else best

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        state = (self._place, self._alive, self._counts, self._sums)
        return _play(outcomes, self._variance, self._log_inverse, *state, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The error, and the number of samples with probability ``1 - delta`` (derived)."""
        return (*interval_error(problem, instance), *elimination_samples(problem, instance))
