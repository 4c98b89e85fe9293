"""Mark&Predict: marking, evicting first the pages that the bits of their last phase say will not return.

On request ``(p, b)``, with phase predictions and all pages unmarked at first:

    if p is not cached:
        if the cache is full:
            if every cached page is marked: unmark all                       (a new phase)
            G1, G0 = unmarked cached pages with latest bit 1, with latest bit 0
            evict a uniformly random page of G1 if there is any, else of G0
        load p
    mark p;  bit[p] = b

With ``tie="lru"`` the least recently used page of the group leaves, and nothing is random. The random page is the one
in place ``int(U_t m)`` of the ``m`` pages of its group, with ``U_t`` the uniform of request ``t``.

Guarantees, with ``c(t)`` the number of clean pages (not requested in the phase before) over all phases up to ``t``:
``E[cost_t] <= c(t) + (H_k - 1) eta_0(t) + eta_1(t)``, hence ``2 OPT_t + H_k eta_0(t) + eta_1(t)``, for every ``t`` and
requests that do not depend on the random choices; ``E[cost_t] <= (1 + 2 H_k) c(t)`` whatever the bits; for
``tie="lru"`` ``2 OPT_t + (k - 1) eta_0(t) + eta_1(t)``. True bits cost exactly ``c``; equal bits make it Marker.

Reason (derived): a fault that is not on a clean page is the return of a page evicted in the phase. One evicted from G1
that returns had a wrong 1. As many pages of the start of a phase do not return as it has clean pages, so that at most
as many chains of evictions go on to G0 as there were wrong 0s, each for ``H_k - 1`` returns at most in expectation, or
``k - 1`` in the order of LRU. Whatever the bits, a chain has at most ``H_k`` of them in each group. And ``c <= 2 OPT``.

Reference: A. Antoniadis, J. Boyar, M. Eliáš, L. Favrholdt, R. Hoeksma, K. Larsen, A. Polak, B. Simon, *Paging with
Succinct Predictions*, ICML 2023.

``tie="random"``: slots parted by swaps into [unmarked 1 | unmarked 0 | marked], O(k) per phase and so O(1) per request,
amortised. ``tie="lru"``: one ring of slots per group in the order of their latest requests, O(1).
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
from bandits.paging.theory import OBLIVIOUS, PHASE, bound, harmonic


class _Groups(NamedTuple):
    slot: Ints  # [n_pages] slot of a page, or -1
    bit: Flags  # [n_pages] latest bit of a page
    page: Ints  # [k] page of a slot: first G1, then G0, then the marked ones
    ends: Ints  # [2] number of pages in G1, in G1 and G0
    size: Ints  # [1] pages held


class _Rings(NamedTuple):
    slot: Ints  # [n_pages] slot of a page, or -1
    page: Ints  # [k] page of a slot
    newer: Ints  # [k + 4] rings towards the latest request, closed by the sentinels k + bit, and k + 2 + bit if marked
    older: Ints  # [k + 4] the other way round
    size: Ints  # [1] pages held


@kernel
def _swap(s: _Groups, x: int, y: int) -> None:
    s.page[x], s.page[y] = s.page[y], s.page[x]
    s.slot[s.page[x]], s.slot[s.page[y]] = x, y


@kernel
def _play_random(pages: Ints, bits: Flags, uniforms: Array, faults: Flags, gone: Departures, s: _Groups) -> None:
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
                if s.ends[1] == 0:
                    s.ends[1] = k
                    for y in range(k):
                        if s.bit[s.page[y]] == 1:
                            _swap(s, y, s.ends[0])
                            s.ends[0] += 1
                x = int(uniforms[t] * (s.ends[0] if s.ends[0] > 0 else s.ends[1]))
                gone.pages[left] = s.page[x]
                left += 1
                s.slot[s.page[x]] = -1
            s.page[x] = p
            s.slot[p] = x
        for g in range(2):
            if x < s.ends[g]:
                s.ends[g] -= 1
                _swap(s, x, s.ends[g])
                x = s.ends[g]
        s.bit[p] = bits[t]
        gone.ends[t] = left


@kernel
def _play_lru(pages: Ints, bits: Flags, faults: Flags, gone: Departures, s: _Rings) -> None:
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
                if s.newer[k] == k and s.newer[k + 1] == k + 1:
                    for ring in range(k, k + 2):
                        oldest, newest = s.newer[ring + 2], s.older[ring + 2]
                        if oldest != ring + 2:
                            s.newer[ring], s.older[ring] = oldest, newest
                            s.older[oldest] = s.newer[newest] = ring
                            s.newer[ring + 2] = s.older[ring + 2] = ring + 2
                x = s.newer[k + 1] if s.newer[k + 1] != k + 1 else s.newer[k]
                gone.pages[left] = s.page[x]
                left += 1
                s.slot[s.page[x]] = -1
            s.slot[p] = x
            s.page[x] = p
        gone.ends[t] = left
        ring = k + 2 + bits[t]
        s.newer[s.older[x]] = s.newer[x]
        s.older[s.newer[x]] = s.older[x]
        s.newer[s.older[ring]] = x
        s.older[x] = s.older[ring]
        s.newer[x] = ring
        s.older[ring] = x


class MarkAndPredict(CachePolicy):
    """Mark&Predict of Antoniadis et al. (2023), for phase predictions.

    Args:
        tie: which page of the group leaves: "random", or "lru" for the least recently used.
        force: play bits of the other kind too, with the robust guarantee only.
    """

    prediction = "phase"
    randomised = True
    by_page = {"slot": -1, "bit": 0}

    def __init__(self, tie: Literal["random", "lru"] = "random", force: bool = False) -> None:
        self.tie = one_of("tie", tie, ("random", "lru"))
        self.force = flag("force", force)
        self.randomised = tie == "random"
        self.by_page = {"slot": -1, "bit": 0} if self.randomised else {"slot": -1}

    def _new(self, k: int, n_pages: int) -> _Groups | _Rings:
        if self.tie == "random":
            return _Groups(empty_slots(n_pages), np.zeros(n_pages, dtype=np.uint8), zeros(k), zeros(2), zeros(1))
        ring = np.arange(k + 4, dtype=np.int64)
        return _Rings(empty_slots(n_pages), zeros(k), ring, ring.copy(), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        if self.tie == "random":
            _play_random(requests.pages, requests.bits, uniforms, faults, gone, self._state)
        else:
            _play_lru(requests.pages, requests.bits, faults, gone, self._state)

    def _needs(self, page: int) -> bool:
        return False  # bits count of pages in the cache alone

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``OPT + H_k eta_0 + eta_1``, the sharper bound through clean pages, and the one that needs no bits."""
        k = problem.cache_size
        series, paper = ["opt", "eta_0", "eta_1"], "Antoniadis et al. 2023"
        if self.tie == "lru":
            return bound(
                "Mark&Predict bound",
                problem,
                instance,
                series,
                lambda opt, e0, e1: opt + (k - 1) * e0 + e1,
                f"(2, k-1, 1)-competitive, after {paper}",
                "derived",
                PHASE,
            )
        h = harmonic(k)
        return (
            *bound(
                "Mark&Predict bound",
                problem,
                instance,
                series,
                lambda opt, e0, e1: opt + h * e0 + e1,
                f"{paper}: (2, H_k, 1)-competitive",
                "derived",
                PHASE,
                OBLIVIOUS,
            ),
            *bound(
                "Mark&Predict bound by clean pages",
                problem,
                instance,
                [*series, "clean"],
                lambda opt, e0, e1, clean: clean + (h - 1.0) * e0 + e1 - opt,
                f"sharper form of {paper}",
                "derived",
                PHASE,
                OBLIVIOUS,
            ),
            *bound(
                "Mark&Predict robust bound",
                problem,
                instance,
                ["opt", "clean"],
                lambda opt, clean: (1.0 + 2.0 * h) * clean - opt,
                f"{paper} state O(log k) OPT; constant derived",
                "derived",
                OBLIVIOUS,
            ),
        )
