"""LinUCB with a model for each action: optimism on linear predictions.

Play the action with the least ``theta_i f - exploration width_i`` (see ``ridge``), ``f`` the Chebyshev features of the
context and widths in units of the losses.

References: L. Li, W. Chu, J. Langford, R. Schapire, *A Contextual-Bandit Approach to Personalized News Article
Recommendation*, WWW 2010, Algorithm 1; the rate is that of Y. Abbasi-Yadkori, D. Pál, C. Szepesvári, *Improved
Algorithms for Linear Stochastic Bandits*, NeurIPS 2011, Theorem 3, whose exploration grows like ``sqrt(D log t)``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import real
from bandits.arms.problem import Actions, Block
from bandits.contextual.problem import ContextualProblem
from bandits.contextual.ridge import RidgePolicy, pick_row, play_rows
from bandits.contract import Array, Bound, Instance


class LinUCB(RidgePolicy):
    """LinUCB of Li et al. (2010) on Chebyshev features.

    Args:
        exploration: factor of the width, >= 0.
        n_features: see ``RidgePolicy``.
        ridge: see ``RidgePolicy``.
        scale: see ``RidgePolicy``.
        interval: see ``ContextualPolicy``.
    """

    decided = True
    by_arm = True

    def __init__(
        self,
        exploration: float = 0.5,
        n_features: int = 6,
        ridge: float = 1.0,
        scale: float | None = None,
        interval: Sequence[float] | None = None,
    ) -> None:
        super().__init__(n_features, ridge, scale, interval)
        self.exploration = real("exploration", exploration, 0.0, closed="low")

    def pick(self, row: Array) -> int:
        return pick_row(row, np.full(len(self._ridge.theta), -self.exploration), self._ridge)

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        weights = np.full((actions.size, len(self._ridge.theta)), -self.exploration)
        forced = np.full(actions.size, -1)
        play_rows(block, features, actions, weights, forced, self._high, self._ridge, self.scale is None)

    def regret_bounds(self, problem: ContextualProblem, instance: Instance) -> Sequence[Bound]:
        """The rate of optimism on linear models, ``D sqrt(t)`` for D coefficients."""
        return self.rate(problem, instance, "LinUCB rate", "Abbasi-Yadkori, Pál, Szepesvári 2011, Theorem 3", 1.0)
