"""APT: sample the arm with the least ``sqrt(N_i) (|m_i - threshold| + epsilon)``; answer all with ``m_i >= threshold``.

Reference: A. Locatelli, M. Gutzeit, A. Carpentier, *An optimal algorithm for the Thresholding Bandit Problem*, ICML
2016 (as remembered).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from bandits.arguments import real
from bandits.contract import Array, Bound
from bandits.identification.bounds import apt_error
from bandits.identification.divergence import reward_of
from bandits.identification.policy import IdentificationPolicy, Question, answer_code, note
from bandits.identification.problem import IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.kernels import inlined, kernel


@inlined
def _pick(threshold: float, epsilon: float, counts: Ints, sums: Array) -> int:
    best, least = 0, math.inf
    for i in range(counts.size):
        if counts[i] == 0:
            return i
        index = math.sqrt(counts[i]) * (abs(sums[i] / counts[i] - threshold) + epsilon)
        if index < least:
            best, least = i, index
    return best


@kernel
def _choose(threshold: float, epsilon: float, counts: Ints, sums: Array) -> int:
    return _pick(threshold, epsilon, counts, sums)


@kernel
def _play(
    outcomes: Outcomes, question: Question, epsilon: float, counts: Ints, sums: Array, arms: Ints, codes: Ints
) -> tuple[int, bool]:
    for s in range(arms.size):
        arm = _pick(question.threshold, epsilon, counts, sums)
        codes[s], arms[s] = answer_code(question, counts, sums), arm
        note(arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]), counts, sums)
    return arms.size, False


class APT(IdentificationPolicy):
    """Anytime parameter-free thresholding.

    Args:
        epsilon: >= 0; None for that of the question.

    Raises:
        ValueError: a parameter out of its domain.
    """

    decided = True
    answers: ClassVar[tuple[str, ...]] = ("above",)

    def __init__(self, epsilon: float | None = None) -> None:
        self.epsilon = None if epsilon is None else real("epsilon", epsilon, 0.0, closed="low")

    def start(self, problem: IdentificationProblem) -> None:
        self._epsilon = problem.epsilon if self.epsilon is None else self.epsilon

    def pick(self) -> int:
        return _choose(self._asked.threshold, self._epsilon, self._counts, self._sums)

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        return _play(outcomes, self._asked, self._epsilon, self._counts, self._sums, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """Theorem 2 of the paper, as remembered, where the policy's ``epsilon`` is that of the question."""
        return apt_error(self.epsilon in (None, problem.epsilon), problem, instance)
