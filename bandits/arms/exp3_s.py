"""Exp3.S: exponential weights that share a little of the total with all arms, so that none is ever given up.

With rewards in [0, 1] and weights ``w_i = 1`` at first, draw the arm of each round from
``p_i = (1 - gamma) w_i / W + gamma / K`` with ``W = sum_j w_j``. After the reward ``x`` of the arm played,

    w_i <- w_i exp(gamma x / (K p_i)) + e alpha W / K     for the arm played,
    w_j <- w_j + e alpha W / K                            for the others,     W that of the round's start.

The rule is homogeneous in the weights: where ``W`` leaves [1e-100, 1e100], all are divided by the largest.

Reference: P. Auer, N. Cesa-Bianchi, Y. Freund, R. E. Schapire, *The Nonstochastic Multiarmed Bandit Problem*, SIAM
Journal on Computing 32, 2002, Section 8, from memory; the defaults are those of Corollary 8.2 with ``M`` the number of
segments, one more than that of changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import integer, real
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import ScanPolicy, horizon_of, need_range, rounds
from bandits.arms.theory import BOUNDED, OBLIVIOUS, ArmsInstance, at_most_segments, comparator_class, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

WEIGHT = 0
MOST = 200.0
"""Largest exponent of a round, which is at most 1 for rewards in the range."""
Own = tuple[float, float]
"""``gamma`` and ``alpha``."""


@inlined
def _total(rows: Array) -> float:
    total = 0.0
    for i in range(rows.shape[0]):
        total += rows[i, WEIGHT]
    return total


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    k = rows.shape[0]
    scale, floor = (1.0 - own[0]) / _total(rows), own[0] / k
    rest = luck[s, 0]
    for i in range(k):
        rest -= scale * rows[i, WEIGHT] + floor
        if rest < 0.0:
            return i
    last = k - 1
    while last > 0 and not scale * rows[last, WEIGHT] + floor > 0.0:
        last -= 1
    return int(last)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    k, gamma, alpha = rows.shape[0], own[0], own[1]
    total = _total(rows)
    p = (1.0 - gamma) * rows[arm, WEIGHT] / total + gamma / k
    rows[arm, WEIGHT] *= math.exp(min(max(gamma * reward / (k * p), -MOST), MOST))
    share, after, largest = math.e * alpha * total / k, 0.0, 0.0
    for i in range(k):
        rows[i, WEIGHT] += share
        after += rows[i, WEIGHT]
        largest = max(largest, rows[i, WEIGHT])
    if not 1e-100 <= after <= 1e100:
        for i in range(k):
            rows[i, WEIGHT] /= largest


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class Exp3S(ScanPolicy):
    """Exp3.S of Auer, Cesa-Bianchi, Freund and Schapire (2002), for a best arm that changes.

    Args:
        gamma: share of exploration, in (0, 1]; None takes ``min(1, sqrt(K (M ln(K T) + e) / ((e - 1) T)))`` from the
            horizon ``T`` and the segments ``M``.
        alpha: share of the total weight that goes to all arms in each round, up to a factor e, in [0, 1]; None takes
            ``1 / T``. With 0, it is Exp3.
        segments: number ``M`` of segments expected in the run, >= 1; used for the default ``gamma`` only.
    """

    columns = WEIGHT + 1
    begin_with = {WEIGHT: 1.0}
    uniforms = 1
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)

    def __init__(self, gamma: float | None = None, alpha: float | None = None, segments: int = 1) -> None:
        self.gamma = None if gamma is None else real("gamma", gamma, 0.0, 1.0, closed="high")
        self.alpha = None if alpha is None else real("alpha", alpha, 0.0, 1.0, closed="both")
        self.segments = integer("segments", segments)

    def constants(self, problem: BanditProblem) -> Own:
        need_range("Exp3S", problem, "sliding_window_ucb takes a declared noise instead of a range")
        gamma, alpha, k = self.gamma, self.alpha, problem.n_actions
        if gamma is None or alpha is None:
            horizon = horizon_of("Exp3S", None, problem, "give gamma and alpha, or play exp3_ix with eta: anytime")
            gamma = min(1.0, math.sqrt(_squared(k, horizon, self.segments))) if gamma is None else gamma
            alpha = 1.0 / horizon if alpha is None else alpha
        return gamma, alpha

    def probabilities(self, observation: Any) -> Array:
        weights, gamma = self._rows[:, WEIGHT], self._own[0]
        return np.asarray((1.0 - gamma) * weights / weights.sum() + gamma / weights.size)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Corollary 8.2: ``2 sqrt(e - 1) sqrt(K T (M ln(K T) + e))`` at the horizon, for at most ``M`` segments."""
        if not isinstance(instance, ArmsInstance) or instance.segments is None or not problem.bounded:
            return ()
        if self.gamma is not None or self.alpha is not None or problem.horizon is None:
            return ()
        span, k = problem.high - problem.low, problem.n_actions
        level = 2.0 * (math.e - 1.0) * problem.horizon * math.sqrt(_squared(k, problem.horizon, self.segments))
        return (
            Bound(
                "Exp3.S bound",
                "upper",
                lambda t: np.full(np.shape(t), span * level),
                comparator_class(instance),
                "Auer, Cesa-Bianchi, Freund, Schapire 2002, Corollary 8.2 (recalled)",
                "recalled",
                (*holds(instance, OBLIVIOUS, BOUNDED), at_most_segments(instance, self.segments)),
                time="at the horizon",
            ),
        )


def _squared(k: int, horizon: int, segments: int) -> float:
    """The square of the default ``gamma``, unless that is above 1."""
    return k * (segments * math.log(k * horizon) + math.e) / ((math.e - 1.0) * horizon)
