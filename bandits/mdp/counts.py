"""How often each next state was seen: rows that grow with what is seen, for planning on an empirical model."""

from __future__ import annotations

import numpy as np

from bandits.contract import Array
from bandits.frozen import read_only
from bandits.kernels import inlined, kernel
from bandits.mdp.model import Ints
from bandits.mdp.problem import EpisodesProblem, Trajectory


class Counts:
    """How often each next state was seen, in rows of the order of ``bandits.mdp.model.Model``.

    Memory grows with the next states seen, not with the square of the number of states.

    Args:
        problem: rows are those of one stage, or of each stage where it has ``own_stages``.

    Attributes:
        visits: [n_rows].
        paid: [n_rows] sums of rewards.
        sizes: [n_rows] number of different next states seen.
        states: [n_rows, width] those states, increasing.
        times: [n_rows, width] how often each was seen.
        at: [n_stages, n_states] visits of a state at a stage.
    """

    def __init__(self, problem: EpisodesProblem) -> None:
        self.own = problem.n_stages if problem.own_stages else 1
        rows = self.own * problem.n_states * problem.n_actions
        self.visits, self.sizes = np.zeros((2, rows), dtype=np.int64)
        self.paid = np.zeros(rows)
        self.states, self.times = (np.zeros((rows, min(4, problem.n_states)), dtype=np.int64) for _ in range(2))
        self.at = np.zeros((problem.n_stages, problem.n_states), dtype=np.int64)

    def add(self, trajectory: Trajectory, n_actions: int) -> None:
        """Count the steps of an episode."""
        H, h = len(trajectory.actions), 0
        while (h := self._add(h, trajectory, n_actions)) < H:
            self.states, self.times = widened(self.states), widened(self.times)

    def _add(self, h: int, trajectory: Trajectory, n_actions: int) -> int:
        seen, did, paid = map(read_only, trajectory[:3])
        return int(
            _count(
                h, self.own, seen, did, paid, n_actions,
                self.visits, self.paid, self.sizes, self.states, self.times, self.at,
            )
        )  # fmt: skip


def widened(table: Ints) -> Ints:
    """``table`` [n, width] with twice as many columns, zeros."""
    return np.concatenate([table, np.zeros_like(table)], axis=1)


@inlined
def insert(states: Ints, times: Ints, size: int, state: int) -> int:
    """Count ``state`` in a row of increasing states of which ``size`` are there; how many then are, or -1: no room."""
    place = 0
    while place < size and states[place] < state:
        place += 1
    if place < size and states[place] == state:
        times[place] += 1
        return size
    if size == states.size:
        return -1
    for i in range(size, place, -1):
        states[i], times[i] = states[i - 1], times[i - 1]
    states[place], times[place] = state, 1
    return size + 1


@kernel
def _count(
    first: int,
    own: int,
    seen: Ints,
    did: Ints,
    rewards: Array,
    n_actions: int,
    visits: Ints,
    paid: Array,
    sizes: Ints,
    states: Ints,
    times: Ints,
    at: Ints,
) -> int:
    """Count steps from ``first`` on; returns the step that finds no room, or their number."""
    for h in range(first, did.size):
        row = ((h if own > 1 else 0) * at.shape[1] + seen[h]) * n_actions + did[h]
        size = insert(states[row], times[row], sizes[row], seen[h + 1])
        if size < 0:
            return h
        sizes[row] = size
        visits[row] += 1
        paid[row] += rewards[h]
        at[h, seen[h]] += 1
    return int(did.size)
