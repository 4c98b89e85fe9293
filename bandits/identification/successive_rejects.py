"""Successive rejects: the budget in K - 1 phases, after each of which the arm with the lowest mean is dismissed.

With ``lbar = 1/2 + sum_{i=2}^K 1/i``, ``n_0 = 0`` and ``n_k = ceil((B - K) / (lbar (K + 1 - k)))``, phase ``k`` samples
each surviving arm ``n_k - n_{k-1}`` times; the last survivor is the answer.

Reference: J.-Y. Audibert, S. Bubeck, R. Munos, *Best Arm Identification in Multi-Armed Bandits*, COLT 2010, section 3
(as remembered). Of equal means the highest arm is dismissed.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from bandits.contract import Array, Bound
from bandits.identification.bounds import rejects_error
from bandits.identification.policy import STOP, IdentificationPolicy, ahead
from bandits.identification.problem import Answer, IdentificationProblem, Ints, Outcomes
from bandits.identification.repeats import repeat
from bandits.identification.theory import IdentificationInstance, log_bar
from bandits.kernels import inlined, kernel


@functools.cache
def phases(n_arms: int, budget: int) -> tuple[int, ...]:
    """``n_1, ..., n_{K-1}``: samples of a survivor by the end of each phase."""
    scale = (budget - n_arms) / log_bar(n_arms)
    return tuple(math.ceil(scale / (n_arms + 1 - k) - 1e-9) for k in range(1, n_arms))  # 1e-9: of a whole number


@inlined
def _settle(lengths: Ints, place: Ints, alive: Ints, counts: Ints, means: Array) -> None:
    """Go on to the survivor that is next, past the ends of phases. ``place``: phase, and the arm."""
    while place[0] < lengths.size:
        while place[1] < counts.size and not (alive[place[1]] and counts[place[1]] < lengths[place[0]]):
            place[1] += 1
        if place[1] < counts.size:
            return
        worst = -1
        for i in range(counts.size):
            if alive[i] and (worst < 0 or means[i] <= means[worst]):
                worst = i
        alive[worst] = 0
        place[0] += 1
        place[1] = 0


@inlined
def _leader(alive: Ints, means: Array, but: int) -> int:
    """The survivor with the largest mean, other than ``but``; -1 where none was sampled."""
    best, most = -1, -math.inf
    for i in range(means.size):
        if alive[i] and i != but and means[i] > most:
            best, most = i, means[i]
    return best


@kernel
def _begin(lengths: Ints, place: Ints, alive: Ints, counts: Ints, means: Array) -> None:
    _settle(lengths, place, alive, counts, means)


@kernel
def _learn(arm: int, lengths: Ints, place: Ints, alive: Ints, counts: Ints, sums: Array, means: Array) -> None:
    means[arm] = sums[arm] / counts[arm]
    _settle(lengths, place, alive, counts, means)


@kernel
def _lead(alive: Ints, means: Array) -> int:
    return _leader(alive, means, -1)


@kernel
def _play(
    outcomes: Outcomes,
    lengths: Ints,
    place: Ints,
    alive: Ints,
    counts: Ints,
    sums: Array,
    means: Array,
    arms: Ints,
    codes: Ints,
) -> tuple[int, bool]:
    s, best = 0, _leader(alive, means, -1)
    while s < arms.size and place[0] < lengths.size:
        arm = place[1]
        end = min(s + lengths[place[0]] - counts[arm], arms.size)
        other = best if arm != best else _leader(alive, means, arm)
        rival = means[other] if other >= 0 else -math.inf
        sums[arm], _ = repeat(outcomes, arm, counts[arm], sums[arm], 0.0, other, rival, s, end, codes)
        arms[s:end] = arm
        counts[arm] += end - s
        s, means[arm] = end, sums[arm] / counts[arm]
        best = ahead(arm, means[arm], other, rival)
        _settle(lengths, place, alive, counts, means)
    return s, s < arms.size


class SuccessiveRejects(IdentificationPolicy):
    """Successive rejects. It needs nothing but the budget; what is left over is not used."""

    decided = True

    def start(self, problem: IdentificationProblem) -> None:
        self._lengths = np.array(phases(problem.n_actions, problem.budget), dtype=np.int64)
        self._place = np.zeros(2, dtype=np.int64)
        self._alive = np.ones(problem.n_actions, dtype=np.int64)
        self._means = np.full(problem.n_actions, -math.inf)  # of arms without a sample
        _begin(self._lengths, self._place, self._alive, self._counts, self._means)

    def pick(self) -> int:
        return STOP if self._place[0] == len(self._lengths) else int(self._place[1])

    def learn(self, arm: int, reward: float) -> None:
        _learn(arm, self._lengths, self._place, self._alive, self._counts, self._sums, self._means)

    def respond(self) -> Answer | None:
        """The survivor with the largest mean, or None before any sample."""
        best = _lead(self._alive, self._means)
        return None if best < 0 else best

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        state = (self._lengths, self._place, self._alive, self._counts, self._sums, self._means)
        return _play(outcomes, *state, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The sum over phases (derived) and Theorem 2 of the paper (as remembered), at the budget."""
        return rejects_error(phases(problem.n_actions, problem.budget), problem, instance)
