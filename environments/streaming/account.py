"""What pulls have brought and cost: the sums behind a stream's metrics, and their record."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arms.problem import Actions, Block
from bandits.contract import Array
from bandits.kernels import kernel
from environments.record import Record
from environments.streaming.stage import Stage

SERIES = ("reward", "shortfall", "peak_memory", "peak_pullable", "arrivals")
FILED = 1 << 14
"""Batches that are filed at once."""


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


@kernel
def _batches(
    about: NDArray[np.int64],
    stops: NDArray[np.int64],
    means: Array,
    sums: Array,
    best: float,
    reward: float,
    shortfall: float,
    ends: NDArray[np.int64],
    totals: Array,
) -> None:
    """Fill in times [n, 2] and series [n, 2, n_series] at the beginning and at the end of each batch.

    ``about`` [n_groups, 5] says of batches of one size that follow each other, those before ``stops`` [n_groups], when
    they begin, the size, and the counts; with each an arm arrives.
    """
    i = 0
    for g in range(stops.size):
        start, size, arrivals = about[g, 0], about[g, 1], about[g, 4]
        while i < stops[g]:
            for side in range(2):
                if side == 1:
                    reward += sums[i]
                    shortfall -= size * (best - means[i])
                ends[i, side] = start + side * size
                totals[i, side, 0], totals[i, side, 1] = reward, shortfall
                totals[i, side, 2], totals[i, side, 3], totals[i, side, 4] = about[g, 2], about[g, 3], arrivals
            start, arrivals, i = start + size, arrivals + 1, i + 1


def _joined(parts: Sequence[float | Array]) -> Array:
    """Numbers and arrays [n] one after another, in one array."""
    if not any(isinstance(part, np.ndarray) for part in parts):
        return np.array(parts, dtype=np.float64)
    return np.concatenate([part if isinstance(part, np.ndarray) else (part,) for part in parts])


class Account:
    """Sums over the pulls of a run. They are added up pull after pull, so that it does not matter how a run is cut.

    ``shortfall`` is the expected reward of all pulls less that of the best arm, at most 0 and free of the rounding
    errors of a difference. The counts of the stage do not change within a batch: it leaves a row of the record for its
    beginning and one for its end, so that nothing but the sums is interpolated. Actions that take no time leave none.

    Args:
        best: the best arm's mean.
        stage: the arms stored and arriving, before whose next change a batch is to be accounted for.
    """

    def __init__(self, best: float, stage: Stage) -> None:
        self.best, self.stage = best, stage
        self._reward = self._shortfall = 0.0
        # of batches: time, size, mean, sum, and the counts
        self._waiting: list[tuple[int, int, float | Array, float | Array, int, int, int]] = []
        self._rows = 0
        self._record = Record(SERIES, (0.0, 0.0, stage.peak, stage.peak_pullable, stage.arrivals))

    def batch(self, start: int, n: int, mean: float, total: float) -> None:
        """``n`` pulls from time ``start`` on of an arm with this mean brought ``total``."""
        stage = self.stage
        self._waiting.append((start, n, mean, total, stage.peak, stage.peak_pullable, stage.arrivals))
        self._rows += 1
        if self._rows >= FILED:
            self._file()

    def batches(self, start: int, n: int, means: Array, sums: Array) -> None:
        """``n`` pulls each, from time ``start`` on, of arms with these means [n_arms] brought ``sums`` [n_arms].

        Each arm but the first arrives when the one before has been pulled. The arrays must not change any more.
        """
        stage = self.stage
        self._waiting.append((start, n, means, sums, stage.peak, stage.peak_pullable, stage.arrivals))
        self._rows += len(sums)
        if self._rows >= FILED:
            self._file()

    def singles(self, start: int, block: Block, actions: Actions) -> bool:
        """Single pulls [n] in a block; False, and nothing changes, where one of them has no mean (NaN)."""
        self._file()
        stage, totals = self.stage, np.empty((actions.size, len(SERIES)))
        totals[:, 2:] = stage.peak, stage.peak_pullable, stage.arrivals
        _account(block, actions, self.best, self._reward, self._shortfall, totals)
        if math.isnan(totals[-1, 1]):
            return False
        self._record.stretch(start, totals, copy=False)
        self._reward, self._shortfall = totals[-1, :2].tolist()
        return True

    def at(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """The series [n_times] at past times; see ``Record.at``."""
        self._file()
        return self._record.at(times)

    def _file(self) -> None:
        """File batches: rows of their beginnings and of their ends."""
        if not self._waiting:
            return
        starts, sizes, means, sums, *counts = zip(*self._waiting, strict=True)
        about = np.array([starts, sizes, *counts]).T.copy()
        stops = np.cumsum([len(total) if isinstance(total, np.ndarray) else 1 for total in sums])
        ends, totals = np.empty((stops[-1], 2), dtype=np.int64), np.empty((stops[-1], 2, len(SERIES)))
        _batches(about, stops, _joined(means), _joined(sums), self.best, self._reward, self._shortfall, ends, totals)
        self._waiting, self._rows = [], 0
        self._record.rows(ends.reshape(-1), totals.reshape(-1, len(SERIES)))
        self._reward, self._shortfall = totals[-1, 1, :2].tolist()
