"""FIFO: evict the page that was loaded first.

Guarantee: ``FIFO_t <= k OPT_t`` for every sequence and every ``t``. A larger cache may fault more often (Belady's
anomaly).

Reference: D. Sleator and R. Tarjan, *Amortized Efficiency of List Update and Paging Rules*, Communications of the ACM
28, 1985; L. Belady, R. Nelson, G. Shedler, *An Anomaly in Space-Time Characteristics of Certain Programs Running in a
Paging Environment*, Communications of the ACM 12, 1969.

A ring buffer: O(1) per request.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, zeros
from bandits.paging.problem import Departures, PagingProblem, Requests
from bandits.paging.queue import Queue
from bandits.paging.theory import k_competitive


class _State(NamedTuple):
    held: Ints  # [n_pages] 1 for pages in the cache
    page: Ints  # [k] ring of pages in the order of loading
    head: Ints  # [1] where the next page goes
    size: Ints  # [1] pages held


@kernel
def _play(pages: Ints, faults: Flags, gone: Departures, s: _State) -> None:
    k = s.page.size
    left = 0
    for t in range(pages.size):
        p = pages[t]
        faults[t] = s.held[p] == 0
        if s.held[p] == 0:
            x = s.head[0]
            if s.size[0] < k:
                s.size[0] += 1
            else:
                gone.pages[left] = s.page[x]
                left += 1
                s.held[s.page[x]] = 0
            s.held[p] = 1
            s.page[x] = p
            s.head[0] = x + 1 if x + 1 < k else 0
        gone.ends[t] = left


class _Loading(Queue[Any]):
    """The key that came first leaves first."""

    def request(self, key: Any, bit: int = -1, reuse: float = math.nan) -> Sequence[Any]:
        keys = self.keys
        if key in keys:
            return ()
        keys[key] = True
        return (keys.popitem(last=False)[0],) if len(keys) > self.cache_size else ()

    def first(self) -> Any:
        return next(iter(self.keys))


class FIFO(CachePolicy):
    """First in, first out."""

    by_page = {"held": 0}

    def _new(self, k: int, n_pages: int) -> _State:
        return _State(zeros(n_pages), zeros(k), zeros(1), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, faults, gone, self._state)

    def by_key(self, cache_size: int) -> Queue[Any]:
        return _Loading(cache_size)

    def remove(self, page: int) -> None:
        """Remove a page of the cache; the others keep their order: O(k)."""
        s = self._state
        oldest = s.head[0] if s.size[0] == s.page.size else 0
        order = np.roll(s.page, -oldest)[: s.size[0]]
        s.size[0] -= 1
        s.page[: s.size[0]] = order[order != page]
        s.head[0], s.held[page] = s.size[0], 0

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``(k - 1) OPT_t``, at any time."""
        return k_competitive("FIFO bound", problem, instance, "Sleator and Tarjan 1985")
