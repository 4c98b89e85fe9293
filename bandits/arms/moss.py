"""MOSS, the minimax optimal strategy in the stochastic case.

After playing every arm once, play the arm with the largest

    mean_i + width sqrt(max(0, ln(T / (K n_i))) / n_i),

where ``n_i`` counts the plays of arm ``i`` before, ``T`` is the horizon and ``K`` the number of arms. Ties go to the
lowest index. An arm's index changes only when it is played.

Reference: J.-Y. Audibert and S. Bubeck, *Minimax policies for adversarial and stochastic bandits*, COLT 2009; the
constant from T. Lattimore and C. Szepesvári, *Bandit Algorithms*, 2020, Algorithm 7 and Theorem 9.1, whose index
``sqrt((4 / n) ln+(T / (K n)))`` for parameter 1 is this one for parameter ``width / 2``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import integer
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import kernel


@kernel
def _choose(indices: Array) -> int:
    arm = 0
    for i in range(1, indices.size):
        if indices[i] > indices[arm]:
            arm = i
    return arm


@kernel
def _learn(arm: int, reward: float, counts: Array, sums: Array, indices: Array, width: float, share: float) -> None:
    counts[arm] += 1.0
    sums[arm] += reward
    n = counts[arm]
    indices[arm] = sums[arm] / n + width * math.sqrt(max(0.0, math.log(share / n)) / n)


@kernel
def _play(
    block: Block, actions: Actions, counts: Array, sums: Array, indices: Array, width: float, share: float
) -> None:
    for s in range(actions.size):
        arm = _choose(indices)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(arm, reward, counts, sums, indices, width, share)
        actions[s] = arm


class MOSS(BanditPolicy):
    """MOSS of Audibert and Bubeck (2009).

    Args:
        horizon: the ``T`` of the index, >= 1; None takes the problem's.
    """

    def __init__(self, horizon: int | None = None) -> None:
        self.horizon = None if horizon is None else integer("horizon", horizon)

    def _horizon_of(self, problem: BanditProblem) -> int:
        horizon = problem.horizon if self.horizon is None else self.horizon
        if horizon is None:
            raise ValueError("MOSS needs a horizon: the problem has horizon=None and none was given")
        return horizon

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        super().reset(problem, rng)
        self._counts = np.zeros(problem.n_actions)
        self._sums = np.zeros(problem.n_actions)
        self._indices = np.full(problem.n_actions, math.inf)
        self._width, self._share = problem.width, self._horizon_of(problem) / problem.n_actions

    def choose(self, observation: Any) -> int:
        return _choose(self._indices)

    def learn(self, action: int, reward: float) -> None:
        _learn(action, reward, self._counts, self._sums, self._indices, self._width, self._share)

    def play(self, block: Block, actions: Actions) -> None:
        _play(block, actions, self._counts, self._sums, self._indices, self._width, self._share)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 9.1: ``19.5 width sqrt(K T) + sum gap_i`` at the horizon, and so at no time before it more."""
        if not isinstance(instance, ArmsInstance):
            return ()
        gaps, horizon = gaps_of(instance), self._horizon_of(problem)
        if gaps is None:
            return ()
        value = 39.0 * (problem.width / 2.0) * math.sqrt(problem.n_actions * horizon) + float(np.sum(gaps))
        return (
            Bound(
                "MOSS bound",
                "upper",
                lambda t: np.full(np.shape(t), value),
                "fixed",
                "Lattimore and Szepesvári 2020, Theorem 9.1",
                "exact",
                (
                    *holds(instance, STATIONARY, problem=problem),
                    Assumption("the horizon of the index is that of the run", horizon == problem.horizon),
                    Assumption("the horizon is at least the number of arms", horizon >= problem.n_actions),
                ),
                time="at the horizon",
            ),
        )
