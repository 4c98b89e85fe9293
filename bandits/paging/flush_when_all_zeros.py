"""FlushWhenAllZeros: believe a bit that says "may go", and start afresh when no bit does.

On request ``(p, b)``, with discard predictions:

    if p is not cached:
        if the cache is full:
            if some cached page has latest bit 1: evict the least recently used of those
            else: evict all cached pages (the flush)
        load p
    bit[p] = b

With ``flush="lazy"`` a flush sets all cached bits to 1 instead and evicts the least recently used page.

Guarantee: ``Flush_t <= OPT_t + (k - 1) eta_0(t) + eta_1(t)`` for every sequence, all bits and every ``t``, where
``eta_0`` counts the wrong 0s and ``eta_1`` the wrong 1s; no deterministic policy improves on either factor. With all
bits 0 it is Flush-When-Full, with all bits 1 it is LRU.

Reason (derived): a fault on a page that left as a 1-page is a fault of the optimum or a wrong 1. A flush finds ``k``
0-pages while the optimum, which holds the requested page, lacks one of them at least: that one is a wrong 0, and a
fault of the optimum where it returns; the other ``k - 1`` are charged to it.

Reference: A. Antoniadis, J. Boyar, M. Eliáš, L. Favrholdt, R. Hoeksma, K. Larsen, A. Polak, B. Simon, *Paging with
Succinct Predictions*, ICML 2023.

Two rings of slots in the order of their latest requests, one for each bit: O(1) per request. A lazy flush renames the
rings; an eager one costs O(k) after at least ``k`` faults.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from bandits.arguments import flag, one_of
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, empty_slots, zeros
from bandits.paging.problem import Departures, PagingProblem, Requests
from bandits.paging.theory import DISCARD, bound


class _State(NamedTuple):
    slot: Ints  # [n_pages] slot of a page, or -1
    page: Ints  # [k] page of a slot
    later: Ints  # [k + 2] ring of each bit towards the latest request, closed by the sentinel k + bit
    earlier: Ints  # [k + 2] the other way round
    size: Ints  # [1] pages held


@kernel
def _play(pages: Ints, bits: Flags, faults: Flags, gone: Departures, s: _State, eager: bool) -> None:
    k = s.page.size
    zero, one = k, k + 1
    left = 0
    for t in range(pages.size):
        p = pages[t]
        x = s.slot[p]
        faults[t] = x < 0
        if x < 0:
            if s.size[0] == k and s.later[one] == one:
                if eager:
                    while s.later[zero] != zero:
                        x = s.later[zero]
                        s.later[zero] = s.later[x]
                        gone.pages[left] = s.page[x]
                        left += 1
                        s.slot[s.page[x]] = -1
                    s.earlier[zero] = zero
                    s.size[0] = 0
                else:
                    oldest, newest = s.later[zero], s.earlier[zero]
                    s.later[one], s.earlier[one] = oldest, newest
                    s.earlier[oldest] = s.later[newest] = one
                    s.later[zero] = s.earlier[zero] = zero
            if s.size[0] < k:
                x = s.size[0]
                s.size[0] += 1
                s.later[x] = s.earlier[x] = x
            else:
                x = s.later[one]
                gone.pages[left] = s.page[x]
                left += 1
                s.slot[s.page[x]] = -1
            s.slot[p] = x
            s.page[x] = p
        gone.ends[t] = left
        ring = k + bits[t]
        s.later[s.earlier[x]] = s.later[x]
        s.earlier[s.later[x]] = s.earlier[x]
        s.later[s.earlier[ring]] = x
        s.earlier[x] = s.earlier[ring]
        s.later[x] = ring
        s.earlier[ring] = x


class FlushWhenAllZeros(CachePolicy):
    """FlushWhenAllZeros of Antoniadis et al. (2023), deterministic, for discard predictions.

    Args:
        flush: "eager" empties the cache; "lazy" evicts one page and takes all bits for 1, with the same guarantee.
        force: play bits of the other kind too, without the guarantee.
    """

    prediction = "discard"
    by_page = {"slot": -1}

    def __init__(self, flush: Literal["eager", "lazy"] = "eager", force: bool = False) -> None:
        self.flush = one_of("flush", flush, ("eager", "lazy"))
        self.force = flag("force", force)

    def _new(self, k: int, n_pages: int) -> _State:
        ring = np.arange(k + 2, dtype=np.int64)
        return _State(empty_slots(n_pages), zeros(k), ring, ring.copy(), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, requests.bits, faults, gone, self._state, self.flush == "eager")

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``(k - 1) eta_0(t) + eta_1(t)``, on every sequence and at any time."""
        k = problem.cache_size
        return bound(
            "FlushWhenAllZeros bound",
            problem,
            instance,
            ["eta_0", "eta_1"],
            lambda eta_0, eta_1: (k - 1) * eta_0 + eta_1,
            "Antoniadis et al. 2023: (1, k-1, 1)-competitive",
            "derived",
            DISCARD,
        )
