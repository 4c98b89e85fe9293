"""LMarker: marking, trusting the predicted reuse times once per clean page.

Marking: a requested page is marked; on a fault with a full cache and all pages marked, all marks go, a new phase begins
and the cached pages are its *stale* ones. A page that is not stale is *clean*. On a fault with a full cache,

    p clean: evict the unmarked page with the largest predicted time (of several, the least recently used)
    p stale: evict a uniformly random unmarked page

Guarantee: ``E[cost] = O(1 + min(log(eta / OPT), log k)) OPT``, where ``eta`` is the sum of the absolute errors.

Reference: D. Rohatgi, *Near-Optimal Bounds for Online Caching with Machine Learned Advice*, SODA 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.contract import Bound, Instance
from bandits.paging.problem import PagingProblem
from bandits.paging.reuse_marking import ReuseMarking
from bandits.paging.theory import OBLIVIOUS, REUSE, bound, harmonic


class LMarker(ReuseMarking):
    """LMarker of Rohatgi (2020), for predicted reuse times."""

    def _trust(self, k: int) -> float:
        return 1.0

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``(1 + min(ln(1 + eta(t) / OPT_t), H_k)) OPT_t``, an order whose constant is a convention."""
        h = harmonic(problem.cache_size)
        return bound(
            "LMarker order",
            problem,
            instance,
            ["opt", "eta_reuse"],
            lambda opt, eta: (1.0 + np.minimum(np.log1p(eta / np.maximum(opt, 1.0)), h)) * opt,
            "Rohatgi 2020, constant 1 by convention",
            "convention",
            REUSE,
            OBLIVIOUS,
            kind="order",
        )
