"""A constant mix: the same portfolio in every round, to which what the assets did is traded back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import reals, shown
from bandits.contract import Array
from bandits.portfolio.policy import PortfolioPolicy
from bandits.portfolio.problem import SLACK, PortfolioProblem, checked_portfolio


class FixedMix(PortfolioPolicy):
    """The same portfolio in every round. Nothing is learnt, and no theorem is claimed.

    Args:
        weights: [n_assets] >= 0, with sum 1.
    """

    def __init__(self, weights: Sequence[float]) -> None:
        self.weights = checked_weights(weights)

    def start(self, problem: PortfolioProblem) -> None:
        self._b = weights_for(self.weights, problem)

    def play(self, relatives: Array, portfolios: Array) -> None:
        portfolios[...] = self._b


def checked_weights(weights: Sequence[float]) -> list[float]:
    """The parameter ``weights``, as a list.

    Raises:
        ValueError: no list of at least one number >= -1e-9 with sum 1, up to 1e-9.
    """
    found = reals("weights", weights)
    if not found or min(found) < -SLACK or abs(sum(found) - 1.0) > SLACK:
        raise ValueError(f"weights must be numbers >= 0 with sum 1, got {shown(weights)}")
    return found


def weights_for(weights: list[float], problem: PortfolioProblem) -> Array:
    """The parameter ``weights`` as a portfolio of the problem.

    Raises:
        ValueError: it has another number of assets.
    """
    return checked_portfolio("weights", np.array(weights), problem.n_assets)
