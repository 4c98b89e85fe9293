"""OLMAR: on-line moving average reversion, which bets that prices return to their moving average.

With ``w`` the window, next relatives are predicted as those that would take prices to their moving average,

    f = (1 + 1 / x_t + 1 / (x_t x_{t-1}) + ...) / w    (w terms),

and the portfolio goes the shortest way to one that would then pay ``epsilon``:

    d = f - mean f,    b <- projection of b + max(0, (epsilon - <b, f>) / |d|^2) d onto the simplex.

It is a practical baseline without a theorem. It speaks of prices: multiplying all relatives of a round by one number
changes what it does.

Reference: B. Li and S. C. H. Hoi, *On-Line Portfolio Selection with Moving Average Reversion*, ICML 2012 (from memory,
checked against a public program by numbers); that it stays uniform until a window is full is this project's choice.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from bandits.arguments import affordable, integer, positive, shown
from bandits.contract import Array
from bandits.portfolio.policy import RoundByRound
from bandits.portfolio.problem import PortfolioProblem

FAR = 1e100
"""Where a predicted relative, or its inverse, is cut off: an asset that has paid 0 is predicted to come back."""


class OLMAR(RoundByRound):
    """Moving average reversion of Li and Hoi (2012), in the variant with a simple average.

    Args:
        window: number of prices that are averaged, >= 2.
        epsilon: the factor that the next portfolio should pay if the prediction comes true, > 0.
    """

    scales = False

    def __init__(self, window: int = 5, epsilon: float = 10.0) -> None:
        self.window = integer("window", window, 2)
        self.epsilon = positive("epsilon", epsilon)

    def start(self, problem: PortfolioProblem) -> None:
        rows, k = self.window, problem.n_assets
        affordable("window", f"a memory of {shown(rows)} rounds of {k} assets", rows * k)
        self._recent: deque[Array] = deque(maxlen=rows)

    def learn(self, relatives: Array) -> Array:
        self._recent.append(relatives)
        if len(self._recent) < self.window:
            return self._b
        predicted = value = np.ones(relatives.shape)
        with np.errstate(over="ignore", divide="ignore"):
            for past in list(self._recent)[:0:-1]:
                value = np.clip(value / past, 1.0 / FAR, FAR)
                predicted = predicted + value
        predicted /= self.window
        apart = predicted - predicted.mean()
        if (length := float(apart @ apart)) < 1e-30:
            return self._b
        step = max(0.0, (self.epsilon - float(self._b @ predicted)) / length)
        return nearest(self._b + step * apart)


def nearest(point: Array) -> Array:
    """The portfolio [n_assets] nearest to ``point`` [n_assets], by the Euclidean distance."""
    fallen = -np.sort(-point)
    fallen -= fallen[0]  # large points keep their digits
    level = (np.cumsum(fallen) - 1.0) / np.arange(1, point.size + 1)
    kept = int(np.flatnonzero(fallen > level)[-1])
    portfolio = np.maximum(point - point.max() - level[kept], 0.0)
    return np.asarray(portfolio / portfolio.sum())
