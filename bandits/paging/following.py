"""A real cache that follows virtual ones lazily.

Members serve the requests on the side, each in a virtual cache ``V_j`` of the same size. The real cache ``R`` follows
one of them at a time: it evicts only on a fault with ``R`` full, and then the least recently used page of ``R - V_j``,
where ``V_j`` is that of the member followed, after the request. There is always such a page.

For each member, the pages of ``R - V_j`` stand in a binary heap by latest request: O(m log k) per request.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, empty_slots, zeros
from bandits.paging.problem import Departures, PagingProblem, Requests
from bandits.paging.virtual import Virtual

INSIDE, OUTSIDE = -2, -1


class _State(NamedTuple):
    last: Ints  # [n_pages] time of the latest request of a page in R, or -1
    place: Ints  # [n_pages, m] INSIDE V_j, or OUTSIDE both V_j and R, or place in the heap of R - V_j
    heap: Ints  # [m, k] the page of R - V_j that was used least recently at 0
    time: Ints  # [m, k] time of the latest request of the page at a place
    heaped: Ints  # [m] pages in the heap
    size: Ints  # [1] pages in R
    clock: Ints  # [1] requests served


@kernel
def _settle(place: Ints, heap: Ints, time: Ints, n: int, j: int, i: int, p: int, when: int) -> None:
    """Put page ``p`` at place ``i`` of heap ``j``, of ``n`` pages, and restore the order, upwards and downwards."""
    while i > 0 and when < time[j, (i - 1) // 2]:
        up = (i - 1) // 2
        heap[j, i], time[j, i] = heap[j, up], time[j, up]
        place[heap[j, i], j] = i
        i = up
    while 2 * i + 1 < n:
        down = 2 * i + 1
        if down + 1 < n and time[j, down + 1] < time[j, down]:
            down += 1
        if when < time[j, down]:
            break
        heap[j, i], time[j, i] = heap[j, down], time[j, down]
        place[heap[j, i], j] = i
        i = down
    heap[j, i], time[j, i] = p, when
    place[p, j] = i


@kernel
def _add(place: Ints, heap: Ints, time: Ints, heaped: Ints, j: int, p: int, when: int) -> None:
    heaped[j] += 1
    _settle(place, heap, time, heaped[j], j, heaped[j] - 1, p, when)


@kernel
def _drop(place: Ints, heap: Ints, time: Ints, heaped: Ints, j: int, p: int) -> None:
    i = place[p, j]
    place[p, j] = OUTSIDE
    heaped[j] -= 1
    n = heaped[j]
    if i < n:
        _settle(place, heap, time, n, j, i, heap[j, n], time[j, n])


@kernel
def _play(pages: Ints, current: Ints, left: Ints, ends: Ints, faults: Flags, gone: Departures, s: _State) -> None:
    last, place, heap, time, heaped = s.last, s.place, s.heap, s.time, s.heaped
    m, k = heap.shape
    out = 0
    for t in range(pages.size):
        p = pages[t]
        for j in range(m):
            if place[p, j] >= 0:
                _drop(place, heap, time, heaped, j, p)
            place[p, j] = INSIDE
            for e in range(ends[j, t - 1] if t > 0 else 0, ends[j, t]):
                v = left[j, e]
                place[v, j] = OUTSIDE
                if last[v] >= 0 and v != p:
                    _add(place, heap, time, heaped, j, v, last[v])
        faults[t] = last[p] < 0
        if last[p] < 0:
            if s.size[0] < k:
                s.size[0] += 1
            else:
                v = heap[current[t], 0]
                gone.pages[out] = v
                out += 1
                last[v] = -1
                for j in range(m):
                    if place[v, j] >= 0:
                        _drop(place, heap, time, heaped, j, v)
        last[p] = s.clock[0] + t
        for j in range(m):
            if place[p, j] == OUTSIDE:
                _add(place, heap, time, heaped, j, p, last[p])
        gone.ends[t] = out
    s.clock[0] += pages.size


class FollowingPolicy(CachePolicy):
    """A policy that follows others.

    Attributes:
        costs: [m] faults of each member in its own virtual cache.
    """

    by_page = {"last": -1, "place": OUTSIDE}
    costs: Ints

    @abstractmethod
    def _members(self, problem: PagingProblem, rng: np.random.Generator) -> list[Virtual]:
        """The members, reset, with generators of their own; and whatever else a run begins with."""

    @abstractmethod
    def _current(self, faults: NDArray[np.uint8], uniforms: Array) -> Ints:
        """Which member to follow after each of ``n`` requests [n], given all members' ``faults`` [m, n] in them."""

    def _begin(self, problem: PagingProblem, rng: np.random.Generator) -> None:
        self._virtual = self._members(problem, rng)
        self.costs = zeros(len(self._virtual))

    def _followed(self) -> list[CachePolicy]:
        return [member.policy for member in self._virtual if isinstance(member.policy, CachePolicy)]

    def _new(self, k: int, n_pages: int) -> _State:
        m = len(self._virtual)
        heap = np.zeros((m, k), dtype=np.int64)
        place = np.full((n_pages, m), OUTSIDE, dtype=np.int64)
        return _State(empty_slots(n_pages), place, heap, heap.copy(), zeros(m), zeros(1), zeros(1))

    def _recalls(self, page: int, surely: bool) -> bool:
        """Pages in a virtual cache, and those that matter to a member; the members forget theirs."""
        inside = bool((self._state.place[page] == INSIDE).any())
        return inside or not all([member.forget(page, surely) for member in self._virtual])

    def _remove(self, page: int) -> None:
        """Remove a page of R, which the members have no more."""
        s = self._state
        for j in range(len(self._virtual)):
            if s.place[page, j] >= 0:
                _drop(s.place, s.heap, s.time, s.heaped, j, page)
            s.place[page, j] = OUTSIDE
        s.last[page] = -1
        s.size[0] -= 1

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        served = [member.serve(requests) for member in self._virtual]
        virtual = np.stack([f for f, _ in served])
        ends = np.stack([g.ends for _, g in served])
        totals = ends.max(axis=1, initial=0)
        left = np.zeros((len(served), totals.max()), dtype=np.int64)
        for j, (_, g) in enumerate(served):
            left[j, : totals[j]] = g.pages[: totals[j]]
        current = self._current(virtual, uniforms)
        self.costs += virtual.sum(axis=1, dtype=np.int64)
        _play(requests.pages, current, left, ends, faults, gone, self._state)
