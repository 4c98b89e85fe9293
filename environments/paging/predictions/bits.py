"""Sources of predicted bits: the truth made worse, constants, and what can be learned from past requests.

A bit is 1 where the page may go and 0 where it should be kept; see ``environments.paging.predictions.sources``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, real
from bandits.contract import Array
from bandits.kernels import kernel
from environments.paging.arguments import Bits, as_bits, as_predictions
from environments.paging.hindsight import RequestSequence
from environments.paging.optimum import lfd
from environments.paging.phases import phases
from environments.paging.predictions.history import ages, request_counts
from environments.paging.predictions.sources import PredictionSource


@kernel
def _flipped(truth: Bits, uniforms: Array, p01: float, p10: float) -> Bits:
    bits = np.empty(truth.size, dtype=np.uint8)
    for t in range(truth.size):
        wrong = uniforms[t] < (p01 if truth[t] == 1 else p10)
        bits[t] = 1 - truth[t] if wrong else truth[t]
    return bits


@dataclass(frozen=True, eq=False)
class Flip(PredictionSource):
    """The truth with independent wrong bits.

    Args:
        kind: "discard" or "phase".
        p: probability that a bit is wrong; or, instead of it,
        p01: probability that a true 1 is predicted as 0 (counts in eta_0), and
        p10: probability that a true 0 is predicted as 1 (counts in eta_1).
    """

    p: float | None = None
    p01: float | None = None
    p10: float | None = None
    kinds = ("discard", "phase")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("p", "p01", "p10"):
            if getattr(self, name) is not None:
                real(name, getattr(self, name), 0.0, 1.0, closed="both")
        if (self.p is None) == (self.p01 is None and self.p10 is None):
            raise ValueError(f"give either p or p01 and p10, got p={self.p}, p01={self.p01}, p10={self.p10}")

    def predict(self, requests: RequestSequence, rng: np.random.Generator) -> Bits:
        truth = requests.truth(self.kind)
        p01, p10 = (self.p01 or 0.0, self.p10 or 0.0) if self.p is None else (self.p, self.p)
        return _flipped(truth, rng.random(truth.size), p01, p10)


@dataclass(frozen=True, eq=False)
class Constant(PredictionSource):
    """The same bit always.

    Args:
        kind: "discard" or "phase".
        value: 0 or 1.
    """

    value: int
    kinds = ("discard", "phase")

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("value", self.value, 0, 1)

    def predict(self, requests: RequestSequence, rng: np.random.Generator) -> Bits:
        return np.full(requests.pages.size, self.value, dtype=np.uint8)


@dataclass(frozen=True, eq=False)
class Inverted(PredictionSource):
    """Always the wrong bit.

    Args:
        kind: "discard" or "phase".
    """

    kinds = ("discard", "phase")

    def predict(self, requests: RequestSequence, rng: np.random.Generator) -> Bits:
        return 1 - requests.truth(self.kind)


@dataclass(frozen=True, eq=False)
class Static(PredictionSource):
    """One fixed bit a page, an extension that is not in the paper.

    Args:
        kind: "discard" or "phase".
        bits: [n_pages] the bits; None for the true bit of most of the page's requests (a tie gives 0).
    """

    bits: Sequence[int] | None = None
    kinds = ("discard", "phase")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bits is not None:
            as_bits(self.bits, as_predictions("bits", self.bits).size)

    def check(self, n_requests: int, n_pages: int) -> None:
        if self.bits is not None:
            as_bits(self.bits, n_pages)

    def predict(self, requests: RequestSequence, rng: np.random.Generator) -> Bits:
        if self.bits is not None:
            return as_bits(self.bits, requests.n_pages)[requests.pages]
        counts = np.bincount(requests.pages, minlength=requests.n_pages)
        ones = np.bincount(requests.pages, weights=requests.truth(self.kind), minlength=requests.n_pages)
        bits: Bits = (2 * ones > counts).astype(np.uint8)[requests.pages]
        return bits


@dataclass(frozen=True, eq=False)
class Learned(PredictionSource):
    """A predictor learned from past requests alone, as a user would have it.

    After ``first``, ``2 first``, ``4 first``, ... requests it works out the true bits of all requests so far as if the
    sequence ended there, and tabulates how often they are 1 by age (time since the page's previous request) and count
    (its requests so far), both in powers of two. Until the next such time it answers with the more frequent bit of the
    table's entry, or of the whole table where that entry is empty. The first ``first`` bits are 0.

    Args:
        kind: "discard" or "phase".
        first: number of requests before the first fit, >= 1.
    """

    first: int = 1000
    kinds = ("discard", "phase")

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("first", self.first, 1)

    def predict(self, requests: RequestSequence, rng: np.random.Generator) -> Bits:
        pages, n_pages, k = requests.pages, requests.n_pages, requests.cache_size
        entry = 64 * _power(ages(pages, n_pages)) + _power(request_counts(pages, n_pages))
        bits = np.zeros(pages.size, dtype=np.uint8)
        seen = self.first
        while seen < pages.size:
            past, known = pages[:seen], seen
            if self.kind == "discard":
                truth = lfd(past, k, n_pages).discard
            else:
                found = phases(past, k, n_pages)
                truth = found.truth
                known = int(np.searchsorted(found.number, found.n_phases - 1))
            total = np.bincount(entry[:known], minlength=64 * 64)
            ones = np.bincount(entry[:known], weights=truth[:known], minlength=64 * 64)
            guess = np.where(total > 0, 2 * ones >= total, 2 * ones.sum() >= max(known, 1)).astype(np.uint8)
            bits[seen : 2 * seen] = guess[entry[seen : 2 * seen]]
            seen *= 2
        return bits


def _power(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """``1 + floor(log2 v)`` of whole numbers [n], 0 for 0."""
    return np.frexp(values.astype(np.float64))[1].astype(np.int64)
