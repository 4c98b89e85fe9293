"""Exp3: exponential weights with uniform exploration against an adversary.

With rewards in [0, 1] and weights ``w_i = 1`` at first, draw the arm of each round from
``p_i = (1 - gamma) w_i / sum_j w_j + gamma / K``, and after the reward ``x`` of the arm drawn multiply its weight by
``exp(gamma x / (p_i K))``.

Reference: P. Auer, N. Cesa-Bianchi, Y. Freund, R. E. Schapire, *The Nonstochastic Multiarmed Bandit Problem*, SIAM
Journal on Computing 32, 2002, Figure 1, Theorem 3.1 and Corollary 3.2.

The exponents ``log w_i`` are kept as sums, less the largest of them when one last left [-300, 300]. So nothing
overflows at any horizon, and a weight too small to be represented still has its exponent.

How it is not evaluated: one weight changes a round, and the ``p_i`` have their sum in common. A tree of sums
(``bandits.arms.sums``) keeps two coefficients of each arm, ``w_i`` and 1, which ``1 - gamma`` and
``gamma sum_j w_j / K`` turn into the ``p_i`` times ``sum_j w_j``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import not_owed, real
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.sums import build, draw, settle, tree_of, weight
from bandits.arms.theory import BOUNDED, OBLIVIOUS, ArmsInstance, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel


@inlined
def _choose(uniform: float, total: float, tree: Array, gamma: float, floor: float) -> tuple[int, float]:
    """Draw an arm, of probability at least ``floor = gamma / K``; returns it and the inverse of its probability."""
    powers = (1.0 - gamma, floor * total)
    arm = draw(tree, powers, uniform * total)
    return arm, total / weight(tree, tree.shape[0] // 2 + arm, powers)


@inlined
def _learn(arm: int, step: float, exponents: Array, tree: Array) -> float:
    """Add ``step`` to an arm's exponent, and return the sum of all weights."""
    exponent = exponents[arm] + step
    exponents[arm] = exponent
    tree[tree.shape[0] // 2 + arm, 0] = math.exp(exponent)
    total = settle(tree, arm, (1.0,))
    if not -300.0 <= exponent <= 300.0:  # far below are rewards below the range alone
        total = _reduce(exponents, tree)
    return total


@kernel
def _reduce(exponents: Array, tree: Array) -> float:
    """Take the largest exponent off all of them, and return the sum of all weights."""
    leaves, largest = tree.shape[0] // 2, exponents[0]
    for i in range(1, exponents.size):
        largest = max(largest, exponents[i])
    for i in range(exponents.size):
        exponents[i] -= largest
        tree[leaves + i, 0] = math.exp(exponents[i])
        tree[leaves + i, 1] = 1.0
    build(tree, (1.0, 1.0))
    return float(tree[1, 0])


@kernel
def _play(
    block: Block,
    actions: Actions,
    uniforms: Array,
    exponents: Array,
    tree: Array,
    low: float,
    span: float,
    gamma: float,
) -> None:
    floor, total = gamma / exponents.size, float(tree[1, 0])
    for s in range(actions.size):
        arm, inverse = _choose(uniforms[s], total, tree, gamma, floor)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        if reward != low:
            total = _learn(arm, floor * (reward - low) / span * inverse, exponents, tree)
        actions[s] = arm


class Exp3(BanditPolicy):
    """Exp3 of Auer, Cesa-Bianchi, Freund and Schapire (2002).

    Args:
        gamma: share of exploration, in (0, 1]; None takes ``min(1, sqrt(K ln K / ((e - 1) T)))`` from the horizon.
    """

    def __init__(self, gamma: float | None = None) -> None:
        self.gamma = None if gamma is None else real("gamma", gamma, 0.0, 1.0, closed="high")

    def _gamma_of(self, problem: BanditProblem) -> float:
        if self.gamma is not None:
            return self.gamma
        if problem.horizon is None:
            raise ValueError("Exp3 needs a horizon or gamma: the problem has horizon=None")
        k = problem.n_actions
        return min(1.0, math.sqrt(k * math.log(k) / ((math.e - 1.0) * problem.horizon)))

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        if not problem.bounded:
            raise ValueError(f"Exp3 needs a finite range of rewards: the problem has [{problem.low}, {problem.high}]")
        self._rng = rng
        self._low, self._span = problem.low, problem.high - problem.low
        self._gamma = self._gamma_of(problem)
        self._floor = self._gamma / problem.n_actions
        self._exponents = np.zeros(problem.n_actions)
        self._tree = tree_of(problem.n_actions, 2)
        _reduce(self._exponents, self._tree)
        self._inverse = 0.0

    def choose(self, observation: Any) -> int:
        arm, self._inverse = _choose(self._rng.random(), self._tree.item(1, 0), self._tree, self._gamma, self._floor)
        return arm

    def probabilities(self, observation: Any) -> Array:
        weights = np.exp(self._exponents - self._exponents.max())
        return np.asarray((1.0 - self._gamma) * weights / weights.sum() + self._floor)

    def learn(self, action: int, reward: float) -> None:
        if self._inverse == 0.0:
            raise not_owed()
        step = self._floor * (reward - self._low) / self._span * self._inverse
        self._inverse = 0.0
        if reward != self._low:
            _learn(action, step, self._exponents, self._tree)

    def play(self, block: Block, actions: Actions) -> None:
        _play(
            block,
            actions,
            self._rng.random(actions.size),
            self._exponents,
            self._tree,
            self._low,
            self._span,
            self._gamma,
        )

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 3.1 with the best arm's gain at most t: ``(e - 1) gamma t + K ln K / gamma``, at any time."""
        if not isinstance(instance, ArmsInstance):
            return ()
        if not problem.bounded or (self.gamma is None and problem.horizon is None):
            return ()
        gamma, k, span = self._gamma_of(problem), problem.n_actions, problem.high - problem.low
        start = k * math.log(k) / gamma if k > 1 else 0.0
        return (
            Bound(
                "Exp3 bound",
                "upper",
                lambda t: span * ((math.e - 1.0) * gamma * t + start),
                "fixed",
                "Auer, Cesa-Bianchi, Freund, Schapire 2002, Theorem 3.1",
                "exact",
                holds(instance, OBLIVIOUS, BOUNDED),
                time="horizon-tuned",
            ),
        )
