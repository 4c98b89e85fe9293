"""Flush-When-Full: on a fault with a full cache evict everything.

Guarantee: ``FWF_t <= k OPT_t`` for every sequence and every ``t``. Its faults are the number of different pages of each
k-phase, summed over the phases, so no marking policy makes more.

Reference: A. Karlin, M. Manasse, L. Rudolph, D. Sleator, *Competitive Snoopy Caching*, Algorithmica 3, 1988.

A flush costs O(k) after at least ``k`` faults: O(1) per request, amortised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, zeros
from bandits.paging.problem import Departures, PagingProblem, Requests
from bandits.paging.theory import k_competitive


class _State(NamedTuple):
    held: Ints  # [n_pages] 1 for pages in the cache
    loaded: Ints  # [k] the pages held, in the order of loading
    size: Ints  # [1] pages held


@kernel
def _play(pages: Ints, faults: Flags, gone: Departures, s: _State) -> None:
    k = s.loaded.size
    left = 0
    for t in range(pages.size):
        p = pages[t]
        faults[t] = s.held[p] == 0
        if s.held[p] == 0:
            if s.size[0] == k:
                for x in range(k):
                    gone.pages[left + x] = s.loaded[x]
                    s.held[s.loaded[x]] = 0
                left += k
                s.size[0] = 0
            s.held[p] = 1
            s.loaded[s.size[0]] = p
            s.size[0] += 1
        gone.ends[t] = left


class FlushWhenFull(CachePolicy):
    """Flush-When-Full."""

    by_page = {"held": 0}

    def _new(self, k: int, n_pages: int) -> _State:
        return _State(zeros(n_pages), zeros(k), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, faults, gone, self._state)

    def remove(self, page: int) -> None:
        """Remove a page of the cache: O(k)."""
        s = self._state
        pages = s.loaded[: s.size[0]]
        s.size[0] -= 1
        s.loaded[: s.size[0]] = pages[pages != page]
        s.held[page] = 0

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``(k - 1) OPT_t``, at any time."""
        return k_competitive("Flush-When-Full bound", problem, instance, "Karlin et al. 1988")
