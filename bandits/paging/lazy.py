"""Lazy: play any policy evicting one page at a time, and only when there must be room.

The policy runs on the side in a virtual cache V. On a real fault with the real cache R full, evict the least recently
used page of ``R - V``, with V as it is after the request. V always stays a subset of R, so the real faults are at most
the virtual ones: every bound of the policy holds.

Reference: every paging policy can be made lazy without loss: A. Borodin and R. El-Yaniv, *Online Computation and
Competitive Analysis*, 1998, Section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Bound, Instance
from bandits.paging.cache import Ints, zeros
from bandits.paging.following import INSIDE, FollowingPolicy
from bandits.paging.problem import PagingProblem
from bandits.paging.virtual import Member, Virtual, member


class Lazy(FollowingPolicy):
    """A policy made lazy. Its own faults are in ``costs[0]``.

    Args:
        policy: a registered name, ``{"name": ..., "parameters": {...}}``, or a policy object.
    """

    def __init__(self, policy: Member) -> None:
        self.policy = policy
        member(policy, "policy")

    def _members(self, problem: PagingProblem, rng: np.random.Generator) -> list[Virtual]:
        return [Virtual(member(self.policy, "policy"), problem, rng.spawn(1)[0])]

    def _current(self, faults: NDArray[np.uint8], uniforms: Array) -> Ints:
        return zeros(faults.shape[1])

    def remove(self, page: int) -> None:
        """Remove a page of the cache, and of the policy's own where it is there.

        Raises:
            TypeError: the policy has no ``remove``.
        """
        remove = self._virtual[0].remover()
        if self._state.place[page, 0] == INSIDE:
            remove(page)
        self._remove(page)

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """Those of the policy."""
        bounds = member(self.policy, "policy").regret_bounds(problem, instance)
        return tuple(replace(b, name=f"{b.name} (lazy)") for b in bounds)
