"""Successive elimination: survivors are sampled in turn, and dropped when their interval lies below the best one's.

After round ``r`` of all survivors, arm ``i`` is dropped if ``max_j m_j - m_i > 2 rad(r, delta / K)``, with the radius
of ``bandits.identification.thresholds``, valid at all times (derived in this project).

Reference: E. Even-Dar, S. Mannor, Y. Mansour, *Action Elimination and Stopping Conditions*, JMLR 7, 2006 (as
remembered; there with another radius).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

from bandits.contract import Bound
from bandits.identification.bounds import elimination_samples, interval_error
from bandits.identification.elimination import (
    BEST,
    LEFT,
    ROUND,
    Elimination,
    Field,
    begin_round,
    lowest,
    renew,
    round_is_over,
    sample_round,
)
from bandits.identification.problem import IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.identification.thresholds import radius
from bandits.kernels import inlined, kernel


@inlined
def _settle(variance: float, log_inverse: float, field: Field, at_least: float) -> float:
    """At the end of a round drop arms, none of a ``gap^2 r`` up to ``at_least``; returns that of later rounds."""
    place, alive, means = field.place, field.alive, field.means
    if place[LEFT] == 1 or not round_is_over(field):
        return at_least
    most, r, left = means[place[BEST]], place[ROUND], 0
    gap = most - lowest(field)
    if gap * gap * r <= at_least:
        begin_round(field, place[LEFT])
        return at_least
    width = 2.0 * radius(variance, log_inverse, r)
    for p in range(place[LEFT]):
        if not most - means[alive[p]] > width:
            alive[left] = alive[p]
            left += 1
    begin_round(field, left)
    return (1.0 - 1e-9) * 8.0 * variance * (log_inverse + 0.5 * math.log1p(r))  # width^2 r is 1 + 1 / r of it, or more


@kernel
def _go_on(arm: int, variance: float, log_inverse: float, *survivors: Any) -> None:
    field = Field(*survivors)
    renew(field, arm)
    _settle(variance, log_inverse, field, -math.inf)


@kernel
def _play(
    outcomes: Outcomes, variance: float, log_inverse: float, field: Field, arms: Ints, codes: Ints
) -> tuple[int, bool]:
    s, at_least = 0, -math.inf
    while s < arms.size and field.place[LEFT] > 1:
        s = sample_round(outcomes, field, s, arms, codes)
        at_least = _settle(variance, log_inverse, field, at_least)
    return s, s < arms.size


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
        _go_on(arm, self._variance, self._log_inverse, *self._survivors)

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        return _play(outcomes, self._variance, self._log_inverse, self._survivors, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The error, and the number of samples with probability ``1 - delta`` (derived)."""
        return (*interval_error(problem, instance), *elimination_samples(problem, instance))
