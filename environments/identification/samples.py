"""What was sampled in a run, what the answers told were worth, and what the metrics of it are at past times.

Answers are judged when somebody asks for the time at which they were told, so that a sample costs no more than its
place in an array.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.identification.problem import CODED, Ints, whole
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
        best: what a right answer is worth.
    """

    single: bool
    m: int
    threshold: float
    epsilon: float
    best: float


SERIES = ("reward", "samples", "correct", "answer_value", "stopped", "capped", "mistake")
REWARD, SAMPLES, CORRECT, VALUE, STOPPED, CAPPED, MISTAKE, PULLS = range(8)
"""Rows of a table of series; from ``PULLS`` on one for each arm."""


@cache
def names(n_arms: int) -> tuple[str, ...]:
    """Of the series."""
    return (*SERIES, *(f"pulls_{i}" for i in range(n_arms)))


@inlined
def _worth(truth: Truth, means: Array, said: NDArray[np.bool_]) -> tuple[float, float]:
    """Whether the arms said [n_arms] are a right answer, and what it is worth."""
    total = 0.0
    for i in range(said.size):
        mean = means[i]
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
def worth(truth: Truth, means: Array, said: NDArray[np.bool_]) -> tuple[float, float]:
    """As ``_worth``, for callers that are not compiled."""
    return _worth(truth, means, said)


@kernel
def _judge(
    truth: Truth,
    means: Array,
    codes: Ints,
    of_right: float,
    of_value: float,
    start: int,
    times: Ints,
    begin: int,
    end: int,
    table: Array,
) -> None:
    """Judge the last answers told by ``times[begin:end]``, not falling; a code of -1 tells none.

    Args:
        truth: what answers are judged by.
        means: [n_arms].
        codes: [n] of the samples after time ``start``.
        of_right: whether the answer is right that was told before, or with the first sample if that tells none.
        of_value: what it is worth.
        start: the time before the first sample.
        times: [n_times].
        begin: the first column that is filled in.
        end: the one after the last.
        table: [n_series, n_times].
    """
    said, known = np.zeros(means.size, dtype=np.bool_), -1
    for k in range(begin, end):
        s = times[k] - start - 1
        while s >= 0 and codes[s] == -1:
            s -= 1
        code = codes[s] if s >= 0 else -1
        if code != known:
            for i in range(said.size):
                said[i] = code == i if truth.single else (code >> i & 1) == 1
            of_right, of_value = _worth(truth, means, said)
            known = code
        table[CORRECT, k], table[VALUE, k] = of_right, of_value


@kernel
def _count(arms: Ints, before: Ints, start: int, times: Ints, begin: int, end: int, table: Array) -> None:
    """Fill in how often each arm was sampled by ``times[begin:end]``, not falling; else as ``_judge``."""
    counts, s = before.copy(), 0
    for k in range(begin, end):
        while s < times[k] - start:
            counts[arms[s]] += 1
            s += 1
        for i in range(counts.size):
            table[PULLS + i, k] = counts[i]
        table[STOPPED, k] = 0.0


@kernel
def _finish(
    taken: int,
    counts: Ints,
    right: float,
    value: float,
    stopped: bool,
    horizon: int,
    sure: bool,
    times: Ints,
    begin: int,
    table: Array,
) -> None:
    """Fill in the columns from ``begin`` on, at which all is as it is now, and the series that follow from others."""
    for k in range(begin, times.size):
        table[CORRECT, k], table[VALUE, k], table[STOPPED, k] = right, value, stopped
        for i in range(counts.size):
            table[PULLS + i, k] = counts[i]
    for k in range(times.size):
        by_itself = table[STOPPED, k]
        table[REWARD, k], table[SAMPLES, k] = 0.0, -float(min(times[k], taken))
        table[CAPPED, k] = 1.0 - by_itself if sure and times[k] >= horizon else 0.0
        table[MISTAKE, k] = -by_itself * (1.0 - table[CORRECT, k])


ON_END = 256
"""Samples that are counted as one where they are of one arm: many policies sample one on end."""


@kernel
def tally(arms: Ints, codes: Ints, most: int, counts: Ints) -> bool:
    """Count the arms [n], n >= 1, in, unless one of them is none, or a code [n] is not in -1..``most``."""
    found = np.zeros((2, counts.size), dtype=np.int64)  # one would wait for its last sum where an arm comes again
    for begin in range(0, arms.size, ON_END):
        some, told = arms[begin : begin + ON_END], codes[begin : begin + ON_END]
        first, last, least, largest = some[0], some[0], told[0], told[0]
        for s in range(some.size):
            first, last = min(first, some[s]), max(last, some[s])
            least, largest = min(least, told[s]), max(largest, told[s])
        if first < 0 or last >= counts.size or least < -1 or largest > most:
            return False
        if first == last:
            found[0, first] += some.size
        else:
            for s in range(some.size):
                found[s & 1, some[s]] += 1
    for i in range(counts.size):
        counts[i] += found[0, i] + found[1, i]
    return True


class _Answers(Protocol):
    """What was answered with some samples, in order."""

    def fill(self, start: int, times: Ints, begin: int, end: int, table: Array) -> None:
        """Whether the last answers told by some times are right, and what they are worth: see ``_judge``."""


