"""Marker: randomised marking.

A requested page is marked. On a fault with a full cache: if every page is marked, all marks go and a new phase begins;
then a uniformly random unmarked page leaves, the one in slot ``int(U_t m)`` of ``m``, with ``U_t`` the uniform of
request ``t``.

Guarantee: ``E[Marker_t] <= (2 H_k - 1) OPT_t`` for requests that do not depend on the random choices.

References: A. Fiat, R. Karp, M. Luby, L. McGeoch, D. Sleator, N. Young, *Competitive Paging Algorithms*, Journal of
Algorithms 12, 1991; D. Achlioptas, M. Chrobak, J. Noga, *Competitive Analysis of Randomized Paging Algorithms*,
Theoretical Computer Science 234, 2000, for the constant.

The slots are parted by swaps into [unmarked | marked]: O(1) per request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, empty_slots, zeros
from bandits.paging.problem import Departures, PagingProblem, Requests
from bandits.paging.theory import OBLIVIOUS, bound, harmonic


class _State(NamedTuple):
    slot: Ints  # [n_pages] slot of a page, or -1
    page: Ints  # [k] page of a slot: first the unmarked ones, then the marked ones
    unmarked: Ints  # [1] number of unmarked pages
    size: Ints  # [1] pages held


@kernel
def _play(pages: Ints, uniforms: Array, faults: Flags, gone: Departures, s: _State) -> None:
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
                if s.unmarked[0] == 0:
                    s.unmarked[0] = k
                x = int(uniforms[t] * s.unmarked[0])
                gone.pages[left] = s.page[x]
                left += 1
                s.slot[s.page[x]] = -1
            s.page[x] = p
            s.slot[p] = x
        if x < s.unmarked[0]:
            s.unmarked[0] -= 1
            end = s.unmarked[0]
            s.page[x], s.page[end] = s.page[end], p
            s.slot[s.page[x]], s.slot[p] = x, end
        gone.ends[t] = left


class Marker(CachePolicy):
    """Randomised marking, of Fiat et al. (1991)."""

    randomised = True
    by_page = {"slot": -1}

    def _new(self, k: int, n_pages: int) -> _State:
        return _State(empty_slots(n_pages), zeros(k), zeros(1), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, uniforms, faults, gone, self._state)

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``(2 H_k - 2) OPT_t`` in expectation, at any time."""
        h = harmonic(problem.cache_size)
        return bound(
            "Marker bound",
            problem,
            instance,
            ["opt"],
            lambda opt: (2.0 * h - 2.0) * opt,
            "Achlioptas, Chrobak, Noga 2000",
            "recalled",
            OBLIVIOUS,
        )
