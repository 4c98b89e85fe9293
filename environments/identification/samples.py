"""What was sampled in a run, what the answers told were worth, and what the metrics of it are at past times.

Answers are judged when somebody asks for the time at which they were told, so that a sample costs no more than its
place in an array.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.identification.problem import CODED, Ints
from bandits.kernels import inlined, kernel
from environments.record import KEPT


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
        single: whether answers are single arms.
        m: number of arms asked for, 0 where it is those above a threshold.
        threshold: where ``m`` is 0.
        epsilon: likewise.
        means: [n_arms].
        best: what a right answer is worth.
    """

    single: bool
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
def _judge(truth: Truth, codes: Ints, before: Judgement, places: Ints, right: Array, value: Array) -> None:
    """Judge the last answers told by the samples at ``places`` [n], not falling; a code of -1 tells none."""
    said, known = np.zeros(truth.means.size, dtype=np.bool_), -1
    of_right, of_value = before.right, before.value
    for k in range(places.size):
        s = places[k]
        while s >= 0 and codes[s] == -1:
            s -= 1
        code = codes[s] if s >= 0 else -1
        if code != known:
            for i in range(said.size):
                said[i] = code == i if truth.single else (code >> i & 1) == 1
            of_right, of_value = _worth(truth, said)
            known = code
        right[k], value[k] = of_right, of_value


@kernel
def _count(arms: Ints, before: Ints, places: Ints, pulls: Array) -> None:
    """Fill in how often each arm was sampled [n, n_arms] after the samples at ``places`` [n], not falling."""
    counts, s = before.copy(), 0
    for k in range(places.size):
        while s <= places[k]:
            counts[arms[s]] += 1
            s += 1
        for i in range(counts.size):
            pulls[k, i] = counts[i]


@kernel
def tally(arms: Ints, codes: Ints, most: int, counts: Ints) -> bool:
    """Count the arms [n] in, unless one of them is none, or a code [n] is not in -1..``most``."""
    fine = True
    for s in range(arms.size):
        fine &= (arms[s] >= 0) & (arms[s] < counts.size) & (codes[s] >= -1) & (codes[s] <= most)
    if fine:
        for s in range(arms.size):
            counts[arms[s]] += 1
    return fine


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


class _Answers(Protocol):
    """What was answered with some samples."""

    def at(self, places: Ints) -> tuple[Array, Array]:
        """Whether the last answers told by the samples at ``places`` [n] are right [n], and what they are worth [n]."""


class _Coded(NamedTuple):
    """Answers told as ``IdentificationProblem.code_of`` gives them [n], and what was told before."""

    truth: Truth
    codes: Ints
    before: Judgement

    def at(self, places: Ints) -> tuple[Array, Array]:
        right, value = np.empty(len(places)), np.empty(len(places))
        _judge(self.truth, self.codes, self.before, places, right, value)
        return right, value


class _Judged(NamedTuple):
    """Answers that were judged at once."""

    right: Array
    value: Array

    def at(self, places: Ints) -> tuple[Array, Array]:
        return self.right[places], self.value[places]


class _Chunk(NamedTuple):
    start: int
    arms: Ints
    answers: _Answers
    before: Ints

    @property
    def last(self) -> Judgement:
        right, value = self.answers.at(np.array([len(self.arms) - 1]))
        return Judgement(float(right[0]), float(value[0]))


def _small(n: int) -> type[np.signedinteger[Any]]:
    """Of numbers from -1 to ``n - 1``."""
    return np.int8 if n <= 128 else np.int64


