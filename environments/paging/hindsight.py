"""What is known of requests in hindsight: the optimum, the phases, and the truth of predictions."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from environments.paging.arguments import Bits, Pages
from environments.paging.known import FEW, KnownRequests, faults_at
from environments.paging.optimum import OfflineRun, lfd, static_costs
from environments.paging.phases import Phases, phases


class RequestSequence:
    """A sequence of requests that a cache is to serve.

    Args:
        pages: [T] page ids in ``0..n_pages - 1``, int64.
        n_pages: number of pages.
        cache_size: k.
        known: what is known of it whatever the size of the cache; None where no other size is to share that.
    """

    def __init__(self, pages: Pages, n_pages: int, cache_size: int, known: KnownRequests | None = None) -> None:
        self.pages, self.n_pages, self.cache_size = pages, n_pages, cache_size
        self.known = KnownRequests(pages, n_pages) if known is None else known

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.pages, self.n_pages, self.cache_size)  # all else follows

    @cached_property
    def optimal(self) -> OfflineRun:
        """The optimal run."""
        self.known.optima.add(self.cache_size)
        return lfd(self.pages, self.cache_size, self.n_pages)

    @cached_property
    def bypassing(self) -> OfflineRun:
        """The optimal run where a page may be served without being loaded."""
        return lfd(self.pages, self.cache_size, self.n_pages, bypass=True)

    @cached_property
    def phases(self) -> Phases:
        """The k-phases."""
        return phases(self.pages, self.cache_size, self.n_pages)

    @cached_property
    def next_times(self) -> Array:
        """Time [T] of the next request to the page of each request, T where there is none."""
        return np.minimum(self.known.keys, self.pages.size).astype(np.float64)

    @cached_property
    def opt(self) -> Array:
        """Faults [T] of the optimum, running."""
        return np.cumsum(self.optimal.faults, dtype=np.float64)

    def opt_at(self, times: NDArray[np.int64]) -> Array:
        """Faults [n_times] of the optimum by each time (>= 1).

        Of many cache sizes they are counted from stack distances, which are worked out for all of them at once.
        """
        optima = self.known.optima
        if "optimal" in vars(self) or self.cache_size in optima or len(optima) < FEW:
            return self.opt[times - 1]
        return faults_at(self.known.opt, self.cache_size, times)

    @cached_property
    def opt_bypass(self) -> Array:
        """Faults [T] of the optimum with bypassing, running."""
        return np.cumsum(self.bypassing.faults, dtype=np.float64)

    @cached_property
    def clean(self) -> Array:
        """Clean pages [T] so far, over all phases: the ``sum of c_i`` of each prefix."""
        return np.cumsum(self.phases.clean, dtype=np.float64)

    def static_at(self, times: NDArray[np.int64]) -> Array:
        """Cost [n_times] of the best fixed set of k pages by each time (increasing, >= 1), see ``best_static``."""
        return static_costs(self.known.spectra(times), self.cache_size)

    def truth(self, kind: str) -> Bits:
        """The true bits [T] of "discard" or "phase" predictions."""
        return self.optimal.discard if kind == "discard" else self.phases.truth
