"""Arms whose rewards scatter by Pareto's law: a heavy tail above, none below, and variances that may be infinite."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.integrate import quad

from bandits.arguments import integer, positive, real, reals
from bandits.arms.problem import BanditProblem
from bandits.contract import Array
from environments.arms.instance import StochasticInstance
from environments.arms.stochastic import StochasticArms


class ParetoArms(StochasticArms):
    """Arms that pay ``means[i] + scale (w - shape / (shape - 1))`` with ``w = U^(-1 / shape)``, U uniform on (0, 1].

    One ``w`` a round serves all arms. Rewards have no sub-Gaussian parameter, and moments of orders below ``shape``
    only. As the laws of two arms begin at different rewards, their divergence is infinite: no lower bound is known.

    Args:
        shape: of the tail, > 1; > 2 where a standard deviation is given.
        means: [n_arms] finite mean rewards.
        sd: standard deviation of the rewards of every arm, > 0; None where ``scale`` is given in its place, since there
            is none up to a shape of 2.
        scale: factor of the law, > 0; None where ``sd`` is given.
        noise: what a learner is told in place of a sub-Gaussian parameter, > 0; no theorem holds with it. None: such
            policies refuse to play.
        horizon: number of rounds, >= 1.
    """

    def __init__(
        self,
        shape: float,
        means: Sequence[float],
        sd: float | None = 1.0,
        scale: float | None = None,
        noise: float | None = None,
        horizon: int = 10_000,
    ) -> None:
        self.sd = None if sd is None else positive("sd", sd)
        self.scale = None if scale is None else positive("scale", scale)
        if (sd is None) == (scale is None):
            raise ValueError(f"sd must be None where scale is given, and a number > 0 where not, got {sd} and {scale}")
        self.shape, self.means = real("shape", shape, 1.0), reals("means", means)
        if self.sd is not None and self.shape <= 2.0:
            raise ValueError(
                f"shape must be above 2 where sd is given, got {shape!r}, whose variance is infinite: give sd=None and "
                "scale"
            )
        self.noise = None if noise is None else positive("noise", noise)
        about: Any = {"horizon": integer("horizon", horizon), "low": -math.inf, "high": math.inf, "noise": self.noise}
        self._unit = (self.sd or 0.0) / math.sqrt(_variance(self.shape))
        if self.scale is not None:
            self._unit = self.scale / self.shape
        super().__init__(lambda n: BanditProblem(n_actions=integer("number of means", n), **about), self.means, None)

    def _instance_of(self, means: Array) -> StochasticInstance:
        return StochasticInstance(
            means=means,
            variances=np.full(len(means), self._unit**2 * _variance(self.shape)),
            moment=partial(_moments, self.shape, self._unit, means),
            divergences=np.where(means < np.max(means), np.inf, 0.0),
        )

    def _noise(self, n: int) -> Array:
        noise = self._generator.random(n)
        np.negative(noise, out=noise)
        np.log1p(noise, out=noise)
        noise /= -self.shape
        np.expm1(noise, out=noise)
        noise *= self.shape
        noise -= self.shape / (self.shape - 1.0)
        noise *= self._unit
        return noise


def _variance(shape: float) -> float:
    """Of ``shape (w - 1)``, which keeps its size as ``w`` comes near 1: in the limit it is exponential."""
    return (shape / (shape - 1.0)) ** 2 * shape / (shape - 2.0) if shape > 2.0 else math.inf


def _moments(shape: float, unit: float, means: Array, order: float, centres: Array) -> Array:
    """``E |x - centre|^order`` [n_arms] for an order up to 2; inf from order ``shape`` on.

    Rewards are ``mean + unit (shape (w - 1) - shape / (shape - 1))``.
    """
    if order >= shape:
        return np.full(len(means), np.inf)
    shifts = (means - centres) / unit
    if order == 2.0:
        return np.asarray(unit**2 * (_variance(shape) + shifts**2))
    return np.array([unit**order * _absolute(shape, order, shift) for shift in shifts.tolist()])


def _absolute(shape: float, order: float, shift: float) -> float:
    """``E |shape (w - 1) - centre|^order``: with ``w = e^(z / shape)`` the integrand falls exponentially."""
    centre = shape / (shape - 1.0) - shift

    def integrand(z: float) -> float:
        return float(abs(shape * math.expm1(z / shape) - centre) ** order * math.exp(-z))

    far = FAR * min(shape, 4.0)
    ends = sorted({0.0, min(shape * math.log1p(max(centre, 0.0) / shape), far), 8.0, far})
    return sum(float(quad(integrand, low, high)[0]) for low, high in pairwise(ends))


FAR = 300.0
"""Where the tail ends: at 1e130 for the heaviest, and beyond ``e^-300`` of the law for the others."""
