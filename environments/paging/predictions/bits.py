"""Sources of predicted bits: the truth made worse, constants, and what can be learned from past requests.

A bit is 1 where the page may go and 0 where it should be kept; see ``environments.paging.predictions.sources``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, real
from environments.paging.domain import Bits, as_bits
from environments.paging.hindsight import Instance
from environments.paging.optimum import lfd
from environments.paging.phases import phases
from environments.paging.predictions.history import ages, request_counts

BITS = frozenset({"discard", "phase"})


@dataclass(frozen=True)
class Flip:
    """The truth with independent wrong bits.

    Args:
        p: probability that a bit is wrong; or, instead of it,
        p01: probability that a true 1 is predicted as 0 (counts in eta_0), and
        p10: probability that a true 0 is predicted as 1 (counts in eta_1).
    """

    p: float | None = None
    p01: float | None = None
    p10: float | None = None
    kinds: ClassVar[frozenset[str]] = BITS

    def __post_init__(self) -> None:
        for name in ("p", "p01", "p10"):
            if getattr(self, name) is not None:
                real(name, getattr(self, name), 0.0, 1.0, closed="both")
        if (self.p is None) == (self.p01 is None and self.p10 is None):
            raise ValueError(f"give either p or p01 and p10, got p={self.p}, p01={self.p01}, p10={self.p10}")

    def predict(self, instance: Instance, kind: str, rng: np.random.Generator) -> Bits:
        truth = instance.truth(kind)
        p01, p10 = (self.p01 or 0.0, self.p10 or 0.0) if self.p is None else (self.p, self.p)
        wrong = rng.random(truth.size) < np.where(truth == 1, p01, p10)
        return np.where(wrong, 1 - truth, truth).astype(np.uint8)


@dataclass(frozen=True)
class Constant:
    """The same bit always.

    Args:
        value: 0 or 1.
    """

    value: int
    kinds: ClassVar[frozenset[str]] = BITS

    def __post_init__(self) -> None:
        integer("value", self.value, 0, 1)

    def predict(self, instance: Instance, kind: str, rng: np.random.Generator) -> Bits:
        return np.full(instance.pages.size, self.value, dtype=np.uint8)


@dataclass(frozen=True)
class Inverted:
    """Always the wrong bit."""

    kinds: ClassVar[frozenset[str]] = BITS

    def predict(self, instance: Instance, kind: str, rng: np.random.Generator) -> Bits:
        return 1 - instance.truth(kind)


@dataclass(frozen=True, eq=False)
class Static:
    """One fixed bit a page, an extension that is not in the paper.

    Args:
        bits: [n_pages] the bits; None for the true bit of most of the page's requests (a tie gives 0).
    """

    bits: Sequence[int] | None = None
    kinds: ClassVar[frozenset[str]] = BITS

    def predict(self, instance: Instance, kind: str, rng: np.random.Generator) -> Bits:
        if self.bits is not None:
            return as_bits(self.bits, instance.n_pages)[instance.pages]
        counts = np.bincount(instance.pages, minlength=instance.n_pages)
        ones = np.bincount(instance.pages, weights=instance.truth(kind), minlength=instance.n_pages)
        bits: Bits = (2 * ones > counts).astype(np.uint8)[instance.pages]
        return bits


@dataclass(frozen=True)
class Learned:
    """A predictor learned from past requests alone, as a user would have it.

    After ``first``, ``2 first``, ``4 first``, ... requests it works out the true bits of all requests so far as if the
    sequence ended there, and tabulates how often they are 1 by age (time since the page's previous request) and count
    (its requests so far), both in powers of two. Until the next such time it answers with the more frequent bit of the
    table's entry, or of the whole table where that entry is empty. The first ``first`` bits are 0.

    Args:
        first: number of requests before the first fit, >= 1.
    """

    first: int = 1000
    kinds: ClassVar[frozenset[str]] = BITS

    def __post_init__(self) -> None:
        integer("first", self.first, 1)

    def predict(self, instance: Instance, kind: str, rng: np.random.Generator) -> Bits:
        pages, n_pages, k = instance.pages, instance.n_pages, instance.cache_size
        entry = 64 * _power(ages(pages, n_pages)) + _power(request_counts(pages, n_pages))
        bits = np.zeros(pages.size, dtype=np.uint8)
        seen = self.first
        while seen < pages.size:
            past, known = pages[:seen], seen
            if kind == "discard":
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
