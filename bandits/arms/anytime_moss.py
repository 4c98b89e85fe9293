"""MOSS-anytime: minimax optimal without knowing the horizon.

After playing every arm once, play in round ``t`` the arm with the largest

    mean_i + width sqrt((1 + alpha) / 2 * max(0, ln(t / (K n_i))) / n_i),

where ``n_i`` counts the plays of arm ``i`` before and ``K`` is the number of arms. Ties go to the lowest index.

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
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel


@kernel
def _choose(t: int, counts: Array, means: Array, logs: Array, scale: float) -> int:
    best, arm = -math.inf, 0
    log = math.log(t / counts.size)
    for i in range(counts.size):
        if counts[i] == 0.0:
            return i
        index = means[i] + math.sqrt(scale * max(0.0, log - logs[i]) / counts[i])
        if index > best:
            best, arm = index, i
    return arm


@kernel
def _learn(arm: int, reward: float, counts: Array, sums: Array, means: Array, logs: Array) -> None:
    counts[arm] += 1.0
    sums[arm] += reward
    means[arm] = sums[arm] / counts[arm]
    logs[arm] = math.log(counts[arm])


@kernel
def _play(
    block: Block, actions: Actions, t: int, counts: Array, sums: Array, means: Array, logs: Array, scale: float
) -> None:
    for s in range(actions.size):
        arm = _choose(t + s, counts, means, logs, scale)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(arm, reward, counts, sums, means, logs)
        actions[s] = arm


class AnytimeMOSS(BanditPolicy):
    """MOSS-anytime of Degenne and Perchet (2016).

    Args:
        alpha: exploration, > 0. The theorem's constant is for 1.35.
    """

    def __init__(self, alpha: float = 1.35) -> None:
        self.alpha = positive("alpha", alpha)

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        super().reset(problem, rng)
        self._t = 1
        self._counts = np.zeros(problem.n_actions)
        self._sums = np.zeros(problem.n_actions)
        self._means = np.zeros(problem.n_actions)
        self._logs = np.zeros(problem.n_actions)
        self._scale = (1.0 + self.alpha) / 2.0 * problem.width**2

    def choose(self, observation: Any) -> int:
        return _choose(self._t, self._counts, self._means, self._logs, self._scale)

    def learn(self, action: int, reward: float) -> None:
        self._t += 1
        _learn(action, reward, self._counts, self._sums, self._means, self._logs)

    def play(self, block: Block, actions: Actions) -> None:
        _play(block, actions, self._t, self._counts, self._sums, self._means, self._logs, self._scale)
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
