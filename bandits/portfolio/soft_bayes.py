"""Soft-Bayes: Bayes' rule slowed down, so that no bound on the relatives is needed.

With ``r_t = x_t / <b_t, x_t>`` and a rate ``eta`` in (0, 1),

    b_{t+1}[i] = b_t[i] (1 - eta + eta r_t[i]),    b_1 uniform,

which sums to 1 by itself; no weight is below 1e-304, from where it may rise again (the project's choice). At the rate 1
it would buy and hold.

The regret to any constant mix ``l`` is at most ``ln k / eta + T ((k - 1) L + L / eta - 1)`` with ``L = -ln(1 - eta)``,
whatever the relatives (derived in this project). With ``q = eta / (1 - eta)`` and ``m`` the largest entry of ``r``,

    ln <l, r> <= <l, ln(1 - eta + eta r)> / eta + ln(q m / ln(1 + q m)) + ln(1 - eta) - 1 + L / eta,

where ``x / ln(1 + x) <= 1 + x`` puts ``sum_i ln(1 + q r_i)`` in the place of the second term. Over the rounds the
logarithms of the update add up to those of the weights: to at most ``ln k`` for ``l``, and for the sum over all assets
to at most 0, as the product of the weights is largest at the start.

Reference: L. Orseau, T. Lattimore, S. Legg, *Soft-Bayes: Prod for Mixtures of Experts with Log-Loss*, ALT 2017 (update
from memory; its bound is of the order ``sqrt(k T ln k)``, from memory, too).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import one_of, positive, real
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.portfolio.policy import PortfolioPolicy
from bandits.portfolio.problem import PortfolioProblem, factor
from bandits.portfolio.theory import MIX, PortfolioInstance, free_of_costs


@kernel
def _play(relatives: Array, portfolios: Array, b: Array, rate: float) -> None:
    for s in range(relatives.shape[0]):
        x = relatives[s]
        step, total = rate / factor(b, x), 0.0
        for i in range(b.size):
            portfolios[s, i] = b[i]
            b[i] = max(b[i] * (1.0 - rate + step * x[i]), 1e-304)  # from 0 no asset would come back
            total += b[i]
        for i in range(b.size):
            b[i] /= total


class SoftBayes(PortfolioPolicy):
    """Soft-Bayes.

    Args:
        rate: eta in (0, 1); or "tuned", ``min(1/2, sqrt(ln k / (k T)))``, which needs a horizon.
    """

    def __init__(self, rate: float | str = "tuned") -> None:
        self.rate = (
            one_of("rate", rate, ("tuned",))
            if isinstance(rate, str)
            else positive("rate", real("rate", rate, 0.0, 1.0))
        )

    def _rate_in(self, problem: PortfolioProblem) -> float:
        if not isinstance(self.rate, str):
            return self.rate
        if problem.horizon is None:
            raise ValueError("a tuned rate needs a horizon, got horizon=None: give one, or a number as rate")
        k = problem.n_assets
        return min(0.5, math.sqrt(math.log(k) / (k * problem.horizon)))

    def start(self, problem: PortfolioProblem) -> None:
        self._eta = self._rate_in(problem)

    def play(self, relatives: Array, portfolios: Array) -> None:
        _play(relatives, portfolios, self._b, self._eta)

    def regret_bounds(self, problem: PortfolioProblem, instance: Instance) -> Sequence[Bound]:
        """``ln k / eta + t ((k - 1) L + L / eta - 1)`` with ``L = -ln(1 - eta)``, for any relatives."""
        if not isinstance(instance, PortfolioInstance) or (self.rate == "tuned" and problem.horizon is None):
            return ()
        k, rate = problem.n_assets, self._rate_in(problem)
        slope = (k - 1.0 + 1.0 / rate) * -math.log1p(-rate) - 1.0 if k > 1 else 0.0
        start = math.log(k) / rate if k > 1 else 0.0
        return (
            Bound(
                "Soft-Bayes bound",
                "upper",
                lambda t: np.asarray(start + slope * t),
                MIX,
                "derived in this project",
                "derived",
                (free_of_costs(instance),),
                time="horizon-tuned" if self.rate == "tuned" else "no rate",
            ),
        )
