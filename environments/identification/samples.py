"""What was sampled and answered in a run, and what the metrics of it are at past times."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from environments.record import KEPT

Ints = NDArray[np.int64]


class _Chunk(NamedTuple):
    start: int
    arms: Ints
    codes: Ints
    before: Ints


class Samples:
    """Arms sampled and answers told, of the last million samples, and when the run was stopped with which answer.

    Args:
        n_arms: number of arms.
    """

    def __init__(self, n_arms: int) -> None:
        self.taken = 0
        self.stopped: tuple[int, int] | None = None
        """Samples taken before the stop or the verdict, and the answer's code."""
        self.by_itself = False
        """Whether it was a stop."""
        self._counts = np.zeros(n_arms, dtype=np.int64)
        self._chunks: deque[_Chunk] = deque()
        self._one_by_one: list[tuple[int, int]] = []

    def one(self, arm: int, code: int) -> None:
        """One sample, and the answer told with it."""
        self._one_by_one.append((arm, code))
        self.taken += 1

    def stretch(self, arms: Ints, codes: Ints) -> None:
        """Many samples, and the answers told with them; the arrays are kept."""
        self._file()
        if len(arms):
            self._chunks.append(_Chunk(self.taken, arms, codes, self._counts.copy()))
            self._counts += np.bincount(arms, minlength=len(self._counts))
            self.taken += len(arms)
            while self.taken - self._chunks[0].start - len(self._chunks[0].arms) >= KEPT:
                self._chunks.popleft()

    def _file(self) -> None:
        if self._one_by_one:
            arms, codes = np.array(self._one_by_one, dtype=np.int64).T.copy()
            self._one_by_one = []
            self.taken -= len(arms)
            self.stretch(arms, codes)

    def at(self, times: Ints, horizon: int) -> tuple[Array, Ints, Array, Array]:
        """Samples taken [n], codes of the last answers [n], whether stopped [n], and pulls [n, n_arms] at past times.

        Raises:
            ValueError: a time that has not come yet, or lies further back than what is kept.
        """
        self._file()
        wanted = np.asarray(times)
        now = self.taken if self.stopped is None else horizon
        first = self._chunks[0].start if self._chunks else 0
        if wanted.size and not (min(first, self.taken) <= wanted.min() and wanted.max() <= now):
            raise ValueError(f"times must lie in {first}..{now}, as far as the run is kept, got {wanted.tolist()}")
        taken = np.minimum(wanted, self.taken)
        codes = np.full(wanted.shape, -1, dtype=np.int64)
        pulls = np.zeros((wanted.size, len(self._counts)))
        for i, t in enumerate(taken.tolist()):
            if t == self.taken:
                pulls[i] = self._counts
        for chunk in self._chunks:
            inside = np.flatnonzero((chunk.start < taken) & (taken <= chunk.start + len(chunk.arms)))
            codes[inside] = chunk.codes[taken[inside] - chunk.start - 1]
            done, counts = 0, chunk.before.copy()
            for i in inside[np.argsort(taken[inside], kind="stable")].tolist():
                upto = int(taken[i]) - chunk.start
                counts += np.bincount(chunk.arms[done:upto], minlength=len(counts))
                pulls[i], done = counts, upto
        stopped = np.zeros(wanted.shape)
        if self.stopped is not None:
            after = wanted > self.stopped[0]
            codes[after] = self.stopped[1]
            stopped[after] = float(self.by_itself)
        return taken.astype(np.float64), codes, stopped, pulls
