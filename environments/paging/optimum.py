"""The offline optimum of paging: evict the cached page whose next request is furthest in the future (LFD, Belady).

Tie-break: among pages that are never requested again the one whose last request is earliest leaves first. One integer
key says it all: for a page last requested at time ``s`` (0-based) it is the time of the next request, and ``2 T - s``
where there is none. Keys are unique, so that the run, and with it the truth bits, is unique as well.

LFD with knowledge of the whole sequence is optimal on every prefix (derived, confirmed against the dynamic programme),
so the running fault count of the one run is the optimum of every prefix. With ``bypass`` a page may be served without
being loaded; then the requested page is itself a candidate for the victim.

Truth of *discard predictions*: ``D_t = 1`` iff LFD evicts page ``r_t`` after time t and before its next request (or,
for a last request, before the end of the sequence). There are OPT - k ones when OPT >= k.

Reference: L. A. Belady, *A study of replacement algorithms for a virtual-storage computer*, IBM Systems Journal 5,
1966; the definition of the bits from Antoniadis et al., *Paging with Succinct Predictions*, ICML 2023, as quoted in
secondary sources.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.paging.problem import check_cache_size
from environments.paging.arguments import Bits, Pages, as_pages

NONE, BYPASSED = -1, -2
"""Values of ``OfflineRun.victims`` where no page leaves, and where the requested page is not loaded."""


class OfflineRun(NamedTuple):
    """What a furthest-in-future run did.

    Attributes:
        faults: [T] 1 where the requested page was not cached.
        discard: [T] 1 where the page of this request leaves before its next one: the truth of discard predictions.
        victims: [T] the page evicted at each request, ``NONE`` or ``BYPASSED``.
    """

    faults: Bits
    discard: Bits
    victims: Pages


@kernel
def _next_use(pages: Pages, n_pages: int) -> Pages:
    last = np.full(n_pages, -1, dtype=np.int64)
    keys = np.empty(pages.size, dtype=np.int64)
    for t in range(pages.size - 1, -1, -1):
        page = pages[t]
        keys[t] = last[page] if last[page] >= 0 else 2 * pages.size - t
        last[page] = t
    return keys


@kernel
def _place(i: int, page: int, key: Any, size: int, heap: Pages, keys: NDArray[Any], pos: Pages, last: Pages) -> None:
    """Put the page just requested into the max-heap, starting from the hole ``i``.

    Of equal keys the least recently used page's is the larger one, so that the page just requested is below its equals.
    """
    while i > 0:
        parent = (i - 1) >> 1
        if keys[parent] >= key:
            break
        keys[i], heap[i] = keys[parent], heap[parent]
        pos[heap[i]] = i
        i = parent
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        right = child + 1
        if right < size and (
            keys[right] > keys[child] or (keys[right] == keys[child] and last[heap[right]] < last[heap[child]])
        ):
            child = right
        if keys[child] < key:
            break
        keys[i], heap[i] = keys[child], heap[child]
        pos[heap[i]] = i
        i = child
    keys[i], heap[i] = key, page
    pos[page] = i


@kernel
def _furthest(
    pages: Pages, uses: NDArray[Any], k: int, n_pages: int, bypass: bool, faults: Bits, discard: Bits, victims: Pages
) -> None:
    heap = np.empty(k, dtype=np.int64)
    keys = np.empty(k, dtype=uses.dtype)
    pos = np.full(n_pages, -1, dtype=np.int64)
    last = np.full(n_pages, -1, dtype=np.int64)
    size = 0
    for t in range(pages.size):
        page, key = pages[t], uses[t]
        last[page] = t
        victims[t] = NONE
        if pos[page] >= 0:
            faults[t] = 0
            _place(pos[page], page, key, size, heap, keys, pos, last)
            continue
        faults[t] = 1
        if size < k:
            size += 1
            _place(size - 1, page, key, size, heap, keys, pos, last)
            continue
        if bypass and key >= keys[0]:
            victims[t] = BYPASSED
            discard[t] = 1
            continue
        victim = heap[0]
        victims[t] = victim
        discard[last[victim]] = 1
        pos[victim] = -1
        _place(0, page, key, size, heap, keys, pos, last)


def next_use(pages: Any, n_pages: int | None = None) -> Pages:
    """Keys [T] of LFD: the time of the next request to the page of each request, or ``2 T - t`` where there is none.

    Args:
        pages: [T] page ids in ``0..n_pages - 1``.
        n_pages: number of pages; by default one more than the largest id.
    """
    pages, n_pages = as_pages(pages, n_pages)
    return _next_use(pages, n_pages)


def lfd(pages: Any, cache_size: int, n_pages: int | None = None, bypass: bool = False) -> OfflineRun:
    """The optimal run, in O(T log k) time.

    Args:
        pages: [T] page ids in ``0..n_pages - 1``.
        cache_size: k, >= 1.
        n_pages: number of pages; by default one more than the largest id.
        bypass: whether a page may be served without being loaded, at the cost of a fault.

    Raises:
        ValueError: bad requests or sizes.
    """
    pages, n_pages = as_pages(pages, n_pages)
    return _run(pages, _next_use(pages, n_pages), cache_size, n_pages, bypass)


def follow(pages: Any, reuse: Array, cache_size: int, n_pages: int | None = None) -> OfflineRun:
    """LFD run on predicted instead of true next uses (Follow-the-Prediction, BlindOracle).

    Args:
        pages: [T] page ids in ``0..n_pages - 1``.
        reuse: [T] predicted time of the next request to the page of each request.
        cache_size: k, >= 1.
        n_pages: number of pages; by default one more than the largest id.

    Raises:
        ValueError: bad requests or sizes, or predictions of another length or NaN.
    """
    pages, n_pages = as_pages(pages, n_pages)
    reuse = np.ascontiguousarray(reuse, dtype=np.float64)
    if reuse.shape != pages.shape:
        raise ValueError(f"reuse must be one for each of the {pages.size} requests, got shape {reuse.shape}")
    if np.any(np.isnan(reuse)):
        raise ValueError(f"reuse must not be NaN, got NaN at request {int(np.argmax(np.isnan(reuse)))}")
    return _run(pages, reuse, cache_size, n_pages, False)


def _run(pages: Pages, uses: NDArray[Any], cache_size: int, n_pages: int, bypass: bool) -> OfflineRun:
    k = min(check_cache_size("cache_size", cache_size), n_pages)
    n = pages.size
    run = OfflineRun(np.empty(n, np.uint8), np.zeros(n, np.uint8), np.empty(n, np.int64))
    _furthest(pages, uses, k, n_pages, bypass, *run)
    return run


class Spectra(NamedTuple):
    """How often pages were requested by some times: for each time, the counts that occur, the largest one first.

    Attributes:
        times: [n_times] numbers of requests.
        ends: [n_times] where the entries of each time end.
        counts: [n] a number of requests that some page has got.
        pages: [n] number of pages with this count or a larger one.
        requests: [n] number of requests to these pages.
    """

    times: NDArray[np.int64]
    ends: NDArray[np.int64]
    counts: NDArray[np.int64]
    pages: NDArray[np.int64]
    requests: NDArray[np.int64]


@kernel
def _count(
    pages: Pages,
    times: NDArray[np.int64],
    n_pages: int,
    ends: NDArray[np.int64],
    counts: NDArray[np.int64],
    numbers: NDArray[np.int64],
    requests: NDArray[np.int64],
) -> None:
    count = np.zeros(n_pages, dtype=np.int64)
    having = np.zeros(pages.size + 1, dtype=np.int64)  # number of pages with a count
    start, largest, end = 0, 0, 0
    for i in range(times.size):
        for t in range(start, times[i]):
            count[pages[t]] += 1
            c = count[pages[t]]
            having[c] += 1
            having[c - 1] -= 1
            largest = max(largest, c)
        start = times[i]
        number, sum_ = 0, 0
        for c in range(largest, 0, -1):
            if having[c] > 0:
                number += having[c]
                sum_ += c * having[c]
                counts[end], numbers[end], requests[end] = c, number, sum_
                end += 1
        ends[i] = end


@kernel
def _static(spectra: Spectra, k: int, costs: Array) -> None:
    start = 0
    for i in range(spectra.times.size):
        stop = spectra.ends[i]
        j = start + np.searchsorted(spectra.pages[start:stop], k)
        if j == stop:  # no more pages than slots: their first loads
            costs[i] = spectra.pages[stop - 1] if stop > start else 0
        else:
            beyond = spectra.requests[j] - (spectra.pages[j] - k) * spectra.counts[j]
            costs[i] = spectra.times[i] - beyond + k
        start = stop


def spectra(pages: Pages, times: NDArray[np.int64], n_pages: int) -> Spectra:
    """How often the pages [T] were requested by each time (numbers of requests, increasing)."""
    most = int(sum(min(math.isqrt(2 * time) + 1, n_pages) for time in times.tolist()))  # counts that differ add up to t
    ends = np.empty(len(times), dtype=np.int64)
    found = [np.empty(most, dtype=np.int64) for _ in range(3)]
    _count(pages, np.array(times, dtype=np.int64), n_pages, ends, *found)
    stop = int(ends[-1]) if len(ends) else 0
    return Spectra(np.array(times, dtype=np.int64), ends, *(part[:stop].copy() for part in found))


def static_costs(found: Spectra, cache_size: int) -> Array:
    """Cost [n_times] of the best fixed set of k pages, at each time of the spectra; see ``best_static``."""
    costs = np.empty(len(found.times))
    _static(found, cache_size, costs)
    return costs


def best_static(pages: Pages, cache_size: int, checkpoints: NDArray[np.int64], n_pages: int) -> Array:
    """Cost [n_checkpoints] of the best fixed set of k pages in hindsight, at each checkpoint (requests, increasing).

    ``t - sum of the k largest page counts + number of pages of the set``: their first loads, and a fault for every
    request outside the set (which is bypassed). Derived.
    """
    return static_costs(spectra(pages, checkpoints, n_pages), cache_size)


class OnlineOptimum:
    """The optimum of every prefix without looking ahead, by the layers of the work function; O(k) per request.

    Layers ``L_1..L_k`` are disjoint sets of pages. A request outside all layers is a fault of the optimum.

    Reference: E. Koutsoupias, C. Papadimitriou, *Beyond competitive analysis*, SIAM Journal on Computing 30, 2000
    (layers); the update rule as in Brodal, Moruz, Negoescu, *OnlineMin*, from memory, confirmed against LFD.

    Args:
        cache_size: k, >= 1.

    Attributes:
        faults: number of faults of the optimum so far.
    """

    def __init__(self, cache_size: int) -> None:
        self.cache_size = check_cache_size("cache_size", cache_size)
        self.faults = 0
        self._layers: list[set[int]] = []

    def request(self, page: int) -> bool:
        """Take in one request; returns whether it is a fault of the optimum."""
        layers, k = self._layers, self.cache_size
        i = next((i for i, layer in enumerate(layers) if page in layer), -1)
        if len(layers) < k:
            if i >= 0:
                del layers[i]
        elif i < 0:
            top = layers.pop()
            if layers:
                layers[-1] |= top
        elif i == 0:
            del layers[0]
        else:
            layers[i - 1] |= layers.pop(i)
            layers[i - 1].discard(page)
        layers.append({page})
        self.faults += i < 0
        return i < 0
