"""The deep sea: a treasure at the end of a way on which every wrong step is rewarded and none can be undone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bandits.arguments import integer, real
from bandits.mdp.model import Model
from environments.mdp.models import MDP, Tables, first_state

LEFT, RIGHT = 0, 1


@dataclass(frozen=True)
class DeepSea(MDP):
    """A square of cells; each step goes down a row, to the left or to the right (derived form, rewards >= 0).

    State ``row N + column``, from the upper left corner; action 0 goes left and pays ``cost / N``, action 1 goes right,
    left with probability ``slip``, and pays nothing, but 1 in the lower right corner. Walls hold back, and the last row
    leads back to the start. The best policy always goes right, against the slope of the rewards; uniform play does so
    once in ``2^N`` episodes.

    Args:
        N: rows and columns, and steps of an episode, >= 1.
        slip: probability that going right fails, in [0, 1].
        cost: what going left all the way pays, in [0, 1].

    Raises:
        ValueError: a number out of its domain.
    """

    N: int = 6
    slip: float = 0.0
    cost: float = 0.01

    def __post_init__(self) -> None:
        integer("N", self.N, most=300)
        real("slip", self.slip, 0.0, 1.0, closed="both")
        real("cost", self.cost, 0.0, 1.0, closed="both")

    def tables(self) -> Tables:
        N, slip = self.N, self.slip
        rewards = np.zeros((N * N, 2))
        rewards[:, LEFT] = self.cost / N
        rewards[-1, RIGHT] = 1.0
        row, column = np.divmod(np.arange(N * N), N)
        below, last = (row + 1) * N, row == N - 1
        left = np.where(last, 0, below + np.maximum(column - 1, 0))
        right = np.where(last, 0, below + np.minimum(column + 1, N - 1))
        states = np.stack([left, left, right], axis=1).ravel()
        probabilities = np.tile([1.0, slip, 1.0 - slip], N * N)
        starts = np.concatenate([[0], np.stack([3 * np.arange(N * N) + 1, 3 * np.arange(N * N) + 3], axis=1).ravel()])
        return Tables(Model.sparse(starts, states, probabilities, N * N, 2), rewards, first_state(N * N), N)
