"""Buy and hold: wealth is split once, and nothing is ever traded again.

The share of asset j before round t is proportional to ``w_j prod_{s < t} x_s[j]``, and wealth is the mean of the
assets' own, ``sum_j w_j W_j``. So the regret to any asset is at most ``-ln w_j``, and the wealth is never above the
best asset's. Where the assets are experts that forecast, this is Bayes' rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.portfolio.fixed_mix import checked_weights, weights_for
from bandits.portfolio.policy import PortfolioPolicy
from bandits.portfolio.problem import PortfolioProblem
from bandits.portfolio.theory import COMPONENT, PortfolioInstance, free_of_costs

SMALL = 1e-200
"""Product of relatives, each divided by its round's largest, below which its logarithm is taken."""


@kernel
def _play(relatives: Array, portfolios: Array, b: Array, products: Array, logs: Array, scales: Array) -> None:
    """What asset i was bought for is worth ``products[i] exp(logs[i])``, up to a factor; ``scales`` are ``exp(logs)``.

    A logarithm and its exponential a round would take most of the time.
    """
    for s in range(relatives.shape[0]):
        small, total = False, 0.0
        for i in range(b.size):
            portfolios[s, i] = b[i]
            grown = products[i] * relatives[s, i]
            if grown < SMALL:  # it may be less than any double
                logs[i] += np.log(products[i]) + np.log(relatives[s, i])
                small, grown = True, 1.0
            products[i] = grown
        if small:
            largest = -np.inf
            for i in range(b.size):
                logs[i] += np.log(products[i])
                products[i] = 1.0
                largest = max(largest, logs[i])
            for i in range(b.size):
                logs[i] -= largest if largest > -np.inf else 0.0
                scales[i] = np.exp(logs[i])
        for i in range(b.size):
            b[i] = products[i] * scales[i]
            total += b[i]
        for i in range(b.size):
            b[i] = b[i] / total if total > 0.0 else 1.0 / b.size  # all that was bought is lost


class BuyAndHold(PortfolioPolicy):
    """Wealth is split over the assets before the first round and left there. Once all of it is lost, uniform.

    Args:
        weights: [n_assets] shares >= 0 of the start, with sum 1; None for equal ones.
    """

    def __init__(self, weights: Sequence[float] | None = None) -> None:
        self.weights = None if weights is None else checked_weights(weights)

    def start(self, problem: PortfolioProblem) -> None:
        if self.weights is not None:
            self._b = weights_for(self.weights, problem)
        with np.errstate(divide="ignore"):
            self._logs = np.log(self._b / self._b.max())
        self._products, self._scales = np.ones(problem.n_assets), np.exp(self._logs)

    def play(self, relatives: Array, portfolios: Array) -> None:
        _play(relatives, portfolios, self._b, self._products, self._logs, self._scales)

    def regret_bounds(self, problem: PortfolioProblem, instance: Instance) -> Sequence[Bound]:
        """``-ln w_j`` to asset j, so ``-ln min w`` to the best one; none where a share is 0."""
        if not isinstance(instance, PortfolioInstance):
            return ()
        least = 1.0 / problem.n_assets if self.weights is None else min(self.weights)
        if least <= 0.0:
            return ()
        return [
            Bound(
                "buy-and-hold bound",
                "upper",
                lambda t: np.full(t.shape, -math.log(least)),
                COMPONENT,
                "derived: wealth is sum_j w_j W_j, so at least w_j W_j",
                "derived",
                assumptions=(free_of_costs(instance),),
                time="no rate",
            )
        ]
