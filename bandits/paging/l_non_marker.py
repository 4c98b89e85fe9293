"""LNonMarker: like LMarker, but a page that a clean one pushed out may push out any page.

Phases are counted by requests: one begins with the first request for a (k+1)-th different page. Then all pages are
unmarked, and the cached ones are the *stale* pages of the phase; others are *clean*. A requested page is marked. On a
fault with a full cache,

    p clean: evict the unmarked page with the largest predicted time (of several, the least recently used)
    p stale, evicted in this phase on the request of a clean page: evict a uniformly random page of the whole cache
    p stale otherwise: evict a uniformly random unmarked page

Guarantee: ``E[cost] = O(1 + (eta / (k OPT)) log k) OPT``, where ``eta`` is the sum of the absolute errors of the
predicted times. Not robust alone: combine it with Marker.

Reference: D. Rohatgi, *Near-Optimal Bounds for Online Caching with Machine Learned Advice*, SODA 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

from bandits.contract import Bound, Instance
from bandits.paging.problem import PagingProblem
from bandits.paging.reuse_marking import ReuseMarking
from bandits.paging.theory import OBLIVIOUS, REUSE, bound, harmonic


class LNonMarker(ReuseMarking):
    """LNonMarker of Rohatgi (2020), for predicted reuse times; without the combination that makes it robust."""

    anywhere = True

    def _trust(self, k: int) -> float:
        return 1.0

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``OPT_t + (H_k / k) eta(t)``, an order whose constant is a convention."""
        k = problem.cache_size
        h = harmonic(k)
        return bound(
            "LNonMarker order",
            problem,
            instance,
            ["opt", "eta_reuse"],
            lambda opt, eta: opt + h / k * eta,
            "Rohatgi 2020, constant 1 by convention",
            "convention",
            REUSE,
            OBLIVIOUS,
            kind="order",
        )
