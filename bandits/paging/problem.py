"""What the learner is told in paging, how it answers, and how blocks of requests are handed to compiled policies."""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import flag, integer, number, one_of
from bandits.contract import Array, Problem

Prediction = Literal["discard", "phase", "reuse"]
PREDICTIONS: tuple[Prediction, ...] = ("discard", "phase", "reuse")

MOST_SLOTS = 10**8
"""Most slots of a cache, and most pages there may be: policies and caches keep some ten numbers of each."""


@dataclass(frozen=True, kw_only=True)
class PagingProblem(Problem):
    """Requests for pages, to be served from a cache that is empty at first. A fault has reward -1, a hit 0.

    Attributes:
        cache_size: k, the number of pages that the cache holds, >= 1.
        n_pages: number of pages, which are ``0..n_pages - 1``; None where the learner is not told.
        prediction: the kind of prediction given with each request, or None. "discard": bit 1 says that an optimal
            policy evicts the page before its next request. "phase": bit 1 says that the page is not requested in the
            next phase. "reuse": the time of the next request.
        bypass: whether a requested page may be served without being loaded, at the cost of a fault.

    Raises:
        ValueError: a size below 1, an unknown kind of prediction, or what ``Problem`` refuses.

    Example:
        >>> from bandits import PagingProblem
        >>> PagingProblem(cache_size=3, n_pages=8).low
        -1.0
    """

    cache_size: int
    n_pages: int | None = None
    prediction: Prediction | None = None
    bypass: bool = False
    low: float = -1.0
    high: float = 0.0

    def checked_observation(self, observation: Any) -> tuple[int, int, float, bool]:
        """The page, the bit or -1, the reuse time or NaN, and whether it is a hit, of a request.

        Raises:
            ValueError: no request, a page out of its domain, or another field that is of no such type.
        """
        try:
            page, bit, reuse, hit = observation.page, observation.bit, observation.reuse, observation.hit
        except AttributeError:
            raise ValueError(f"the observation must be a Request, got {observation!r}") from None
        if type(page) is not int or page < 0:
            page = integer("page", page, 0)
        if self.n_pages is not None and page >= self.n_pages:
            raise ValueError(f"page must be a whole number in 0..{self.n_pages - 1}, got {page}")
        if type(bit) is not int:
            bit = int(bit) if isinstance(bit, bool | np.bool_) else integer("bit", bit, -1, 1)
        if type(reuse) is not float:
            reuse = number("reuse must be a time (inf for never)", reuse)
        if type(hit) is not bool:
            if not isinstance(hit, np.bool_ | Integral) or hit not in (0, 1):
                raise ValueError(f"hit must be True or False, got {hit!r}")
            hit = bool(hit)
        return page, bit, reuse, hit

    def __post_init__(self) -> None:
        super().__post_init__()
        check_cache_size("cache_size", self.cache_size)
        if self.n_pages is not None:
            integer("n_pages", self.n_pages)
        if self.prediction is not None:
            one_of("prediction", self.prediction, PREDICTIONS)
        flag("bypass", self.bypass)


def check_cache_size(name: str, value: int) -> int:
    """A cache size >= 1.

    Raises:
        ValueError: not a whole number, below 1, or above ``MOST_SLOTS``.
    """
    return integer(name, value, most=MOST_SLOTS)


class Request(NamedTuple):
    """What the learner sees before it serves a request.

    Attributes:
        page: the requested page, in ``0..n_pages - 1``.
        bit: the prediction given with it (0 keep, 1 may go), or -1 where none is given.
        reuse: predicted time of the next request to the page, or NaN (-1.0 in a gymnasium space) where none is given.
        hit: whether the page is in the cache.
        cache: the pages in the cache, ascending.
        time: number of requests before this one.
    """

    page: int
    bit: int
    reuse: float
    hit: bool
    cache: tuple[int, ...]
    time: int


class Eviction(NamedTuple):
    """How the learner serves a request.

    Attributes:
        pages: cached pages that leave before the requested page is loaded.
        discard: whether the requested page leaves right after it was served.
    """

    pages: tuple[int, ...] = ()
    discard: bool = False


class Requests(NamedTuple):
    """A block of coming requests, for compiled policies.

    Attributes:
        pages: [n] int64.
        bits: [n] uint8; empty where none are given.
        reuse: [n] float64; empty where none are given.
    """

    pages: NDArray[np.int64]
    bits: NDArray[np.uint8]
    reuse: Array


class Departures(NamedTuple):
    """How a block of requests is served: which pages leave the cache at each of them.

    A page that leaves during its own request, as the last one of it, is discarded after it was served; all others leave
    before the requested page is loaded.

    Attributes:
        pages: [at least ends[-1]] int64, the pages in the order in which they leave.
        ends: [n] int64, number of departures up to and including each request.
    """

    pages: NDArray[np.int64]
    ends: NDArray[np.int64]


class RequestBlocks(Protocol):
    """An environment that can hand out blocks of requests and account for how they are served."""

    clock: int

    def block(self, most: int) -> Requests:
        """The next requests, at least 1 and at most ``most`` of them."""

    def absorb(self, departures: Departures) -> None:
        """Serve the next ``n`` requests, those of the last block, with ``departures`` for each."""


class RecencyBlocks(Protocol):
    """An environment that can serve requests by the rule of LRU itself, as long as nothing else was done."""

    clock: int

    def serve_by_recency(self, most: int) -> NDArray[np.int64] | None:
        """Serve the next requests, at most ``most`` of them, evicting the least recently used page on each fault.

        Returns:
            The pages in the cache, the one requested last first; None, and nothing is served, where the rule is better
            played.
        """
