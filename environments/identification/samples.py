"""What was sampled in a run, what the answers told were worth, and what the metrics of it are at past times."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import inlined, kernel
from environments.record import KEPT

Ints = NDArray[np.int64]


class Judgement(NamedTuple):
    """An answer.

    Attributes:
        right: 1.0 or 0.0.
        value: what it is worth.
    """

    right: float
    value: float


class Truth(NamedTuple):
    """What answers are judged by.

    Attributes:
        m: number of arms asked for, 0 where it is those above a threshold.
        threshold: where ``m`` is 0.
        epsilon: likewise.
        means: [n_arms].
        best: what a right answer is worth.
    """

    m: int
    threshold: float
    epsilon: float
    means: Array
    best: float


@inlined
def _worth(truth: Truth, said: NDArray[np.bool_]) -> tuple[float, float]:
    """Whether the arms said [n_arms] are a right answer, and what it is worth."""
    total = 0.0
    for i in range(said.size):
        mean = truth.means[i]
        if truth.m > 0:
            total += mean if said[i] else 0.0
        elif said[i]:
            total -= 1.0 if mean < truth.threshold - truth.epsilon else 0.0
        else:
            total -= 1.0 if mean >= truth.threshold + truth.epsilon else 0.0
    if truth.m == 0:
        return 1.0 if total == 0.0 else 0.0, total
    value, slack = total / truth.m, 0.0 if truth.m == 1 else 1e-12 / truth.m
    return 1.0 if value >= truth.best - slack else 0.0, min(value, truth.best)


@kernel
def worth(truth: Truth, said: NDArray[np.bool_]) -> tuple[float, float]:
    """As ``_worth``, for callers that are not compiled."""
    return _worth(truth, said)


@kernel
def judge(truth: Truth, single: bool, codes: Ints, last: Judgement, right: Array, value: Array) -> None:
    """Judge the last answer told by each of some samples [n], see ``IdentificationProblem.code_of``.

    Args:
        truth: what it is judged by.
        single: whether answers are single arms.
        codes: [n], -1 where none was told.
        last: of the last answer told before.
        right: [n] where it goes whether they are right.
        value: [n] where it goes what they are worth.
    """
    said, before = np.zeros(truth.means.size, dtype=np.bool_), -1
    of_right, of_value = last.right, last.value
    for s in range(codes.size):
        code = codes[s]
        if code != -1 and code != before:
            for i in range(said.size):
                said[i] = code == i if single else (code >> i & 1) == 1
            of_right, of_value = _worth(truth, said)
            before = code
        right[s], value[s] = of_right, of_value


class At(NamedTuple):
    """A run at some times [n].

    Attributes:
        taken: samples.
        right: whether the last answer told was right.
        value: what it was worth.
        stopped: whether the run had been stopped.
        pulls: [n, n_arms].
    """

    taken: Array
    right: Array
    value: Array
    stopped: Array
    pulls: Array


class _Chunk(NamedTuple):
    start: int
    arms: Ints
    right: Array
    value: Array
    before: Ints


class Samples:
    """Arms sampled and answers told, of the last million samples, and when the run was stopped with which answer.

    Args:
        n_arms: number of arms.
        untold: of an answer that was not told.
    """

    def __init__(self, n_arms: int, untold: Judgement) -> None:
        self.taken = 0
        self.last = untold
        """The last answer told."""
        self.stopped: int | None = None
        """Samples taken before the stop or the verdict."""
        self.by_itself = False
        """Whether it was a stop."""
        self._untold = untold
        self._counts = np.zeros(n_arms, dtype=np.int64)
        self._chunks: deque[_Chunk] = deque()
        self._one_by_one: list[tuple[int, float, float]] = []

    def one(self, arm: int, answer: Judgement | None) -> None:
        """One sample, and the answer told with it; None for none."""
        if answer is not None:
            self.last = answer
        self._one_by_one.append((arm, *self.last))
        self.taken += 1

    def end(self, answer: Judgement | None, by_itself: bool) -> None:
        """The end of the run: a stop or the verdict, and the answer told with it."""
        if answer is not None:
            self.last = answer
        self.stopped, self.by_itself = self.taken, by_itself

    def stretch(self, arms: Ints, right: Array, value: Array) -> None:
        """Many samples, and what was worth the last answer told by each; the arrays are kept."""
        self._file()
        self._append(arms, right, value)
        self.last = Judgement(float(right[-1]), float(value[-1]))

    def _append(self, arms: Ints, right: Array, value: Array) -> None:
        self._chunks.append(_Chunk(self.taken, arms, right, value, self._counts.copy()))
        self._counts += np.bincount(arms, minlength=len(self._counts))
        self.taken += len(arms)
        while self.taken - self._chunks[0].start - len(self._chunks[0].arms) >= KEPT:
            self._chunks.popleft()

    def _file(self) -> None:
        if self._one_by_one:
            arms, right, value = (np.array(column) for column in zip(*self._one_by_one, strict=True))
            self._one_by_one = []
            self.taken -= len(arms)
            self._append(arms, right, value)

    def at(self, times: Ints, horizon: int) -> At:
        """The run at past times [n].

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
        right, value = np.full(wanted.shape, self._untold.right), np.full(wanted.shape, self._untold.value)
        pulls = np.zeros((wanted.size, len(self._counts)))
        pulls[taken == self.taken] = self._counts
        for chunk in self._chunks:
            inside = np.flatnonzero((chunk.start < taken) & (taken <= chunk.start + len(chunk.arms)))
            right[inside] = chunk.right[taken[inside] - chunk.start - 1]
            value[inside] = chunk.value[taken[inside] - chunk.start - 1]
            done, counts = 0, chunk.before.copy()
            for i in inside[np.argsort(taken[inside], kind="stable")].tolist():
                upto = int(taken[i]) - chunk.start
                counts += np.bincount(chunk.arms[done:upto], minlength=len(counts))
                pulls[i], done = counts, upto
        stopped = np.zeros(wanted.shape)
        if self.stopped is not None:
            after = wanted > self.stopped
            right[after], value[after] = self.last
            stopped[after] = float(self.by_itself)
        return At(taken.astype(np.float64), right, value, stopped, pulls)