class _Coded(NamedTuple):
    """Answers told as ``IdentificationProblem.code_of`` gives them [n], and what was told before."""

    truth: Truth
    means: Array
    codes: Ints
    before: Judgement

    def fill(self, start: int, times: Ints, begin: int, end: int, table: Array) -> None:
        _judge(self.truth, self.means, self.codes, *self.before, start, times, begin, end, table)


class _Judged(NamedTuple):
    """Answers that were judged at once."""

    right: Array
    value: Array

    def fill(self, start: int, times: Ints, begin: int, end: int, table: Array) -> None:
        places = times[begin:end] - (start + 1)
        table[CORRECT, begin:end], table[VALUE, begin:end] = self.right[places], self.value[places]


class _Chunk(NamedTuple):
    start: int
    arms: Ints
    answers: _Answers
    before: Ints

    @property
    def end(self) -> int:
        return self.start + len(self.arms)

    @property
    def last(self) -> Judgement:
        table = np.empty((len(SERIES), 1))
        self.answers.fill(self.start, np.array([self.end]), 0, 1, table)
        return Judgement(float(table[CORRECT, 0]), float(table[VALUE, 0]))


class Samples:
    """Arms sampled and answers told, of the last million samples, and when the run was stopped with which answer.

    Args:
        truth: what answers are judged by.
        means: [n_arms].
        untold: of an answer that was not told.
        sure: whether a run that meets its end without a stop is capped.
    """

    def __init__(self, truth: Truth, means: Array, untold: Judgement, sure: bool) -> None:
        self.taken = 0
        self.stopped: int | None = None
        """Samples taken before the stop or the verdict."""
        self.by_itself = False
        """Whether it was a stop."""
        self._truth, self._means, self._first, self._sure = truth, means, untold, sure
        self._last: Judgement | None = untold  # None: of the last sample of the last chunk
        self._counts = np.zeros(len(means), dtype=np.int64)
        self._chunks: deque[_Chunk] = deque()
        self._one_by_one: list[tuple[int, Judgement]] = []

    @property
    def last(self) -> Judgement:
        """The last answer told."""
        if self._last is None:
            self._last = self._chunks[-1].last
        return self._last

    def one(self, arm: int, answer: Judgement | None) -> None:
        """One sample, and the answer told with it; None for none."""
        self._last = told = self.last if answer is None else answer
        self._one_by_one.append((arm, told))
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
        before, n, single = self._counts.copy(), len(self._counts), self._truth.single
        if not tally(arms, codes, n - 1 if single else (1 << min(n, CODED)) - 1, self._counts):
            return False
        told = self.last if codes[0] == -1 else self._first
        kept = arms.astype(whole(n)), codes.astype(whole(n, single))
        self._append(_Chunk(self.taken, kept[0], _Coded(self._truth, self._means, kept[1], told), before))
        self._last = None
        return True

    def _append(self, chunk: _Chunk) -> None:
        self._chunks.append(chunk)
        self.taken = chunk.end
        while self.taken - self._chunks[0].end >= KEPT:
            self._first = self._chunks.popleft().last

    def _file(self) -> None:
        if self._one_by_one:
            taken, told = zip(*self._one_by_one, strict=True)
            arms, (right, value) = np.array(taken), np.array(told).T
            self._one_by_one = []
            before = self._counts.copy()
            self._counts += np.bincount(arms, minlength=len(before))
            kept = arms.astype(whole(len(before)))
            self._append(_Chunk(self.taken - len(arms), kept, _Judged(right, value), before))

    def at(self, times: Ints, horizon: int) -> Mapping[str, Array]:
        """The series [n] of the run at past times [n].

        Raises:
            ValueError: a time that has not come yet, or lies further back than what is kept.
        """
        self._file()
        wanted = np.array(times, dtype=np.int64)
        listed: list[int] = wanted.tolist()
        if listed != sorted(listed):
            order = np.argsort(wanted, kind="stable")
            back = np.argsort(order, kind="stable")
            return {name: series[back] for name, series in self.at(wanted[order], horizon).items()}
        now = self.taken if self.stopped is None else horizon
        first = self._chunks[0].start if self._chunks else self.taken
        if listed and not first <= listed[0] <= listed[-1] <= now:
            raise ValueError(f"times must lie in {first}..{now}, as far as the run is kept, got {listed}")
        table, begin = np.empty((PULLS + len(self._counts), len(listed))), bisect_right(listed, first)
        if begin > 0:
            table[CORRECT, :begin], table[VALUE, :begin] = self._first
            table[STOPPED, :begin] = 0.0
            table[PULLS:, :begin] = (self._chunks[0].before if self._chunks else self._counts)[:, None]
        for chunk in self._chunks:
            end = bisect_right(listed, chunk.end)
            if begin < end:
                chunk.answers.fill(chunk.start, wanted, begin, end, table)
                _count(chunk.arms, chunk.before, chunk.start, wanted, begin, end, table)
            begin = end
        told = self.last if begin < len(listed) else self._first
        _finish(self.taken, self._counts, *told, self.by_itself, horizon, self._sure, wanted, begin, table)
        return dict(zip(names(len(self._counts)), table, strict=True))
