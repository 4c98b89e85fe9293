"""LRU: evict the least recently used page.

On a fault with a full cache the page whose latest request is earliest leaves.

Guarantee: ``LRU_t <= k OPT_t`` for every sequence and every ``t``, and no deterministic policy has a smaller factor.

Reference: D. Sleator and R. Tarjan, *Amortized Efficiency of List Update and Paging Rules*, Communications of the ACM
28, 1985.

The slots form a ring in the order of their latest requests, closed by the sentinel ``k``: O(1) per request.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bandits.contract import Array, Bound, Instance, Playable
from bandits.kernels import kernel
from bandits.offers import offers
from bandits.paging.cache import CachePolicy, Flags, Ints, empty_slots, zeros
from bandits.paging.problem import Departures, Eviction, PagingProblem, RecencyBlocks, Request, Requests
from bandits.paging.queue import Queue
from bandits.paging.theory import k_competitive


class _State(NamedTuple):
    slot: Ints  # [n_pages] slot of a page, or -1
    page: Ints  # [k] page of a slot
    newer: Ints  # [k + 1] next slot towards the latest request; that of the sentinel is the oldest
    older: Ints  # [k + 1] the other way round
    size: Ints  # [1] pages held


@kernel
def _play(pages: Ints, faults: Flags, gone: Departures, s: _State) -> None:
    k = s.page.size
    left = 0
    for t in range(pages.size):
        p = pages[t]
        x = s.slot[p]
        faults[t] = x < 0
        if x < 0:
            if s.size[0] < k:
                x = s.size[0]
                s.size[0] += 1
                s.newer[x] = s.older[x] = x
            else:
                x = s.newer[k]
                gone.pages[left] = s.page[x]
                left += 1
                s.slot[s.page[x]] = -1
            s.slot[p] = x
            s.page[x] = p
        gone.ends[t] = left
        if s.older[k] != x:
            s.newer[s.older[x]] = s.newer[x]
            s.older[s.newer[x]] = s.older[x]
            s.newer[s.older[k]] = x
            s.older[x] = s.older[k]
            s.newer[x] = k
            s.older[k] = x


@kernel
def _hold(recent: Ints, s: _State) -> None:
    """Hold these pages, the one requested last first, and no others."""
    k, n = s.page.size, recent.size
    for x in range(s.size[0]):
        s.slot[s.page[x]] = -1
    for x in range(n):
        p = recent[n - 1 - x]
        s.slot[p] = x
        s.page[x] = p
        s.newer[x], s.older[x] = x + 1, x - 1
    s.size[0] = n
    if n > 0:
        s.newer[n - 1], s.older[0] = k, k
        s.newer[k], s.older[k] = 0, n - 1


class _Recency(Queue[Any]):
    """The key requested last is the last to leave."""

    def request(self, key: Any, bit: int = -1, reuse: float = math.nan) -> Sequence[Any]:
        keys = self.keys
        if key in keys:
            keys.move_to_end(key)
            return ()
        keys[key] = True
        return (keys.popitem(last=False)[0],) if len(keys) > self.cache_size else ()

    def first(self) -> Any:
        return next(iter(self.keys))


class LRU(CachePolicy):
    """Least recently used, of Sleator and Tarjan (1985)."""

    by_page = {"slot": -1}

    def _new(self, k: int, n_pages: int) -> _State:
        ring = zeros(k + 1)
        ring[k] = k
        return _State(empty_slots(n_pages), zeros(k), ring, ring.copy(), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, faults, gone, self._state)

    def by_key(self, cache_size: int) -> Queue[Any]:
        return _Recency(cache_size)

    def pass_by(self, environment: Playable[Request, Eviction, bool], most: int) -> int:
        """What LRU holds then is all that it needs."""
        if offers(environment, RecencyBlocks):
            start, recent = environment.clock, environment.serve_by_recency(most)
            if recent is not None:
                self._admit(0, int(recent.max()))
                _hold(np.array(recent, dtype=np.int64), self._state)
                return environment.clock - start
        return 0

    def remove(self, page: int) -> None:
        """Remove a page of the cache; the others keep their order: O(1)."""
        s, x = self._state, self._state.slot[page]
        s.newer[s.older[x]], s.older[s.newer[x]] = s.newer[x], s.older[x]
        s.size[0] -= 1
        y = s.size[0]
        if x != y:
            s.page[x], s.newer[x], s.older[x] = s.page[y], s.newer[y], s.older[y]
            s.slot[s.page[x]] = s.newer[s.older[x]] = s.older[s.newer[x]] = x
        s.slot[page] = -1

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``(k - 1) OPT_t``, at any time."""
        return k_competitive("LRU bound", problem, instance, "Sleator and Tarjan 1985")