class Samples:
    """Arms sampled and answers told, of the last million samples, and when the run was stopped with which answer.

    Args:
        truth: what answers are judged by.
        untold: of an answer that was not told.
    """

    def __init__(self, truth: Truth, untold: Judgement) -> None:
        self.taken = 0
        self.stopped: int | None = None
        """Samples taken before the stop or the verdict."""
        self.by_itself = False
        """Whether it was a stop."""
        self._truth, self._first = truth, untold
        self._last: Judgement | None = untold  # None: of the last sample of the last chunk
        self._counts = np.zeros(len(truth.means), dtype=np.int64)
        self._chunks: deque[_Chunk] = deque()
        self._one_by_one: list[tuple[int, float, float]] = []

    @property
    def last(self) -> Judgement:
        """The last answer told."""
        if self._last is None:
            self._last = self._chunks[-1].last
        return self._last

    def one(self, arm: int, answer: Judgement | None) -> None:
        """One sample, and the answer told with it; None for none."""
        self._last = told = self.last if answer is None else answer
        self._one_by_one.append((arm, *told))
        self.taken += 1
        if len(self._one_by_one) == KEPT // 16:
            self._file()

    def end(self, answer: Judgement | None, by_itself: bool) -> None:
        """The end of the run: a stop or the verdict, and the answer told with it."""
        if answer is not None:
            self._last = answer
        self.stopped, self.by_itself = self.taken, by_itself

    def stretch(self, arms: Ints, codes: Ints) -> bool:
        """Many samples [n], n >= 1, and the answers told with them [n] as codes.

        Returns:
            Whether there are such arms and answers; else nothing has changed.
        """
        self._file()
        before, n = self._counts.copy(), len(self._counts)
        if not tally(arms, codes, n - 1 if self._truth.single else (1 << min(n, CODED)) - 1, self._counts):
            return False
        told = self.last if codes[0] == -1 else self._first
        kept = arms.astype(_small(n)), codes.astype(_small(n if self._truth.single else 1 << 8))
        self._append(_Chunk(self.taken, kept[0], _Coded(self._truth, kept[1], told), before))
        self._last = None
        return True

    def _append(self, chunk: _Chunk) -> None:
        self._chunks.append(chunk)
        self.taken = chunk.start + len(chunk.arms)
        while self.taken - self._chunks[0].start - len(self._chunks[0].arms) >= KEPT:
            self._first = self._chunks.popleft().last

    def _file(self) -> None:
        if self._one_by_one:
            arms, right, value = (np.array(column) for column in zip(*self._one_by_one, strict=True))
            self._one_by_one = []
            before = self._counts.copy()
            self._counts += np.bincount(arms, minlength=len(before))
            kept = arms.astype(_small(len(before)))
            self._append(_Chunk(self.taken - len(arms), kept, _Judged(right, value), before))

    def at(self, times: Ints, horizon: int) -> At:
        """The run at past times [n].

        Raises:
            ValueError: a time that has not come yet, or lies further back than what is kept.
        """
        self._file()
        wanted = np.asarray(times)
        listed: list[int] = wanted.tolist()
        if listed != sorted(listed):
            order = np.argsort(wanted, kind="stable")
            back = np.argsort(order, kind="stable")
            return At(*(column[back] for column in self.at(wanted[order], horizon)))
        now = self.taken if self.stopped is None else horizon
        first = self._chunks[0].start if self._chunks else self.taken
        if listed and not first <= listed[0] <= listed[-1] <= now:
            raise ValueError(f"times must lie in {first}..{now}, as far as the run is kept, got {listed}")
        n, begin = len(listed), bisect_right(listed, first)
        right, value, stopped, pulls = np.empty(n), np.empty(n), np.zeros(n), np.empty((n, len(self._counts)))
        if begin > 0:
            right[:begin], value[:begin] = self._first
            pulls[:begin] = self._chunks[0].before if self._chunks else self._counts
        for chunk in self._chunks:
            end = bisect_right(listed, chunk.start + len(chunk.arms))
            if begin < end:
                places = wanted[begin:end] - (chunk.start + 1)
                right[begin:end], value[begin:end] = chunk.answers.at(places)
                _count(chunk.arms, chunk.before, places, pulls[begin:end])
            begin = end
        if begin < n:
            right[begin:], value[begin:] = self.last
            stopped[begin:], pulls[begin:] = float(self.by_itself), self._counts
        return At(np.minimum(wanted, self.taken).astype(np.float64), right, value, stopped, pulls)
