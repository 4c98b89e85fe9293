"""Gittins indices for discounted Bernoulli rewards: Bayes optimal where a reward in ``s`` rounds is worth ``gamma^s``.

Each arm's mean has the prior Beta(alpha, beta). Play the arm whose posterior has the largest index (ties: the lowest),
see ``gittins.py``; it changes only when the arm is played. Of the plays of an arm as many are looked ahead as matter to
13 digits, and at most ``PLAYS``; after them it is taken to be known.

Regret is not discounted: a fixed ``gamma`` settles for an arm for good, with a positive probability for a wrong one, so
that no bound is known.

Reference: J. C. Gittins, *Bandit Processes and Dynamic Allocation Indices*, Journal of the Royal Statistical Society B
41, 1979; computed from the definition.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bandits.arguments import positive, real
from bandits.arms.gittins import gittins_index
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, ScanPolicy, leader, rounds
from bandits.contract import Array
from bandits.kernels import inlined, kernel

PLAYS = 600
"""Plays that are looked ahead at most."""

KNOWN = MORE
"""Whether the score is that of the arm's posterior."""

Own = tuple[float, float, float, int, Array, Array]
"""Prior, discount, plays looked ahead, and room for the index's work."""


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    alpha, beta, gamma, plays, values, slopes = own
    for i in range(rows.shape[0]):
        if rows[i, KNOWN] == 0.0:
            a, b = alpha + rows[i, SUM], beta + rows[i, COUNT] - rows[i, SUM]
            rows[i, SCORE] = gittins_index(a, b, plays, gamma, 1.0 / (1.0 - gamma), values, slopes)
            rows[i, KNOWN] = 1.0
    return leader(rows)


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


class DiscountedGittins(ScanPolicy):
    """Gittins indices for discounted rewards that are the ends of their range; needs no horizon.

    Args:
        gamma: discount of a reward per round, in (0, 1).
        alpha: prior successes, > 0.
        beta: prior failures, > 0. With ``alpha = beta = 1`` the prior is uniform.
    """

    decided = True
    columns = MORE + 1
    binary = True
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)

    def __init__(self, gamma: float = 0.9, alpha: float = 1.0, beta: float = 1.0) -> None:
        self.gamma = real("gamma", gamma, 0.0, 1.0)
        self.alpha, self.beta = positive("alpha", alpha), positive("beta", beta)

    def constants(self, problem: BanditProblem) -> Any:
        digits = math.log(1e-13 * (1.0 - self.gamma)) / math.log(self.gamma)
        plays = min(PLAYS, max(1, math.ceil(digits)))
        return self.alpha, self.beta, self.gamma, plays, np.zeros(plays + 2), np.zeros(plays + 2)
