"""What a life of single steps has earned: pairs of state and action, added up when it is asked for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.mdp.model import Ints, next_state

Pairs = NDArray[np.int32]


class Visits(NamedTuple):
    """Steps of one life; their series are cumulative reward, mean reward and minus the gaps.

    Attributes:
        pairs: [n] of the steps, state times number of actions plus action.
        won: [n] whether a step's reward was 1, where rewards are Bernoulli; else empty, and rewards are their means.
        means: [n_pairs] mean rewards.
        gaps: [n_pairs].
    """

    pairs: Pairs
    won: NDArray[np.bool_]
    means: Array
    gaps: Array

    @property
    def size(self) -> int:
        """Number of steps."""
        return len(self.pairs)

    def sums(self, before: Array, rounds: Ints) -> Array:
        """As ``environments.record.Summed.sums``."""
        return _sums(*self, before, rounds)


@kernel
def _sums(pairs: Pairs, won: NDArray[np.bool_], means: Array, gaps: Array, before: Array, rounds: Ints) -> Array:
    paid, expected, lost, done = before[0], before[1], before[2], 0
    sums = np.empty((rounds.size + 1, 3))
    for c in range(rounds.size + 1):
        stop = rounds[c] if c < rounds.size else pairs.size
        for i in range(done, stop):
            mean = means[pairs[i]]
            paid += mean if won.size == 0 else (1.0 if won[i] else 0.0)
            expected += mean
            lost -= gaps[pairs[i]]
        done = stop
        sums[c, 0], sums[c, 1], sums[c, 2] = paid, expected, lost
    return sums


@kernel
def walk(
    starts: Ints, states: Ints, cumulative: Array, n_actions: int, state: int, moves: Array, actions: Ints, pairs: Pairs
) -> int:
    """Fill in the pairs [n] met by ``actions`` from ``state`` on; the state after them, or -1 for an action not there.

    Args:
        starts: of the model's rows.
        states: of the model.
        cumulative: of the model.
        n_actions: A.
        state: the first one.
        moves: [n] or more uniform numbers.
        actions: [n].
        pairs: [n] to be filled in.
    """
    for i in range(actions.size):
        if not 0 <= actions[i] < n_actions:
            return -1
        row = state * n_actions + actions[i]
        pairs[i] = row
        state = next_state(starts, states, cumulative, row, moves[i])
    return state
