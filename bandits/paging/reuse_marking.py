"""Marking with predicted reuse times: what LMarker, LNonMarker and PredictiveMarker share.

A phase begins with the first request for a (k+1)-th different page. Then all pages are unmarked, and the cached ones
are the *stale* pages of the phase; others are *clean*. A requested page is marked. Each clean page that faults starts a
chain; the page evicted last on behalf of a chain represents it. On a fault with a full cache,

    p clean: start a chain of length n = 1;  p stale: it represents a chain, whose length n grows by 1
    if n <= trust:              evict the unmarked page with the largest predicted time (of several, the least
                                recently used)
    elif n = 2 and ``anywhere``: evict a uniformly random page of the whole cache
    else:                       evict a uniformly random unmarked page
    the page evicted represents the chain

The random page is the one in slot ``int(U_t m)`` of the ``m`` candidates, with ``U_t`` the uniform of request ``t``.

Slots parted by swaps into [unmarked | marked]. The predictions of unmarked pages do not change during a phase: they are
heaped when it begins, in O(k), and popped when wanted: O(log k) per request, amortised.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import numpy as np

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, empty_slots, zeros
from bandits.paging.problem import Departures, Requests


class _State(NamedTuple):
    slot: Ints  # [n_pages] slot of a page, or -1
    due: Array  # [n_pages] latest predicted time of a page
    last: Ints  # [n_pages] time of its latest request
    stale: Ints  # [n_pages] the latest phase in which the page was stale
    seen: Ints  # [n_pages] the latest phase in which the page was requested
    length: Ints  # [n_pages] length of the chain that the page represents, if it was evicted in this phase
    page: Ints  # [k] page of a slot: first the unmarked ones, then the marked ones
    heap: Ints  # [k] the pages unmarked when the phase began, the largest predicted time at 0
    heap_due: Array  # [k] the predicted time of the page at a place, as of then
    heap_last: Ints  # [k] the time of its latest request, as of then
    heaped: Ints  # [1] pages in the heap
    unmarked: Ints  # [1] number of unmarked pages
    size: Ints  # [1] pages held
    phase: Ints  # [1] number of the phase, from 1
    distinct: Ints  # [1] different pages requested in the phase
    clock: Ints  # [1] requests served


@kernel
def _swap(s: _State, x: int, y: int) -> None:
    s.page[x], s.page[y] = s.page[y], s.page[x]
    s.slot[s.page[x]], s.slot[s.page[y]] = x, y


@kernel
def _first(due: float, last: int, other_due: float, other_last: int) -> bool:
    return due > other_due or (due == other_due and last < other_last)


@kernel
def _put(s: _State, i: int, page: int, due: float, last: int) -> None:
    s.heap[i], s.heap_due[i], s.heap_last[i] = page, due, last


@kernel
def _sink(s: _State, i: int, page: int, due: float, last: int) -> None:
    """Put a page at place ``i`` or below, moving those with larger times up."""
    n = s.heaped[0]
    while 2 * i + 1 < n:
        j = 2 * i + 1
        if j + 1 < n and _first(s.heap_due[j + 1], s.heap_last[j + 1], s.heap_due[j], s.heap_last[j]):
            j += 1
        if _first(due, last, s.heap_due[j], s.heap_last[j]):
            break
        _put(s, i, s.heap[j], s.heap_due[j], s.heap_last[j])
        i = j
    _put(s, i, page, due, last)


@kernel
def _begin(s: _State) -> None:
    """Begin a phase: unmark all pages and heap them by predicted time."""
    k = s.page.size
    s.phase[0] += 1
    s.distinct[0] = 0
    s.unmarked[0] = s.heaped[0] = k
    for x in range(k):
        p = s.page[x]
        s.stale[p] = s.phase[0]
        _put(s, x, p, s.due[p], s.last[p])
    for i in range(k // 2 - 1, -1, -1):
        _sink(s, i, s.heap[i], s.heap_due[i], s.heap_last[i])


@kernel
def _furthest(s: _State) -> int:
    """Slot of the unmarked page with the largest predicted time."""
    while True:
        x = int(s.slot[s.heap[0]])
        if 0 <= x < s.unmarked[0]:
            return x
        s.heaped[0] -= 1
        n = s.heaped[0]
        _sink(s, 0, s.heap[n], s.heap_due[n], s.heap_last[n])


@kernel
def _play(
    pages: Ints, reuse: Array, uniforms: Array, faults: Flags, gone: Departures, s: _State, trust: float, anywhere: bool
) -> None:
    k = s.page.size
    left = 0
    for t in range(pages.size):
        p = pages[t]
        if s.seen[p] != s.phase[0]:
            if s.distinct[0] == k:
                _begin(s)
            s.distinct[0] += 1
            s.seen[p] = s.phase[0]
        x = s.slot[p]
        faults[t] = x < 0
        if x < 0:
            if s.size[0] < k:
                x = s.size[0]
                s.size[0] += 1
            else:
                n = s.length[p] + 1 if s.stale[p] == s.phase[0] else 1
                candidates = k if anywhere and n == 2 else s.unmarked[0]
                x = _furthest(s) if n <= trust else int(uniforms[t] * candidates)
                s.length[s.page[x]] = n
                gone.pages[left] = s.page[x]
                left += 1
                s.slot[s.page[x]] = -1
            s.page[x] = p
            s.slot[p] = x
        if x < s.unmarked[0]:
            s.unmarked[0] -= 1
            _swap(s, x, s.unmarked[0])
        s.due[p] = reuse[t]
        s.last[p] = s.clock[0] + t
        gone.ends[t] = left
    s.clock[0] += pages.size


class ReuseMarking(CachePolicy):
    """A marking policy for predicted reuse times.

    Attributes:
        anywhere: whether a stale page evicted on the request of a clean one may evict any page.
    """

    prediction = "reuse"
    randomised = True
    anywhere: bool = False
    by_page = {"slot": -1, "due": 0, "last": 0, "stale": 0, "seen": 0, "length": 0}

    @abstractmethod
    def _trust(self, k: int) -> float:
        """Length of a chain up to which predictions are believed, >= 1."""

    def _new(self, k: int, n_pages: int) -> _State:
        n = n_pages
        by_page = (empty_slots(n), np.zeros(n), zeros(n), zeros(n), zeros(n), zeros(n))
        counters = (zeros(1), zeros(1), zeros(1), zeros(1) + 1, zeros(1), zeros(1))
        return _State(*by_page, zeros(k), zeros(k), np.zeros(k), zeros(k), *counters)

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        trust = float(self._trust(self._cache_size))
        _play(requests.pages, requests.reuse, uniforms, faults, gone, self._state, trust, self.anywhere)

    def _needs(self, page: int) -> bool:
        """Pages that are stale or were requested in the phase: at most ``2 k``."""
        s = self._state
        return bool(s.phase[0] in (s.stale[page], s.seen[page]))
