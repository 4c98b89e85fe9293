"""LFU: evict the least frequently used page.

Requests of a page are counted over the whole run, evicted or not, the current request included. On a fault with a
full cache the page with the smallest count leaves; of several, the least recently used. No bound: there are sequences
on which LFU faults always and the optimum almost never.

Reference: A. Aho, P. Denning, J. Ullman, *Principles of Optimal Page Replacement*, Journal of the ACM 18, 1971.

A binary heap of the pages held, ordered by (count, latest request): O(log k) per request.
"""

from __future__ import annotations

from typing import NamedTuple

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, empty_slots, zeros
from bandits.paging.problem import Departures, Requests


class _State(NamedTuple):
    place: Ints  # [n_pages] place of a page in the heap, or -1
    requests: Ints  # [n_pages] requests so far
    page: Ints  # [k] the heap; the next victim at 0
    uses: Ints  # [k] count of the page at a place
    last: Ints  # [k] time of the latest request of the page at a place
    size: Ints  # [1] pages held
    clock: Ints  # [1] requests served


@kernel
def _put(s: _State, i: int, page: int, uses: int, last: int) -> None:
    s.page[i], s.uses[i], s.last[i] = page, uses, last
    s.place[page] = i


@kernel
def _less(uses: int, last: int, other_uses: int, other_last: int) -> bool:
    return uses < other_uses or (uses == other_uses and last < other_last)


@kernel
def _sink(s: _State, i: int, page: int, uses: int, last: int) -> None:
    """Put a page at place ``i`` or below, moving smaller ones up."""
    n = s.size[0]
    while 2 * i + 1 < n:
        j = 2 * i + 1
        if j + 1 < n and _less(s.uses[j + 1], s.last[j + 1], s.uses[j], s.last[j]):
            j += 1
        if _less(uses, last, s.uses[j], s.last[j]):
            break
        _put(s, i, s.page[j], s.uses[j], s.last[j])
        i = j
    _put(s, i, page, uses, last)


@kernel
def _rise(s: _State, i: int, page: int, uses: int, last: int) -> None:
    """Put a page at place ``i`` or above, moving larger ones down."""
    while i > 0:
        j = (i - 1) // 2
        if not _less(uses, last, s.uses[j], s.last[j]):
            break
        _put(s, i, s.page[j], s.uses[j], s.last[j])
        i = j
    _put(s, i, page, uses, last)


@kernel
def _play(pages: Ints, faults: Flags, gone: Departures, s: _State) -> None:
    k = s.page.size
    left = 0
    for t in range(pages.size):
        p = pages[t]
        x = s.place[p]
        faults[t] = x < 0
        s.requests[p] += 1
        if x >= 0:
            _sink(s, x, p, s.requests[p], s.clock[0] + t)
        elif s.size[0] < k:
            s.size[0] += 1
            _rise(s, s.size[0] - 1, p, s.requests[p], s.clock[0] + t)
        else:
            gone.pages[left] = s.page[0]
            left += 1
            s.place[s.page[0]] = -1
            _sink(s, 0, p, s.requests[p], s.clock[0] + t)
        gone.ends[t] = left
    s.clock[0] += pages.size


class LFU(CachePolicy):
    """Least frequently used, with counts over the whole run; ties least recently used."""

    by_page = {"place": -1, "requests": 0}

    def _new(self, k: int, n_pages: int) -> _State:
        return _State(empty_slots(n_pages), zeros(n_pages), zeros(k), zeros(k), zeros(k), zeros(1), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, faults, gone, self._state)

    def remove(self, page: int) -> None:
        """Remove a page of the cache; its requests stay counted: O(log k)."""
        s, x = self._state, self._state.place[page]
        s.size[0] -= 1
        n = s.size[0]
        s.place[page] = -1
        if x < n:
            moved = s.page[n], s.uses[n], s.last[n]
            _sink(s, x, *moved)
            _rise(s, s.place[moved[0]], *moved)
