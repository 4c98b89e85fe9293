"""Anticor: wealth moves from assets that did well to those whose turn comes after them, as correlations tell.

Of the logarithms of the relatives of the last ``2 w`` rounds, A are the first w and C the last w. With the sample
correlations ``R[i, j] = corr(A_i, C_j)`` (0 where one does not vary), asset i owes asset j

    claim(i -> j) = R[i, j] + max(0, -R[i, i]) + max(0, -R[j, j])    if mean C_i > mean C_j and R[i, j] > 0,

else nothing. Of the weight ``a_i`` to which i has drifted, the share ``claim(i -> j) / sum_j claim(i -> j)`` goes to j.

It is a practical baseline without a theorem. It speaks of growth over time: multiplying all relatives of a round by one
number changes what it does. Time and memory do not grow with the rounds.

Reference: A. Borodin, R. El-Yaniv, V. Gogan, *Can We Learn to Beat the Best Stock*, JAIR 21, 2004 (from memory, beside
a public program). Details are this project's choice: strict comparisons, drifted weights, uniform until ``2 w`` rounds
are seen, and relatives of at least 1e-12 of a round's largest, so that their logarithms are numbers.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from bandits.arguments import affordable, integer, shown
from bandits.contract import Array
from bandits.portfolio.policy import RoundByRound
from bandits.portfolio.problem import FLOOR, PortfolioProblem


class Anticor(RoundByRound):
    """Anticor of Borodin, El-Yaniv and Gogan (2004) with one window.

    Args:
        window: w, number of rounds that are compared with as many before them, >= 2.
    """

    scales = False

    def __init__(self, window: int = 5) -> None:
        self.window = integer("window", window, 2)

    def start(self, problem: PortfolioProblem) -> None:
        rows, k = 2 * self.window, problem.n_assets
        affordable("window", f"a memory of {shown(rows)} rounds of {k} assets", rows * k)
        self._recent: deque[Array] = deque(maxlen=rows)

    def learn(self, relatives: Array) -> Array:
        largest = relatives.max()
        self._recent.append(np.log(np.maximum(relatives, max(FLOOR * largest, np.finfo(np.float64).tiny))))
        if len(self._recent) < 2 * self.window:
            return self._b
        paid = self._b * np.maximum(relatives / largest, FLOOR)
        drifted = paid / paid.sum()
        rows = np.array(self._recent)
        before, last = _standard(rows[: self.window]), _standard(rows[self.window :])
        correlations = before.T @ last
        growth, own = rows[self.window :].mean(axis=0), np.maximum(-correlations.diagonal(), 0.0)
        owes = (growth[:, None] > growth) & (correlations > 0.0)
        claims = np.where(owes, correlations + own[:, None] + own, 0.0)
        total = claims.sum(axis=1)
        moved = claims * (drifted / np.where(total > 0.0, total, 1.0))[:, None]
        portfolio = np.maximum(drifted - moved.sum(axis=1) + moved.sum(axis=0), 0.0)
        return np.asarray(portfolio / portfolio.sum())


def _standard(rows: Array) -> Array:
    """Columns [w, n_assets] less their means, of length 1; zeros where a column does not vary."""
    centred = rows - rows.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    varies = (rows != rows[0]).any(axis=0)
    return np.asarray(np.where(varies, centred, 0.0) / np.where(varies & (length > 0.0), length, 1.0))
