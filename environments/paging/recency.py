"""What LRU holds and evicts, read off the requests: the latest request to each page, and stack distances."""

from __future__ import annotations

import numpy as np

from bandits.kernels import kernel
from bandits.paging.problem import Departures
from environments.paging.arguments import Pages
from environments.paging.stacks import Distances


@kernel
def _recent(pages: Pages, keys: Pages, stop: int, found: Pages) -> int:
    n = 0
    for t in range(stop - 1, -1, -1):
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


def recent(pages: Pages, keys: Pages, stop: int, n_pages: int) -> Pages:
    """The pages of the first ``stop`` requests, the one requested last first: caches of LRU hold the first k of them.

    Args:
        pages: [T] page ids in ``0..n_pages - 1``.
        keys: [T] of LFD, see ``next_use``.
        stop: number of requests.
        n_pages: number of pages.
    """
    found = np.empty(min(stop, n_pages), dtype=np.int64)
    return found[: _recent(pages, keys, stop, found)]


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
