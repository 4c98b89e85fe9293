"""Gittins indices for a finite horizon and Bernoulli rewards.

Each arm's mean has the prior Beta(alpha, beta), and ``h = T - t + 1`` rounds are left. Play the arm whose posterior has
the largest index over stopping times of at most ``h`` plays (ties: the lowest index), see ``gittins.py``.

This is the optimal play of one arm at a price, not that of several arms: for a finite horizon no index is Bayes
optimal, though this one is nearly so (``bayes_optimal.py``).

The index of an arm that is not played falls as time runs out. So the last one that was worked out is an upper bound,
and only those arms are looked at whose bounds reach the largest index: one or two in a round, each ``O(h^2)``.

Reference: J. Niño-Mora, *Computing a Classic Index for Finite-Horizon Bandits*, INFORMS Journal on Computing 23, 2011
[from memory]; derived from the definition.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bandits.arguments import integer, positive
from bandits.arms.gittins import gittins_index
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, TIE, ScanPolicy, horizon_of, rounds
from bandits.contract import Array
from bandits.kernels import inlined, kernel

LONGEST = 400
"""Largest horizon: a run takes some ``T^3`` operations."""

KNOWN, AT = MORE, MORE + 1
"""Whether the score is one of the arm's posterior, and the round for which it was worked out."""

Own = tuple[float, float, int, Array, Array]
"""Prior, horizon, and room for the index's work."""


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    alpha, beta, horizon, values, slopes = own
    best, arms = -math.inf, rows.shape[0]
    while True:
        i, reach = -1, -math.inf
        for j in range(arms):
            bound = rows[j, SCORE] if rows[j, KNOWN] == 1.0 else 1.0
            if not (rows[j, KNOWN] == 1.0 and rows[j, AT] == t) and bound > reach:
                i, reach = j, bound
        if i < 0 or reach < best - TIE:
            break
        a, b = alpha + rows[i, SUM], beta + rows[i, COUNT] - rows[i, SUM]
        rows[i, SCORE] = gittins_index(a, b, max(1, horizon - t + 1), 1.0, 0.0, values, slopes)
        rows[i, KNOWN], rows[i, AT] = 1.0, t
        best = max(best, rows[i, SCORE])
    arm = 0
    while not (rows[arm, KNOWN] == 1.0 and rows[arm, AT] == t and rows[arm, SCORE] >= best - TIE):
        arm += 1
    return arm


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward
    rows[arm, KNOWN] = 0.0


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class FHGittins(ScanPolicy):
    """Gittins indices of the rounds that are left, for rewards that are the ends of their range.

    Args:
        alpha: prior successes, > 0.
        beta: prior failures, > 0. With ``alpha = beta = 1`` the prior is uniform.
        horizon: number of rounds, 1..400; None takes the problem's.
    """

    decided = True
    columns = MORE + 2
    binary = True
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, alpha: float = 1.0, beta: float = 1.0, horizon: int | None = None) -> None:
        self.alpha, self.beta = positive("alpha", alpha), positive("beta", beta)
        self.horizon = None if horizon is None else integer("horizon", horizon)

    def constants(self, problem: BanditProblem) -> Any:
        horizon = horizon_of("FHGittins", self.horizon, problem, "DiscountedGittins needs none")
        if horizon > LONGEST:
            raise ValueError(
                f"FHGittins needs a horizon of at most {LONGEST}, got {horizon}; DiscountedGittins needs none"
            )
        return self.alpha, self.beta, horizon, np.zeros(horizon + 2), np.zeros(horizon + 2)
