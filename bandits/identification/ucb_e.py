"""UCB-E: the largest ``m_i + 2 sigma sqrt(a / N_i)``, with an exploration that needs to know how hard the instance is.

Reference: J.-Y. Audibert, S. Bubeck, R. Munos, *Best Arm Identification in Multi-Armed Bandits*, COLT 2010, section 2
and Theorem 1 (as remembered).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import one_of, positive, real
from bandits.contract import Array, Bound
from bandits.identification.bounds import ucb_e_error
from bandits.identification.divergence import reward_of
from bandits.identification.policy import IdentificationPolicy, note
from bandits.identification.problem import IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.kernels import inlined, kernel


@inlined
def _pick(counts: Ints, index: Array) -> tuple[int, int]:
    """The arm of the largest index, and the one of the largest mean; ``index`` [2, n_arms]: means and widths."""
    arm, most, best, top = 0, -math.inf, -1, 0.0
    for i in range(counts.size):
        if index[0, i] + index[1, i] > most:
            arm, most = i, index[0, i] + index[1, i]
        if counts[i] > 0 and (best < 0 or index[0, i] > top):
            best, top = i, index[0, i]
    return arm, best


@inlined
def _renew(width: float, arm: int, counts: Ints, sums: Array, index: Array) -> None:
    index[0, arm], index[1, arm] = sums[arm] / counts[arm], width / math.sqrt(counts[arm])


@kernel
def _choose(counts: Ints, index: Array) -> int:
    return _pick(counts, index)[0]


@kernel
def _learn(width: float, arm: int, counts: Ints, sums: Array, index: Array) -> None:
    _renew(width, arm, counts, sums, index)


@kernel
def _play(
    outcomes: Outcomes, width: float, counts: Ints, sums: Array, index: Array, arms: Ints, codes: Ints
) -> tuple[int, bool]:
    for s in range(arms.size):
        arms[s], codes[s] = _pick(counts, index)
        arm = arms[s]
        note(arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]), counts, sums)
        _renew(width, arm, counts, sums, index)
    return arms.size, False


class UCBE(IdentificationPolicy):
    """UCB-E. It is tuned by a number that no learner has: ``H1 = sum_i gap_i^-2``, to be given, or ``a`` itself.

    Args:
        h1: H1, > 0, where ``a`` is not a number.
        a: exploration, > 0; "practical" for ``2 B / H1``, "theory" for ``(25 / 36) (B - K) / H1``.

    Raises:
        ValueError: a number out of its domain, or neither ``h1`` nor a number ``a``.
    """

    decided = True

    def __init__(self, h1: float | None = None, a: float | str = "practical") -> None:
        if isinstance(a, str):
            one_of("a", a, ("practical", "theory"))
            if h1 is None:
                raise ValueError("h1 must be given, H1 of the instance, > 0, where a is no number, got None")
        else:
            real("a", a, 0.0)
        self.h1, self.a = None if h1 is None else positive("h1", h1), a

    def exploration(self, problem: IdentificationProblem) -> float:
        """``a`` for a problem."""
        if not isinstance(self.a, str):
            return float(self.a)
        assert self.h1 is not None  # the constructor asked for it
        samples = 25.0 / 36.0 * (problem.budget - problem.n_actions) if self.a == "theory" else 2.0 * problem.budget
        return samples / self.h1

    def start(self, problem: IdentificationProblem) -> None:
        self._width = 2.0 * problem.deviation * math.sqrt(self.exploration(problem))
        self._index = np.zeros((2, problem.n_actions))
        self._index[1] = math.inf

    def pick(self) -> int:
        return _choose(self._counts, self._index)

    def learn(self, arm: int, reward: float) -> None:
        _learn(self._width, arm, self._counts, self._sums, self._index)

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        return _play(outcomes, self._width, self._counts, self._sums, self._index, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """Theorem 1 of the paper, as remembered, where ``a <= (25 / 36) (B - K) / H1``."""
        return ucb_e_error(self.exploration(problem), problem, instance)
