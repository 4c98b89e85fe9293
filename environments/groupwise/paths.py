"""Online shortest paths with groups: every round has costs on the edges of a grid, drawn by the groups it belongs to.

Each group has mean costs of its own on every edge, drawn once a run or once for all runs; the mean of a round is the
average over its groups, and the cost of an edge is Bernoulli of that mean. So the best path differs from group to
group, and rounds in which groups meet suit neither. All groups' mean costs and all rounds' costs are on the tape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import check_seed, integer, integers, is_list, shown, within
from bandits.contract import Array
from bandits.groupwise.network import Network
from bandits.groupwise.problem import ALWAYS_ON, Lottery, Mask, PathsProblem, Round
from environments.arms.tables import ahead
from environments.groupwise.attributes import check_attributes, draw_groups, draw_losses, group_names
from environments.groupwise.environment import GroupedEnvironment
from environments.groupwise.instance import PathsInstance

ATTRIBUTES = {"hour": {"rush": 0.4, "calm": 0.6}, "weather": {"dry": 0.7, "rain": 0.2, "snow": 0.1}}


class Costs(NamedTuple):
    """A run's tape.

    Attributes:
        groups: [horizon, n_groups].
        costs: [horizon, n_edges] in [0, 1].
    """

    groups: Mask
    costs: Array


def grid(size: int) -> list[tuple[int, int]]:
    """Edges of a square grid of nodes, right and down, node by node, right before down."""
    edges = []
    for row in range(size):
        for column in range(size):
            node = row * size + column
            if column + 1 < size:
                edges.append((node, node + 1))
            if row + 1 < size:
                edges.append((node, node + size))
    return edges


LARGEST_GRID = 100
"""Most nodes on a side of the grid: nearly 20,000 edges, whose costs are drawn anew in every round."""


def _edges(edges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Pairs of nodes, checked."""
    if not is_list(edges):
        raise ValueError(f"edges must be a list of pairs (tail, head), got {shown(edges)}")
    pairs = [integers(f"edges[{i}]", edge, 0) for i, edge in enumerate(edges)]
    for i, pair in enumerate(pairs):
        if len(pair) != 2:
            raise ValueError(f"edges[{i}] must be a pair (tail, head), got {shown(edges[i])}")
    return [(tail, head) for tail, head in pairs]


class GroupedPaths(GroupedEnvironment[Any, Array, Costs]):
    """Shortest paths from corner to corner of a grid, or from the first to the last node of a network of your own.

    An action names an outgoing edge, by position, for every node but the last: [n_nodes - 1] integers, which fix a path
    (choices at nodes off the path are idle). A ``Lottery`` over such actions is charged at its expected cost. The
    feedback are the rewards [n_edges] of all edges, minus their costs.

    Args:
        size: nodes on a side of the grid, in 2..100.
        edges: pairs (tail, head) with tail < head in place of the grid, ordered by tail; None for the grid.
        attributes: for each attribute, the probability of each of its values, which are the groups' names.
        horizon: number of rounds.
        instance_seed: seed of the groups' mean costs; None to draw them anew in every run.
        report_groups: names of the groups whose regret is reported; None for all.
    """

    def __init__(
        self,
        size: int = 4,
        edges: Sequence[tuple[int, int]] | None = None,
        attributes: Mapping[str, Mapping[str, float]] = ATTRIBUTES,
        horizon: int = 10_000,
        instance_seed: int | None = None,
        report_groups: Sequence[str] | None = None,
    ) -> None:
        self.size = integer("size", size, 2, most=LARGEST_GRID)
        self.edges = None if edges is None else _edges(edges)
        self.attributes = check_attributes(attributes)
        self.instance_seed = None if instance_seed is None else check_seed("instance_seed", instance_seed)
        self.network = Network(grid(size) if self.edges is None else self.edges)
        problem = PathsProblem(
            edges=tuple(self.network.edges),
            horizon=integer("horizon", horizon),
            low=-float(self.network.longest),
            high=0.0,
            groups=(*group_names(self.attributes), ALWAYS_ON),
        )
        super().__init__(problem, report_groups, len(problem.edges))
        self.action_space = spaces.MultiDiscrete(self.network.outgoing)
        self.observation_space = spaces.Tuple(
            (spaces.Box(0.0, 1.0, (0,), np.float64), spaces.MultiBinary(len(problem.groups)))
        )

    def draw(self, rng: np.random.Generator) -> Costs:
        groups = draw_groups(rng, self.attributes, self.horizon)
        return Costs(groups, draw_losses(rng, groups, len(self.network.edges), self.instance_seed))

    def check_tape(self, tape: Costs) -> None:
        within("groups of tape", tape.groups, 0, 1)
        within("costs of tape", tape.costs, 0.0, 1.0)

    def begin(self, tape: Costs) -> None:
        self._tape = tape
        self._open(tape.groups, PathsInstance, network=self.network, costs=tape.costs)

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Of a group that has all rounds; costs are 0 or 1 an edge, the best path is one of many (see ``ahead``)."""
        longest, paths = self.network.longest, min(self.network.count, self.horizon + 1)
        ends = np.array([-longest * ahead(times, paths), times * (longest * (paths > 1))], dtype=np.float64)
        return {name: ends for name, _ in self._reported}

    def observe(self) -> Round:
        return Round(np.empty(0), self._groups[min(self.clock, self.horizon - 1)].copy())

    def transition(self, action: Any) -> tuple[float, Array]:
        self.check_running()
        choices, weights = self._checked(action)
        costs = self._tape.costs[self.clock]
        loss = float(weights @ self.network.cost(choices, costs))
        self._charge(loss)
        return -loss, -costs

    def _checked(self, action: Any) -> tuple[NDArray[np.int64], Array]:
        """Choices [n_plays, n_nodes - 1] and weights [n_plays] of a legal action."""
        lottery = isinstance(action, Lottery)
        choices = np.asarray(action.values if lottery else [action])
        weights = np.asarray(action.weights, dtype=np.float64) if lottery else np.ones(1)
        outgoing = self.network.outgoing
        fits = weights.ndim == 1 and choices.shape == (len(weights), len(outgoing)) and choices.dtype.kind in "iu"
        if not fits or np.any((choices < 0) | (choices >= outgoing)):
            raise ValueError(f"an action must hold for each node an edge in 0..{outgoing.tolist()} - 1, got {choices}")
        if not (np.all(weights >= 0.0) and abs(float(weights.sum()) - 1.0) <= 1e-9):
            raise ValueError(f"the weights of a lottery must be >= 0 with sum 1, got {weights}")
        return np.ascontiguousarray(choices, dtype=np.int64), weights
