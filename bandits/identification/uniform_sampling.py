"""Uniform sampling: the arms in turn, until the statistic decides where a ``delta`` is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from bandits.contract import Array, Bound
from bandits.identification.bounds import error_bound, uniform_error, uniform_rate
from bandits.identification.divergence import reward_of
from bandits.identification.policy import STOP, IdentificationPolicy, Question, answer_code, highest, note
from bandits.identification.problem import IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.identification.thresholds import Threshold, check_rule, decided, threshold_of
from bandits.kernels import inlined, kernel


@inlined
def _pick(threshold: Threshold, t: int, counts: Ints, sums: Array) -> int:
    if t >= counts.size and decided(threshold, t, highest(counts, sums), counts, sums):
        return STOP
    return t % counts.size


@kernel
def _choose(t: int, counts: Ints, sums: Array, *threshold: Any) -> int:
    return _pick(Threshold(*threshold), t, counts, sums)


@kernel
def _play(
    outcomes: Outcomes,
    question: Question,
    threshold: Threshold,
    t: int,
    counts: Ints,
    sums: Array,
    arms: Ints,
    codes: Ints,
) -> tuple[int, bool]:
    for s in range(arms.size):
        arm = _pick(threshold, t + s, counts, sums)
        if arm == STOP:
            return s, True
        codes[s], arms[s] = answer_code(question, counts, sums), arm
        note(arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]), counts, sums)
    return arms.size, False


class UniformSampling(IdentificationPolicy):
    """Arm ``t mod K``; with a ``delta`` it stops as soon as the statistic of the best arm decides.

    Args:
        threshold: of the statistic, see ``bandits.identification.thresholds``.

    Raises:
        ValueError: no such threshold, or, from ``reset``, one that is not proved for the family, or a ``delta`` with
            another question than "best".
    """

    decided = True
    answers: ClassVar[tuple[str, ...]] = ("best", "top", "above")

    def __init__(self, threshold: str = "provable") -> None:
        self.threshold = check_rule(threshold)

    def start(self, problem: IdentificationProblem) -> None:
        if problem.delta is not None and problem.question != "best":
            raise ValueError(
                f"UniformSampling stops by itself where the question is best: delta must be None for "
                f"{problem.question}, got {problem.delta}"
            )
        self._threshold = threshold_of(self.threshold, problem)

    def pick(self) -> int:
        return _choose(self._taken, self._counts, self._sums, *self._threshold)

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        return _play(outcomes, self._asked, self._threshold, self._taken, self._counts, self._sums, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """Chernoff's bound on the error (derived); with a ``delta``, also the error and the asymptotic time."""
        if problem.delta is None:
            return uniform_error(problem, instance)
        return (*error_bound(self.threshold, problem), *uniform_rate(self.threshold, problem, instance))
