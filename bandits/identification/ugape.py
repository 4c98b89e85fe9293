"""UGapE: the arms whose gap to the others may be largest are the answer, and of two critical ones the rarer is sampled.

``B_i`` is the m-th largest ``U_j``, ``j != i``, less ``L_i``; J the ``m`` arms of the smallest ``B_i``. Stop if
``max_J B_i <= epsilon``; else, of ``h = argmin_J L_i`` and ``l = argmax_{not J} U_i``, sample the one with fewer
samples.

Reference: V. Gabillon, M. Ghavamzadeh, A. Lazaric, *Best Arm Identification: A Unified Approach to Fixed Budget and
Fixed Confidence*, NeurIPS 2012 (as remembered; there with other intervals).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bandits.arguments import real
from bandits.contract import Array, Bound
from bandits.identification.bounds import interval_error
from bandits.identification.divergence import reward_of
from bandits.identification.intervals import RADIUS, Intervals, extremes, renew_all, renewed
from bandits.identification.policy import STOP, IdentificationPolicy, note
from bandits.identification.problem import Answer, IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.kernels import inlined, kernel


@inlined
def _look(m: int, lower: Array, upper: Array, inside: Ints, gaps: Array) -> float:
    """Fill in the ``B_i`` and J; returns the largest ``B_i`` in J.

    The m-th largest upper end of the others is the m-th of all, or the (m+1)-th for arms among the m largest.
    """
    n = lower.size
    for i in range(n):
        inside[i] = 0
    within, beyond = 0.0, 0.0
    for rank in range(m + 1):
        best = -1
        for i in range(n):
            if inside[i] == 0 and (best < 0 or upper[i] > upper[best]):
                best = i
        beyond = upper[best]
        if rank < m:
            inside[best] = 1
            within = upper[best]
    for i in range(n):
        gaps[i] = (beyond if inside[i] == 1 else within) - lower[i]
        inside[i] = 0
    largest = -math.inf
    for _ in range(m):
        least = -1
        for i in range(n):
            if inside[i] == 0 and (least < 0 or gaps[i] < gaps[least]):
                least = i
        inside[least] = 1
        largest = max(largest, gaps[least])
    return largest


@inlined
def _pick(epsilon: float, m: int, t: int, counts: Ints, lower: Array, upper: Array, inside: Ints, gaps: Array) -> int:
    if t < counts.size:
        return t
    if _look(m, lower, upper, inside, gaps) <= epsilon:
        return STOP
    h, other = extremes(inside, lower, upper)
    if counts[h] == counts[other]:
        return min(h, other)
    return h if counts[h] < counts[other] else other


@inlined
def _code(single: bool, m: int, t: int, lower: Array, upper: Array, inside: Ints, gaps: Array) -> int:
    if t < lower.size:
        return -1
    _look(m, lower, upper, inside, gaps)
    code = 0
    for i in range(inside.size):
        if inside[i]:
            code = i if single else code | 1 << i
    return code


@kernel
def _choose(epsilon: float, m: int, t: int, counts: Ints, lower: Array, upper: Array, inside: Ints, gaps: Array) -> int:
    return _pick(epsilon, m, t, counts, lower, upper, inside, gaps)


@kernel
def _chosen(m: int, lower: Array, upper: Array, inside: Ints, gaps: Array) -> None:
    _look(m, lower, upper, inside, gaps)


@kernel
def _play(
    outcomes: Outcomes,
    single: bool,
    intervals: Intervals,
    epsilon: float,
    m: int,
    t: int,
    counts: Ints,
    sums: Array,
    lower: Array,
    upper: Array,
    inside: Ints,
    gaps: Array,
    arms: Ints,
    codes: Ints,
) -> tuple[int, bool]:
    for s in range(arms.size):
        arm = _pick(epsilon, m, t + s, counts, lower, upper, inside, gaps)
        if arm == STOP:
            return s, True
        codes[s], arms[s] = _code(single, m, t + s, lower, upper, inside, gaps), arm
        note(arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]), counts, sums)
        renew_all(intervals, arm, t + s + 1, counts, sums, lower, upper)
    return arms.size, False


class UGapE(IdentificationPolicy):
    """UGapE with a fixed confidence: a wrong answer with probability ``delta`` at the most.

    Args:
        epsilon: how much worse than the best ones the arms of the answer may be, >= 0.

    Raises:
        ValueError: a parameter out of its domain; from ``reset``, no ``delta``, or rewards that are not sub-Gaussian.
    """

    decided = True
    answers: ClassVar[tuple[str, ...]] = ("best", "top")
    needs: ClassVar[str] = "delta"

    def __init__(self, epsilon: float = 0.0) -> None:
        self.epsilon = real("epsilon", epsilon, 0.0, closed="low")

    def start(self, problem: IdentificationProblem) -> None:
        assert problem.delta is not None  # reset has seen to it
        n = problem.n_actions
        self._intervals = Intervals(RADIUS, problem.deviation**2, math.log(n / problem.delta))
        self._lower, self._upper, self._gaps = np.zeros(n), np.zeros(n), np.zeros(n)
        self._inside = np.zeros(n, dtype=np.int64)

    def pick(self) -> int:
        state = (self._lower, self._upper, self._inside, self._gaps)
        return _choose(self.epsilon, self._problem.m, self._taken, self._counts, *state)

    def learn(self, arm: int, reward: float) -> None:
        renewed(arm, self._taken, self._counts, self._sums, self._lower, self._upper, *self._intervals)

    def respond(self) -> Answer | None:
        """The arms with the smallest ``B_i``; None before each arm has a sample."""
        if self._taken < self._n_arms:
            return None
        _chosen(self._problem.m, self._lower, self._upper, self._inside, self._gaps)
        inside = np.flatnonzero(self._inside).tolist()
        return inside[0] if self._problem.question == "best" else frozenset(inside)

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        state = (self._counts, self._sums, self._lower, self._upper, self._inside, self._gaps)
        return _play(
            outcomes,
            self._asked.single,
            self._intervals,
            self.epsilon,
            self._problem.m,
            self._taken,
            *state,
            arms,
            codes,
        )

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The error (derived)."""
        return interval_error(problem, instance, self.epsilon)
