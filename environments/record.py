"""What a run has earned at past times: cumulative series, kept for a stretch of about a million units of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice, pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel

KEPT = 1 << 20
"""Rows that a record keeps at the least, so that memory does not grow with the horizon."""

FEW = 256
"""Rows that do not make a chunk of their own."""


@kernel
def _sums(
    levels: Array,
    noise: Array,
    scale: float,
    binary: bool,
    sign: float,
    before: Array,
    rounds: NDArray[np.int64],
    sums: Array,
) -> None:
    """Fill in the series [n_rounds + 1, 2] of ``Plays`` after ``rounds``, from what they were before, and after all."""
    paid, expected, done = before[0], before[1], 0
    for c in range(rounds.size + 1):
        stop = rounds[c] if c < rounds.size else levels.size
        for s in range(done, stop):
            reward = levels[s] + scale * noise[s]
            if binary:
                reward = 1.0 if reward > 0.0 else 0.0
            paid += sign * reward
            expected += sign * levels[s]
        done = stop
        sums[c, 0], sums[c, 1] = paid, expected


@kernel
def _fall(times: NDArray[np.int64]) -> bool:
    """Whether some time is less than the one that precedes it."""
    fall = False
    for i in range(1, times.size):
        fall |= times[i] < times[i - 1]
    return fall


@kernel
def _place(
    start: int,
    ends: NDArray[np.int64],
    times: NDArray[np.int64],
    after: NDArray[np.int64],
    passed: NDArray[np.int64],
    length: NDArray[np.int64],
) -> None:
    """Fill in for each time [n_times] which action it lies in, how far, and how long that action is."""
    for i in range(times.size):
        after[i] = place = np.searchsorted(ends, times[i])
        begun = ends[place - 1] if place > 0 else start
        passed[i], length[i] = times[i] - begun, ends[place] - begun


@kernel
def _interpolate(
    before: Array, totals: Array, after: NDArray[np.int64], ended: NDArray[np.bool_], share: Array, values: Array
) -> None:
    """Fill in the series [n_times, n_series] within or at the end of actions, linear between their ends."""
    for i in range(after.size):
        for k in range(totals.shape[1]):
            low, high = totals[after[i] - 1, k] if after[i] > 0 else before[k], totals[after[i], k]
            values[i, k] = high if ended[i] else low + share[i] * (high - low)


class Plays(NamedTuple):
    """Rounds of one action each; their series are the cumulative reward and the cumulative level of what was played.

    The reward of a round is ``x = level + scale * noise``, or, where ``binary``, 1.0 if ``x > 0`` else 0.0.

    Attributes:
        levels: [n] of the actions played.
        noise: [n].
        binary: whether rewards are thresholded to 0 or 1.
        sign: -1 where level and reward are losses, of which the series are the sums with the other sign, else 1.
        scale: of the noise.
    """

    levels: Array
    noise: Array
    binary: bool
    sign: float = 1.0
    scale: float = 1.0

    @property
    def size(self) -> int:
        """Number of rounds."""
        return len(self.levels)

    def sums(self, before: Array, rounds: NDArray[np.int64]) -> Array:
        """As ``Summed.sums``."""
        sums = np.empty((len(rounds) + 1, 2))
        _sums(self.levels, self.noise, self.scale, self.binary, self.sign, before, rounds, sums)
        return sums


class Summed(Protocol):
    """Rounds of one action each whose series are added up when they are asked for."""

    @property
    def size(self) -> int:
        """Number of rounds."""

    def sums(self, before: Array, rounds: NDArray[np.int64]) -> Array:
        """The series [n_rounds + 1, n_series] after so many rounds, and after all, from what they were ``before``.

        Rounds are in 1..n, increasing.
        """


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
        self._origin = np.zeros(len(self.names)) if start is None else np.array(start, dtype=np.float64)
        self._chunks: deque[_Chunk | _Played] = deque()
        self._kept = 0
        self._steps: list[tuple[int, Sequence[float]]] = []

    def step(self, time: int, totals: Sequence[float]) -> None:
        """One action ended at ``time``, at which the series stand at ``totals`` [n_series].

        Of several that end at one time, as actions that take none do, the first decides the values at that time, and
        the last those from which the next action starts.
        """
        self._steps.append((time, totals))
        if len(self._steps) == KEPT // 16:
            self._file()

    def stretch(self, start: int, totals: Array, copy: bool = True) -> None:
        """One action a unit of time from ``start`` on, after which the series stand at ``totals`` [n, n_series].

        With ``copy=False`` the array is the record's from now on.

        Raises:
            ValueError: ``start`` is not where the last action ended.
        """
        self._check_start(start)
        if copy:
            totals = np.array(totals, dtype=np.float64)
        self._add(np.arange(start + 1, start + 1 + len(totals)) if len(totals) < FEW else None, totals)

    def plays(self, start: int, plays: Summed) -> None:
        """As ``stretch``, where the series are those of ``plays``: added up when they are asked for.

        The arrays are the record's from now on.

        Raises:
            ValueError: ``start`` is not where the last action ended.
        """
        if plays.size < FEW:
            self.stretch(start, plays.sums(self.last, np.arange(1, 1 + plays.size))[:-1], copy=False)
            return
        self._check_start(start)
        self._keep(_Played(start, None if self._chunks else self._origin, plays))

    @property
    def last(self) -> Array:
        """The series [n_series] after the last action."""
        if self._steps:
            return np.array(self._steps[-1][1], dtype=np.float64)
        return self._begun(len(self._chunks) - 1).last if self._chunks else self._origin

    def _begun(self, place: int) -> _Chunk | _Played:
        """A chunk, with the values at which it begins: those before it are added up for that."""
        known = place
        while self._chunks[known].before is None:
            known -= 1
        for earlier, later in pairwise(islice(self._chunks, known, place + 1)):
            assert isinstance(later, _Played)
            later.before = earlier.last
        return self._chunks[place]

    def rows(self, ends: NDArray[np.int64], totals: Array) -> None:
        """Many actions, ended at ``ends`` [n], not falling, at which the series stood at ``totals`` [n, n_series].

        The arrays are the record's from now on.
        """
        self._file()
        self._add(ends, totals)

    def at(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """The series [n_times] at past times, increasing.

        Raises:
            ValueError: a time that has not come yet, or lies further back than what is kept.
        """
        self._file()
        wanted, order = np.asarray(times).astype(np.int64, copy=False), None
        if _fall(wanted):
            order = np.argsort(wanted)
            wanted = wanted[order]
        first = self._chunks[0].start if self._chunks else 0
        last = self._chunks[-1].stop if self._chunks else 0
        low, high = (wanted[0], wanted[-1]) if wanted.size else (first, first)
        if not first <= low <= high <= last:
            asked = np.asarray(times).tolist()
            raise ValueError(f"times must lie in {first}..{last}, as far as the run is kept, got {asked}")
        latest = bool(self._chunks) and self._chunks[-1].start < low  # as nearly always
        values = self._begun(len(self._chunks) - 1).at(wanted) if latest else self._over(wanted, first)
        if order is not None:
            values[order] = values.copy()
        return {name: values[:, i] for i, name in enumerate(self.names)}

    def _over(self, times: NDArray[np.int64], first: int) -> Array:
        """Values [n_times, n_series] at increasing times from ``first`` on, where the record begins."""
        values = np.empty((len(times), len(self.names)))
        begin, *cuts = np.searchsorted(times, [first, *(chunk.stop for chunk in self._chunks)], side="right").tolist()
        values[:begin] = self._chunks[0].before if self._chunks else self._origin
        for place, end in enumerate(cuts):
            if begin < end:
                values[begin:end] = self._begun(place).at(times[begin:end])
            begin = end
        return values

    def _check_start(self, start: int) -> None:
        self._file()
        end = self._chunks[-1].stop if self._chunks else 0
        if start != end:
            raise ValueError(f"a stretch must start where the last action ended, at {end}, got {start}")

    def _file(self) -> None:
        if self._steps:
            times, totals = zip(*self._steps, strict=True)
            self._steps = []
            self._add(np.array(times, dtype=np.int64), np.array(totals, dtype=np.float64))

    def _add(self, ends: NDArray[np.int64] | None, totals: Array) -> None:
        if len(totals) == 0:
            return
        last = self._begun(len(self._chunks) - 1) if self._chunks else None
        start, before = (last.stop, last.last) if last else (0, self._origin)
        if ends is not None and not start <= ends[0] <= ends[-1]:
            raise ValueError(f"actions must end in order of time, after {start}, got {ends[0]}..{ends[-1]}")
        few = ends is not None and len(ends) < FEW
        if few and isinstance(last, _Chunk) and last.ends is not None and len(last.ends) < 16 * FEW:
            start, before = last.start, last.before  # few rows at a time, as when one looks often: one chunk
            ends, totals = np.concatenate([last.ends, ends]), np.concatenate([last.totals, totals])
            self._kept -= self._chunks.pop().size
        self._keep(_Chunk(start, before, ends, totals))

    def _keep(self, chunk: _Chunk | _Played) -> None:
        self._chunks.append(chunk)
        self._kept += chunk.size
        while self._kept - self._chunks[0].size >= KEPT:
            self._begun(1)
            self._kept -= self._chunks.popleft().size


class _Played:
    """Rounds of a record that are added up when they are asked for; ``before`` is None until those before them are."""

    def __init__(self, start: int, before: Array | None, plays: Summed) -> None:
        self.start, self.before, self.plays, self.size = start, before, plays, plays.size
        self.stop = start + self.size
        self._end: Array | None = None

    @property
    def last(self) -> Array:
        """Values [n_series] of the last row."""
        if self._end is None:
            self._end = self._sums(np.empty(0, dtype=np.int64))[0]
        return self._end

    def at(self, times: NDArray[np.int64]) -> Array:
        """Values [n_times, n_series] at times in ``start + 1..stop``."""
        found = self._sums(times - self.start)
        self._end = found[-1]
        return found[:-1]

    def _sums(self, rounds: NDArray[np.int64]) -> Array:
        assert self.before is not None
        return self.plays.sums(self.before, rounds)


class _Chunk(NamedTuple):
    """Rows of a record: where it begins, the values there, the ends of actions (None: one a unit), the values there."""

    start: int
    before: Array
    ends: NDArray[np.int64] | None
    totals: Array

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.totals)

    @property
    def last(self) -> Array:
        """Values [n_series] of the last row."""
        values: Array = self.totals[-1]
        return values

    @property
    def stop(self) -> int:
        """Time of the last row."""
        return self.start + len(self.totals) if self.ends is None else int(self.ends[-1])

    def at(self, times: NDArray[np.int64]) -> Array:
        """Values [n_times, n_series] at times in ``start + 1..stop``."""
        if self.ends is None:
            rows: Array = self.totals[times - self.start - 1]
            return rows
        after, passed, length = np.empty((3, len(times)), dtype=np.int64)
        _place(self.start, self.ends, times, after, passed, length)
        share = passed / length
        if self.stop - self.start > 1 << 53:  # beyond doubles: divide exactly, then round
            share = np.array([p / n for p, n in zip(passed.tolist(), length.tolist(), strict=True)])
        values = np.empty((len(times), self.totals.shape[1]))
        _interpolate(self.before, self.totals, after, passed == length, share, values)
        return values
