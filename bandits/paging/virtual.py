"""Policies run on the side: described in a configuration or given as objects, and watched while they serve."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from bandits.arguments import shown
from bandits.contract import Policy, check_plays
from bandits.paging.cache import CachePolicy, Flags
from bandits.paging.problem import Departures, Eviction, PagingProblem, Request, Requests
from bandits.registry import POLICIES, Component

Member = Component
"""A registered name, ``{"name": ..., "parameters": {...}}``, or a policy object."""


def member(what: Member, place: str) -> Policy[PagingProblem, Request, Eviction, bool]:
    """A new paging policy as described; of an object, a copy.

    Args:
        what: the description.
        place: the parameter that holds it, for messages.

    Raises:
        ValueError: not a description of a paging policy.
    """
    policy: Policy[PagingProblem, Request, Eviction, bool] = POLICIES.build(
        what, place, of=Policy, playing=PagingProblem
    )
    if policy.clairvoyant or not issubclass(PagingProblem, policy.plays):
        raise ValueError(f"{place} must be a paging policy, got {shown(policy)}")
    return policy


class Virtual:
    """A policy that serves requests on the side.

    Policies that keep track of their own cache serve whole blocks; any other is asked request by request, and its cache
    is kept here.
    """

    def __init__(
        self,
        policy: Policy[PagingProblem, Request, Eviction, bool],
        problem: PagingProblem,
        rng: np.random.Generator,
    ) -> None:
        check_plays(policy, problem)
        self.policy = policy
        self._size = problem.cache_size
        self._cache: set[int] = set()
        self._time = 0
        policy.reset(problem, rng)

    def serve(self, requests: Requests) -> tuple[Flags, Departures]:
        """Serve a block: faults [n] and which pages left.

        Raises:
            RuntimeError: the policy evicts a page that is not cached, or leaves no room for the requested one.
        """
        if isinstance(self.policy, CachePolicy):
            return self.policy.serve(requests)
        faults = np.empty(len(requests.pages), dtype=np.uint8)
        ends = np.empty(len(requests.pages), dtype=np.int64)
        left: list[int] = []
        for i, page in enumerate(requests.pages.tolist()):
            bit = int(requests.bits[i]) if requests.bits.size else -1
            reuse = float(requests.reuse[i]) if requests.reuse.size else math.nan
            faults[i] = page not in self._cache
            left += self.request(page, bit, reuse)
            ends[i] = len(left)
        return faults, Departures(np.array(left, dtype=np.int64), ends)

    def request(self, page: int, bit: int = -1, reuse: float = math.nan) -> Sequence[int]:
        """Serve one request: the pages that leave, the one requested last where it does not stay.

        Args:
            page: a whole number >= 0.
            bit: 0 or 1, or -1 where none is given.
            reuse: a time, or NaN where none is given.

        Raises:
            RuntimeError: as ``serve``.
        """
        if isinstance(self.policy, CachePolicy):
            return self.policy.serve_one(page, bit, reuse)
        hit = page in self._cache
        request = Request(page, bit, reuse, hit, tuple(sorted(self._cache)), self._time)
        action = self.policy.choose(request)
        self._carry_out(page, action)
        self.policy.update(request, action, not hit)
        self._time += 1
        return [*action.pages, page] if action.discard else action.pages

    def forget(self, page: int, surely: bool = False) -> bool:
        """Forget a page that has left, if nothing depends on it, or ``surely``; whether it was forgotten.

        Policies without a method ``forget(page)`` may look at any page that they have ever seen; others of somebody's
        own decide by themselves.
        """
        if isinstance(self.policy, CachePolicy):
            return self.policy.forget(page, surely)
        forget = getattr(self.policy, "forget", None)
        return forget is not None and bool(forget(page))

    def remover(self) -> Callable[[int], None]:
        """What removes a page of the cache, which leaves by no choice of the policy.

        Raises:
            TypeError: the policy has no ``remove``.
        """
        remove = getattr(self.policy, "remove", None)
        if remove is None:
            raise TypeError(
                f"{self.policy!r} has no method remove(page), so that nothing can be deleted by hand: take one of "
                f"clock, fifo, flush_when_full, lfu, lru, random_eviction, or one of them made lazy"
            )

        def removed(page: int) -> None:
            remove(page)
            self._cache.discard(page)

        return removed

    def _carry_out(self, page: int, action: Eviction) -> None:
        for victim in action.pages:
            if victim == page or victim not in self._cache:
                raise RuntimeError(f"{self.policy!r} evicts page {victim}, which is requested or not in its cache")
            self._cache.remove(victim)
        if page not in self._cache and len(self._cache) == self._size:
            raise RuntimeError(f"{self.policy!r} leaves no room for page {page} in a cache of {self._size}")
        self._cache.add(page)
        if action.discard:
            self._cache.remove(page)
