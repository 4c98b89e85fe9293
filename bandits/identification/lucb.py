"""LUCB: of the ``m`` best arms the one that might be worst, and of the others the one that might be best, in turn.

With J the ``m`` arms of the largest means, ``h = argmin_J L_i`` and ``l = argmax_{not J} U_i``: stop if ``U_l - L_h <=
epsilon``, else sample h, then l. Intervals: see ``bandits.identification.intervals``.

References: S. Kalyanakrishnan, A. Tewari, P. Auer, P. Stone, *PAC Subset Selection in Stochastic Multi-armed Bandits*,
ICML 2012 (as remembered; there with other intervals).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from bandits.arguments import real
from bandits.contract import Array, Bound
from bandits.earlier import set_state
from bandits.identification.bounds import interval_error, lucb_samples
from bandits.identification.divergence import reward_of
from bandits.identification.intervals import PAPER, RADIUS, Intervals, extremes, renew_all
from bandits.identification.policy import STOP, IdentificationPolicy, Question, answer_code, note
from bandits.identification.problem import Answer, IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.kernels import inlined, kernel

NEXT, OTHER, SECOND, BEST = range(4)
"""What ``place`` holds: the arm that is next, or ``STOP``; the second arm of the pair; whether it is its turn; and the
arm with the largest mean, -1 before any sample."""


@inlined
def _largest(means: Array, inside: Ints) -> int:
    """The arm of the largest mean that is not inside, the first of equal ones; -1 where none was sampled."""
    best, most = -1, -math.inf
    for i in range(means.size):
        if not inside[i] and means[i] > most:
            best, most = i, means[i]
    return best


@inlined
def highest_of(means: Array) -> int:
    """As ``highest``, of means that are -inf where an arm has no sample."""
    best, most = -1, -math.inf
    for i in range(means.size):
        if means[i] > most:
            best, most = i, means[i]
    return best


@inlined
def _look(epsilon: float, m: int, t: int, means: Array, lower: Array, upper: Array, inside: Ints, place: Ints) -> None:
    """Who leads, and who is next, after ``t`` samples."""
    place[BEST] = highest_of(means)
    if t < means.size:
        place[NEXT] = t
        return
    if place[SECOND] == 1:
        place[NEXT] = place[OTHER]
        return
    for i in range(means.size):
        inside[i] = 0
    for _ in range(m):
        inside[_largest(means, inside)] = 1
    h, other = extremes(inside, lower, upper)
    place[OTHER] = other
    place[NEXT] = STOP if upper[other] - lower[h] <= epsilon else h


@inlined
def _settle(
    intervals: Intervals,
    epsilon: float,
    m: int,
    arm: int,
    t: int,
    counts: Ints,
    sums: Array,
    means: Array,
    lower: Array,
    upper: Array,
    inside: Ints,
    place: Ints,
) -> None:
    """After a sample of ``arm``, the ``t``-th: its mean and interval, and who is next."""
    means[arm] = sums[arm] / counts[arm]
    renew_all(intervals, arm, t, counts, sums, lower, upper)
    if t > counts.size:
        place[SECOND] = 1 - place[SECOND]
    _look(epsilon, m, t, means, lower, upper, inside, place)


@kernel
def _begin(epsilon: float, m: int, t: int, means: Array, lower: Array, upper: Array, inside: Ints, place: Ints) -> None:
    _look(epsilon, m, t, means, lower, upper, inside, place)


@kernel
def _go_on(
    epsilon: float,
    m: int,
    arm: int,
    t: int,
    counts: Ints,
    sums: Array,
    means: Array,
    lower: Array,
    upper: Array,
    inside: Ints,
    place: Ints,
    *intervals: Any,
) -> None:
    _settle(Intervals(*intervals), epsilon, m, arm, t, counts, sums, means, lower, upper, inside, place)


@kernel
def _play(
    outcomes: Outcomes,
    question: Question,
    intervals: Intervals,
    epsilon: float,
    m: int,
    t: int,
    counts: Ints,
    sums: Array,
    means: Array,
    lower: Array,
    upper: Array,
    inside: Ints,
    place: Ints,
    arms: Ints,
    codes: Ints,
) -> tuple[int, bool]:
    for s in range(arms.size):
        arm = place[NEXT]
        if arm == STOP:
            return s, True
        codes[s], arms[s] = place[BEST] if question.single else answer_code(question, counts, sums), arm
        note(arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]), counts, sums)
        _settle(intervals, epsilon, m, arm, t + s + 1, counts, sums, means, lower, upper, inside, place)
    return arms.size, False


class PairedIntervals(IdentificationPolicy):
    """LUCB with some intervals.

    Args:
        epsilon: how much worse than the best ones the arms of the answer may be, >= 0.
    """

    answers: ClassVar[tuple[str, ...]] = ("best", "top")
    needs: ClassVar[str] = "delta"

    def __init__(self, epsilon: float) -> None:
        self.epsilon = real("epsilon", epsilon, 0.0, closed="low")

    @abstractmethod
    def intervals(self, problem: IdentificationProblem) -> Intervals:
        """The intervals, in numbers."""

    def start(self, problem: IdentificationProblem) -> None:
        self._intervals = self.intervals(problem)
        self._lower, self._upper = np.zeros(problem.n_actions), np.zeros(problem.n_actions)
        self._means = np.full(problem.n_actions, -math.inf)  # of arms without a sample
        self._inside, self._place = np.zeros(problem.n_actions, dtype=np.int64), np.array([0, -1, 0, -1])

    def __setstate__(self, state: Any) -> None:
        """Earlier ones kept the second arm of the pair, and whether it was its turn."""
        kept = set_state(self, state)
        if "_second" in kept:
            self._place = np.array([0, *kept.pop("_second"), -1])
            arrays = (self._means, self._lower, self._upper, self._inside, self._place)
            _begin(self.epsilon, self._problem.m, self._taken, *arrays)

    def pick(self) -> int:
        return int(self._place[NEXT])

    def learn(self, arm: int, reward: float) -> None:
        _go_on(self.epsilon, self._problem.m, arm, self._taken, *self._state(), *self._intervals)

    def respond(self) -> Answer | None:
        if not self._asked.single:
            return self.by_means()
        best = int(self._place[BEST])
        return None if best < 0 else best

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        asked, m, t = self._asked, self._problem.m, self._taken
        return _play(outcomes, asked, self._intervals, self.epsilon, m, t, *self._state(), arms, codes)

    def _state(self) -> tuple[Ints, Array, Array, Array, Array, Ints, Ints]:
        return self._counts, self._sums, self._means, self._lower, self._upper, self._inside, self._place

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The error, and the number of samples with probability ``1 - delta`` (derived; not of the paper's rate)."""
        intervals = self.intervals(problem)
        error = interval_error(problem, instance, self.epsilon, intervals.kind == PAPER)
        return (*error, *lucb_samples(intervals, problem, instance))


class LUCB(PairedIntervals):
    """LUCB with intervals of a radius, for a wrong answer with probability ``delta`` at the most.

    Args:
        epsilon: how much worse than the best ones the arms of the answer may be, >= 0.

    Raises:
        ValueError: a parameter out of its domain; from ``reset``, no ``delta``, or rewards that are not sub-Gaussian.
    """

    decided = True

    def __init__(self, epsilon: float = 0.0) -> None:
        super().__init__(epsilon)

    @final
    def intervals(self, problem: IdentificationProblem) -> Intervals:
        assert problem.delta is not None  # reset has seen to it
        return Intervals(RADIUS, problem.deviation**2, math.log(problem.n_actions / problem.delta))
