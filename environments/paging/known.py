"""Request sequences that this process has met, and what is known of them whatever the size of the cache.

The jobs of a sweep over cache sizes play the same requests once for each size. What all sizes share is worked out once
in a process: the requests themselves, stack distances, how often pages were requested by each checkpoint. It decides no
number: whatever is not kept is worked out again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from environments.paging.arguments import Pages
from environments.paging.optimum import Spectra, next_use, spectra
from environments.paging.stacks import Distances, lru_distances, opt_distances

if TYPE_CHECKING:
    from environments.paging.hindsight import RequestSequence

KEPT = 1 << 22
"""Requests and pages that are kept, at most: some 200 MB."""

FEW = 8
"""Cache sizes whose optimum is worked out by itself; the pass for all takes as long as that for 7 to 20."""


@kernel
def _above(distances: Distances, size: np.int32) -> int:
    number = np.int32(0)
    for t in range(distances.size):
        number = np.int32(number + np.int32(distances[t] > size))  # in 32 bits, eight at once
    return int(number)


@kernel
def _count(distances: Distances, k: int, start: int, times: NDArray[np.int64], faults: Array) -> None:
    """Faults in ``start..t - 1`` for each time t."""
    total = 0
    for i in range(times.size):
        total += _above(distances[start : times[i]], np.int32(k))
        start = max(start, times[i])
        faults[i] = total


@kernel
def _latest(pages: Pages, keys: Pages, start: int, stop: int, found: Pages) -> int:
    """Pages requested in ``start..stop - 1``, the last ones first, until ``found`` is full; how many."""
    n = 0
    for t in range(stop - 1, start - 1, -1):
        if n == found.size:
            break
        if keys[t] >= stop:
            found[n] = pages[t]
            n += 1
    return n


@kernel
def _departures(pages: Pages, keys: Pages, distances: Distances, k: int, left: Pages, ends: Pages) -> None:
    held, oldest, gone = 0, 0, 0
    for t in range(ends.size):
        if distances[t] > k:
            if held < k:
                held += 1
            else:
                while keys[oldest] < t:  # requested again since
                    oldest += 1
                left[gone] = pages[oldest]
                gone += 1
                oldest += 1
        ends[t] = gone


class KnownRequests:
    """A request sequence, and what is known of it whatever the size of the cache; each thing once it is asked for.

    Args:
        pages: [T] page ids in ``0..n_pages - 1``, int64.
        n_pages: number of pages.

    Attributes:
        played: sizes of the caches that were LRU's.
        optima: sizes whose optimum was worked out by itself.
    """

    def __init__(self, pages: Pages, n_pages: int) -> None:
        self.pages, self.n_pages = pages, n_pages
        self.played: set[int] = set()
        self.optima: set[int] = set()
        self._last: RequestSequence | None = None
        self._spectra: tuple[bytes, Spectra] | None = None

    def sequence(self, cache_size: int) -> RequestSequence:
        """The sequence for a cache of that size; it is the same one while no other size is asked for."""
        from environments.paging.hindsight import RequestSequence

        last = self._last
        if last is None or last.cache_size != cache_size:
            last = self._last = RequestSequence(self.pages, self.n_pages, cache_size, self)
        return last

    @cached_property
    def keys(self) -> Pages:
        """Keys [T] of LFD, see ``next_use``."""
        return next_use(self.pages, self.n_pages)

    @cached_property
    def lru(self) -> Distances:
        """Stack distances [T] of LRU."""
        return lru_distances(self.pages, self.n_pages)

    @cached_property
    def opt(self) -> Distances:
        """Stack distances [T] of the optimum."""
        return opt_distances(self.pages, self.n_pages)

    def lru_at(self, cache_size: int, times: NDArray[np.int64], start: int = 0) -> Array:
        """Faults [n_times] of LRU from ``start`` to each time."""
        return faults_at(self.lru, cache_size, times, start)

    def latest(self, start: int, stop: int, most: int) -> Pages:
        """The ``most`` pages requested last in ``start..stop - 1``, or all, in the order of their latest requests."""
        found = np.empty(min(most, stop - start, self.n_pages), dtype=np.int64)
        return found[: _latest(self.pages, self.keys, start, stop, found)][::-1]

    def departures(self, cache_size: int, stop: int) -> tuple[Pages, Pages]:
        """What LRU evicts in the first ``stop`` requests, as the fields of ``Departures``."""
        left, ends = np.empty(stop, dtype=np.int64), np.empty(stop, dtype=np.int64)
        _departures(self.pages, self.keys, self.lru, cache_size, left, ends)
        return left, ends

    def spectra(self, times: NDArray[np.int64]) -> Spectra:
        """How often pages were requested by each time; those of the times asked for last are kept."""
        asked = times.tobytes()
        if self._spectra is None or self._spectra[0] != asked:
            self._spectra = asked, spectra(self.pages, times, self.n_pages)
        return self._spectra[1]


def faults_at(distances: Distances, cache_size: int, times: NDArray[np.int64], start: int = 0) -> Array:
    """Faults of a cache from ``start`` to each time, in any order, from stack distances [T].

    Raises:
        IndexError: a time beyond the last request.
    """
    asked, places = np.unique(times, return_inverse=True)
    if asked.size and asked[-1] > distances.size:
        raise IndexError(f"times must be at most {distances.size}, got {asked[-1]}")
    faults = np.empty(asked.size)
    _count(distances, cache_size, start, asked, faults)
    return faults[places].reshape(times.shape)


_KNOWN: OrderedDict[Hashable, KnownRequests] = OrderedDict()
_LOCK = Lock()


def known(key: Hashable | None, make: Callable[[], tuple[Pages, int]]) -> KnownRequests:
    """A request sequence, as it was met before if it is kept.

    Args:
        key: tells it from all other sequences in this process; None where nothing does.
        make: its pages [T] and their number.
    """
    if key is None:
        return KnownRequests(*make())
    with _LOCK:
        found = _KNOWN.get(key)
    found = found or KnownRequests(*make())
    with _LOCK:
        _KNOWN[key] = found
        _KNOWN.move_to_end(key)
        while sum(one.pages.size + one.n_pages for one in _KNOWN.values()) > KEPT:
            _KNOWN.popitem(last=False)
    return found


def forget() -> None:
    """Keep nothing of what was met before."""
    with _LOCK:
        _KNOWN.clear()
