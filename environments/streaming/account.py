"""What pulls have brought and cost: the sums behind a stream's ledger."""

from __future__ import annotations

import math

import numpy as np

from bandits.arms.policy import Actions, Block
from bandits.contract import Array
from bandits.kernels import kernel


@kernel
def _account(block: Block, actions: Actions, best: float, totals: Array) -> None:
    for s in range(actions.size):
        mean = block.levels[0, actions[s]]
        reward = mean + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        totals[0] += reward
        totals[1] -= best - mean


class Account:
    """Sums over the pulls of a run. They are added up pull after pull, so that it does not matter how a run is cut.

    Attributes:
        reward: of all pulls.
        shortfall: expected reward of all pulls less that of the best arm, at most 0 and free of the rounding errors of
            a difference.

    Args:
        best: the best arm's mean.
    """

    def __init__(self, best: float) -> None:
        self.best = best
        self.reward = self.shortfall = 0.0

    def batch(self, n: int, mean: float, total: float) -> None:
        """``n`` pulls of an arm with this mean brought ``total``."""
        self.reward += total
        self.shortfall -= n * (self.best - mean)

    def batches(self, n: int, means: Array, totals: Array) -> None:
        """``n`` pulls of each of the arms with these means [n_arms] brought ``totals`` [n_arms]."""
        self.reward = _added(self.reward, totals)
        self.shortfall = _added(self.shortfall, -(n * (self.best - means)))

    def singles(self, block: Block, actions: Actions) -> bool:
        """Single pulls [n] in a block; False, and nothing changes, where one of them has no mean (NaN)."""
        totals = np.array([self.reward, self.shortfall])
        _account(block, actions, self.best, totals)
        if math.isnan(totals[1]):
            return False
        self.reward, self.shortfall = totals.tolist()
        return True


def _added(start: float, terms: Array) -> float:
    """``start`` plus the terms, one after the other."""
    return float(np.cumsum(np.concatenate(([start], terms)))[-1])
