"""What LRU holds and evicts, read off the requests: the latest request to each page, and the stack distances."""

from __future__ import annotations

import numpy as np

from bandits.kernels import kernel
from bandits.paging.problem import Departures
from environments.paging.arguments import Pages
from environments.paging.stacks import Distances


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


def latest(pages: Pages, keys: Pages, start: int, stop: int, most: int) -> Pages:
    """The ``most`` pages requested last in ``start..stop - 1``, or all of them, in the order of their latest requests.

    Args:
        pages: [T] page ids.
        keys: [T] of LFD, see ``next_use``.
        start: number of requests before.
        stop: number of requests at the end.
        most: number of pages, at most.
    """
    found = np.empty(min(most, stop - start), dtype=np.int64)
    return found[: _latest(pages, keys, start, stop, found)][::-1]


def departures(pages: Pages, keys: Pages, distances: Distances, cache_size: int, stop: int) -> Departures:
    """What LRU evicts in the first ``stop`` requests.

    Args:
        pages: [T] page ids.
        keys: [T] of LFD, see ``next_use``.
        distances: [T] stack distances of LRU.
        cache_size: k.
        stop: number of requests.
    """
    found = Departures(np.empty(stop, dtype=np.int64), np.empty(stop, dtype=np.int64))
    _departures(pages, keys, distances, cache_size, *found)
    return found
