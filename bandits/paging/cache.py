"""Policies that keep track of their own cache: one compiled loop per policy serves both drivers.

Such a policy knows from the requests alone what it holds. Serving a block of requests gives, for each request, whether
it was a fault and which pages left the cache; serving a block of one is ``choose``. So the two drivers cannot differ,
and other policies (the lazy wrapper, the combiners) can run one on the side and watch its cache.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.defaults import default
from bandits.paging.policy import PagingPolicy
from bandits.paging.problem import Departures, Eviction, PagingProblem, Request, Requests
from bandits.paging.queue import Queue

Ints = NDArray[np.int64]
Flags = NDArray[np.uint8]

MOST_UNKNOWN = 1 << 27
"""Where the number of pages is not known, pages are below: arrays hold a row a page, hashes are larger."""

_NO_BITS: Flags = np.empty(0, dtype=np.uint8)
_NO_REUSE: Array = np.empty(0)
_NO_UNIFORMS: Array = np.empty(0)


class CachePolicy(PagingPolicy):
    """A paging policy that keeps track of its own cache. It starts empty.

    A randomised policy draws one uniform per request, needed or not, so that faults do not depend on how the
    requests are cut into blocks. Where the number of pages is unknown (``problem.n_pages`` is None), arrays grow to the
    largest page seen: number pages as they come.

    Attributes:
        randomised: whether ``_serve`` is given uniforms.
        by_page: fields of the state with one row per page, and the entries of a page never requested. Entries of the
            first one are larger for the pages held, and for these alone.
    """

    randomised: bool = False
    by_page: Mapping[str, float]
    _state: Any

    @abstractmethod
    def _new(self, k: int, n_pages: int) -> Any:
        """The state of an empty cache of ``k`` slots: a named tuple of arrays."""

    @abstractmethod
    def _serve(self, requests: Requests, uniforms: Array, faults: Flags, gone: Departures) -> None:
        """Serve ``n`` checked requests, writing ``faults`` [n] and ``gone``; ``uniforms`` is [n] or empty."""

    @default
    def _begin(self, problem: PagingProblem, rng: np.random.Generator) -> None:
        """What a run begins with, before the state is sized. Here: nothing."""

    def _empty(self, problem: PagingProblem, rng: np.random.Generator) -> None:
        self._begin(problem, rng)
        self._problem, self._cache_size, self._n_pages, self._rng = problem, problem.cache_size, problem.n_pages, rng
        self._capacity = 16 if self._n_pages is None else self._n_pages
        # Nobody ever evicts from a cache with a slot for every page.
        self._slots = self._cache_size if self._n_pages is None else min(self._cache_size, self._n_pages)
        self._state = self._new(self._slots, self._capacity)
        self._held, self._absent = next(iter(self.by_page.items()))
        self._needs_bits, self._needs_reuse = self._needed()
        single = Requests(zeros(1), np.zeros(1, dtype=np.uint8), np.zeros(1))
        self._single = single, np.zeros(1, dtype=np.uint8), Departures(zeros(1 + self._slots), zeros(1))

    def _needed(self) -> tuple[bool, bool]:
        """Whether each request must have a bit, and a reuse time."""
        members = [policy._needed() for policy in self._followed()]
        bits = self.prediction in ("discard", "phase") or any(bits for bits, _ in members)
        return bits, self.prediction == "reuse" or any(reuse for _, reuse in members)

    @default
    def _followed(self) -> Sequence[CachePolicy]:
        """Policies that serve the same requests on the side. Here: none."""
        return ()

    def play(self, block: Requests) -> Departures:
        return self.serve(block)[1]

    def serve(self, requests: Requests) -> tuple[Flags, Departures]:
        """Serve a block of requests.

        Returns:
            faults [n], 1 for each request whose page was not in the cache, and the pages that left.

        Raises:
            ValueError: a page, a bit or a reuse time out of its domain, or predictions missing.
        """
        if not np.issubdtype(requests.pages.dtype, np.integer) or requests.pages.ndim != 1:
            got = f"{requests.pages.dtype} of shape {requests.pages.shape}"
            raise ValueError(f"pages must be a one-dimensional array of integers, got {got}")
        # Copies: kernels are compiled for writable contiguous arrays, environments may hand out views.
        pages = np.array(requests.pages, dtype=np.int64)
        bits, reuse = requests.bits, requests.reuse
        if self._needs_bits:
            if len(bits) != len(pages):
                raise ValueError(f"bits must be one per request, got {len(bits)} for {len(pages)} requests")
            plain = bits.dtype == np.uint8 and bits.max(initial=0) <= 1  # as nearly always
            if not plain and not np.all((bits == 0) | (bits == 1)):
                raise ValueError(f"bits must be 0 or 1, got {bits[(bits != 0) & (bits != 1)][0]}")
        if self._needs_reuse:
            if len(reuse) != len(pages):
                raise ValueError(f"reuse must be one time per request, got {len(reuse)} for {len(pages)} requests")
            if np.isnan(reuse).any():
                raise ValueError("reuse must be times (inf for never), got nan")
        if pages.size:
            self._admit(int(pages.min()), int(pages.max()))
        copies = Requests(pages, np.array(bits, dtype=np.uint8), np.array(reuse, dtype=np.float64))
        n = len(pages)
        faults = np.empty(n, dtype=np.uint8)
        gone = Departures(np.empty(n + self._slots, dtype=np.int64), np.empty(n, dtype=np.int64))
        self._serve(copies, self._uniforms(n), faults, gone)
        return faults, gone

    def choose(self, observation: Request) -> Eviction:
        """Serve one request: what leaves the cache.

        Raises:
            ValueError: no request, or as ``serve``; nothing has changed then.
            RuntimeError: the environment's cache and the policy's differ; nothing has changed then.
        """
        page, bit, reuse, hit = self._problem.checked_observation(observation)
        if bit not in (0, 1) and (self._needs_bits or bit != -1):
            raise ValueError(f"bit must be 0 or 1, got {bit!r}")
        if self._needs_reuse and math.isnan(reuse):
            raise ValueError("reuse must be a time (inf for never), got nan")
        held = page < self._capacity and getattr(self._state, self._held).item(page) > self._absent
        if hit != held:
            holds = "holds" if held else "does not hold"
            raise RuntimeError(f"hit is {hit} for page {page}, but the policy's own cache {holds} it")
        left = self.serve_one(page, bit, reuse)
        if not left:
            return Eviction()
        discard = left[-1] == page
        return Eviction(tuple(left[:-1] if discard else left), discard)

    def serve_one(self, page: int, bit: int = -1, reuse: float = math.nan) -> Sequence[int]:
        """Serve one request as ``serve`` does, without its checks of bits and times: the pages that leave.

        Args:
            page: the page, >= 0.
            bit: its bit, 0 or 1; -1 where the policy needs none.
            reuse: its reuse time; NaN where the policy needs none.

        Raises:
            ValueError: a page out of its domain; nothing has changed then.
        """
        if page >= self._capacity:
            self._admit(page, page)
        (pages, bits, times), faults, gone = self._single
        pages[0] = page
        if bit >= 0:
            bits[0] = bit
        else:
            bits = _NO_BITS
        if math.isnan(reuse):
            times = _NO_REUSE
        else:
            times[0] = reuse
        self._serve(Requests(pages, bits, times), self._uniforms(1), faults, gone)
        number = gone.ends.item(0)
        return gone.pages[:number].tolist() if number else ()

    @default
    def by_key(self, cache_size: int) -> Queue[Any] | None:
        """The policy's rule in plain Python, for an empty cache of that size, or None where only the loop has it."""
        return None

    @final
    def forget(self, page: int, surely: bool = False) -> bool:
        """Forget a page that is not in the cache; whether it did. Its number may then be given to another page.

        Args:
            page: a page that was requested.
            surely: forget it though a decision to come may depend on it, which is then as if it had never been
                requested. A page in the virtual cache of a policy run on the side stays all the same.
        """
        s = self._state
        if getattr(s, self._held)[page] > self._absent or self._recalls(page, surely):
            return False
        for name, fill in self.by_page.items():
            getattr(s, name)[page] = fill
        return True

    @default
    def _recalls(self, page: int, surely: bool) -> bool:
        """Whether a page that is not in the cache must stay; ``surely`` where it is to go if that can be."""
        return not surely and self._needs(page)

    @default
    def _needs(self, page: int) -> bool:
        """Whether a decision to come may depend on what is known of a page that is not in the cache."""
        return len(self.by_page) > 1

    def update(self, observation: Request, action: Eviction, feedback: bool) -> None:
        """Nothing is left to learn: ``choose`` has served the request, whatever comes of it.

        Raises:
            NotResetError: before ``reset``.
        """
        _ = self._single

    def _uniforms(self, n: int) -> Array:
        return self._rng.random(n) if self.randomised else _NO_UNIFORMS

    def _admit(self, low: int, high: int) -> None:
        if low < 0 or (self._n_pages is not None and high >= self._n_pages):
            domain = "a whole number >= 0" if self._n_pages is None else f"a whole number in 0..{self._n_pages - 1}"
            raise ValueError(f"page must be {domain}, got {low if low < 0 else high}")
        if high >= max(MOST_UNKNOWN, 2 * self._capacity):
            raise ValueError(
                f"page must be a whole number below {MOST_UNKNOWN} where n_pages is not known, got {high}: number "
                f"hashes and addresses 0, 1, 2, ... as they come"
            )
        if high >= self._capacity:
            grown = max(2 * self._capacity, high + 1)
            fields = {name: _pad(getattr(self._state, name), grown, fill) for name, fill in self.by_page.items()}
            self._state, self._capacity = self._state._replace(**fields), grown


def _pad(array: NDArray[Any], size: int, fill: float) -> NDArray[Any]:
    longer = np.full((size, *array.shape[1:]), fill, dtype=array.dtype)
    longer[: len(array)] = array
    return longer


def empty_slots(n: int) -> Ints:
    """``n`` entries -1: pages in no slot."""
    return np.full(n, -1, dtype=np.int64)


def zeros(n: int) -> Ints:
    """``n`` integers 0."""
    return np.zeros(n, dtype=np.int64)
