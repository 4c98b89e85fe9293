"""RANDOM: evict a uniformly random page of the cache.

On a fault with a full cache the page in slot ``int(U_t k)`` leaves, ``U_t`` being the uniform of request ``t``, and the
requested page takes the slot. No bound is drawn: against the optimum it is no better than LRU in the worst case.

Reference: P. Raghavan and M. Snir, *Memory versus Randomization in On-Line Algorithms*, ICALP 1989.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, zeros
from bandits.paging.problem import Departures, Requests


class _State(NamedTuple):
    held: Ints  # [n_pages] 1 for pages in the cache
    page: Ints  # [k] page of a slot
    size: Ints  # [1] pages held


@kernel
def _play(pages: Ints, uniforms: Array, faults: Flags, gone: Departures, s: _State) -> None:
    k = s.page.size
    left = 0
    for t in range(pages.size):
        p = pages[t]
        faults[t] = s.held[p] == 0
        if s.held[p] == 0:
            if s.size[0] < k:
                x = s.size[0]
                s.size[0] += 1
            else:
                x = int(uniforms[t] * k)
                gone.pages[left] = s.page[x]
                left += 1
                s.held[s.page[x]] = 0
            s.held[p] = 1
            s.page[x] = p
        gone.ends[t] = left


class RandomEviction(CachePolicy):
    """Evicts a uniformly random page."""

    randomised = True
    by_page = {"held": 0}

    def _new(self, k: int, n_pages: int) -> _State:
        return _State(zeros(n_pages), zeros(k), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, uniforms, faults, gone, self._state)

    def remove(self, page: int) -> None:
        """Remove a page of the cache; the page in the last slot takes its slot: O(k)."""
        s = self._state
        slot = np.flatnonzero(s.page[: s.size[0]] == page)[0]
        s.size[0] -= 1
        s.page[slot] = s.page[s.size[0]]
        s.held[page] = 0
