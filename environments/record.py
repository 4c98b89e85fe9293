"""What a run has earned at past times: cumulative series, kept for a stretch of about a million units of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array

KEPT = 1 << 20
"""Rows that a record keeps at the least, so that memory does not grow with the horizon."""


class Record:
    """Cumulative series at the ends of actions, for ``Environment.metrics``.

    Values inside an action that took several units of time are interpolated linearly; the series start at 0.

    Args:
        names: of the series.
        start: their values at time 0; zeros where absent.

    Example:
        >>> record = Record(["reward"])
        >>> record.step(1, (0.5,))
        >>> record.step(3, (2.5,))
        >>> record.at(np.array([1, 2, 3]))
        {'reward': array([0.5, 1.5, 2.5])}
    """

    def __init__(self, names: Sequence[str], start: Sequence[float] | None = None) -> None:
        self.names = tuple(names)
        first = np.zeros((1, len(self.names))) if start is None else np.array([start], dtype=np.float64)
        self._chunks: deque[tuple[NDArray[np.int64], Array]] = deque([(np.zeros(1, dtype=np.int64), first)])
        self._rows = 1
        self._steps: list[tuple[int, Sequence[float]]] = []

    def step(self, time: int, totals: Sequence[float]) -> None:
        """One action ended at ``time``, at which the series stand at ``totals`` [n_series]."""
        self._steps.append((time, totals))
        if len(self._steps) == KEPT // 16:
            self._file()

    def stretch(self, start: int, totals: Array) -> None:
        """One action a unit of time from ``start`` on, after which the series stand at ``totals`` [n, n_series]."""
        self.rows(np.arange(start + 1, start + 1 + len(totals)), totals)

    def rows(self, ends: NDArray[np.int64], totals: Array) -> None:
        """Many actions, ended at ``ends`` [n], not falling, at which the series stood at ``totals`` [n, n_series]."""
        self._file()
        self._add(ends, totals)

    def at(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """The series [n_times] at past times, increasing.

        Raises:
            ValueError: a time that has not come yet, or lies further back than what is kept.
        """
        self._file()
        wanted = np.asarray(times)
        first, last = int(self._chunks[0][0][0]), int(self._chunks[-1][0][-1])
        if wanted.size and not first <= wanted.min() <= wanted.max() <= last:
            raise ValueError(f"times must lie in {first}..{last}, as far as the run is kept, got {wanted.tolist()}")
        low = wanted.min() if wanted.size else last
        chunks = [chunk for chunk in self._chunks if chunk[0][-1] >= low]
        if chunks[0][0][0] > low:  # the row before lies in the chunk before
            chunks.insert(0, self._chunks[len(self._chunks) - len(chunks) - 1])
        ends, rows = np.concatenate([c[0] for c in chunks]), np.concatenate([c[1] for c in chunks])
        after = np.searchsorted(ends, wanted)
        before = np.maximum(after - 1, 0)
        passed, length = wanted - ends[before], np.maximum(ends[after] - ends[before], 1)
        share = passed / length
        if length.size and length.max() > 1 << 53:  # beyond doubles: divide exactly, then round
            share = np.array([p / n for p, n in zip(passed.tolist(), length.tolist(), strict=True)])
        share = share[:, None]
        values = np.where(share == 1.0, rows[after], rows[before] + share * (rows[after] - rows[before]))
        return {name: values[:, i] for i, name in enumerate(self.names)}

    def _file(self) -> None:
        if self._steps:
            times, totals = zip(*self._steps, strict=True)
            self._steps = []
            self._add(np.array(times, dtype=np.int64), np.array(totals, dtype=np.float64))

    def _add(self, times: NDArray[np.int64], totals: Array) -> None:
        if len(times) == 0:
            return
        if len(times) < 256 and len(self._chunks[-1][0]) < 4096:  # few rows at a time, as when one looks often
            last = self._chunks.pop()
            times, totals = np.concatenate([last[0], times]), np.concatenate([last[1], totals])
            self._rows -= len(last[0])
        self._chunks.append((times, totals))
        self._rows += len(times)
        while len(self._chunks) > 2 and self._rows - len(self._chunks[0][0]) - 1 >= KEPT:
            self._rows -= len(self._chunks.popleft()[0])
