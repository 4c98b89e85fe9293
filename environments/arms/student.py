"""Arms whose rewards scatter by Student's law: tails that fall like a power, on both sides."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.special import poch

from bandits.arguments import integer, positive, real, reals
from bandits.arms.problem import BanditProblem
from bandits.contract import Array
from environments.arms.instance import StochasticInstance
from environments.arms.stochastic import StochasticArms


class StudentArms(StochasticArms):
    """Arms that pay ``means[i] + z``, where ``z`` has Student's law with ``df`` degrees of freedom, scaled to ``sd``.

    One ``z`` a round serves all arms. Rewards have no sub-Gaussian parameter, and moments of orders below ``df`` only.

    Args:
        df: degrees of freedom, > 2.
        means: [n_arms] finite mean rewards.
        sd: standard deviation of the rewards of every arm, > 0.
        noise: what a learner is told in place of a sub-Gaussian parameter, > 0; no theorem holds with it. None: such
            policies refuse to play.
        horizon: number of rounds, >= 1.
    """

    def __init__(
        self, df: float, means: Sequence[float], sd: float = 1.0, noise: float | None = None, horizon: int = 10_000
    ) -> None:
        self.df, self.means, self.sd = real("df", df, 2.0), reals("means", means), positive("sd", sd)
        self.noise = None if noise is None else positive("noise", noise)
        about: Any = {"horizon": integer("horizon", horizon), "low": -math.inf, "high": math.inf, "noise": self.noise}
        super().__init__(lambda n: BanditProblem(n_actions=integer("number of means", n), **about), self.means, None)

    @property
    def _scale(self) -> float:
        return float(self.sd * math.sqrt((self.df - 2.0) / self.df))

    def _instance_of(self, means: Array) -> StochasticInstance:
        gaps = (np.max(means) - means) / self._scale
        return StochasticInstance(
            means=means,
            variances=np.full(len(means), self.sd**2),
            moment=partial(_moments, self.df, self._scale, means),
            divergences=np.array([_divergence(self.df, float(gap)) for gap in gaps]),
        )

    def _noise(self, n: int) -> Array:
        noise = self._generator.standard_t(self.df, n)
        noise *= self._scale
        return noise


def _moments(df: float, scale: float, means: Array, order: float, centres: Array) -> Array:
    """``E |x - centre|^order`` [n_arms] for an order up to 2; inf from order ``df`` on."""
    if order >= df:
        return np.full(len(means), np.inf)
    shifts = (means - centres) / scale
    if order == 2.0:
        return np.asarray(scale**2 * (df / (df - 2.0) + shifts**2))

    def about(centre: float) -> float:
        return _mean_of(df, lambda t: math.pow(abs(t - centre), order), centre)

    return np.array([scale**order * about(-shift) for shift in shifts.tolist()])


def _divergence(df: float, gap: float) -> float:
    """Kullback-Leibler divergence of the law from its shift by ``gap``, in nats."""
    factor = 0.5 * (df + 1.0)
    return _mean_of(df, lambda t: factor * (_log1p_square(t - gap, df) - _log1p_square(t, df)), gap)


def _log1p_square(x: float, df: float) -> float:
    """``log(1 + x^2 / df)``, also where the square is no number."""
    return math.log1p(x * x / df) if abs(x) < 1e150 else 2.0 * math.log(abs(x)) - math.log(df)


def _mean_of(df: float, function: Callable[[float], float], kink: float) -> float:
    """``E function(t)`` for Student's law, smooth but around a kink: with ``t = sinh(z)`` tails fall exponentially."""
    log = math.log(poch(df / 2.0, 0.5)) - 0.5 * math.log(df * math.pi)  # a difference of gammaln loses all digits

    def integrand(z: float) -> float:
        t = math.sinh(z)
        log_cosh = abs(z) + math.log1p(math.exp(-2.0 * abs(z))) - math.log(2.0)
        return function(t) * math.exp(log + log_cosh - (df + 1.0) / 2.0 * math.log1p(t * t / df))

    near = (math.asinh(kink + width) for width in (-10.0, 0.0, 10.0))
    ends = sorted({-FAR, -40.0, -8.0, 0.0, 8.0, 40.0, FAR, *near})
    return sum(float(quad(integrand, low, high)[0]) for low, high in pairwise(ends))


FAR = 300.0
"""Where tails end: a reward of 1e130 deviations."""
