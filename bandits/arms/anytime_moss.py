"""MOSS-anytime: minimax optimal without knowing the horizon.

After playing every arm once, play in round ``t`` the arm with the largest

    mean_i + sqrt(max(0, ln(t) - ln(K n_i)) * (1 + alpha) / 2 * width^2 / n_i),

where ``n_i`` counts the plays of arm ``i`` before and ``K`` is the number of arms. Ties go to the lowest index. In this
order the logarithm of ``t`` is a clock that is the same for all arms, over which the indices are parabolas that lie on
the side, and few of them need be computed in a round (``kinetic.py``).

Reference: R. Degenne and V. Perchet, *Anytime optimal algorithms in stochastic multi-armed bandits*, ICML 2016,
Algorithm 1 and Theorem 3, ``113 width sqrt(K t)`` for rewards and gaps in the range (constant quoted from memory). Here
gaps may be of any size: every arm is played once whatever its gap, which adds the sum of the gaps, as in Theorem 9.1 of
Lattimore and Szepesvári 2020 for MOSS; an arm of a larger gap is played again only if its mean is off by the more.
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
from bandits.arms.theory import STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

Own = tuple[float, int]
"""``(1 + alpha) / 2 * width^2`` and the number of arms."""
CHORD = 2.0 * (math.sqrt(1.5) - 1.0) * (1.0 - ROUNDING)
"""Steepness over the bonus of the chord of ``sqrt(x)`` from 1 to 1.5."""


@inlined
def _index(rows: Array, arm: int, now: float) -> float:
    return float(rows[arm, 0] + math.sqrt(max(0.0, now - rows[arm, 2]) * rows[arm, 1]))


@inlined
def _stands(rows: Array, winner: int, loser: int, top: float, below: float, now: float) -> float:
    """The later of two readings: the loser gains what it lacks while the winner stands still, or both gain.

    In the latter the loser follows its tangent, which is steeper than what comes, and the winner, until half as much
    again has passed as since its logarithm was 0, the chord, which is less steep.
    """
    mean, other = rows[winner, 0], rows[loser, 0]
    error = ROUNDING * (abs(top) + abs(below) + abs(mean) + abs(other))
    lead = top - below - error
    if not lead > 0.0:
        if mean == math.inf:
            return math.inf
        if winner < loser and mean >= other:  # the loser's index is its mean for a while, or it was played more often
            fewer = rows[winner, 1] >= rows[loser, 1] and rows[winner, 2] <= rows[loser, 2]
            return math.inf if fewer else float(max(now, rows[loser, 2]))
        return now
    ours, theirs, passed = top - mean + error, below - other - error, now - rows[winner, 2]
    alone = rows[loser, 2] + (top - other - error) ** 2 / rows[loser, 1]
    gain = 0.5 * rows[loser, 1] / max(theirs, 1e-150) - CHORD * rows[winner, 1] / max(ours, 1e-150)
    both = now + min(0.5 * passed, lead / max(gain, 1e-300))
    return float(max(now, max(alone, both) * (1.0 - ROUNDING)))  # rounded up, it might meet a root where it is steep


@inlined
def _clock(t: int, own: Own) -> float:
    return math.log(t)


@inlined
def _learn(rows: Array, arm: int, reward: float, own: Own) -> None:
    scale, n_arms = own
    row = rows[arm]
    row[3] += 1.0
    row[4] += reward
    row[0], row[1], row[2] = row[4] / row[3], scale / row[3], math.log(n_arms * row[3])


@kernel
def _follow(arm: int, reward: float, t: int, rows: Array, winners: Arms, until: Array, own: Own) -> int:
    return follow(_index, _stands, _clock, _learn, arm, reward, t, rows, winners, until, own)


@kernel
def _play(block: Block, actions: Actions, t: int, rows: Array, winners: Arms, until: Array, own: Own) -> int:
    return play(_index, _stands, _clock, _learn, block, actions, t, rows, winners, until, own)


class AnytimeMOSS(BanditPolicy):
    """MOSS-anytime of Degenne and Perchet (2016).

    Args:
        alpha: exploration, > 0. The theorem's constant is for 1.35.
    """

    decided = True
    by_arm = True

    def __init__(self, alpha: float = 1.35) -> None:
        self.alpha = positive("alpha", alpha)

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        self._t, self._arm = 1, 0
        self._rows = np.zeros((problem.n_actions, 5))  # mean, factor, ln(K n), number of plays, sum of rewards
        self._rows[:, 0] = math.inf
        self._winners, self._until = tournament(problem.n_actions)
        self._own = float((1.0 + self.alpha) / 2.0 * problem.width**2), problem.n_actions

    def choose(self, observation: Any) -> int:
        return self._arm

    def learn(self, action: int, reward: float) -> None:
        self._t += 1
        self._arm = _follow(action, reward, self._t, self._rows, self._winners, self._until, self._own)

    def play(self, block: Block, actions: Actions) -> None:
        self._arm = _play(block, actions, self._t, self._rows, self._winners, self._until, self._own)
        self._t += actions.size

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 3 with the first plays: ``113 width sqrt(K t) + sum gap_i`` at any time, for ``alpha = 1.35``."""
        if not isinstance(instance, ArmsInstance):
            return ()
        if self.alpha != 1.35:
            return ()
        factor, gaps = 113.0 * problem.width * math.sqrt(problem.n_actions), gaps_of(instance)
        once = 0.0 if gaps is None else float(np.sum(gaps))
        return (
            Bound(
                "MOSS-anytime bound",
                "upper",
                lambda t: factor * np.sqrt(t) + once,
                "fixed",
                "Degenne and Perchet 2016, Theorem 3 (constant quoted from memory)",
                "recalled",
                holds(instance, STATIONARY, problem=problem),
            ),
        )
