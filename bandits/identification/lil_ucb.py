"""lil'UCB: an index after the law of the iterated logarithm, until one arm has most of all samples.

Sample the largest ``m_i + (1 + b)(1 + sqrt e) sqrt(2 sigma^2 (1 + e) ln(ln((1 + e) N_i + 2) / w) / N_i)``; stop when
some ``N_i >= 1 + l sum_{j != i} N_j``, and answer it.

Reference: K. Jamieson, M. Malloy, R. Nowak, S. Bubeck, *lil' UCB: An Optimal Exploration Algorithm for Multi-Armed
Bandits*, COLT 2014 (as remembered; constants as three public repositories have them). The ``+ 2`` is this project's:
without it the logarithm of the first sample has no value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from bandits.arguments import one_of
from bandits.contract import Array, Bound
from bandits.identification.bounds import lil_samples
from bandits.identification.divergence import reward_of
from bandits.identification.policy import STOP, IdentificationPolicy, highest, note
from bandits.identification.problem import Answer, IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.kernels import inlined, kernel


@inlined
def _finished(share: float, t: int, counts: Ints) -> int:
    """The arm that has most of all ``t`` samples; -1 where none has."""
    if t >= counts.size:
        for i in range(counts.size):
            if counts[i] >= 1.0 + share * (t - counts[i]):
                return i
    return -1


@inlined
def _pick(factor: float, growth: float, inside: float, share: float, t: int, counts: Ints, sums: Array) -> int:
    if t < counts.size:
        return t
    if _finished(share, t, counts) >= 0:
        return STOP
    best, most = 0, -math.inf
    for i in range(counts.size):
        n = counts[i]
        index = sums[i] / n + factor * math.sqrt(math.log(math.log(growth * n + 2.0) / inside) / n)
        if index > most:
            best, most = i, index
    return best


@kernel
def _choose(factor: float, growth: float, inside: float, share: float, t: int, counts: Ints, sums: Array) -> int:
    return _pick(factor, growth, inside, share, t, counts, sums)


@kernel
def _most(share: float, t: int, counts: Ints) -> int:
    return _finished(share, t, counts)


@kernel
def _play(
    outcomes: Outcomes,
    factor: float,
    growth: float,
    inside: float,
    share: float,
    t: int,
    counts: Ints,
    sums: Array,
    arms: Ints,
    codes: Ints,
) -> tuple[int, bool]:
    for s in range(arms.size):
        arm = _pick(factor, growth, inside, share, t + s, counts, sums)
        if arm == STOP:
            return s, True
        codes[s], arms[s] = highest(counts, sums), arm
        note(arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]), counts, sums)
    return arms.size, False


class LilUCB(IdentificationPolicy):
    """lil'UCB.

    Args:
        constants: "theory", ``e = .01, b = 1, l = 9, w = (sqrt(1 + delta) - 1)^2 / (4 c)``, ``c = (2 + e) / e (1 /
            ln(1 + e))^(1 + e)``; or "heuristic", ``e = 0, b = 1/2, l = 1 + 10 / K, w = delta``, which no proof
            covers.

    Raises:
        ValueError: no such constants; from ``reset``, no ``delta``, or rewards that are not sub-Gaussian.
    """

    decided = True
    needs: ClassVar[str] = "delta"

    def __init__(self, constants: str = "theory") -> None:
        self.constants = one_of("constants", constants, ("theory", "heuristic"))

    def start(self, problem: IdentificationProblem) -> None:
        assert problem.delta is not None  # reset has seen to it
        e, b, delta = (0.01, 1.0, problem.delta) if self.constants == "theory" else (0.0, 0.5, problem.delta)
        self._growth, self._inside, self._share = 1.0 + e, delta, 1.0 + 10.0 / problem.n_actions
        if self.constants == "theory":
            c = (2.0 + e) / e * (1.0 / math.log(1.0 + e)) ** (1.0 + e)
            self._inside, self._share = (math.sqrt(1.0 + delta) - 1.0) ** 2 / (4.0 * c), 9.0
        self._factor = (1.0 + b) * (1.0 + math.sqrt(e)) * math.sqrt(2.0 * problem.deviation**2 * (1.0 + e))

    def pick(self) -> int:
        numbers = (self._factor, self._growth, self._inside, self._share)
        return _choose(*numbers, self._taken, self._counts, self._sums)

    def respond(self) -> Answer | None:
        """The arm that has most of all samples once there is one; before, the one with the largest mean."""
        best = _most(self._share, self._taken, self._counts)
        return self.by_means() if best < 0 else best

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        numbers = (self._factor, self._growth, self._inside, self._share)
        return _play(outcomes, *numbers, self._taken, self._counts, self._sums, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """``H1 ln(1 / delta) + sum gap^-2 ln ln gap^-2`` up to a constant, for the constants of the theory."""
        return lil_samples(self.constants == "theory", problem, instance)
