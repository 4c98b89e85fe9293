"""The latest plays, from which the tally of the next one is counted.

An action costs O(1) where all weights of it are equal (a counter) and from the m-th play in a row on; otherwise O(m).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from environments.tallying.tallies import Tallies


@kernel
def _tally(window: NDArray[np.int64], newest: int, action: int, weights: Array) -> float:
    tally, memory = 0.0, weights.size
    for s in range(memory):
        if window[(newest - s) % memory] == action:
            tally += weights[s]
    return tally


class Window:
    """The last ``m`` plays of a run, none at first.

    Args:
        tallies: weights and losses.
    """

    def __init__(self, tallies: Tallies) -> None:
        self.tallies = tallies
        self._steady = tallies.steady.tolist()
        even = np.all(tallies.weights == tallies.weights[:, :1], axis=1)
        self._counted = [[0.0, *row.tolist()] if flat else [] for flat, row in zip(even, tallies.repeated, strict=True)]
        self._last, self._run = -1, 0
        self._plays, self._newest = np.full(tallies.memory, -1), -1
        self._counts = [0] * (tallies.n_actions + 1)

    def copy(self) -> Window:
        """Another window of the same plays, which goes on by itself."""
        other = object.__new__(Window)
        vars(other).update(vars(self))
        other._plays, other._counts = self._plays.copy(), self._counts.copy()
        return other

    def level(self, action: int) -> float:
        """Mean loss of playing ``action`` now; the play counts from then on."""
        self._run = self._run + 1 if action == self._last else 1
        self._last = action
        if self._run > self._plays.size:  # nothing else is in the window any more, and it stays as it is
            return float(self._steady[action])
        self._newest = newest = (self._newest + 1) % self._plays.size
        self._counts[self._plays.item(newest)] -= 1
        self._plays[newest] = action
        self._counts[action] += 1
        if counted := self._counted[action]:
            return self.tallies.losses[action](counted[self._counts[action]])
        return self.tallies.losses[action](_tally(self._plays, newest, action, self.tallies.weights[action]))

    def levels(self, action: int, levels: Array) -> None:
        """Fill in the mean losses [n] of playing ``action`` ``n`` times from now on; the plays count."""
        transient = min(levels.size, max(0, self._plays.size - (self._run if action == self._last else 0)))
        for s in range(transient):
            levels[s] = self.level(action)
        levels[transient:] = self._steady[action]
        self._run += levels.size - transient
