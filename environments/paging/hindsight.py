"""What is known of requests in hindsight: the optimum, the phases, and the truth of predictions."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from bandits.contract import Array
from environments.paging.arguments import Bits, Pages
from environments.paging.optimum import OfflineRun, lfd, next_use
from environments.paging.phases import Phases, phases


class RequestSequence:
    """A sequence of requests that a cache is to serve.

    Args:
        pages: [T] page ids in ``0..n_pages - 1``, int64.
        n_pages: number of pages.
        cache_size: k.
    """

    def __init__(self, pages: Pages, n_pages: int, cache_size: int) -> None:
        self.pages, self.n_pages, self.cache_size = pages, n_pages, cache_size

    @cached_property
    def optimal(self) -> OfflineRun:
        """The optimal run."""
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
        keys = next_use(self.pages, self.n_pages)
        return np.minimum(keys, self.pages.size).astype(np.float64)

    @cached_property
    def opt(self) -> Array:
        """Faults [T] of the optimum, running."""
        return np.cumsum(self.optimal.faults, dtype=np.float64)

    @cached_property
    def opt_bypass(self) -> Array:
        """Faults [T] of the optimum with bypassing, running."""
        return np.cumsum(self.bypassing.faults, dtype=np.float64)

    @cached_property
    def clean(self) -> Array:
        """Clean pages [T] so far, over all phases: the ``sum of c_i`` of each prefix."""
        return np.cumsum(self.phases.clean, dtype=np.float64)

    def truth(self, kind: str) -> Bits:
        """The true bits [T] of "discard" or "phase" predictions."""
        return self.optimal.discard if kind == "discard" else self.phases.truth
