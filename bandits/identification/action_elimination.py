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

from bandits.contract import Bound
from bandits.identification.bounds import elimination_samples, interval_error
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
from bandits.identification.thresholds import radius
from bandits.kernels import inlined, kernel


@inlined
def _settle(variance: float, log_inverse: float, field: Field) -> None:
    place, alive, means = field.place, field.alive, field.means
    if place[LEFT] == 1 or not next_arm(field):
        return
    most, width = means[place[BEST]], 2.0 * radius(variance, log_inverse, place[ROUND])
    for i in range(means.size):
        if alive[i] and most - means[i] > width:
            alive[i] = 0
            place[LEFT] -= 1
    begin_round(field)


@kernel
def _go_on(variance: float, log_inverse: float, field: Field, arm: int) -> None:
    renew(field, arm)
    _settle(variance, log_inverse, field)


@kernel
def _play(
    outcomes: Outcomes, variance: float, log_inverse: float, field: Field, arms: Ints, codes: Ints
) -> tuple[int, bool]:
    place = field.place
    for s in range(arms.size):
        if place[LEFT] == 1:
            return s, True
        arm = place[ARM]
        arms[s], codes[s] = arm, place[BEST]
        take(field, arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]))
        _settle(variance, log_inverse, field)
    return arms.size, False


class ActionElimination(Elimination):
    """Successive elimination for a wrong answer with probability ``delta`` at the most.

    Raises:
        ValueError: from ``reset``, no ``delta``, or rewards that are not sub-Gaussian.
    """

    decided = True
    needs: ClassVar[str] = "delta"

    def start(self, problem: IdentificationProblem) -> None:
        assert problem.delta is not None  # reset has seen to it
        self._variance, self._log_inverse = problem.deviation**2, math.log(problem.n_actions / problem.delta)
        self.enter(problem)

    def learn(self, arm: int, reward: float) -> None:
        _go_on(self._variance, self._log_inverse, self._field, arm)

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        return _play(outcomes, self._variance, self._log_inverse, self._field, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The error, and the number of samples with probability ``1 - delta`` (derived)."""
        return (*interval_error(problem, instance), *elimination_samples(problem, instance))
