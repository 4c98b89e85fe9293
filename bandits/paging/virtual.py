"""Policies run on the side: described in a configuration or given as objects, and watched while they serve."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from bandits.contract import Policy, Problem, check_accepts
from bandits.paging.cache import CachePolicy, Departures, Flags, memory_of
from bandits.paging.policy import Eviction, Request, Requests
from bandits.registry import POLICIES

Member = str | Mapping[str, Any] | Policy[Request, Eviction, bool]
"""A registered name, ``{"name": ..., "parameters": {...}}``, or a policy object."""


def build(name: str, member: Member) -> Policy[Request, Eviction, bool]:
    """A new policy as described; of an object, a copy.

    Args:
        name: of the parameter that holds the description, for messages.
        member: the description.

    Raises:
        ValueError: not a description of a paging policy.
    """
    if isinstance(member, str):
        member = {"name": member}
    if isinstance(member, Mapping):
        parameters = member.get("parameters") or {}
        described = isinstance(member.get("name"), str) and isinstance(parameters, Mapping)
        if not described or set(member) - {"name", "parameters"}:
            raise ValueError(f"{name} must be given by 'name' and 'parameters', got {dict(member)!r}")
        cls = POLICIES.load(member["name"])
        try:
            inspect.signature(cls).bind(**parameters)
        except TypeError as error:
            raise ValueError(f"{name}: {cls.__name__}: {error}") from error
        policy = cls(**parameters)
    else:
        policy = copy.deepcopy(member)
    if not isinstance(policy, Policy) or ("paging", "full") not in policy.accepts:
        raise ValueError(f"{name} must be a paging policy, got {policy!r}")
    return policy


class Virtual:
    """A policy that serves requests on the side.

    Policies that keep track of their own cache serve whole blocks; any other is asked request by request, and its cache
    is kept here.
    """

    def __init__(self, policy: Policy[Request, Eviction, bool], problem: Problem, rng: np.random.Generator) -> None:
        check_accepts(policy, problem)
        self.policy = policy
        self._memory = memory_of(problem)
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
            reuse = float(requests.reuse[i]) if requests.reuse.size else float("nan")
            hit = page in self._cache
            request = Request(page, bit, reuse, hit, tuple(sorted(self._cache)), self._time)
            action = self.policy.choose(request)
            self._carry_out(page, action)
            left += [*action.pages, page] if action.discard else action.pages
            faults[i], ends[i] = not hit, len(left)
            self.policy.update(request, action, not hit)
            self._time += 1
        return faults, Departures(np.array(left, dtype=np.int64), ends)

    def _carry_out(self, page: int, action: Eviction) -> None:
        for victim in action.pages:
            if victim == page or victim not in self._cache:
                raise RuntimeError(f"{self.policy!r} evicts page {victim}, which is requested or not in its cache")
            self._cache.remove(victim)
        if page not in self._cache and len(self._cache) == self._memory:
            raise RuntimeError(f"{self.policy!r} leaves no room for page {page} in a cache of {self._memory}")
        self._cache.add(page)
        if action.discard:
            self._cache.remove(page)
