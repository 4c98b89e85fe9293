"""Mark0: keep the pages with bit 0 only, and evict at random among those not requested since the phase began.

On request ``(p, b)``, with discard predictions; ``C`` is the cache, ``S`` the pages that were cached when the phase
began and have not been requested since, and ``U`` those of them still cached:

    if p not in C:
        if p in S and U not empty: evict a uniformly random page of U        (a stale page returns)
        elif C is full:
            if U empty: S = C                                                (a new phase)
            evict a uniformly random page of U
        load p
    S = S - {p}
    if b = 1: remove p from C

With ``fill="lazy"`` the first case evicts only if the cache is full. The random page is the one in place ``int(U_t m)``
of the ``m`` pages of ``U``, with ``U_t`` the uniform of request ``t``.

Guarantee: ``E[Mark0_t] <= OPT_t + 2 H_k eta_0(t) + eta_1(t)`` for every ``t`` and requests that do not depend on the
random choices. With all bits 0 it is Marker; with all bits 1 every request faults.

Reason (derived): let x evictions of a phase be caused by clean faults. At the last of them the cache holds ``k``
0-pages and x - 1 have left, while the optimum has room for ``k`` with the requested one: x of the live 0s at least are
wrong. A wrong 0 counts in the phase in which it was given and in the next only, so the x add up to ``2 eta_0`` at most;
each causes ``H_k`` random evictions at most in expectation.

Reference: A. Antoniadis, J. Boyar, M. Eliáš, L. Favrholdt, R. Hoeksma, K. Larsen, A. Polak, B. Simon, *Paging with
Succinct Predictions*, ICML 2023.

The slots are parted by swaps into [U | the rest]; S is stamped with the number of the phase. A new phase costs O(k)
after at least ``k`` requests: O(1) per request, amortised.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from bandits.arguments import flag, one_of
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, empty_slots, zeros
from bandits.paging.problem import Departures, PagingProblem, Requests
from bandits.paging.theory import DISCARD, OBLIVIOUS, bound, harmonic


class _State(NamedTuple):
    slot: Ints  # [n_pages] slot of a page, or -1
    stamp: Ints  # [n_pages] the phase in whose set S the page is, or 0
    page: Ints  # [k] page of a slot: first those of U
    fresh: Ints  # [1] number of pages in U
    size: Ints  # [1] pages held
    phase: Ints  # [1] number of the phase, 0 before the first eviction


@kernel
def _move(s: _State, x: int, y: int) -> None:
    s.page[y] = s.page[x]
    s.slot[s.page[y]] = y


@kernel
def _play(pages: Ints, bits: Flags, uniforms: Array, faults: Flags, gone: Departures, s: _State, strict: bool) -> None:
    k = s.page.size
    left = 0
    for t in range(pages.size):
        p = pages[t]
        x = s.slot[p]
        faults[t] = x < 0
        if x < 0:
            full = s.size[0] == k
            returns = strict and s.fresh[0] > 0 and s.stamp[p] == s.phase[0]
            if full or returns:
                if s.fresh[0] == 0:
                    s.phase[0] += 1
                    s.fresh[0] = k
                    for y in range(k):
                        s.stamp[s.page[y]] = s.phase[0]
                x = int(uniforms[t] * s.fresh[0])
                victim = s.page[x]
                gone.pages[left] = victim
                left += 1
                s.fresh[0] -= 1
                s.size[0] -= 1
                _move(s, s.fresh[0], x)
                if s.size[0] > s.fresh[0]:
                    _move(s, s.size[0], s.fresh[0])
                s.slot[victim] = -1
            x = s.size[0]
            s.size[0] += 1
            s.page[x] = p
            s.slot[p] = x
        elif x < s.fresh[0]:
            s.fresh[0] -= 1
            _move(s, s.fresh[0], x)
            x = s.fresh[0]
            s.page[x] = p
            s.slot[p] = x
        s.stamp[p] = 0
        if bits[t] == 1:
            s.size[0] -= 1
            _move(s, s.size[0], x)
            s.slot[p] = -1
            gone.pages[left] = p
            left += 1
        gone.ends[t] = left


class Mark0(CachePolicy):
    """Mark0 of Antoniadis et al. (2023), randomised, for discard predictions.

    Args:
        fill: what a returning stale page evicts while there is a free slot: "strict" a random page all the same,
            "lazy" nothing, with the same guarantee.
        force: play bits of the other kind too, without the guarantee.
    """

    prediction = "discard"
    randomised = True
    by_page = {"slot": -1, "stamp": 0}

    def __init__(self, fill: Literal["strict", "lazy"] = "strict", force: bool = False) -> None:
        self.fill = one_of("fill", fill, ("strict", "lazy"))
        self.force = flag("force", force)

    def _new(self, k: int, n_pages: int) -> _State:
        return _State(empty_slots(n_pages), zeros(n_pages), zeros(k), zeros(1), zeros(1), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, requests.bits, uniforms, faults, gone, self._state, self.fill == "strict")

    def _needs(self, page: int) -> bool:
        """Stale pages of the phase: at most ``k``."""
        return bool(0 < self._state.phase[0] == self._state.stamp[page])

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``2 H_k eta_0(t) + eta_1(t)`` in expectation, at any time."""
        h = harmonic(problem.cache_size)
        return bound(
            "Mark0 bound",
            problem,
            instance,
            ["eta_0", "eta_1"],
            lambda eta_0, eta_1: 2.0 * h * eta_0 + eta_1,
            "Antoniadis et al. 2023: (1, 2 H_k, 1)-competitive",
            "derived",
            DISCARD,
            OBLIVIOUS,
        )
