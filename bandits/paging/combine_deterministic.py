"""Deterministic combination: follow one policy until it has cost too much, then the next.

With members ``0 .. m-1`` of virtual costs ``C_j`` and ``cur = 0, bound = 1`` at first, after each request

    while C_cur > bound: cur = (cur + 1) mod m;  bound = bound (1 + gamma / (m - 1))

and the real cache follows member ``cur`` lazily. The cost is of the order of the cheapest member's.

Reference: A. Fiat, R. Karp, M. Luby, L. McGeoch, D. Sleator, N. Young, *Competitive Paging Algorithms*, Journal of
Algorithms 12, 1991; this form from A. Antoniadis, C. Coester, M. Eliáš, A. Polak, B. Simon, *Online Metric Algorithms
with Untrusted Predictions*, ICML 2020.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import is_list, real, shown
from bandits.contract import Array
from bandits.kernels import kernel
from bandits.paging.cache import Ints, zeros
from bandits.paging.following import FollowingPolicy
from bandits.paging.problem import PagingProblem
from bandits.paging.virtual import Member, Virtual, member


@kernel
def _follow(faults: NDArray[np.uint8], costs: Ints, growth: float, turn: Ints, bound: Array, current: Ints) -> None:
    m, n = faults.shape
    c = costs.copy()
    for t in range(n):
        for j in range(m):
            c[j] += faults[j, t]
        while c[turn[0]] > bound[0]:
            turn[0] = (turn[0] + 1) % m
            bound[0] *= growth
        current[t] = turn[0]


class CombineDeterministic(FollowingPolicy):
    """Follows its members in turn, to a growing bound on their costs.

    Args:
        members: two or more of: a registered name, ``{"name": ..., "parameters": {...}}``, a policy object.
        gamma: growth of the bound, >= 1e-6 (as small a growth takes millions of turns to reach the costs).
    """

    def __init__(self, members: Sequence[Member], gamma: float = 0.01) -> None:
        self.members = members
        self.gamma = real("gamma", gamma, 1e-6, closed="low")
        if not is_list(members) or len(members) < 2:
            raise ValueError(f"members must be two or more policies, got {shown(members)}")
        for i, what in enumerate(members):
            member(what, f"members[{i}]")

    def _members(self, problem: PagingProblem, rng: np.random.Generator) -> list[Virtual]:
        self._turn, self._bound = zeros(1), np.ones(1)
        streams = rng.spawn(len(self.members))
        return [Virtual(member(m, "members"), problem, r) for m, r in zip(self.members, streams, strict=True)]

    def _current(self, faults: NDArray[np.uint8], uniforms: Array) -> Ints:
        current = zeros(faults.shape[1])
        growth = 1.0 + self.gamma / (len(self.members) - 1)
        _follow(faults, self.costs, growth, self._turn, self._bound, current)
        return current
