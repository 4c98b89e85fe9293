"""An account that is split among many constant mixes: its portfolio is the mean of theirs, weighted by wealth.

Wealth is kept as shares of the total, not as logarithms: no logarithm is taken. A share does not fall below 1e-280, so
that a mix that comes back after a long fall is not lost. What is added to shares in this way is some 1e-274 of the
account in all, and its wealth falls short of the mixture's by no more than that in a round.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import final

import numpy as np

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.portfolio.policy import PortfolioPolicy
from bandits.portfolio.problem import PortfolioProblem

LANES = 64
"""Mixes lie in groups of so many, side by side, so that the compiler works on several at once."""

LEAST = 1e-280


@kernel
def _play(mixes: Array, shares: Array, held: Array, kappa: float, relatives: Array, portfolios: Array) -> None:
    groups, k, _ = mixes.shape
    gains, sums = np.empty(LANES), np.empty((k, LANES))
    for s in range(relatives.shape[0]):
        top = 0.0
        for i in range(k):
            portfolios[s, i] = held[i]
            top = max(top, relatives[s, i])
        if top == 0.0:  # in a group of assets none of which is paid
            continue
        for i in range(k):
            for j in range(LANES):
                sums[i, j] = 0.0
        for g in range(groups):
            for j in range(LANES):
                gains[j] = 0.0
            for i in range(k):
                x = relatives[s, i] / top
                for j in range(LANES):
                    gains[j] += mixes[g, i, j] * x
            if kappa != 1.0:
                for j in range(LANES):
                    gains[j] = gains[j] ** kappa
            for j in range(LANES):
                shares[g, j] = max(shares[g, j] * (gains[j] / held[k]), LEAST)
            for i in range(k):
                for j in range(LANES):
                    sums[i, j] += mixes[g, i, j] * shares[g, j]
        held[k] = 0.0
        for i in range(k):
            held[i] = 0.0
            for j in range(LANES):
                held[i] += sums[i, j]
            held[k] += held[i]
        for i in range(k):
            held[i] /= held[k]


class Mixture:
    """An account split among constant mixes.

    Args:
        mixes: [n, k] portfolios, on the simplex.
        weights: [n] shares of the account at the start, which sum to 1.
        kappa: power of wealth by which mixes are weighted, > 0; 1 for an account that is split.
    """

    def __init__(self, mixes: Array, weights: Array, kappa: float = 1.0) -> None:
        n, k = mixes.shape
        groups = math.ceil(n / LANES)
        table, shares = np.full((groups * LANES, k), 1.0 / k), np.zeros(groups * LANES)
        table[:n], shares[:n] = mixes, weights
        self._mixes = np.ascontiguousarray(table.reshape(groups, LANES, k).transpose(0, 2, 1))
        self._shares, self._kappa = shares.reshape(groups, LANES), float(kappa)
        self._held = np.append(np.sum(mixes * weights[:, None], axis=0), 1.0)  # the portfolio, and the shares' sum

    @property
    def portfolio(self) -> Array:
        """The portfolio [k] of the coming round."""
        return self._held[:-1].copy()

    def play(self, relatives: Array, portfolios: Array) -> None:
        """Write the portfolio of each round, and learn what it paid.

        Args:
            relatives: [n, k] price relatives, >= 0 and finite.
            portfolios: [n, k], to be filled.
        """
        _play(self._mixes, self._shares, self._held, self._kappa, relatives, portfolios)


class MixturePolicy(PortfolioPolicy):
    """A policy that holds a mixture of constant mixes."""

    scales = False  # the mixture does

    @abstractmethod
    def mixture(self, problem: PortfolioProblem) -> Mixture:
        """The mixture at the start of a run; what is drawn comes from ``_rng``.

        Raises:
            ValueError: the problem lacks something that the policy needs.
        """

    @final
    def start(self, problem: PortfolioProblem) -> None:
        self._mixture = self.mixture(problem)
        self._b = self._mixture.portfolio

    @final
    def play(self, relatives: Array, portfolios: Array) -> None:
        self._mixture.play(relatives, portfolios)
        self._b = self._mixture.portfolio
