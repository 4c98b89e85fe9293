"""Exponentiated gradient: an asset's weight grows by the exponential of what it paid over what the portfolio paid.

With ``r_t = x_t / <b_t, x_t>``, the gradient of ``ln <b, x_t>`` at ``b_t``, and a rate ``eta``,

    b_{t+1}[i] proportional to b_t[i] exp(eta r_t[i]),    b_1 uniform,

in logarithms, of which the largest is 0 and none below -700.

The regret to any constant mix ``l`` is at most ``ln k / eta + eta T (rho - 1)^2 / 8``, where no ratio of two relatives
of a round exceeds rho (derived in this project): ``ln (<l, x> / <b, x>) <= <l, r> - 1 = <l, r> - <b, r>``, the entries
of ``r`` lie within ``rho - 1`` of each other, and the rest is Hoeffding's lemma, as for Hedge.

Reference: D. P. Helmbold, R. E. Schapire, Y. Singer, M. K. Warmuth, *On-Line Portfolio Selection Using Multiplicative
Updates*, Mathematical Finance 8, 1998 (update and default rate from memory).
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
from bandits.portfolio.theory import MIX, PortfolioInstance, free_of_costs, ratio_within

LARGEST = 1e150
"""Largest ratio whose square is a number."""


@kernel
def _play(relatives: Array, portfolios: Array, b: Array, logs: Array, rate: float) -> None:
    for s in range(relatives.shape[0]):
        x = relatives[s]
        step, top = min(rate / factor(b, x), 1e300), -math.inf  # inf times 0 is no number
        for i in range(b.size):
            portfolios[s, i] = b[i]
            logs[i] -= step * (1.0 - x[i])  # the largest relative is 1
            top = max(top, logs[i])
        total = 0.0
        for i in range(b.size):
            logs[i] = max(logs[i] - top, -700.0)
            b[i] = math.exp(logs[i])
            total += b[i]
        for i in range(b.size):
            b[i] /= total


class ExponentiatedGradient(PortfolioPolicy):
    """Exponentiated gradient (EG).

    Args:
        rate: eta > 0; or "tuned", ``sqrt(8 ln k / T) / (rho - 1)``, which needs a horizon and ``rho``.
        rho: what no ratio of two relatives of a round exceeds, in [1, 1e150], for the theorem and the tuned rate; None
            where it is not known: then the theorem is stated with the largest ratio of the run, if that is no more.
    """

    def __init__(self, rate: float | str = 0.05, rho: float | None = None) -> None:
        self.rate = one_of("rate", rate, ("tuned",)) if isinstance(rate, str) else positive("rate", rate)
        self.rho = rho if rho is None else real("rho", rho, 1.0, LARGEST, closed="both")

    def _rate_in(self, problem: PortfolioProblem) -> float:
        if not isinstance(self.rate, str):
            return self.rate
        if problem.horizon is None or self.rho is None:
            raise ValueError(
                f"a tuned rate needs a horizon and rho, got horizon={problem.horizon} and rho={self.rho}: give them, "
                "or a number as rate"
            )
        if problem.n_assets == 1 or self.rho == 1.0:  # whatever the rate, nothing can be lost
            return 1.0
        return math.sqrt(8.0 * math.log(problem.n_assets) / problem.horizon) / (self.rho - 1.0)

    def start(self, problem: PortfolioProblem) -> None:
        self._eta, self._logs = self._rate_in(problem), np.zeros(problem.n_assets)

    def play(self, relatives: Array, portfolios: Array) -> None:
        _play(relatives, portfolios, self._b, self._logs, self._eta)

    def regret_bounds(self, problem: PortfolioProblem, instance: Instance) -> Sequence[Bound]:
        """``ln k / eta + eta t (rho - 1)^2 / 8``: at the tuned rate ``(rho - 1) sqrt(T ln k / 2)`` at the horizon."""
        tuned = self.rate == "tuned"
        if not isinstance(instance, PortfolioInstance) or (tuned and (problem.horizon is None or self.rho is None)):
            return ()
        rho = instance.ratio if self.rho is None else self.rho
        if rho > LARGEST:
            return ()
        rate, log = self._rate_in(problem), math.log(problem.n_assets)
        assumptions = (free_of_costs(instance), *(() if self.rho is None else (ratio_within(instance, rho),)))
        return (
            Bound(
                "EG bound",
                "upper",
                lambda t: np.asarray(log / rate + rate * t * (rho - 1.0) ** 2 / 8.0),
                MIX,
                "derived in this project",
                "derived",
                assumptions,
                time="horizon-tuned" if tuned else "no rate",
            ),
        )
