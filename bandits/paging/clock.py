"""CLOCK (second chance): FIFO that spares a page requested since the hand last passed it.

The pages stand in a ring with one reference bit each. Loading a page and hitting it set its bit. On a fault with a full
cache the hand goes round, clearing set bits, to the first page whose bit is 0; that page leaves, the requested one
takes its place, and the hand moves one further.

Guarantee: ``CLOCK_t <= k OPT_t`` for every sequence and every ``t``: it faults at most ``k`` times on any stretch with
at most ``k`` different pages.

Reference: F. Corbató, *A Paging Experiment with the Multics System*, 1969; the guarantee is that of every conservative
policy: N. Young, *The k-Server Dual and Loose Competitiveness for Paging*, Algorithmica 11, 1994.

Each step of the hand clears a bit that a request has set: O(1) per request, amortised.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, empty_slots, zeros
from bandits.paging.problem import Departures, PagingProblem, Requests
from bandits.paging.queue import Queue
from bandits.paging.theory import k_competitive


class _State(NamedTuple):
    slot: Ints  # [n_pages] slot of a page, or -1
    page: Ints  # [k] page of a slot
    used: Flags  # [k] reference bit of a slot
    hand: Ints  # [1] the next slot to look at
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
            else:
                x = s.hand[0]
                while s.used[x] == 1:
                    s.used[x] = 0
                    x = x + 1 if x + 1 < k else 0
                s.hand[0] = x + 1 if x + 1 < k else 0
                gone.pages[left] = s.page[x]
                left += 1
                s.slot[s.page[x]] = -1
            s.slot[p] = x
            s.page[x] = p
        s.used[x] = 1
        gone.ends[t] = left


class _Chances(Queue[Any]):
    """The keys from the hand on, each with its bit."""

    def request(self, key: Any, bit: int = -1, reuse: float = math.nan) -> Sequence[Any]:
        keys = self.keys
        gone: tuple[Any, ...] = ()
        if key not in keys and len(keys) == self.cache_size:
            victim, used = keys.popitem(last=False)
            while used:
                keys[victim] = False
                victim, used = keys.popitem(last=False)
            gone = (victim,)
        keys[key] = True
        return gone

    def first(self) -> Any:
        return next((key for key, used in self.keys.items() if not used), next(iter(self.keys)))


class Clock(CachePolicy):
    """CLOCK, of Corbató (1969)."""

    by_page = {"slot": -1}

    def _new(self, k: int, n_pages: int) -> _State:
        return _State(empty_slots(n_pages), zeros(k), np.zeros(k, dtype=np.uint8), zeros(1), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, faults, gone, self._state)

    def by_key(self, cache_size: int) -> Queue[Any]:
        return _Chances(cache_size)

    def remove(self, page: int) -> None:
        """Remove a page of the cache; the others keep their bits and their order from the hand on: O(k)."""
        s = self._state
        order = np.roll(np.arange(s.page.size), -s.hand[0])[: s.size[0]]
        order = order[s.page[order] != page]
        s.size[0] -= 1
        n = s.size[0]
        s.page[:n], s.used[:n] = s.page[order], s.used[order]
        s.slot[s.page[:n]] = np.arange(n)
        s.hand[0], s.slot[page] = 0, -1

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``(k - 1) OPT_t``, at any time."""
        return k_competitive("CLOCK bound", problem, instance, "Young 1994, conservative policies")
