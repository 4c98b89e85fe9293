"""Request sequences with memory: a Markov chain on pages, and a working set that drifts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, real, shaped, shown
from bandits.contract import Array
from bandits.kernels import kernel
from environments.paging.arguments import Pages
from environments.paging.sequences import Generator


@kernel
def _walk(rows: Array, start: int, uniforms: Array, pages: NDArray[np.int64]) -> None:
    page = start
    for t in range(pages.size):
        if t > 0:
            page = min(np.searchsorted(rows[page], uniforms[t - 1]), rows.shape[0] - 1)
        pages[t] = page


@kernel
def _drift(order: NDArray[np.int64], w: int, d: float, rate: float, uniforms: Array, pages: NDArray[np.int64]) -> None:
    outside = order.size - w
    for t in range(pages.size):
        if outside > 0 and uniforms[t, 0] < rate:
            i, j = int(uniforms[t, 1] * w), w + int(uniforms[t, 2] * outside)
            order[i], order[j] = order[j], order[i]
        if uniforms[t, 3] < d:
            pages[t] = int(uniforms[t, 4] * order.size)
        else:
            pages[t] = order[int(uniforms[t, 4] * w)]


MOST_RING = 10_000
"""Most pages of the ring, whose transition probabilities are a matrix."""


@dataclass(frozen=True, eq=False)
class Markov(Generator):
    """A Markov chain on pages, started uniformly.

    Args:
        P: [N, N] transition probabilities, rows summing to 1 within 1e-9; None for a ring on which the next page is
            each neighbour with probability 0.45 and any page with probability 0.1.
        N: number of pages of the ring, >= 1; only without ``P``.
    """

    P: Sequence[Sequence[float]] | None = None
    N: int | None = None

    def __post_init__(self) -> None:
        if self.P is None:
            integer("N", 64 if self.N is None else self.N, most=MOST_RING)
            return
        if self.N is not None:
            raise ValueError(f"N must be left out where P is given, got {shown(self.N)}")
        matrix = shaped("P", self.P, (None, None))
        if matrix.shape[0] != matrix.shape[1]:
            raise ValueError(f"P must be a square matrix, got shape {matrix.shape}")
        if not np.all(matrix >= 0.0):
            raise ValueError(f"P must have no negative or NaN entries, got {np.min(matrix)}")
        sums = matrix.sum(axis=1)
        if not np.all(np.abs(sums - 1.0) <= 1e-9):
            row = int(np.argmax(np.abs(sums - 1.0)))
            raise ValueError(f"P must have rows that sum to 1 within 1e-9, row {row} sums to {sums[row]}")

    @property
    def matrix(self) -> Array:
        """Transition probabilities [N, N]."""
        if self.P is not None:
            return np.asarray(self.P, dtype=np.float64)
        n = 64 if self.N is None else self.N
        ring = np.full((n, n), 0.1 / n)
        np.add.at(ring, (np.arange(n), (np.arange(n) + 1) % n), 0.45)
        np.add.at(ring, (np.arange(n), (np.arange(n) - 1) % n), 0.45)
        return ring

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        rows = np.cumsum(self.matrix, axis=1)
        start = int(rng.integers(0, len(rows)))
        pages = np.empty(n, dtype=np.int64)
        _walk(rows, start, rng.random(max(n - 1, 0)), pages)
        return pages

    def n_pages(self, n: int) -> int:
        return len(self.matrix)


@dataclass(frozen=True)
class WorkingSet(Generator):
    """A working set that drifts: requests fall into it, except a few that go anywhere.

    Each step, with probability 1 / L a random member of the working set is replaced by a random page outside; then the
    request is uniform in the set with probability 1 - d, and uniform over all pages otherwise. Five uniforms a step
    decide, in this order: whether to replace, which member, by which page, where the request falls, which page it is.

    Args:
        N: number of pages, >= 1.
        w: size of the working set, in 1..N.
        d: probability of a request anywhere, in [0, 1].
        L: mean number of steps between replacements, >= 1.
    """

    N: int = 1000
    w: int = 50
    d: float = 0.02
    L: float = 100
    certain: ClassVar[bool] = True

    def __post_init__(self) -> None:
        integer("N", self.N)
        integer("w", self.w, 1, self.N)
        real("d", self.d, 0.0, 1.0, closed="both")
        real("L", self.L, 1.0, closed="low")

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        order = rng.permutation(self.N)
        pages = np.empty(n, dtype=np.int64)
        _drift(order, self.w, float(self.d), 1.0 / self.L, rng.random((n, 5)), pages)
        return pages

    def n_pages(self, n: int) -> int:
        return self.N
