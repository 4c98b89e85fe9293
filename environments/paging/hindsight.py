"""What is known of requests in hindsight: the optimum, the phases, and the truth of predictions."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from environments.paging.arguments import Bits, Pages
from environments.paging.optimum import OfflineRun, Spectra, lfd, next_use, spectra, static_costs
from environments.paging.phases import Phases, phases
from environments.paging.recency import recent
from environments.paging.stacks import Distances, faults_at, lru_distances, opt_distances

FEW = 5
"""Cache sizes whose optimum is worked out by itself; the pass for all takes as long as that for 5 to 15."""


STOPS = 12
"""Times for which is kept what was requested last: as often as a run is looked at, and somewhat more."""


class KnownRequests:
    """A request sequence, and what is known of it whatever the size of the cache; each thing once it is asked for.

    Args:
        pages: [T] page ids in ``0..n_pages - 1``, int64.
        n_pages: number of pages.

    Attributes:
        played: sizes of the caches that were LRU's.
        optima: sizes whose optimum was worked out by itself.
    """

    def __init__(self, pages: Pages, n_pages: int) -> None:
        self.pages, self.n_pages = pages, n_pages
        self.played: set[int] = set()
        self.optima: set[int] = set()
        self._last: RequestSequence | None = None
        self._spectra: tuple[bytes, Spectra] | None = None
        self._recent: dict[int, Pages] = {}

    def sequence(self, cache_size: int) -> RequestSequence:
        """The sequence for a cache of that size; it is the same one while no other size is asked for."""
        last = self._last
        if last is None or last.cache_size != cache_size:
            last = self._last = RequestSequence(self.pages, self.n_pages, cache_size, self)
        return last

    @cached_property
    def keys(self) -> Pages:
        """Keys [T] of LFD, see ``next_use``."""
        return next_use(self.pages, self.n_pages)

    @cached_property
    def lru(self) -> Distances:
        """Stack distances [T] of LRU."""
        return lru_distances(self.pages, self.n_pages)

    @cached_property
    def opt(self) -> Distances:
        """Stack distances [T] of the optimum."""
        return opt_distances(self.pages, self.n_pages)

    def recent(self, stop: int) -> Pages:
        """The pages of the first ``stop`` requests, the one requested last first; those of some stops are kept."""
        found = self._recent.get(stop)
        if found is None:
            found = recent(self.pages, self.keys, stop, self.n_pages)
            if len(self._recent) >= STOPS:
                self._recent.clear()
            self._recent[stop] = found
        return found

    def spectra(self, times: NDArray[np.int64]) -> Spectra:
        """How often pages were requested by each time; those of the times asked for last are kept."""
        asked, kept = times.tobytes(), self._spectra
        if kept is None or kept[0] != asked:
            kept = self._spectra = asked, spectra(self.pages, times, self.n_pages)
        return kept[1]


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
        few = "opt" not in vars(self.known) and (self.cache_size in optima or len(optima) < FEW)
        if few or "optimal" in vars(self):
            return faults_at(self.optimal.faults, 0, times)
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
