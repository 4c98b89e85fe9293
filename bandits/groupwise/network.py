"""A network without cycles and its shortest paths: the offline oracle, one pass over the nodes in topological order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
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
            raise ValueError("edges must hold at least one edge, got []")
        order = sorted(range(len(edges)), key=lambda e: edges[e][0])
        self.edges = [edges[e] for e in order]
        tails = np.array([tail for tail, _ in self.edges], dtype=np.int64)
        self.heads = np.array([head for _, head in self.edges], dtype=np.int64)
        last = int(self.heads.max())
        node = min(set(range(len(edges) + 1)) - set(tails.tolist()))  # the first that no edge leaves
        if node < last:
            raise ValueError(f"edges: every node must lead to the last node {last}, node {node} has no outgoing edge")
        self.starts = np.searchsorted(tails, np.arange(last + 1)).astype(np.int64)
        self.outgoing = np.diff(self.starts)
        self.longest = int(-self.shortest(-np.ones(len(self.edges)))[1])

    def shortest(self, costs: Array) -> tuple[Ints, float]:
        """The decision [n_nodes - 1] that is a shortest path, and its length; any costs, negative ones too."""
        distance, choice = np.empty(self.starts.size), np.empty(self.starts.size - 1, dtype=np.int64)
        _shortest(costs, self.heads, self.starts, distance, choice)
        return choice, float(distance[0])

    @property
    def count(self) -> int:
        """Number of paths."""
        ways = [0] * self.outgoing.size + [1]
        for node in range(self.outgoing.size - 1, -1, -1):
            ways[node] = sum(ways[head] for head in self.heads[self.starts[node] : self.starts[node + 1]])
        return ways[0]

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
