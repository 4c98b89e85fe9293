"""PredictiveMarker: marking, trusting the predicted reuse times until they have failed too often.

Marking: a requested page is marked; on a fault with a full cache and all pages marked, all marks go, a new phase begins
and the cached pages are its *stale* ones. A page that is not stale is *clean*. Each clean page that faults starts a
chain; the page evicted last on behalf of a chain represents it. On a fault with a full cache,

    p clean: start a chain of length n = 1;  p stale: it represents a chain, whose length n grows by 1
    if n <= H_k: evict the unmarked page with the largest predicted time (of several, the least recently used)
    else: evict a uniformly random unmarked page
    the page evicted represents the chain

Guarantee: ``E[cost] <= min(2 + 2 sqrt(5 eta / OPT), 4 H_k) OPT``, where ``eta`` is the sum of the absolute errors of
the predicted times.

Reference: T. Lykouris and S. Vassilvitskii, *Competitive Caching with Machine Learned Advice*, Journal of the ACM 68,
2021.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.contract import Bound, Instance
from bandits.paging.problem import PagingProblem
from bandits.paging.reuse_marking import ReuseMarking
from bandits.paging.theory import OBLIVIOUS, REUSE, bound, harmonic


class PredictiveMarker(ReuseMarking):
    """PredictiveMarker of Lykouris and Vassilvitskii (2021), for predicted reuse times."""

    def _trust(self, k: int) -> float:
        return harmonic(k)

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``min(1 + 2 sqrt(5 eta(t) / OPT_t), 4 H_k - 1) OPT_t`` in expectation."""
        h = harmonic(problem.cache_size)
        return bound(
            "PredictiveMarker bound",
            problem,
            instance,
            ["opt", "eta_reuse"],
            lambda opt, eta: np.minimum(opt + 2.0 * np.sqrt(5.0 * eta * opt), (4.0 * h - 1.0) * opt),
            "Lykouris and Vassilvitskii 2021",
            "recalled",
            REUSE,
            OBLIVIOUS,
        )
