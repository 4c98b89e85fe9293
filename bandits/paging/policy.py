"""What every paging policy shares: the observation, the action, and the block driver of the compiled path."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Policy, Problem, World
from bandits.offers import offers

Prediction = Literal["discard", "phase", "reuse"]


class Request(NamedTuple):
    """What the learner sees before it serves a request.

    Attributes:
        page: the requested page, in ``0..n_pages - 1``.
        bit: the prediction given with it (0 keep, 1 may go), or -1 where the world gives none.
        reuse: predicted time of the next request to the page, or NaN (-1.0 in a gymnasium space) where there is none.
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
        bits: [n] uint8; empty where the world gives none.
        reuse: [n] float64; empty where the world gives none.
    """

    pages: NDArray[np.int64]
    bits: NDArray[np.uint8]
    reuse: Array


class RequestBlocks(Protocol):
    """A world that can hand out blocks of requests and account for the faults made in them."""

    clock: int

    def requests(self, number: int) -> Requests:
        """The next requests, at least 1 and at most ``number`` of them."""

    def absorb(self, faults: NDArray[np.uint8]) -> None:
        """Account for ``faults`` [n], 1 for each of the next ``n`` requests that the policy missed."""


class PagingPolicy(Policy[Request, Eviction, bool]):
    """A paging policy with a compiled loop over blocks of requests. The feedback is whether the request was a fault.

    Attributes:
        prediction: the kind of prediction that the policy needs, or None.
        force: whether a policy that needs bits takes bits of the other kind too.
    """

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset({("paging", "full")})
    prediction: ClassVar[Prediction | None] = None
    force: bool = False

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        """Empty the cache; ``problem.memory`` is its size and ``problem.items`` the number of pages.

        Raises:
            ValueError: the world does not give the kind of prediction that the policy needs.
        """
        bits = self.force and problem.prediction in ("discard", "phase")
        if self.prediction is not None and problem.prediction != self.prediction and not bits:
            gives = problem.prediction or "no"
            raise ValueError(f"{type(self).__name__} needs {self.prediction} predictions, the world gives {gives} ones")
        self._empty(problem, rng)

    @abstractmethod
    def _empty(self, problem: Problem, rng: np.random.Generator) -> None:
        """Size and clear the state."""

    @abstractmethod
    def play(self, requests: Requests, faults: NDArray[np.uint8]) -> None:
        """Serve a block, writing 1 for each fault and 0 for each hit into ``faults`` [n].

        Faults and the state afterwards must equal those of ``choose`` and ``update``.
        """

    def advance(self, environment: World[Request, Eviction, bool], rounds: int) -> None:
        """Serve ``rounds`` requests, compiled where the world hands out blocks and one by one elsewhere."""
        if not offers(environment, RequestBlocks):
            super().advance(environment, rounds)
            return
        end = environment.clock + rounds
        while environment.clock < end:
            requests = environment.requests(end - environment.clock)
            faults = np.empty(len(requests.pages), dtype=np.uint8)
            self.play(requests, faults)
            environment.absorb(faults)
