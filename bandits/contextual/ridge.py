"""What the policies on linear models share: a ridge regression for each action, and the compiled loop over rounds.

For an action with the features ``f_s`` and losses ``l_s`` of its rounds, ``V = ridge I + sum f_s f_s^T`` and
``theta = V^-1 sum f_s l_s``; the inverse is kept and updated by rank one. The prediction in a context with features
``f`` is ``theta f``, its width ``sqrt(f^T V^-1 f)``. A round plays the least of ``theta_i f + weight_i width_i`` (the
lowest index on ties), where the weights are what tells one policy from another, unless an action is forced.

Here each action has coefficients of its own and all see one context. In the family "linear" each action has features of
its own and all share one coefficient vector; its policies update theirs by the same ``rank_one``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import positive
from bandits.arms.problem import Actions, Block
from bandits.arms.theory import OBLIVIOUS, holds
from bandits.contextual.features import FeaturePolicy, chebyshev_features
from bandits.contextual.problem import ContextualProblem, one_context
from bandits.contextual.theory import ContextualInstance
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import inlined, kernel

LOSSES = np.dtype([("unit", np.float64), ("number", np.float64), ("total", np.float64)])
"""Unit of the widths, number and sum of the losses so far."""


class Ridge(NamedTuple):
    """All that is learned.

    Attributes:
        inverse: [n_actions, n, n] inverses of V.
        theta: [n_actions, n] coefficients.
        gain: [n] scratch.
        losses: [1] record of ``LOSSES``.
    """

    inverse: Array
    theta: Array
    gain: Array
    losses: NDArray[np.void]


@kernel
def pick_row(row: Array, weights: Array, ridge: Ridge) -> int:
    """The action with the least ``theta_i f + weight_i unit width_i``; ``weights`` [n_actions]."""
    inverse, theta, _, losses = ridge
    unit, best, arm = losses[0]["unit"], math.inf, 0
    for i in range(weights.size):
        index = 0.0
        for j in range(row.size):
            index += theta[i, j] * row[j]
        if weights[i] != 0.0:
            square = 0.0
            for j in range(row.size):
                for k in range(row.size):
                    square += row[j] * inverse[i, j, k] * row[k]
            index += weights[i] * unit * math.sqrt(max(square, 0.0))
        if index < best:
            best, arm = index, i
    return arm


@inlined
def rank_one(inverse: Array, theta: Array, gain: Array, row: Array, target: float) -> tuple[float, float]:
    """Take one target at the features ``row`` [n] into a ridge regression, by Sherman and Morrison's formula.

    Args:
        inverse: [n, n] V^-1, updated; it stays symmetric bit for bit.
        theta: [n] coefficients, updated.
        gain: [n] filled with ``V^-1 row``, of the V before.
        row: [n] features.
        target: what the regression should give there.

    Returns:
        ``1 + row^T V^-1 row``, and the target less its prediction, both of before.
    """
    total, error = 1.0, target
    for j in range(row.size):
        gain[j] = 0.0
        for k in range(row.size):
            gain[j] += inverse[j, k] * row[k]
        total += row[j] * gain[j]
        error -= theta[j] * row[j]
    for j in range(row.size):
        theta[j] += gain[j] * error / total
        for k in range(row.size):
            inverse[j, k] -= gain[j] * gain[k] / total
    return total, error


@kernel
def take_row(row: Array, arm: int, loss: float, ridge: Ridge, running: bool) -> None:
    """Learn from one loss; ``running``: the unit is the mean of the losses so far."""
    inverse, theta, gain, losses = ridge
    seen = losses[0]
    seen["number"] += 1.0
    seen["total"] += loss
    if running:
        seen["unit"] = seen["total"] / seen["number"]
    rank_one(inverse[arm], theta[arm], gain, row, loss)


@kernel
def play_rows(
    block: Block,
    features: Array,
    actions: Actions,
    weights: Array,
    forced: NDArray[np.int64],
    high: float,
    ridge: Ridge,
    running: bool,
) -> None:
    """Rounds with ``weights`` [n_rounds, n_actions] and ``forced`` [n_rounds] actions (-1: none)."""
    for s in range(actions.size):
        arm = forced[s] if forced[s] >= 0 else pick_row(features[s], weights[s], ridge)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        take_row(features[s], arm, max(high - reward, 0.0), ridge, running)
        actions[s] = arm


class RidgePolicy(FeaturePolicy):
    """A policy on ridge regressions of the losses of each action.

    Args:
        n_features: features of one coordinate of context, >= 1.
        ridge: weight of the squared norm of the coefficients, > 0.
        scale: unit of the widths, > 0 in reward units. Default: the mean of the losses so far, of which no theorem
            speaks.
        interval: see ``ContextualPolicy``.
    """

    def __init__(
        self,
        n_features: int = 6,
        ridge: float = 1.0,
        scale: float | None = None,
        interval: Sequence[float] | None = None,
    ) -> None:
        super().__init__(n_features, interval)
        self.ridge = positive("ridge", ridge)
        self.scale = None if scale is None else positive("scale", scale)

    def start(self, problem: ContextualProblem, n_features: int) -> None:
        d, n = problem.n_actions, n_features
        losses = np.array([(self.scale or 0.0, 0.0, 0.0)], dtype=LOSSES)
        self._ridge = Ridge(np.tile(np.eye(n) / self.ridge, (d, 1, 1)), np.zeros((d, n)), np.zeros(n), losses)
        self._t = 1

    def take(self, row: Array, action: int, loss: float) -> None:
        take_row(row, action, loss, self._ridge, self.scale is None)
        self._t += 1

    def estimates(self, observation: Any) -> Array:
        """The mean rewards [n_actions] that the models predict in the context ``observation``; changes nothing.

        Raises:
            ValueError: as ``choose``.
        """
        row = chebyshev_features(self.checked(one_context(observation)), self._intervals, self.n_features)[0]
        return np.asarray(self._high - self._ridge.theta @ row)

    def rate(
        self, problem: ContextualProblem, instance: Instance, name: str, source: str, power: float
    ) -> Sequence[Bound]:
        """The order ``unit D^power sqrt(t)``, D coefficients; only where it is known whether losses are linear."""
        if not isinstance(instance, ContextualInstance) or instance.realizable is None:
            return ()
        if not problem.bounded and self.scale is None:
            return ()
        unit = self.scale or problem.high - problem.low
        size = problem.n_actions * (1 + len(problem.contexts) * (self.n_features - 1))
        return (
            Bound(
                name,
                "order",
                lambda t: unit * size**power * np.sqrt(t),
                "dynamic",
                f"{source}, logarithms left out [recall]",
                "convention",
                (
                    *holds(instance, OBLIVIOUS),
                    Assumption("expected losses are linear in the features", instance.realizable),
                ),
            ),
        )
