"""UCB-V: optimism with the empirical variance.

After playing every arm once, play in round ``t`` the arm with the largest

    mean_i + sqrt(2 V_i zeta ln(t) / n_i) + 3 c b zeta ln(t) / n_i,

where ``n_i`` counts the plays of arm ``i`` before, ``V_i = mean(x^2) - mean(x)^2`` is their empirical variance and
``b`` the range of rewards. Ties go to the lowest index. Computed on rewards mapped to [0, 1], where ``b = 1``.

Reference: J.-Y. Audibert, R. Munos, C. Szepesvári, *Exploration-exploitation tradeoff using variance estimates in
multi-armed bandits*, Theoretical Computer Science 410, 2009, equation (1) and Theorem 4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import BOUNDED, STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel


@kernel
def _choose(t: int, counts: Array, sums: Array, squares: Array, zeta: float, c: float) -> int:
    best, arm = -math.inf, 0
    log = zeta * math.log(t)
    for i in range(counts.size):
        n = counts[i]
        if n == 0.0:
            return i
        mean = sums[i] / n
        variance = max(squares[i] / n - mean * mean, 0.0)  # rounding can make it negative
        index = mean + math.sqrt(2.0 * variance * log / n) + 3.0 * c * log / n
        if index > best:
            best, arm = index, i
    return arm


@kernel
def _learn(arm: int, reward: float, counts: Array, sums: Array, squares: Array, low: float, span: float) -> None:
    x = (reward - low) / span
    counts[arm] += 1.0
    sums[arm] += x
    squares[arm] += x * x


@kernel
def _play(
    block: Block,
    actions: Actions,
    t: int,
    counts: Array,
    sums: Array,
    squares: Array,
    low: float,
    span: float,
    zeta: float,
    c: float,
) -> None:
    for s in range(actions.size):
        arm = _choose(t + s, counts, sums, squares, zeta, c)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(arm, reward, counts, sums, squares, low, span)
        actions[s] = arm


class UCBV(BanditPolicy):
    """UCB-V of Audibert, Munos and Szepesvári (2009). Needs rewards in a finite range.

    Args:
        zeta: exploration, > 0. The theorem is about values above 1, with an explicit constant for 1.2.
        c: factor of the term that guards against a small empirical variance, > 0. The theorem is about 1.
    """

    def __init__(self, zeta: float = 1.2, c: float = 1.0) -> None:
        self.zeta = positive("zeta", zeta)
        self.c = positive("c", c)

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        super().reset(problem, rng)
        if not problem.bounded:
            raise ValueError(f"UCBV needs rewards in a finite range, got [{problem.low}, {problem.high}]")
        self._t = 1
        self._counts = np.zeros(problem.n_actions)
        self._sums = np.zeros(problem.n_actions)
        self._squares = np.zeros(problem.n_actions)
        self._low, self._span = float(problem.low), float(problem.high - problem.low)

    def choose(self, observation: Any) -> int:
        return _choose(self._t, self._counts, self._sums, self._squares, self.zeta, self.c)

    def learn(self, action: int, reward: float) -> None:
        self._t += 1
        _learn(action, reward, self._counts, self._sums, self._squares, self._low, self._span)

    def play(self, block: Block, actions: Actions) -> None:
        _play(
            block,
            actions,
            self._t,
            self._counts,
            self._sums,
            self._squares,
            self._low,
            self._span,
            self.zeta,
            self.c,
        )
        self._t += actions.size

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 4: ``10 sum (variance_i / gap_i + 2 b) ln(t)`` over suboptimal arms; ``ln(2)`` also for t = 1.

        Where the variances are not given, ``b^2 / 4``, the largest possible, stands for them.
        """
        if not isinstance(instance, ArmsInstance):
            return ()
        gaps = gaps_of(instance)
        if gaps is None or self.zeta != 1.2 or self.c != 1.0 or not problem.bounded:
            return ()
        span = problem.high - problem.low
        variances = np.full(gaps.shape, span**2 / 4.0) if instance.variances is None else instance.variances
        bad = gaps > 0
        slope = 10.0 * float(np.sum(variances[bad] / gaps[bad] + 2.0 * span))
        return (
            Bound(
                "UCB-V bound",
                "upper",
                lambda t: slope * np.log(np.maximum(t, 2.0)),
                "fixed",
                "Audibert, Munos, Szepesvári 2009, Theorem 4 (constant quoted from memory)",
                "recalled",
                holds(instance, STATIONARY, BOUNDED),
            ),
        )
