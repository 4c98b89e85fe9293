"""Thompson sampling with linear models: play the best action of models drawn from Gaussian posteriors.

With a Gaussian prior and Gaussian noise the coefficients of action ``i`` are ``N(theta_i, v^2 V_i^-1)`` (see
``ridge``). The models are independent, so that it is enough to draw the prediction of each, ``theta_i f + v width_i
z_i`` with a standard normal ``z_i``. Every round draws one normal for each action.

Reference: S. Agrawal and N. Goyal, *Thompson Sampling for Contextual Bandits with Linear Payoffs*, ICML 2013, Algorithm
1 and Theorem 1 (which has ``v`` of order ``sqrt(D log t)``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import real
from bandits.arms.largest import Gaussians, leads
from bandits.arms.problem import Actions, Block
from bandits.contextual.problem import ContextualProblem
from bandits.contextual.ridge import RidgePolicy, pick_row, play_rows
from bandits.contract import Array, Bound, Instance
from bandits.normals import standard_normal


class LinTS(RidgePolicy):
    """Linear Thompson sampling of Agrawal and Goyal (2013), with a model for each action, on Chebyshev features.

    Args:
        deviation: v, the posterior's standard deviation in units of width and scale, >= 0.
        n_features: see ``RidgePolicy``.
        ridge: see ``RidgePolicy``.
        scale: see ``RidgePolicy``.
        interval: see ``ContextualPolicy``.
    """

    by_arm = True

    def __init__(
        self,
        deviation: float = 0.2,
        n_features: int = 6,
        ridge: float = 1.0,
        scale: float | None = None,
        interval: Sequence[float] | None = None,
    ) -> None:
        super().__init__(n_features, ridge, scale, interval)
        self.deviation = real("deviation", deviation, 0.0, closed="low")

    def pick(self, row: Array) -> int:
        return pick_row(row, self.deviation * self._rng.standard_normal(len(self._ridge.theta)), self._ridge)

    def probabilities(self, observation: Any) -> Array:
        """By quadrature (``bandits.arms.largest``) within 1e-9."""
        row, (inverse, theta, _, losses) = self.features_of(observation), self._ridge
        spread = self.deviation * losses[0]["unit"] * np.sqrt(np.maximum(row @ inverse @ row, 0.0))
        if np.all(spread > 0.0):
            return leads(self, Gaussians(-theta @ row, spread))
        best = pick_row(row, np.zeros(len(theta)), self._ridge)  # where nothing was lost yet, widths have no unit
        return self.problem_given().distribution_of(best)

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        weights = self.deviation * standard_normal(self._rng, np.empty((actions.size, len(self._ridge.theta))))
        forced = np.full(actions.size, -1)
        play_rows(block, features, actions, weights, forced, self._high, self._ridge, self.scale is None)

    def regret_bounds(self, problem: ContextualProblem, instance: Instance) -> Sequence[Bound]:
        """The rate of Thompson sampling on linear models, ``D^(3/2) sqrt(t)`` for D coefficients."""
        return self.rate(problem, instance, "LinTS rate", "Agrawal and Goyal 2013, Theorem 1", 1.5)
