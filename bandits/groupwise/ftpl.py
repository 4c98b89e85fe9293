"""Groupwise regret on online shortest paths: follow the perturbed leader in every group, mixed by AdaNormalHedge.

Each learner keeps the sum ``S`` of the edge costs of its rounds. Before its ``n``-th round it draws ``z`` uniform in
``[0, 1/eps]^m`` afresh and takes the shortest path under ``S + z``, found by one pass over the nodes in topological
order (the offline oracle). With ``D = 2K`` (K: most edges on a path), ``Rm = K`` (largest cost of a path) and ``A =
m``, for edge costs in [0, 1]: ``eps_n = sqrt(D / (Rm A n))``, or the same with the number of its rounds, known in
advance, for ``n``. The expected regret on the learner's ``n`` rounds is at most ``3 sqrt(D Rm A n)`` (fresh noise,
derived) or, with fixed ``eps``, ``2 sqrt(D Rm A n)``. The meta learner is fed ``cost / Rm``.

Reference: A. Kalai, S. Vempala, *Efficient Algorithms for Online Decision Problems*, 2005, Theorem 1.1 (recall); K.
Acharya et al., *Oracle Efficient Algorithms for Groupwise Regret*, ICLR 2024.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from bandits.contract import Array, Bound, Evidence, Instance
from bandits.groupwise.mixture import GroupMixture
from bandits.groupwise.policy import GroupwisePolicy, check_play, draw, losses_of
from bandits.groupwise.problem import GroupwiseProblem, Lottery, Mask, PathsProblem


class GroupwiseFTPL(GroupwisePolicy[PathsProblem, Lottery, Array]):
    """Follow the perturbed leader a group, mixed by AdaNormalHedge; for online shortest paths.

    Args:
        play: "expected" plays the lottery over the groups' paths, "sample" draws one.
        lengths: for a fixed ``eps``, the number of rounds of each expert group; None for the anytime schedule.
        prior: positive weights of the expert groups; None for uniform.
        expert_groups: names of the groups that get a learner; None for all. ``[always_on]`` is plain follow the
            perturbed leader.
    """

    plays: ClassVar[tuple[type[GroupwiseProblem], ...]] = (PathsProblem,)

    def __init__(
        self,
        play: str = "expected",
        lengths: Sequence[int] | None = None,
        prior: Sequence[float] | None = None,
        expert_groups: Sequence[str] | None = None,
    ) -> None:
        self.play = check_play(play)
        self._mixture = GroupMixture(lengths, prior, expert_groups)
        self.lengths, self.prior = self._mixture.lengths, self._mixture.prior
        self.expert_groups = self._mixture.expert_groups

    def start(self, problem: PathsProblem) -> None:
        self._network = problem.network
        m, K = len(problem.edges), self._network.longest
        self._scale, self._product, self._ratio = float(K), 2.0 * K * K * m, K * m / (2.0 * K)
        self._sums = np.zeros((self._mixture.start(problem.groups), m))

    @property
    def _takes(self) -> tuple[float, float]:
        return -float(self._problem.network.longest), 0.0

    def _decide(self, context: Array, groups: Mask) -> Lottery:
        self._mixture.wake(groups)
        scale = np.sqrt(self._ratio * self._mixture.rounds())  # 1 / eps = sqrt(Rm A n / D)
        self._choices = self._network.decide(self._sums, self._rng.random(self._sums.shape) * scale[:, None])
        p, u = self._mixture.p, self._rng.random()
        if not self._mixture.now.any():  # nobody is awake: the path of the first edges
            return Lottery(np.zeros_like(self._choices[:1]), np.ones(1))
        if self.play == "expected":
            return Lottery(self._choices, p)
        drawn = draw(p, u)
        return Lottery(self._choices[drawn : drawn + 1], np.ones(1))

    def _learn(self, context: Array, groups: Mask, feedback: Array) -> None:
        costs = losses_of(feedback, self._sums.shape[1])
        self._mixture.learn(self._network.cost(self._choices, costs) / self._scale)
        self._sums += self._mixture.now[:, None] * costs

    def regret_bounds(self, problem: PathsProblem, instance: Instance) -> Sequence[Bound]:
        """For each expert group, Kalai and Vempala's term and the meta learner's, in units of cost."""
        factor = 3.0 if self.lengths is None else 2.0

        def own(n: Array) -> Array:
            return np.asarray(factor * np.sqrt(self._product * n))

        evidence: Evidence = "derived" if self.lengths is None else "recalled"
        return self._mixture.bounds(problem, instance, own, scale=self._scale, evidence=evidence)
