"""Priors of the means of arms: they are drawn anew in every run, so that the mean over runs is Bayesian regret."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import numpy as np

from bandits.arguments import positive, real
from bandits.contract import Array
from bandits.registry import Registry


class Prior(ABC):
    """The law of the mean of each arm; arms are independent."""

    @property
    @abstractmethod
    def law(self) -> tuple[str, float, float]:
        """As ``ArmsInstance.prior`` names it."""

    @property
    def support(self) -> tuple[float, float]:
        """An interval that holds every mean. Here: all numbers."""
        return -math.inf, math.inf

    @abstractmethod
    def draw(self, rng: np.random.Generator, n_arms: int) -> Array:
        """Means [n_arms], in reward units."""


class BetaPrior(Prior):
    """Beta distribution on [0, 1]; with both numbers 1 it is uniform.

    Args:
        alpha: > 0.
        beta: > 0.
    """

    def __init__(self, alpha: float = 1.0, beta: float = 1.0) -> None:
        self.alpha, self.beta = positive("alpha", alpha), positive("beta", beta)

    @property
    def law(self) -> tuple[str, float, float]:
        return "beta", self.alpha, self.beta

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, 1.0

    def draw(self, rng: np.random.Generator, n_arms: int) -> Array:
        return rng.beta(self.alpha, self.beta, n_arms)


class NormalPrior(Prior):
    """Normal distribution.

    Args:
        mean: in reward units.
        deviation: standard deviation, > 0 in reward units.
    """

    def __init__(self, mean: float = 0.0, deviation: float = 1.0) -> None:
        self.mean, self.deviation = real("mean", mean), positive("deviation", deviation)

    @property
    def law(self) -> tuple[str, float, float]:
        return "gaussian", self.mean, self.deviation

    def draw(self, rng: np.random.Generator, n_arms: int) -> Array:
        return rng.normal(self.mean, self.deviation, n_arms)


PRIORS = Registry("means", {"beta": BetaPrior, "normal": NormalPrior})
