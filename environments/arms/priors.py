"""Priors of the means of arms: they are drawn anew in every run, so that the mean over runs is Bayesian regret.

Each run has means of its own: what is known of the Bayesian regret rests on as many draws of them as there are runs.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from bandits.arguments import for_each, positives, real, reals
from bandits.arms.theory import Law
from bandits.contract import Array
from bandits.registry import Registry


class Prior(ABC):
    """The law of the means, of independent arms where it has a name."""

    @abstractmethod
    def law(self, n_arms: int) -> Law | None:
        """As ``ArmsInstance.prior`` names it; None where it has no name.

        Raises:
            ValueError: there are numbers for other arms than these.
        """

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
        alpha: > 0: a number for all arms, or a list [n_arms] of one for each.
        beta: likewise.
    """

    def __init__(self, alpha: float | Sequence[float] = 1.0, beta: float | Sequence[float] = 1.0) -> None:
        self.alpha, self.beta = positives("alpha", alpha), positives("beta", beta)

    def law(self, n_arms: int) -> Law:
        return "beta", _of("alpha", self.alpha, n_arms), _of("beta", self.beta, n_arms)

    @property
    def support(self) -> tuple[float, float]:
        return 0.0, 1.0

    def draw(self, rng: np.random.Generator, n_arms: int) -> Array:
        return rng.beta(self.alpha, self.beta, n_arms)


class NormalPrior(Prior):
    """Normal distribution.

    Args:
        mean: in reward units: a number for all arms, or a list [n_arms] of one for each.
        deviation: standard deviation, > 0 in reward units, likewise.
    """

    def __init__(self, mean: float | Sequence[float] = 0.0, deviation: float | Sequence[float] = 1.0) -> None:
        self.mean: float | list[float] = reals("mean", mean) if isinstance(mean, Sequence) else real("mean", mean)
        self.deviation = positives("deviation", deviation)

    def law(self, n_arms: int) -> Law:
        return "gaussian", _of("mean", self.mean, n_arms), _of("deviation", self.deviation, n_arms)

    def draw(self, rng: np.random.Generator, n_arms: int) -> Array:
        return rng.normal(self.mean, self.deviation, n_arms)


def _of(name: str, value: float | Sequence[float], n_arms: int) -> float | tuple[float, ...]:
    """A number of a law: one for all arms, or a tuple of one for each."""
    return for_each(name, value, n_arms, "arm") if isinstance(value, Sequence) else value


PRIORS = Registry("means", {"beta": BetaPrior, "normal": NormalPrior})
