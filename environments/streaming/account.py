"""What pulls have brought and cost: the sums behind a stream's metrics, and their record."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.arms.problem import Actions, Block
from bandits.contract import Array
from bandits.kernels import kernel
from environments.record import Record


class Counts(NamedTuple):
    """What does not change within a batch: most arms stored at once, with the one in the buffer, and arrivals."""

    peak_memory: int
    peak_pullable: int
    arrivals: int


@kernel
def _account(block: Block, actions: Actions, best: float, reward: float, shortfall: float, totals: Array) -> None:
    for s in range(actions.size):
        mean = block.levels[0, actions[s]]
        paid = mean + block.noise[s]
        if block.binary:
            paid = 1.0 if paid > 0.0 else 0.0
        reward += paid
        shortfall -= best - mean
        totals[s, 0], totals[s, 1] = reward, shortfall


class BatchRecord(Record):
    """A record that takes many batches at once."""

    def batches(self, ends: NDArray[np.int64], totals: Array) -> None:
        """Actions that ended at ``ends`` [n], not falling, where the series stood at ``totals`` [n, n_series]."""
        self._file()
        self._add(ends, totals)


class Account:
    """Sums over the pulls of a run. They are added up pull after pull, so that it does not matter how a run is cut.

    ``shortfall`` is the expected reward of all pulls less that of the best arm, at most 0 and free of the rounding
    errors of a difference. Actions that take no time leave no row; where they changed a count, the next batch begins
    with one of its own, so that nothing but the sums is interpolated within a batch.

    Args:
        best: the best arm's mean.
    """

    def __init__(self, best: float) -> None:
        self.best = best
        self._reward = self._shortfall = 0.0
        self._counts = Counts(0, 1, 1)
        self.record = BatchRecord(("reward", "shortfall", *Counts._fields), (0.0, 0.0, *self._counts))

    def batch(self, start: int, n: int, mean: float, total: float, counts: Counts) -> None:
        """``n`` pulls from time ``start`` on of an arm with this mean brought ``total``."""
        if n > 1 and counts != self._counts:
            self.record.step(start, (self._reward, self._shortfall, *counts))
        self._counts = counts
        self._reward += total
        self._shortfall -= n * (self.best - mean)
        self.record.step(start + n, (self._reward, self._shortfall, *counts))

    def batches(self, start: int, n: int, means: Array, sums: Array, counts: Counts) -> None:
        """``n`` pulls each, from time ``start`` on, of arms with these means [n_arms] brought ``sums`` [n_arms].

        Each arm but the first arrives when the one before has been pulled.
        """
        rewards, shortfalls = _added(self._reward, sums), _added(self._shortfall, -(n * (self.best - means)))
        rows = np.empty((len(sums), 2, 2 + len(counts)))  # of each arm: before its batch, and after it
        rows[:, :, 0] = np.stack([rewards[:-1], rewards[1:]], axis=1)
        rows[:, :, 1] = np.stack([shortfalls[:-1], shortfalls[1:]], axis=1)
        rows[:, :, 2:] = counts
        rows[:, :, -1] += np.arange(len(sums))[:, None]
        ends = start + n * (np.arange(len(sums))[:, None] + np.arange(2))
        self.record.batches(ends.ravel(), rows.reshape(-1, rows.shape[2]))
        self._reward, self._shortfall = float(rewards[-1]), float(shortfalls[-1])
        self._counts = counts._replace(arrivals=counts.arrivals + len(sums) - 1)

    def singles(self, start: int, block: Block, actions: Actions, counts: Counts) -> bool:
        """Single pulls [n] in a block; False, and nothing changes, where one of them has no mean (NaN)."""
        totals = np.empty((actions.size, 2 + len(counts)))
        totals[:, 2:] = counts
        _account(block, actions, self.best, self._reward, self._shortfall, totals)
        if math.isnan(totals[-1, 1]):
            return False
        self._counts = counts
        self.record.stretch(start, totals)
        self._reward, self._shortfall = totals[-1, :2].tolist()
        return True


def _added(start: float, terms: Array) -> Array:
    """``start``, and what it becomes with one term after the other [n + 1]."""
    return np.cumsum(np.concatenate(([start], terms)))
