"""Equal shares in all assets, restored every round."""

from __future__ import annotations

from bandits.contract import Array
from bandits.portfolio.policy import PortfolioPolicy
from bandits.portfolio.problem import PortfolioProblem


class UniformMix(PortfolioPolicy):
    """The portfolio (1/k, ..., 1/k) in every round. Nothing is learnt, and no theorem is claimed."""

    def start(self, problem: PortfolioProblem) -> None:
        return

    def play(self, relatives: Array, portfolios: Array) -> None:
        portfolios[...] = self._b
