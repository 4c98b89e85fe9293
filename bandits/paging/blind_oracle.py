"""BlindOracle, or Follow-the-Prediction: evict the page whose next request is predicted to be the last.

On a fault with a full cache the page with the largest latest predicted reuse time leaves; of several, the least
recently used. With true reuse times it is Belady's rule.

Guarantee: ``cost <= min(1 + 2 eta / OPT, 4 + 4 eta / ((k - 1) OPT)) OPT``, where ``eta`` is the sum of the absolute
errors of the predicted times. It has no bound that is free of ``eta``.

References: T. Lykouris and S. Vassilvitskii, *Competitive Caching with Machine Learned Advice*, Journal of the ACM 68,
2021; A. Wei, *Better and Simpler Learning-Augmented Online Caching*, APPROX 2020; constants from P. Skachkov et al.,
arXiv 2410.01760.

A binary heap of the pages held, ordered by (predicted time, latest request): O(log k) per request.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.paging.cache import CachePolicy, Flags, Ints, empty_slots, zeros
from bandits.paging.problem import Departures, PagingProblem, Requests
from bandits.paging.theory import REUSE, bound


class _State(NamedTuple):
    place: Ints  # [n_pages] place of a page in the heap, or -1
    page: Ints  # [k] the heap; the next victim at 0
    due: Array  # [k] latest predicted time of the page at a place
    last: Ints  # [k] time of the latest request of the page at a place
    size: Ints  # [1] pages held
    clock: Ints  # [1] requests served


@kernel
def _put(s: _State, i: int, page: int, due: float, last: int) -> None:
    s.page[i], s.due[i], s.last[i] = page, due, last
    s.place[page] = i


@kernel
def _first(due: float, last: int, other_due: float, other_last: int) -> bool:
    return due > other_due or (due == other_due and last < other_last)


@kernel
def _settle(s: _State, i: int, page: int, due: float, last: int) -> None:
    """Put a page at place ``i`` and restore the order, upwards and downwards."""
    n = s.size[0]
    while i > 0:
        j = (i - 1) // 2
        if not _first(due, last, s.due[j], s.last[j]):
            break
        _put(s, i, s.page[j], s.due[j], s.last[j])
        i = j
    while 2 * i + 1 < n:
        j = 2 * i + 1
        if j + 1 < n and _first(s.due[j + 1], s.last[j + 1], s.due[j], s.last[j]):
            j += 1
        if _first(due, last, s.due[j], s.last[j]):
            break
        _put(s, i, s.page[j], s.due[j], s.last[j])
        i = j
    _put(s, i, page, due, last)


@kernel
def _play(pages: Ints, reuse: Array, faults: Flags, gone: Departures, s: _State) -> None:
    k = s.page.size
    left = 0
    for t in range(pages.size):
        p = pages[t]
        x = s.place[p]
        faults[t] = x < 0
        if x < 0:
            if s.size[0] < k:
                x = s.size[0]
                s.size[0] += 1
            else:
                x = 0
                gone.pages[left] = s.page[0]
                left += 1
                s.place[s.page[0]] = -1
        _settle(s, x, p, reuse[t], s.clock[0] + t)
        gone.ends[t] = left
    s.clock[0] += pages.size


def blind_oracle_regret(opt: Array, eta: Array, k: int) -> Array:
    """The guarantee as a bound on the regret; for ``k = 1`` its first half alone."""
    linear = 2.0 * eta
    return linear if k == 1 else np.minimum(linear, 3.0 * opt + 4.0 * eta / (k - 1))


class BlindOracle(CachePolicy):
    """Follow-the-Prediction, for predicted reuse times."""

    prediction = "reuse"
    by_page = {"place": -1}

    def _new(self, k: int, n_pages: int) -> _State:
        return _State(empty_slots(n_pages), zeros(k), np.zeros(k), zeros(k), zeros(1), zeros(1))

    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        _play(requests.pages, requests.reuse, faults, gone, self._state)

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``min(2 eta(t), 3 OPT_t + 4 eta(t) / (k - 1))``."""
        k = problem.cache_size
        return bound(
            "BlindOracle bound",
            problem,
            instance,
            ["opt", "eta_reuse"],
            lambda opt, eta: blind_oracle_regret(opt, eta, k),
            "Wei 2020, constants of Skachkov et al. 2024",
            "recalled",
            REUSE,
        )
