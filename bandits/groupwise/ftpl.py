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

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Bound, Policy, Problem
from bandits.arguments import one_of
from bandits.groupwise.mixture import GroupMixture
from bandits.groupwise.policy import Lottery, Round
from bandits.kernels import kernel

Ints = NDArray[np.int64]


@kernel
def _shortest(costs: Array, heads: Ints, starts: Ints, distance: Array, choice: Ints) -> None:
    """From each node the first edge of a shortest path to the last node; ties go to the lower edge."""
    last = starts.size - 1
    distance[last] = 0.0
    for v in range(last - 1, -1, -1):
        best, pick = np.inf, 0
        for e in range(starts[v], starts[v + 1]):
            length = costs[e] + distance[heads[e]]
            if length < best:
                best, pick = length, e - starts[v]
        distance[v] = best
        choice[v] = pick


@kernel
def _decide(S: Array, z: Array, heads: Ints, starts: Ints, distance: Array, choices: Ints) -> None:
    for i in range(S.shape[0]):
        for e in range(z.shape[1]):
            z[i, e] += S[i, e]
        _shortest(z[i], heads, starts, distance, choices[i])


@kernel
def _cost(choices: Ints, costs: Array, heads: Ints, starts: Ints, out: Array) -> None:
    for i in range(choices.shape[0]):
        v, total = 0, 0.0
        while v < starts.size - 1:
            e = starts[v] + choices[i, v]
            total += costs[e]
            v = heads[e]
        out[i] = total


class Network:
    """A directed graph without cycles whose paths from the first to the last node are the decisions.

    A decision names, for every node but the last, one of its outgoing edges, by position: that fixes a path. So every
    vector of positions is legal, and a shortest path from every node costs no more than one from the first.

    Args:
        edges: pairs (tail, head) of node numbers, tail < head, in any order; every node but the last has a way out.

    Attributes:
        edges: the edges sorted by tail, then in the order given; costs [n_edges] are in this order.
        heads: [n_edges] head of each edge.
        starts: [n_nodes] first edge of each node; the last entry is the number of edges.
        longest: most edges on a path.

    Raises:
        ValueError: an edge that does not lead to a higher node (a cycle is possible), or a node with no way to the
        last.
    """

    def __init__(self, edges: Sequence[tuple[int, int]]) -> None:
        for tail, head in edges:
            if not 0 <= tail < head:
                raise ValueError(f"edges must lead from a node to a higher one (no cycles), got ({tail}, {head})")
        if not edges:
            raise ValueError("edges must hold at least one edge")
        order = sorted(range(len(edges)), key=lambda e: edges[e][0])
        self.edges = [edges[e] for e in order]
        tails = np.array([tail for tail, _ in self.edges], dtype=np.int64)
        self.heads = np.array([head for _, head in self.edges], dtype=np.int64)
        last = int(self.heads.max())
        self.starts = np.searchsorted(tails, np.arange(last + 1)).astype(np.int64)
        self.outgoing = np.diff(self.starts)
        if not np.all(self.outgoing > 0):
            node = int(np.argmin(self.outgoing > 0))
            raise ValueError(f"every node must lead to the last node {last}, node {node} has no outgoing edge")
        self.longest = int(-self.shortest(-np.ones(len(self.edges)))[1])

    def shortest(self, costs: Array) -> tuple[Ints, float]:
        """The decision [n_nodes - 1] that is a shortest path, and its length; any costs, negative ones too."""
        distance, choice = np.empty(self.starts.size), np.empty(self.starts.size - 1, dtype=np.int64)
        _shortest(costs, self.heads, self.starts, distance, choice)
        return choice, float(distance[0])

    def cost(self, choices: Ints, costs: Array) -> Array:
        """Costs [n] of decisions [n, n_nodes - 1]."""
        out = np.empty(len(choices))
        _cost(choices, costs, self.heads, self.starts, out)
        return out

    def decide(self, sums: Array, noise: Array) -> Ints:
        """Decisions [n, n_nodes - 1], shortest under ``sums + noise`` [n, n_edges]; overwrites ``noise``."""
        choices = np.empty((len(sums), self.starts.size - 1), dtype=np.int64)
        _decide(sums, noise, self.heads, self.starts, np.empty(self.starts.size), choices)
        return choices


class GroupwiseFTPL(Policy[Round, Lottery, Array]):
    """Follow the perturbed leader a group, mixed by AdaNormalHedge; for online shortest paths.

    Args:
        play: "expected" plays the lottery over the groups' paths, "sample" draws one.
        lengths: for a fixed ``eps``, the number of rounds of each expert group; None for the anytime schedule.
        prior: positive weights of the expert groups; None for uniform.
        expert_groups: names of the groups that get a learner; None for all. ``[always_on]`` is plain follow the
            perturbed leader.
    """

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset({("paths", "full")})

    def __init__(
        self,
        play: str = "expected",
        lengths: Sequence[int] | None = None,
        prior: Sequence[float] | None = None,
        expert_groups: Sequence[str] | None = None,
    ) -> None:
        if play == "mixture":
            raise ValueError("play must be expected or sample: the average of two paths is not a path, got 'mixture'")
        self.play = one_of("play", play, ("expected", "sample"))
        self._mixture = GroupMixture(lengths, prior, expert_groups)
        self.lengths, self.prior = self._mixture.lengths, self._mixture.prior
        self.expert_groups = self._mixture.expert_groups

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        self._network, self._rng = Network(problem.edges), rng
        m, K = len(problem.edges), self._network.longest
        self._scale, self._product, self._ratio = float(K), 2.0 * K * K * m, K * m / (2.0 * K)
        self._sums = np.zeros((self._mixture.start(problem.groups), m))
        self._pending = False

    def choose(self, observation: Round) -> Lottery:
        self._mixture.wake(observation.groups)
        scale = np.sqrt(self._ratio * self._mixture.rounds())  # 1 / eps = sqrt(Rm A n / D)
        self._choices = self._network.decide(self._sums, self._rng.random(self._sums.shape) * scale[:, None])
        self._pending = True
        p, u = self._mixture.p, self._rng.random()
        if not self._mixture.now.any():  # nobody is awake: the path of the first edges
            return Lottery(np.zeros_like(self._choices[:1]), np.ones(1))
        if self.play == "expected":
            return Lottery(self._choices, p)
        drawn = min(int(np.searchsorted(np.cumsum(p), u, side="right")), int(np.flatnonzero(p)[-1]))
        return Lottery(self._choices[drawn : drawn + 1], np.ones(1))

    def update(self, observation: Round, action: Lottery, feedback: Array) -> None:
        if not self._pending:
            raise RuntimeError("update before choose: no decision awaits its costs")
        if not np.all(np.isfinite(feedback)):
            raise ValueError(f"costs must be finite, got {feedback[~np.isfinite(feedback)][0]}")
        self._mixture.learn(self._network.cost(self._choices, feedback) / self._scale)
        self._sums += self._mixture.now[:, None] * feedback
        self._pending = False

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """For each expert group, Kalai and Vempala's term and the meta learner's, in units of cost."""
        factor = 3.0 if self.lengths is None else 2.0

        def own(n: Array) -> Array:
            return np.asarray(factor * np.sqrt(self._product * n))

        return self._mixture.bounds(problem, facts, own, scale=self._scale)
