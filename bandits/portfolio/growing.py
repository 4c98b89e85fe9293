"""Universal portfolios of more and more assets, for many of them, or for ever more (derived in this project).

Money is split among the universal portfolios of the first 1, 2, .., k assets, ``w_n`` to that of the first n. Since it
holds ``w_n`` of this one's wealth, the regret to the best mix of the first n assets is at most
``-ln w_n + ln binom(t+n-1, n-1)``, for every n at once. With ``w_n`` of ``2^-n`` this does not depend on how many
assets there are, which may be countably many.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import affordable, reals
from bandits.contract import Array, Bound, Instance
from bandits.portfolio.mixture import Mixture, MixturePolicy
from bandits.portfolio.problem import PortfolioProblem
from bandits.portfolio.quadrature import Quadrature
from bandits.portfolio.theory import MIX, PortfolioInstance, free_of_costs
from bandits.portfolio.universal import universal_regret


class Growing(MixturePolicy):
    """A mixture of the universal portfolios of the first 1, 2, .., n_assets assets.

    Args:
        priors: weights ``w_n`` > 0 of these, one for each, divided by their sum; None for ``2^-n``.
        prior: of each universal portfolio, "uniform" or "half".
        method: "exact", "sampled" or None, as of ``Universal``, decided for each.
        samples: number of mixes drawn for each that is sampled, >= 1.

    Raises:
        ValueError: an argument out of its domain.
    """

    def __init__(
        self,
        priors: Sequence[float] | None = None,
        prior: str = "uniform",
        method: str | None = None,
        samples: int = 20_000,
    ) -> None:
        self.priors = None if priors is None else reals("priors", priors, 0.0)
        if self.priors == []:
            raise ValueError("priors must be at least one weight, got []")
        self._quadrature = Quadrature(prior, method, samples)
        self.prior, self.method, self.samples = prior, method, samples

    def mixture(self, problem: PortfolioProblem) -> Mixture:
        """The mixture at the start of a run.

        Raises:
            ValueError: not one of ``priors`` for each asset; exact without a horizon, or too many nodes or mixes.
        """
        k = problem.n_assets
        levels = np.exp(self._log_priors(k))
        sampled = sum(not self._quadrature.exact(n, problem.horizon) for n in range(1, k + 1))
        what = f"a table of {sampled} x {self.samples} x {k}"
        affordable("samples and the number of assets", what, sampled * self.samples * k)
        mixes, weights = [], []
        for n in range(1, k + 1):
            found, mass = self._quadrature.points(n, problem.horizon, self._rng)
            mixes.append(np.pad(found, ((0, 0), (0, k - n))))
            weights.append(levels[n - 1] * mass)
        return Mixture(np.concatenate(mixes), np.concatenate(weights))

    def regret_bounds(self, problem: PortfolioProblem, instance: Instance) -> Sequence[Bound]:
        """``-ln w_k + ln binom(t+k-1, k-1)``, against the best mix of all ``k`` assets; of samples, but the order."""
        if not isinstance(instance, PortfolioInstance):
            return ()
        k = problem.n_assets
        exact = all(self._quadrature.exact(n, problem.horizon) for n in range(1, k + 1))
        return (
            Bound(
                "growing bound",
                "upper" if exact else "order",
                lambda t: self.regret(t, k, k),
                MIX,
                "derived in this project from the bound of universal portfolios",
                "derived" if exact else "convention",
                (free_of_costs(instance),),
            ),
        )

    def regret(self, t: Array, n: int, k: int) -> Array:
        """The bound [n_times] on the regret to the best mix of the first ``n`` of ``k`` assets after ``t`` rounds."""
        return np.asarray(universal_regret(t, n, self._quadrature.a) - self._log_priors(k)[n - 1])

    def _log_priors(self, k: int) -> Array:
        """``ln w_n`` [k]."""
        if self.priors is None:
            return np.asarray(-math.log(2.0) * np.arange(1, k + 1) - math.log1p(-(2.0**-k)))
        if len(self.priors) != k:
            raise ValueError(f"priors must be {k} weights, one for each number of assets, got {self.priors}")
        return np.asarray(np.log(self.priors) - np.logaddexp.reduce(np.log(self.priors)))
