"""Epsilon-greedy on a shared parameter: the best action by ridge regression, but for coins.

In round t, with probability ``min(1, c (d / t)^(1/3))`` an action drawn uniformly, else the one with the largest
``<theta, a>``. Two uniforms a round, first the coin's, then the action's, are drawn always, so that they do not depend
on what was observed. The schedule is of this project; the constant of the rate is a convention.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive
from bandits.arms.problem import Actions, Block
from bandits.contract import Array, Bound, Instance
from bandits.copies import Copies
from bandits.kernels import kernel
from bandits.linear.policy import RidgePolicy
from bandits.linear.problem import LinearActionsProblem
from bandits.linear.ridge import Ridge, first_best, learn
from bandits.linear.theory import LINEAR, NOISE, NORMS, STEADY, LinearModel, comparator_class, holds


@kernel
def _choose(rows: Array, ridge: Ridge, share: float, coin: float, uniform: float) -> int:
    t, k = ridge.counts[0]["updates"] + 1.0, rows.shape[0]
    if coin < share * (ridge.theta.size / t) ** (1.0 / 3.0):
        return int(min(math.floor(uniform * k), k - 1))
    for i in range(rows.shape[0]):
        score = 0.0
        for j in range(ridge.theta.size):
            score += rows[i, j] * ridge.theta[j]
        ridge.scores[i] = score
    return first_best(ridge.scores)


@kernel
def _play(
    block: Block, features: Array, actions: Actions, ridge: Ridge, fixed: bool, share: float, uniforms: Array
) -> None:
    step = 0 if fixed else 1
    for s in range(actions.size):
        rows = features[s * step]
        arm = _choose(rows, ridge, share, uniforms[s, 0], uniforms[s, 1])
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        learn(rows, arm, reward, ridge, False)
        actions[s] = arm


class LinearEpsilonGreedy(RidgePolicy):
    """Epsilon-greedy with one parameter for all actions.

    Args:
        share: c > 0, factor of the probability ``(d / t)^(1/3)`` of a random action.
        ridge: lambda > 0.
    """

    def __init__(self, share: float = 1.0, ridge: float = 1.0) -> None:
        super().__init__(ridge)
        self.share = positive("share", share)

    def pick(self, rows: Array) -> int:
        coin, uniform = self._rng.random(2).tolist()
        return _choose(rows, self._ridge, self.share, coin, uniform)

    def probabilities(self, observation: Any) -> Array:
        copy: LinearEpsilonGreedy = Copies(self).one()
        rows = copy._rows if copy._fixed else copy._seen(observation)
        best = _choose(rows, copy._ridge, 0.0, 1.0, 0.0)
        t, n = float(self._ridge.counts[0]["updates"]) + 1.0, len(rows)
        explore = min(1.0, self.share * (self._ridge.theta.size / t) ** (1.0 / 3.0))
        found = np.full(n, explore / n)
        found[best] += 1.0 - explore
        return found

    def take(self, rows: Array, action: int, reward: float) -> None:
        learn(rows, action, reward, self._ridge, False)

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        uniforms = self._rng.random((actions.size, 2))
        _play(block, features, actions, self._ridge, self._fixed, self.share, uniforms)

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """Order ``d^(1/3) t^(2/3)``; the constant is a convention."""
        if not isinstance(instance, LinearModel):
            return ()
        return (
            Bound(
                "epsilon-greedy rate",
                "order",
                lambda t: np.cbrt(problem.dimension) * np.cbrt(t) ** 2,
                comparator_class(instance),
                "of the balance of exploration and error; the constant is a convention",
                "convention",
                holds(instance, problem, LINEAR, NORMS, NOISE, STEADY),
            ),
        )
