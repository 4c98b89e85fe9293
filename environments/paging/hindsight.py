"""What is known of a run in hindsight: optimum, phases, truth of predictions, and the facts that theorems speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from bandits.contract import Array
from environments.paging.domain import Bits, Pages
from environments.paging.optimum import OfflineRun, lfd, next_use
from environments.paging.phases import Counting, Phases, discard_errors, phase_errors, phases


class Instance:
    """A request sequence and a cache size.

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


def reuse_errors(instance: Instance, reuse: Array) -> Array:
    """Running ``sum |h_t - next(t)|`` [T], where T stands for "never" on both sides.

    A prediction beyond T says "never again", whatever its size, so that it counts as T: the clipped predictions rank
    the pages alike up to ties, which keeps every bound that holds for any choice among ties (derived).
    """
    return np.cumsum(np.abs(np.minimum(reuse, float(instance.pages.size)) - instance.next_times))


KEYS = (
    "opt",
    "opt_bypass",
    "clean",
    "eta_0",
    "eta_1",
    "eta_reuse",
    "cache_size",
    "n_pages",
    "prediction",
    "oblivious",
    "no_bypass",
)


class Facts(Mapping[str, Any]):
    """Facts of one run as a mapping; arrays are float64 [T] and hold the value after request t at index t - 1.

    Args:
        instance: the requests and the cache size.
        prediction: kind of the predictions, or empty.
        bits: [T] predicted bits, or empty.
        reuse: [T] predicted times of next use, or empty.
        counting: how wrong phase predictions are counted.
        bypass: whether pages may be served without being loaded.
        oblivious: whether the requests were fixed before the run.
    """

    def __init__(
        self,
        instance: Instance,
        prediction: str,
        bits: Bits,
        reuse: Array,
        counting: Counting,
        bypass: bool = False,
        oblivious: bool = True,
    ) -> None:
        self.instance, self.prediction, self.bits, self.reuse = instance, prediction, bits, reuse
        self.counting, self.no_bypass, self.oblivious = counting, not bypass, oblivious
        self.cache_size, self.n_pages = instance.cache_size, instance.n_pages

    def __getitem__(self, key: str) -> Any:
        if key not in KEYS:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(KEYS)

    def __len__(self) -> int:
        return len(KEYS)

    @property
    def opt(self) -> Array:
        """Faults of the optimum."""
        return self.instance.opt

    @property
    def opt_bypass(self) -> Array:
        """Faults of the optimum with bypassing."""
        return self.instance.opt_bypass

    @property
    def clean(self) -> Array:
        """Sum of the numbers of clean pages."""
        return self.instance.clean

    @cached_property
    def _errors(self) -> tuple[Array, Array]:
        if self.prediction == "discard":
            return discard_errors(self.instance.truth("discard"), self.bits)
        if self.prediction == "phase":
            return phase_errors(self.instance.phases, self.bits, self.counting)
        nothing = np.zeros(self.instance.pages.size)
        return nothing, nothing

    @property
    def eta_0(self) -> Array:
        """Wrong 0s."""
        return self._errors[0]

    @property
    def eta_1(self) -> Array:
        """Wrong 1s."""
        return self._errors[1]

    @cached_property
    def eta_reuse(self) -> Array:
        """Error of the predicted times of next use."""
        if self.prediction == "reuse":
            return reuse_errors(self.instance, self.reuse)
        return np.zeros(self.instance.pages.size)
