"""Explore-then-commit: try every arm equally often, then play the best one for ever.

Round ``t`` (counted from 1) plays arm ``(t - 1) mod K`` while ``t <= m K``; every later round plays the arm whose mean
over its ``m`` trials is largest. Ties go to the lowest index.

Reference: T. Lattimore and C. Szepesvári, *Bandit Algorithms*, Cambridge University Press, 2020, Algorithm 1 and
Theorem 6.1.

Without gaps: the arm committed to loses ``mu* - mu_I <= (mu* - mean*) + (mean_I - mu_I)``, whose expectation is at most
``E max_i (mean_i - mu_i) <= width sqrt(ln(K) / (2 m))`` (maximum of K sub-Gaussian variables with parameter
``width / (2 sqrt(m))``). So ``R_t <= m (K - 1) range + (t - m K) width sqrt(ln(K) / (2 m))``, and the default
``m = (T / K)^(2/3) (ln(K) / 8)^(1/3)`` minimises ``m K + T sqrt(ln(K) / (2 m))``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import integer
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import BOUNDED, STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel


@kernel
def _choose(t: int, trials: int, sums: Array) -> int:
    if t <= trials * sums.size:
        return (t - 1) % sums.size
    arm = 0
    for i in range(1, sums.size):
        if sums[i] > sums[arm]:
            arm = i
    return arm


@kernel
def _play(block: Block, actions: Actions, t: int, trials: int, sums: Array) -> None:
    for s in range(actions.size):
        arm = _choose(t + s, trials, sums)
        actions[s] = arm
        if t + s <= trials * sums.size:
            reward = block.levels[s * block.stride, arm] + block.noise[s]
            if block.binary:
                reward = 1.0 if reward > 0.0 else 0.0
            sums[arm] += reward


class ExploreThenCommit(BanditPolicy):
    """Explore-then-commit of Lattimore and Szepesvári (2020), Algorithm 1.

    Args:
        trials: plays ``m`` of each arm before committing, >= 1; None takes the default above from the horizon, between
            1 and ``T // K``.
    """

    decided = True

    def __init__(self, trials: int | None = None) -> None:
        self.trials = None if trials is None else integer("trials", trials)

    def _trials_of(self, problem: BanditProblem) -> int:
        if self.trials is not None:
            return self.trials
        if problem.horizon is None:
            raise ValueError("ExploreThenCommit needs a horizon or trials: the problem has horizon=None")
        arms, horizon = problem.n_actions, problem.horizon
        best = math.ceil(math.cbrt((horizon / arms) ** 2 * math.log(arms) / 8.0))
        return min(max(best, 1), max(horizon // arms, 1))

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        self._t = 1
        self._trials = self._trials_of(problem)
        self._sums = np.zeros(problem.n_actions)

    def choose(self, observation: Any) -> int:
        return _choose(self._t, self._trials, self._sums)

    def learn(self, action: int, reward: float) -> None:
        if self._t <= self._trials * self._sums.size:
            self._sums[action] += reward
        self._t += 1

    def play(self, block: Block, actions: Actions) -> None:
        _play(block, actions, self._t, self._trials, self._sums)
        self._t += actions.size

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 6.1 at every time, and the bound without gaps derived above.

        Theorem 6.1: ``m sum gap_i + (t - m K) sum gap_i exp(-m gap_i^2 / width^2)``; while exploring, the exact regret.
        """
        if not isinstance(instance, ArmsInstance) or not problem.sub_gaussian:
            return ()
        arms, m, width = problem.n_actions, self._trials_of(problem), max(problem.width, 1e-100)
        bounds = []
        gaps = gaps_of(instance)
        if gaps is not None:
            slope = float(np.sum(gaps * np.exp(-m * (gaps / width) ** 2)))

            def explored(t: Array) -> Array:
                rounds, rest = np.divmod(np.minimum(t, m * arms), arms)
                partial = np.concatenate([[0.0], np.cumsum(gaps)])
                exact = rounds * partial[-1] + np.interp(rest, np.arange(arms + 1), partial)
                return np.asarray(
                    exact * (1.0 + 1e-9)
                )  # the regret itself: its rounding errors must not cross the bound

            bounds.append(
                Bound(
                    "ETC bound",
                    "upper",
                    lambda t: explored(t) + np.maximum(t - m * arms, 0.0) * slope,
                    "fixed",
                    "Lattimore and Szepesvári 2020, Theorem 6.1",
                    "exact",
                    holds(instance, STATIONARY, problem=problem),
                )
            )
        if problem.bounded:
            span, simple = problem.high - problem.low, width * math.sqrt(math.log(arms) / (2.0 * m))
            bounds.append(
                Bound(
                    "ETC bound without gaps",
                    "upper",
                    lambda t: np.minimum(t, m * (arms - 1)) * span + np.maximum(t - m * arms, 0.0) * simple,
                    "fixed",
                    "derived: the expected maximum of the sub-Gaussian errors of the means",
                    "derived",
                    holds(instance, STATIONARY, BOUNDED, problem=problem),
                )
            )
        return bounds
