"""Mixtures that weigh constant mixes by a power of their wealth (derived in this project).

``b_t = int l S_{t-1}(l)^kappa dl / int S_{t-1}(l)^kappa dl`` over the simplex. With kappa = 1 this is Cover's universal
portfolio; below, it learns more slowly; above, faster, a heuristic without a theorem.

For kappa <= 1, ``<l, x>^kappa`` is concave in ``l``, so that ``<b_t, x_t>^kappa`` is at least the weighted mean of
``<l, x_t>^kappa`` and ``W_t^kappa >= int S_t(l)^kappa dpi(l)``. On the mixes ``(1-s) l* + s l`` near the best one,
``S_t >= (1-s)^t S_t(l*)``; the integral of this over the uniform prior gives the bound.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import positive
from bandits.contract import Bound, Instance
from bandits.portfolio.mixture import Mixture, MixturePolicy
from bandits.portfolio.problem import PortfolioProblem
from bandits.portfolio.quadrature import Quadrature
from bandits.portfolio.theory import MIX, PortfolioInstance, free_of_costs


class Power(MixturePolicy):
    """A mixture weighted by wealth to the power ``kappa``, with the uniform prior.

    Args:
        kappa: of the wealth, > 0.
        method: "exact", "sampled" or None, as of ``Universal``. For a ``kappa`` that is no whole number, quadrature is
            not exact, but very close: the more so the further relatives are from 0.
        samples: number of mixes drawn, >= 1.

    Raises:
        ValueError: an argument out of its domain.
    """

    def __init__(self, kappa: float, method: str | None = None, samples: int = 20_000) -> None:
        self.kappa = positive("kappa", kappa)
        self._quadrature = Quadrature("uniform", method, samples)
        self.method, self.samples = method, samples

    def mixture(self, problem: PortfolioProblem) -> Mixture:
        """The mixture at the start of a run.

        Raises:
            ValueError: exact without a horizon, or too many nodes or mixes for what is played.
        """
        points = self._quadrature.points(problem.n_assets, problem.horizon, self._rng, self.kappa)
        return Mixture(*points, self.kappa)

    def regret_bounds(self, problem: PortfolioProblem, instance: Instance) -> Sequence[Bound]:
        """``ln binom(kappa t + k - 1, k - 1) / kappa``, a sum of ``ln(1 + kappa t / j) / kappa``, for kappa <= 1."""
        kappa, k = self.kappa, problem.n_assets
        exact = self._quadrature.exact(k, problem.horizon, kappa)
        if not isinstance(instance, PortfolioInstance) or kappa > 1.0 or not exact:
            return ()
        return (
            Bound(
                "power bound",
                "upper",
                lambda t: np.asarray(sum((np.log1p(kappa * t / j) for j in range(1, k)), 0.0 * t) / kappa),
                MIX,
                "derived in this project: Jensen's inequality, and mixes near the best one",
                "derived",
                (free_of_costs(instance),),
            ),
        )
