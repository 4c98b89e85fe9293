"""An account that is split among many constant mixes: its portfolio is the mean of theirs, weighted by wealth.

Wealth is kept as shares of the total, not as logarithms. A share below 1e-200 does not count in the portfolio, but is
kept, times 1e200 as often as it takes: a mix may come back after a fall of any depth, with what it is worth.
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

STEP = 1e-200
"""A share is ``shares * STEP**depths``, up to a common factor: at least this and counted at depth 0, else below 1."""

RARE = 1e-100
"""Sum of the shares that count below which the deeper ones are looked at: they might be more."""

LEAST = 1e-300
"""Below this a power of a gain above 0 does not fall."""


@kernel
def _lift(shares: Array, depths: Array) -> None:
    """Multiply all shares by what makes the largest 1; where all are lost, they are equal from now on."""
    step, largest = math.log(STEP), -np.inf
    for g in range(shares.shape[0]):
        for j in range(LANES):
            if shares[g, j] > 0.0:
                largest = max(largest, math.log(shares[g, j]) + step * depths[g, j])
    for g in range(shares.shape[0]):
        for j in range(LANES):
            if largest == -np.inf:
                shares[g, j], depths[g, j] = 1.0, 0.0
            elif shares[g, j] > 0.0:
                power = math.log(shares[g, j]) + step * depths[g, j] - largest
                depths[g, j] = math.floor(power / step)
                shares[g, j] = math.exp(power - step * depths[g, j])


@kernel
def _learn(mixes: Array, shares: Array, depths: Array, held: Array, kappa: float, x: Array, scratch: Array) -> None:
    """Learn the relatives ``x`` [k] of a round; ``held`` [k + 1] is the portfolio, and the sum of shares it is from."""
    groups, k, _ = mixes.shape
    gains, counted, inverse = scratch[k], scratch[k + 1], 1.0 / held[k]
    for i in range(k):
        for j in range(LANES):
            scratch[i, j] = 0.0
    for g in range(groups):
        for j in range(LANES):
            gains[j] = 0.0
        for i in range(k):
            for j in range(LANES):
                gains[j] += mixes[g, i, j] * x[i]
        if kappa != 1.0:
            for j in range(LANES):
                gains[j] = max(gains[j] ** kappa, LEAST) if gains[j] > 0.0 else 0.0
        deep = 0
        for j in range(LANES):
            gains[j] *= inverse
            counted[j] = shares[g, j] * gains[j]
            deep += (counted[j] < STEP) | (depths[g, j] > 0.0)
        for j in range(LANES if deep > 0 else 0):
            if counted[j] < STEP and shares[g, j] > 0.0 and gains[j] > 0.0:
                counted[j] = shares[g, j] / STEP * gains[j]  # before the product is less than any double
                depths[g, j] += 1.0
                if counted[j] < STEP:
                    counted[j] /= STEP
                    depths[g, j] += 1.0
            while counted[j] >= 1.0 and depths[g, j] > 0.0:
                counted[j] *= STEP
                depths[g, j] -= 1.0
        for j in range(LANES):
            shares[g, j] = counted[j]
            if depths[g, j] > 0.0:
                counted[j] = 0.0
        for i in range(k):
            for j in range(LANES):
                scratch[i, j] += mixes[g, i, j] * counted[j]
    held[k] = 0.0
    for i in range(k):
        held[i] = 0.0
        for j in range(LANES):
            held[i] += scratch[i, j]
        held[k] += held[i]
    for i in range(k):
        held[i] /= held[k]


@kernel
def _play(
    mixes: Array, shares: Array, depths: Array, held: Array, kappa: float, relatives: Array, portfolios: Array
) -> None:
    k = relatives.shape[1]
    x, scratch = np.empty(k), np.empty((k + 2, LANES))
    for s in range(relatives.shape[0]):
        top = 0.0
        for i in range(k):
            portfolios[s, i] = held[i]
            top = max(top, relatives[s, i])
        if top == 0.0:  # in a group of assets none of which is paid
            continue
        for i in range(k):
            x[i] = relatives[s, i] / top
        _learn(mixes, shares, depths, held, kappa, x, scratch)
        if held[k] < RARE:
            _lift(shares, depths)
            held[k] = 1.0
            for i in range(k):
                x[i] = 1.0
            _learn(mixes, shares, depths, held, kappa, x, scratch)


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
        table, shares = np.zeros((groups * LANES, k)), np.zeros(groups * LANES)
        table[:n], shares[:n] = mixes, weights
        self._mixes = np.ascontiguousarray(table.reshape(groups, LANES, k).transpose(0, 2, 1))
        self._shares, self._kappa = shares.reshape(groups, LANES), float(kappa)
        self._depths = np.zeros(self._shares.shape)
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
        _play(self._mixes, self._shares, self._depths, self._held, self._kappa, relatives, portfolios)


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
