"""Randomised combination (Blum and Burch): follow each of two policies with a probability that falls with its cost.

With ``beta = 1 - epsilon / 2`` and the virtual costs ``C_j`` of the two members, member j is followed with probability

    q_j = beta^C_j / (beta^C_0 + beta^C_1),

switching as rarely as that allows: if the probability of the member followed falls from ``q`` to ``q'`` by a request,
switch to the other with probability ``(q - q') / q``. The first is drawn uniformly. The real cache follows lazily.

Guarantee: ``E[cost] <= (1 + epsilon) min_j C_j + O(k / epsilon)``. So a policy with good predictions, combined with a
robust one, is as good as the better of both up to ``1 + epsilon``. It is drawn with the constant ``k / epsilon``, which
is a convention.

References: A. Blum and C. Burch, *On-Line Learning and the Metrical Task System Problem*, Machine Learning 39, 2000;
for paging A. Antoniadis, C. Coester, M. Eliáš, A. Polak, B. Simon, *Online Metric Algorithms with Untrusted
Predictions*, ICML 2020.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import is_list, real, shown
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.paging.cache import Ints, zeros
from bandits.paging.following import FollowingPolicy
from bandits.paging.problem import PagingProblem
from bandits.paging.theory import OBLIVIOUS, PagingInstance, at_times, holds
from bandits.paging.virtual import Member, Virtual, member


@kernel
def _follow(faults: NDArray[np.uint8], costs: Ints, beta: float, uniforms: Array, turn: Ints, current: Ints) -> None:
    # Only the difference of the costs matters; powers of it do not underflow to a state without return.
    lead = costs[0] - costs[1]
    for t in range(faults.shape[1]):
        change = np.int64(faults[0, t]) - np.int64(faults[1, t])
        if change != 0:
            sign = 1 - 2 * turn[0]
            old = 1.0 / (1.0 + beta ** np.float64(-sign * lead))
            lead += change
            new = 1.0 / (1.0 + beta ** np.float64(-sign * lead))
            if uniforms[t] * old < old - new:
                turn[0] = 1 - turn[0]
        current[t] = turn[0]


class CombineRandomised(FollowingPolicy):
    """Blum and Burch's combination of two policies.

    Args:
        members: two of: a registered name, ``{"name": ..., "parameters": {...}}``, a policy object.
        epsilon: price of the combination, in (0, 1].
    """

    randomised = True

    def __init__(self, members: Sequence[Member], epsilon: float = 0.5) -> None:
        self.members = members
        self.epsilon = real("epsilon", epsilon, 0.0, 1.0, closed="high")
        if not is_list(members) or len(members) != 2:
            raise ValueError(f"members must be two policies, got {shown(members)}")
        for i, what in enumerate(members):
            member(what, f"members[{i}]")

    def _members(self, problem: PagingProblem, rng: np.random.Generator) -> list[Virtual]:
        self._turn = zeros(1) + int(2.0 * rng.random())
        return [Virtual(member(m, "members"), problem, r) for m, r in zip(self.members, rng.spawn(2), strict=True)]

    def _current(self, faults: NDArray[np.uint8], uniforms: Array) -> Ints:
        current = zeros(faults.shape[1])
        _follow(faults, self.costs, 1.0 - self.epsilon / 2.0, uniforms, self._turn, current)
        return current

    def regret_bounds(self, problem: PagingProblem, instance: Instance) -> Sequence[Bound]:
        """``(1 + epsilon) (B + OPT_t) + k / epsilon - OPT_t`` for each bound ``B`` on the regret of a member."""
        if not isinstance(instance, PagingInstance) or instance.opt is None:
            return ()
        k, eps, opt = problem.cache_size, self.epsilon, instance.opt

        def combined(b: Bound) -> Bound:
            def curve(times: Array) -> Array:
                return (1.0 + eps) * b.curve(times) + eps * at_times(opt, times) + k / eps

            known = {a.text for a in b.assumptions}
            return replace(
                b,
                name=f"{b.name} (combined)",
                kind="order",
                curve=curve,
                source=f"Blum and Burch 2000, constant k / epsilon by convention; {b.source}",
                evidence="convention",
                assumptions=(*b.assumptions, *(a for a in holds(problem, instance, OBLIVIOUS) if a.text not in known)),
            )

        members = [member(m, "members") for m in self.members]
        return tuple(combined(b) for m in members for b in m.regret_bounds(problem, instance))
