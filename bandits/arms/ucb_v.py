"""UCB-V: optimism with the empirical variance.

After playing every arm once, play in round ``t`` the arm with the largest

    mean_i + sqrt(2 V_i / n_i) r + (3 c b / n_i) r^2,    r = sqrt(zeta ln(t)),

where ``n_i`` counts the plays of arm ``i`` before, ``V_i = mean(x^2) - mean(x)^2`` is their empirical variance and
``b`` the range of rewards. Ties go to the lowest index. Computed on rewards mapped to [0, 1], where ``b = 1``, and in
the order above: ``r`` is the same for all arms, so that the indices are parabolas over a clock, and few of them need be
computed in a round (``kinetic.py``).

Reference: J.-Y. Audibert, R. Munos, C. Szepesvári, *Exploration-exploitation tradeoff using variance estimates in
multi-armed bandits*, Theoretical Computer Science 410, 2009, equation (1) and Theorem 4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive
from bandits.arms.kinetic import ROUNDING, Arms, follow, play, tournament
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import BOUNDED, STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

Own = tuple[float, float, float, float]
"""Smallest reward, range, zeta and c."""


@inlined
def _index(rows: Array, arm: int, now: float) -> float:
    return float(rows[arm, 0] + rows[arm, 1] * now + rows[arm, 2] * (now * now))


@inlined
def _stands(rows: Array, winner: int, loser: int, top: float, below: float, now: float) -> float:
    """Up to ``2 now``, where the clock goes on by 1 its square does so by 2 to 3 times ``now``."""
    mean, other = rows[winner, 0], rows[loser, 0]
    lead = top - below - ROUNDING * (abs(top) + abs(below) + abs(mean) + abs(other))
    linear, square = rows[loser, 1] - rows[winner, 1], rows[loser, 2] - rows[winner, 2]
    if not lead > 0.0:
        never = mean == math.inf or (winner < loser and mean >= other and linear <= 0.0 and square <= 0.0)
        return math.inf if never else now
    gain = linear + max(2.0 * square, 3.0 * square) * now
    return float(min(2.0 * now, now + lead / max(gain, 1e-300)))


@inlined
def _clock(t: int, own: Own) -> float:
    return math.sqrt(own[2] * math.log(t))


@inlined
def _learn(rows: Array, arm: int, reward: float, own: Own) -> None:
    low, span, _, c = own
    row, x = rows[arm], (reward - low) / span
    row[3] += 1.0
    row[4] += x
    row[5] += x * x
    n = row[3]
    mean = row[4] / n
    variance = max(row[5] / n - mean * mean, 0.0)  # rounding can make it negative
    row[0], row[1], row[2] = mean, math.sqrt(2.0 * variance / n), 3.0 * c / n


@kernel
def _follow(arm: int, reward: float, t: int, rows: Array, winners: Arms, until: Array, own: Own) -> int:
    return follow(_index, _stands, _clock, _learn, arm, reward, t, rows, winners, until, own)


@kernel
def _play(block: Block, actions: Actions, t: int, rows: Array, winners: Arms, until: Array, own: Own) -> int:
    return play(_index, _stands, _clock, _learn, block, actions, t, rows, winners, until, own)


class UCBV(BanditPolicy):
    """UCB-V of Audibert, Munos and Szepesvári (2009). Needs rewards in a finite range.

    Args:
        zeta: exploration, > 0. The theorem is about values above 1, with an explicit constant for 1.2.
        c: factor of the term that guards against a small empirical variance, > 0. The theorem is about 1.
    """

    decided = True
    by_arm = True

    def __init__(self, zeta: float = 1.2, c: float = 1.0) -> None:
        self.zeta = positive("zeta", zeta)
        self.c = positive("c", c)

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        if not problem.bounded:
            raise ValueError(f"UCBV needs rewards in a finite range, got [{problem.low}, {problem.high}]")
        self._t, self._arm = 1, 0
        self._rows = np.zeros((problem.n_actions, 6))  # mean, two widths, number of plays, sums of rewards and squares
        self._rows[:, 0] = math.inf
        self._winners, self._until = tournament(problem.n_actions)
        self._own = float(problem.low), float(problem.high - problem.low), self.zeta, self.c

    def choose(self, observation: Any) -> int:
        return self._arm

    def learn(self, action: int, reward: float) -> None:
        self._t += 1
        self._arm = _follow(action, reward, self._t, self._rows, self._winners, self._until, self._own)

    def play(self, block: Block, actions: Actions) -> None:
        self._arm = _play(block, actions, self._t, self._rows, self._winners, self._until, self._own)
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
