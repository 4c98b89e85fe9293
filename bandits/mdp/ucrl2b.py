"""UCRL2B: optimism over a box around the frequencies, of widths by Bernstein's inequality.

With ``n = max(1, N(s, a))`` and ``L = ln(6 S A n / delta)`` every probability ``p`` of a next state may be off by

    2 sqrt(p (1 - p) L / n) + 6 L / n,

and the mean of rewards that are not told by the same with their variance in the place of ``p (1 - p)``. All else is as
in UCRL2.

Reference: R. Fruit, M. Pirotta, A. Lazaric, *Improved Analysis of UCRL2 with Empirical Bernstein Inequality*, 2020
(arXiv 2007.05456): the order from its abstract, the widths recalled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import probability, real
from bandits.contract import Array, Bound, Instance
from bandits.mdp.epochs import DoublingPolicy
from bandits.mdp.extended import extended_value_iteration
from bandits.mdp.problem import AverageRewardProblem
from bandits.mdp.theory import AverageRewardInstance, average_bound, diameter_of, unscaled


class UCRL2B(DoublingPolicy):
    """UCRL2B of Fruit, Pirotta and Lazaric (2020).

    Args:
        delta: probability in (0, 1) with which the confidence sets may fail.
        bonus_scale: factor of all widths, >= 0; 1 is the theory's.

    Attributes:
        plans: number of epochs begun in this run.
    """

    decided = True

    def __init__(self, delta: float = 0.05, bonus_scale: float = 1.0) -> None:
        self.delta = probability("delta", delta)
        self.bonus_scale = real("bonus_scale", bonus_scale, 0.0, closed="low")

    def plan(self) -> None:
        n = np.maximum(1, self._counts.visits)
        ratio = np.log(6.0 * self._n_states * self._n_actions * n / self.delta) / n
        estimate = self._estimate
        widths = 1.0 - estimate  # in place: it is as large as the counts
        widths *= estimate
        widths *= ratio[:, :, None]
        np.sqrt(widths, out=widths)
        widths *= 2.0 * self.bonus_scale
        widths += (6.0 * self.bonus_scale * ratio)[:, :, None]
        rewards, precision = self._rewards(n, ratio), 1.0 / math.sqrt(self._t)
        self._policy = extended_value_iteration("box", rewards, estimate, widths, precision).policy

    def _rewards(self, n: Array, ratio: Array) -> Array:
        if self._problem.rewards is not None:
            return self._problem.rewards.array
        means, squares = self._counts.paid / n
        variance = np.maximum(0.0, squares - means * means)
        upper = means + self.bonus_scale * (2.0 * np.sqrt(variance * ratio) + 6.0 * ratio)
        return np.where(self._counts.visits > 0, np.minimum(1.0, upper), 1.0)

    def regret_bounds(self, problem: AverageRewardProblem, instance: Instance) -> Sequence[Bound]:
        """Order ``sqrt(D Gamma S A t ln t)``, the constant a convention."""
        if not isinstance(instance, AverageRewardInstance) or (diameter := diameter_of(instance)) is None:
            return ()
        size = diameter * instance.support * problem.n_states * problem.n_actions
        return (
            average_bound(
                "UCRL2B order",
                "order",
                lambda t: np.sqrt(size * t * np.log(t)),
                "Fruit, Pirotta, Lazaric 2020, abstract (the constant is a convention)",
                instance,
                (instance.finite_diameter, unscaled(self.bonus_scale)),
                delta=self.delta,
            ),
        )
