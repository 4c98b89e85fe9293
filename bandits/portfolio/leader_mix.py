"""Follow the best constant mix so far. It has no theorem.

The best mix of the past rounds (``best_mix``) is played in the next one. Where it is not unique, as with assets that
are equal, its weights are whatever the search finds. All past rounds are kept, and a round takes time in proportion to
their number: a run is quadratic in its length.
"""

from __future__ import annotations

import numpy as np

from bandits.contract import Array
from bandits.portfolio.best_mix import best_mix
from bandits.portfolio.policy import RoundByRound
from bandits.portfolio.problem import PortfolioProblem


class LeaderMix(RoundByRound):
    """The best constant mix of all past rounds; uniform in the first round. Memory and time grow with the rounds."""

    def start(self, problem: PortfolioProblem) -> None:
        self._columns, self._rounds = np.zeros((problem.n_assets, 64)), 0

    def learn(self, relatives: Array) -> Array:
        if self._rounds == self._columns.shape[1]:
            self._columns = np.concatenate([self._columns, np.zeros_like(self._columns)], axis=1)
        self._columns[:, self._rounds] = relatives
        self._rounds += 1
        return best_mix(self._columns[:, : self._rounds], self._b).weights.copy()
