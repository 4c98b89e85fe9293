"""The Bayes-optimal play of one or two Bernoulli arms, by dynamic programming: a yardstick for short horizons.

Each arm's mean has the prior Beta(alpha, beta), and ``h`` rounds are left. With ``p_i`` the mean of arm i's posterior,

    V_h = max_i ( p_i (1 + V_{h-1}(success of i)) + (1 - p_i) V_{h-1}(failure of i) ),    V_0 = 0,

and the arm with the largest term is played (ties: the lowest). No policy has a larger expected reward in the mean over
means drawn from the prior. Each decision works the values out anew, from the posteriors at hand, in ``O(h^4)``
operations at most, so that nothing is kept.

Reference: the principle of optimality, R. Bellman, *A Problem in the Sequential Design of Experiments*, Sankhya
16, 1956.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bandits.arguments import integer, positive
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, ScanPolicy, count, horizon_of, leader, rounds
from bandits.contract import Array
from bandits.kernels import inlined, kernel

ARMS, LONGEST = 2, 40
"""Largest number of arms, and horizon."""

Own = tuple[float, float, int, Array]
"""Prior, horizon, and room [horizon + 1, horizon + 1, horizon + 1] for values."""


@inlined
def _score(rows: Array, h: int, alpha: float, beta: float, values: Array) -> None:
    """Write the two terms of the maximum; ``values[n, s, r]``: after n plays of arm 0, s and r successes of the two."""
    a, b = alpha + rows[0, SUM], beta + rows[0, COUNT] - rows[0, SUM]
    c, d = alpha + rows[1, SUM], beta + rows[1, COUNT] - rows[1, SUM]
    for n in range(h + 1):
        for s in range(n + 1):
            for r in range(h - n + 1):
                values[n, s, r] = 0.0
    for t in range(h - 1, -1, -1):
        for n in range(t + 1):
            for s in range(n + 1):
                p = (a + s) / (a + b + n)
                for r in range(t - n + 1):
                    q = (c + r) / (c + d + t - n)
                    first = p * (1.0 + values[n + 1, s + 1, r]) + (1.0 - p) * values[n + 1, s, r]
                    second = q * (1.0 + values[n, s, r + 1]) + (1.0 - q) * values[n, s, r]
                    values[n, s, r] = max(first, second)
                    if t == 0:
                        rows[0, SCORE], rows[1, SCORE] = first, second


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    alpha, beta, horizon, values = own
    if rows.shape[0] > 1:
        _score(rows, max(1, horizon - t + 1), alpha, beta, values)
    return leader(rows)


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, count, block, actions, t, rows, own, luck, low, span)


class BayesOptimal(ScanPolicy):
    """The largest expected reward in the mean over means drawn from a prior; rewards are the ends of their range.

    Args:
        alpha: prior successes, > 0.
        beta: prior failures, > 0. With ``alpha = beta = 1`` the prior is uniform.
        horizon: number of rounds, 1..40; None takes the problem's.
    """

    decided = True
    columns = MORE
    binary = True
    pick, note, rounds = staticmethod(_pick), staticmethod(count), staticmethod(_rounds)

    def __init__(self, alpha: float = 1.0, beta: float = 1.0, horizon: int | None = None) -> None:
        self.alpha, self.beta = positive("alpha", alpha), positive("beta", beta)
        self.horizon = None if horizon is None else integer("horizon", horizon)

    def constants(self, problem: BanditProblem) -> Any:
        horizon = horizon_of("BayesOptimal", self.horizon, problem, "DiscountedGittins needs none")
        if horizon > LONGEST:
            raise ValueError(f"BayesOptimal needs a horizon of at most {LONGEST}, got {horizon}; FHGittins takes more")
        if problem.n_actions > ARMS:
            raise ValueError(f"BayesOptimal needs at most {ARMS} arms, got {problem.n_actions}; FHGittins takes more")
        return self.alpha, self.beta, horizon, np.zeros((horizon + 1, horizon + 1, horizon + 1))
