"""Request sequences that are made up: cyclic, uniform, Zipf, Markov, working set, loops with scans, the ratio-2 family.

``sequence: {generator: zipf, a: 0.8}`` names one of ``GENERATORS`` and its parameters; each draws from the generator
it is given and from nothing else. The adversary that answers a policy is a world of its own, ``adaptive_paging``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from bandits.contract import Array
from bandits.arguments import integer, real
from environments.paging.domain import Pages, build
from environments.paging.walks import Markov, WorkingSet

RATIO2 = (2, 0, 1, 3, 0, 2, 3, 1)


class Generator(Protocol):
    """A made-up request sequence."""

    random: ClassVar[bool]

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        """The first ``n`` requests [n]."""

    def n_pages(self, n: int) -> int:
        """Number of pages among which the first ``n`` requests choose."""


@dataclass(frozen=True)
class Cyclic:
    """``r_t = t mod N`` for t = 0, 1, ...; with N = k + 1 the worst case of LRU and FIFO.

    Args:
        N: number of pages, >= 1; k + 1 by default.
    """

    N: int
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        integer("N", self.N)

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        return np.arange(n, dtype=np.int64) % self.N

    def n_pages(self, n: int) -> int:
        return self.N


@dataclass(frozen=True)
class Uniform:
    """Independent uniform requests; with N = k + 1 the randomised lower bound.

    Args:
        N: number of pages, >= 1; k + 1 by default.
    """

    N: int
    random: ClassVar[bool] = True

    def __post_init__(self) -> None:
        integer("N", self.N)

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        return rng.integers(0, self.N, n)

    def n_pages(self, n: int) -> int:
        return self.N


@dataclass(frozen=True)
class Zipf:
    """Independent requests to page i with probability proportional to ``(i + 1)^-a``.

    Args:
        N: number of pages, >= 1.
        a: exponent, >= 0.
    """

    N: int = 100_000
    a: float = 1.0
    random: ClassVar[bool] = True

    def __post_init__(self) -> None:
        integer("N", self.N)
        real("a", self.a, 0.0, closed="low")

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        weights = np.arange(1.0, self.N + 1.0) ** -self.a
        return _inverse(np.cumsum(weights / weights.sum()), rng.random(n))

    def n_pages(self, n: int) -> int:
        return self.N


@dataclass(frozen=True)
class LoopScan:
    """s passes over the pages 0..N-1, then N pages that never come again; and so on.

    Args:
        N: number of pages of the loop, >= 1; 2 k by default.
        s: passes before each scan, >= 1.
    """

    N: int
    s: int = 3
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        integer("N", self.N)
        integer("s", self.s)

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        t = np.arange(n, dtype=np.int64)
        period = self.N * (self.s + 1)
        number, step = t // period, t % period
        scan = step - self.N * self.s
        return np.where(scan < 0, step % self.N, self.N + number * self.N + scan)

    def n_pages(self, n: int) -> int:
        number, step = divmod(n, self.N * (self.s + 1))
        return self.N * (1 + number) + max(step - self.N * self.s, 0)


@dataclass(frozen=True)
class Ratio2:
    """``[2, 0, 1, 3, 0, 2, 3, 1]`` again and again, for k = 2: OPT = 4 R + 2 after R rounds, where marking pays 8 R.

    Args:
        R: number of repetitions, >= 1; None for as many as the horizon takes.
    """

    R: int | None = None
    random: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.R is not None:
            integer("R", self.R)

    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        if self.R is not None and n > 8 * self.R:
            raise ValueError(f"R = {self.R} repetitions are {8 * self.R} requests, the horizon asks for {n}")
        return np.resize(np.array(RATIO2, dtype=np.int64), n)

    def n_pages(self, n: int) -> int:
        return 4


GENERATORS: Mapping[str, type[Generator]] = {
    "cyclic": Cyclic,
    "uniform": Uniform,
    "zipf": Zipf,
    "markov": Markov,
    "working_set": WorkingSet,
    "loop_scan": LoopScan,
    "ratio2": Ratio2,
}


def build_generator(name: Any, parameters: Mapping[str, Any], cache_size: int) -> Generator:
    """The generator of that name; where N is left out, ``cyclic`` and ``uniform`` take k + 1, ``loop_scan`` 2 k.

    Raises:
        ValueError: unknown name or parameter, or a value outside its domain.
    """
    if name == "adaptive":
        raise ValueError("generator 'adaptive' answers the policy's play, it is an environment: adaptive_paging")
    by_default = {"cyclic": cache_size + 1, "uniform": cache_size + 1, "loop_scan": 2 * cache_size}
    if name in by_default:
        parameters = {"N": by_default[name], **parameters}
    return build(GENERATORS, name, parameters, "generator")


def _inverse(cumulative: Array, uniforms: Array) -> Pages:
    """Pages by inversion: the first whose cumulative probability reaches the uniform."""
    return np.minimum(np.searchsorted(cumulative, uniforms, side="left"), cumulative.size - 1)
