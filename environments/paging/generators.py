"""Request sequences that are made up without memory: cyclic, uniform, Zipf, loops with scans, the ratio-2 family."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np

from bandits.arguments import integer, real
from bandits.contract import Array
from bandits.kernels import kernel
from bandits.paging.problem import MOST_SLOTS
from environments.paging.arguments import Pages
from environments.paging.sequences import Generator

RATIO2 = (2, 0, 1, 3, 0, 2, 3, 1)


@dataclass(frozen=True)
class _Sized(Generator):
    """Requests to ``N`` pages, by default to one more than the cache holds."""

    N: int | None = None
    certain: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.N is not None:
            integer("N", self.N, most=MOST_SLOTS)

    def for_cache(self, k: int) -> Self:
        return self if self.N is not None else replace(self, N=min(k + 1, MOST_SLOTS))

    def n_pages(self, n: int) -> int:
        return _known(self.N)


@dataclass(frozen=True)
class Cyclic(_Sized):
    """``r_t = t mod N`` for t = 0, 1, ...; with N = k + 1 the worst case of LRU and FIFO.

    Args:
        N: number of pages, >= 1; None for k + 1.
    """

    random: ClassVar[bool] = False

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        return np.arange(n, dtype=np.int64) % self.n_pages(n)


@dataclass(frozen=True)
class Uniform(_Sized):
    """Independent uniform requests; with N = k + 1 the randomised lower bound.

    Args:
        N: number of pages, >= 1; None for k + 1.
    """

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        return rng.integers(0, self.n_pages(n), n)


@dataclass(frozen=True)
class Zipf(Generator):
    """Independent requests to page i with probability proportional to ``(i + 1)^-a``.

    Args:
        N: number of pages, >= 1.
        a: exponent, >= 0.
    """

    N: int = 100_000
    a: float = 1.0
    certain: ClassVar[bool] = True

    def __post_init__(self) -> None:
        integer("N", self.N, most=MOST_SLOTS)
        real("a", self.a, 0.0, closed="low")

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        weights = np.arange(1.0, self.N + 1.0) ** -self.a
        return _inverse(np.cumsum(weights / weights.sum()), rng.random(n))

    def n_pages(self, n: int) -> int:
        return self.N


@dataclass(frozen=True)
class LoopScan(_Sized):
    """s passes over the pages 0..N-1, then N pages that never come again; and so on.

    Args:
        N: number of pages of the loop, >= 1; None for 2 k.
        s: passes before each scan, >= 1.
    """

    s: int = 3
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        integer("s", self.s)

    def for_cache(self, k: int) -> Self:
        return self if self.N is not None else replace(self, N=min(2 * k, MOST_SLOTS))

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        t = np.arange(n, dtype=np.int64)
        N = _known(self.N)
        period = N * (self.s + 1)
        number, step = t // period, t % period
        scan = step - N * self.s
        return np.where(scan < 0, step % N, N + number * N + scan)

    def n_pages(self, n: int) -> int:
        N = _known(self.N)
        number, step = divmod(n, N * (self.s + 1))
        return N * (1 + number) + max(step - N * self.s, 0)


@dataclass(frozen=True)
class Ratio2(Generator):
    """``[2, 0, 1, 3, 0, 2, 3, 1]`` again and again, for k = 2: OPT = 4 R + 2 after R rounds, where marking pays 8 R.

    Args:
        R: number of repetitions, >= 1; None for as many as the horizon takes.
    """

    R: int | None = None
    random: ClassVar[bool] = False
    certain: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.R is not None:
            integer("R", self.R)

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        if self.R is not None and n > 8 * self.R:
            raise ValueError(f"R = {self.R} repetitions are {8 * self.R} requests, the horizon asks for {n}")
        return np.resize(np.array(RATIO2, dtype=np.int64), n)

    def n_pages(self, n: int) -> int:
        return 4


def _known(N: int | None) -> int:
    if N is None:
        raise ValueError("N must be given where no cache says how many pages there are, got None")
    return N


@kernel
def _inverse(cumulative: Array, uniforms: Array) -> Pages:
    """Pages by inversion: the first whose cumulative probability reaches the uniform, or the last.

    The search begins where the uniform would stand among evenly spread probabilities.
    """
    last = cumulative.size - 1
    starts, page = np.empty(last + 2, dtype=np.int64), 0
    for i in range(starts.size):
        while page < last and cumulative[page] * (last + 1) < i:
            page += 1
        starts[i] = page
    pages = np.empty(uniforms.size, dtype=np.int64)
    for t in range(uniforms.size):
        page = starts[int(uniforms[t] * (last + 1))]
        while page < last and cumulative[page] < uniforms[t]:
            page += 1
        while page > 0 and cumulative[page - 1] >= uniforms[t]:  # products were rounded
            page -= 1
        pages[t] = page
    return pages
