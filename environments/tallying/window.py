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


@kernel
def _repeat(
    plays: NDArray[np.int64],
    newest: int,
    counts: NDArray[np.int64],
    action: int,
    weights: Array,
    counted: Array,
    transient: int,
    levels: Array,
) -> int:
    """Play ``action`` again and again. Returns where the newest play stands.

    Fills in the mean losses of the first plays, or, where these do not go by counts, their tallies.
    """
    for s in range(transient):
        newest = (newest + 1) % plays.size
        counts[plays[newest]] -= 1
        plays[newest] = action
        counts[action] += 1
        levels[s] = counted[counts[action] - 1] if counted.size else _tally(plays, newest, action, weights)
    return newest


class Window:
    """The last ``m`` plays of a run, none at first.

    Args:
        tallies: weights and losses.
    """

    def __init__(self, tallies: Tallies) -> None:
        self.tallies = tallies
        self._steady, self._counted = tallies.steady, tallies.counted
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
            return self._steady.item(action)
        self._newest = newest = (self._newest + 1) % self._plays.size
        self._counts[self._plays.item(newest)] -= 1
        self._plays[newest] = action
        self._counts[action] += 1
        if (counted := self._counted[action]).size:
            return counted.item(self._counts[action] - 1)
        return self.tallies.losses[action](_tally(self._plays, newest, action, self.tallies.weights[action]))

    def levels(self, action: int, levels: Array) -> None:
        """Fill in the mean losses [n] of playing ``action`` ``n`` times from now on; the plays count."""
        run = self._run if action == self._last else 0
        transient = min(levels.size, max(0, self._plays.size - run))
        if transient:
            counts, counted = np.array(self._counts), self._counted[action]
            weights = self.tallies.weights[action]
            self._newest = _repeat(self._plays, self._newest, counts, action, weights, counted, transient, levels)
            self._counts = counts.tolist()
            if not counted.size:
                levels[:transient] = [self.tallies.losses[action](tally) for tally in levels[:transient].tolist()]
        levels[transient:] = self._steady[action]
        self._last, self._run = action, run + levels.size
