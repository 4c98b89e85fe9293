"""Track-and-stop: sample so that shares follow the optimal ones of the means seen so far, until the statistic decides.

* D: the rarest arm if it has fewer than ``max(sqrt(t) - K / 2, 0)`` samples, else ``argmax t w_a - N_a``;
* C: every round adds the optimal shares, none below ``1 / (2 sqrt(K^2 + t))``, to what each arm is owed, and
  ``argmax C_a - N_a`` is sampled.

Reference: A. Garivier, E. Kaufmann, *Optimal Best Arm Identification with Fixed Confidence*, COLT 2016, arXiv
1602.04589, sections 3 and 4 (as remembered). Where several arms have the largest mean, shares are equal over them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from bandits.arguments import one_of
from bandits.contract import Array, Bound
from bandits.identification.bounds import characteristic_rate, error_bound
from bandits.identification.divergence import reward_of
from bandits.identification.policy import STOP, IdentificationPolicy, highest, note
from bandits.identification.problem import IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.identification.thresholds import Threshold, check_rule, decided, threshold_of
from bandits.identification.times import shares_after
from bandits.kernels import inlined, kernel

TOLERANCE = 1e-10
"""Relative width at which the search for the optimal shares ends."""


@inlined
def _weigh(threshold: Threshold, counts: Ints, sums: Array, means: Array, last: Array, weights: Array) -> None:
    for i in range(counts.size):
        means[i] = sums[i] / counts[i]
    shares_after(threshold.family, threshold.variance, means, TOLERANCE, last, weights)


@inlined
def _project(weights: Array, floor: float) -> None:
    """The nearest shares in the largest difference, none of them below ``floor <= 1 / K``."""
    low, high = 0.0, 1.0
    for _ in range(60):
        c = 0.5 * (low + high)
        total = 0.0
        for i in range(weights.size):
            total += max(floor, weights[i] - c)
        if total > 1.0:
            low = c
        else:
            high = c
    for i in range(weights.size):
        weights[i] = max(floor, weights[i] - high)


@inlined
def _pick(
    threshold: Threshold,
    cumulative: bool,
    t: int,
    counts: Ints,
    sums: Array,
    means: Array,
    last: Array,
    weights: Array,
    owed: Array,
) -> int:
    n = counts.size
    if t < n:
        return t
    if decided(threshold, t, highest(counts, sums), counts, sums):
        return STOP
    if cumulative:
        _weigh(threshold, counts, sums, means, last, weights)
        _project(weights, 0.5 / math.sqrt(float(n) * n + t))
        best = 0
        for i in range(n):
            means[i] = owed[i] + weights[i] - counts[i]
            if means[i] > means[best]:
                best = i
        return best
    rarest = 0
    for i in range(1, n):
        if counts[i] < counts[rarest]:
            rarest = i
    if counts[rarest] < max(math.sqrt(t) - 0.5 * n, 0.0):
        return rarest
    _weigh(threshold, counts, sums, means, last, weights)
    best = 0
    for i in range(1, n):
        if t * weights[i] - counts[i] > t * weights[best] - counts[best]:
            best = i
    return best


@inlined
def _settle(cumulative: bool, t: int, weights: Array, owed: Array) -> None:
    """After a sample with which ``t`` are taken: what arms are owed."""
    if cumulative:
        for i in range(owed.size):
            owed[i] = 1.0 if t <= owed.size else owed[i] + weights[i]


@kernel
def _choose(
    cumulative: bool,
    t: int,
    counts: Ints,
    sums: Array,
    means: Array,
    last: Array,
    weights: Array,
    owed: Array,
    *threshold: Any,
) -> int:
    return _pick(Threshold(*threshold), cumulative, t, counts, sums, means, last, weights, owed)


@kernel
def _go_on(cumulative: bool, t: int, weights: Array, owed: Array) -> None:
    _settle(cumulative, t, weights, owed)


@kernel
def _play(
    outcomes: Outcomes,
    threshold: Threshold,
    cumulative: bool,
    t: int,
    counts: Ints,
    sums: Array,
    means: Array,
    last: Array,
    weights: Array,
    owed: Array,
    arms: Ints,
    codes: Ints,
) -> tuple[int, bool]:
    for s in range(arms.size):
        arm = _pick(threshold, cumulative, t + s, counts, sums, means, last, weights, owed)
        if arm == STOP:
            return s, True
        codes[s], arms[s] = highest(counts, sums), arm
        note(arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]), counts, sums)
        _settle(cumulative, t + s + 1, weights, owed)
    return arms.size, False


class TrackAndStop(IdentificationPolicy):
    """Track-and-stop. Its sampling does not depend on ``delta``.

    Args:
        tracking: "D" or "C".
        threshold: of the statistic, see ``bandits.identification.thresholds``.

    Raises:
        ValueError: no such tracking or threshold; from ``reset``, one that is not proved for the family.
    """

    decided = True
    needs: ClassVar[str] = "delta"

    def __init__(self, tracking: str = "D", threshold: str = "provable") -> None:
        self.tracking = one_of("tracking", tracking, ("D", "C"))
        self.threshold = check_rule(threshold)

    def start(self, problem: IdentificationProblem) -> None:
        self._threshold = threshold_of(self.threshold, problem)
        self._means, self._weights, self._owed = (np.zeros(problem.n_actions) for _ in range(3))
        self._last = np.zeros(problem.n_actions + 1)

    def pick(self) -> int:
        state = (self._counts, self._sums, self._means, self._last, self._weights, self._owed)
        return _choose(self.tracking == "C", self._taken, *state, *self._threshold)

    def learn(self, arm: int, reward: float) -> None:
        _go_on(self.tracking == "C", self._taken, self._weights, self._owed)

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        state = (self._counts, self._sums, self._means, self._last, self._weights, self._owed)
        return _play(outcomes, self._threshold, self.tracking == "C", self._taken, *state, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The error, where the threshold is proved, and ``T* ln(1 / delta)`` as ``delta`` goes to 0."""
        return (*error_bound(self.threshold, problem), *characteristic_rate(self.threshold, problem, instance))
