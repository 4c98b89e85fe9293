"""Phases of a request sequence, and the truth of phase predictions.

Phase 1 starts with the first request; a new phase starts at the first request to what would be the (k+1)-th distinct
page of the running one. A phase does not end when k distinct pages were seen: repeats of them still belong to it. The
*clean* pages of a phase are those not requested in the phase before; ``sum c_i <= 2 OPT``.

Truth of *phase predictions*: ``P_t = 0`` iff page ``r_t``, requested in phase i, is requested again in phase i + 1. In
the last phase there is no following one: ``P_t = 1`` by convention, and these requests do not count as errors.

Reference: A. Fiat et al., *Competitive paging algorithms*, Journal of Algorithms 12, 1991 (phases, clean and stale
pages); the bits from Antoniadis et al., *Paging with Succinct Predictions*, ICML 2023, as quoted in secondary sources.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.paging.problem import check_cache_size
from environments.paging.arguments import Bits, Pages, as_pages

Counting = Literal["last_in_phase", "all"]
COUNTINGS: tuple[Counting, ...] = ("last_in_phase", "all")


class Phases(NamedTuple):
    """The k-phases of a request sequence.

    Attributes:
        number: [T] phase of each request, from 0.
        clean: [T] 1 at the first request in its phase to a page not requested in the phase before.
        last: [T] 1 at the last request in its phase to a page.
        truth: [T] 0 where the page is requested in the following phase.
    """

    number: NDArray[np.int64]
    clean: Bits
    last: Bits
    truth: Bits

    @property
    def n_phases(self) -> int:
        """Number of phases."""
        return int(self.number[-1]) + 1 if self.number.size else 0

    @property
    def clean_counts(self) -> NDArray[np.int64]:
        """Number of clean pages [n_phases] of each phase: the c_i."""
        return np.bincount(self.number, weights=self.clean, minlength=self.n_phases).astype(np.int64)


@kernel
def _phases(
    pages: Pages, k: int, n_pages: int, number: NDArray[np.int64], clean: Bits, last: Bits, truth: Bits
) -> None:
    seen = np.full(n_pages, -2, dtype=np.int64)
    phase, distinct = 0, 0
    for t in range(pages.size):
        page = pages[t]
        clean[t] = 0
        if seen[page] != phase:
            if distinct == k:
                phase, distinct = phase + 1, 0
            distinct += 1
            clean[t] = seen[page] < phase - 1
            seen[page] = phase
        number[t] = phase
    later = np.full(n_pages, -2, dtype=np.int64)
    seen[:] = -2
    for t in range(pages.size - 1, -1, -1):
        page, phase = pages[t], number[t]
        last[t] = seen[page] != phase
        if last[t]:
            later[page] = seen[page]
            seen[page] = phase
        truth[t] = later[page] != phase + 1


def phases(pages: Any, cache_size: int, n_pages: int | None = None) -> Phases:
    """The k-phases, in O(T) time.

    Args:
        pages: [T] page ids in ``0..n_pages - 1``.
        cache_size: k, >= 1.
        n_pages: number of pages; by default one more than the largest id.

    Raises:
        ValueError: bad requests or sizes.
    """
    pages, n_pages = as_pages(pages, n_pages)
    k, n = check_cache_size("cache_size", cache_size), pages.size
    found = Phases(np.empty(n, np.int64), np.empty(n, np.uint8), np.empty(n, np.uint8), np.empty(n, np.uint8))
    _phases(pages, k, n_pages, *found)
    return found


def phase_errors(found: Phases, bits: Bits, counting: Counting = "last_in_phase") -> tuple[Array, Array]:
    """Running numbers (eta_0 [T], eta_1 [T]) of wrong bits given in phases that ended before each request.

    Args:
        found: the phases.
        bits: [T] phase predictions.
        counting: "last_in_phase" counts each page once a phase, at its last request in it; "all" counts each request.

    Returns:
        Wrong 0s (the page was not requested in the following phase) and wrong 1s (it was). The last phase never counts.
    """
    counted = found.last == 1 if counting == "last_in_phase" else np.ones(bits.size, dtype=np.bool_)
    return _ended(found, counted & (found.truth > bits)), _ended(found, counted & (found.truth < bits))


def _ended(found: Phases, wrong: NDArray[np.bool_]) -> Array:
    totals = np.bincount(found.number, weights=wrong, minlength=found.n_phases).astype(np.float64)
    before: Array = np.cumsum(totals) - totals
    return before[found.number]


def discard_errors(truth: Bits, bits: Bits) -> tuple[Array, Array]:
    """Running numbers (eta_0 [T], eta_1 [T]) of wrong 0s and wrong 1s among discard predictions.

    Args:
        truth: [T] what LFD does.
        bits: [T] the predictions.
    """
    eta_0, eta_1 = np.empty(truth.size), np.empty(truth.size)
    _count_errors(truth, bits, eta_0, eta_1)
    return eta_0, eta_1


@kernel
def _count_errors(truth: Bits, bits: Bits, eta_0: Array, eta_1: Array) -> None:
    wrong_0 = wrong_1 = 0.0
    for t in range(truth.size):
        wrong_0 += truth[t] > bits[t]
        wrong_1 += truth[t] < bits[t]
        eta_0[t], eta_1[t] = wrong_0, wrong_1
