"""The latest plays, from which the tally of the next one is counted, and what it pays.

An action costs O(1) where all weights of it are equal (a counter) and from the m-th play in a row on; otherwise O(m).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.frozen import read_only
from bandits.kernels import inlined, kernel
from environments.tallying.tallies import Tallies

Plays = NDArray[np.int64]
"""The latest plays [m + K + 2]: where the newest stands, the m plays, and how many of them each action has.

In place of rounds before the first stands an action K.
"""


def reward_of(level: float, noise: float, scale: float, binary: bool) -> float:
    """What a round pays: minus its loss."""
    loss = level + scale * noise
    if binary:
        loss = 1.0 if loss > 0.0 else 0.0
    return 0.0 - loss


_reward = inlined(reward_of)


@kernel
def _enter(plays: Plays, action: int, memory: int) -> int:
    """Play ``action``. Returns how many of the latest plays it then has; where it has all, they stay as they are."""
    counts = memory + 1
    count: int = plays[counts + action]
    if count < memory:
        plays[0] = newest = plays[0] % memory + 1
        plays[counts + plays[newest]] -= 1
        plays[newest] = action
        plays[counts + action] += 1
        count = plays[counts + action]
    return count


@kernel
def _tally(plays: Plays, action: int, weights: Array) -> float:
    """The tally of ``action``, which was played last."""
    tally, memory = 0.0, weights.shape[1]
    for s in range(memory):
        if plays[1 + (plays[0] - 1 - s) % memory] == action:
            tally += weights[action, s]
    return tally


@inlined
def _repeat(level: float, noise: Array, scale: float, binary: bool, levels: Array, rewards: Array) -> None:
    """Rounds [n] of one and the same mean loss."""
    for s in range(levels.size):
        levels[s], rewards[s] = level, _reward(level, noise[s], scale, binary)


@kernel
def _play_runs(
    plays: Plays,
    runs: NDArray[np.int64],
    first: int,
    counted: Array,
    weights: Array,
    levels: Array,
    noise: Array,
    scale: float,
    binary: bool,
    rewards: Array,
    tallied: NDArray[np.int64],
) -> tuple[int, int]:
    """Play ``runs`` [n, 2] of actions, so many rounds each, from the ``first`` round on, as long as there is room.

    Fills in the rewards and the mean losses or, where these do not go by counts, the tallies, and which rounds those
    are. Returns how many rounds are played, and how many of them have tallies; -1 and its number where a run cannot be.
    """
    memory, s, unknown = weights.shape[1], 0, 0
    for i in range(runs.shape[0]):
        if not 0 <= runs[i, 0] < weights.shape[0] or runs[i, 1] < 1:
            return -1, i
    for i in range(runs.shape[0]):
        action, stop, level = runs[i, 0], min(s + runs[i, 1], rewards.size), 0.0
        while s < stop:
            count = _enter(plays, action, memory)
            level = counted[action, count - 1]
            if count == memory:  # and so it stays
                break
            if np.isnan(level):
                level, tallied[unknown] = _tally(plays, action, weights), s
                unknown += 1
            levels[first + s], rewards[s] = level, _reward(level, noise[first + s], scale, binary)
            s += 1
        if s < stop:
            begin, end = first + s, first + stop
            _repeat(level, noise[begin:end], scale, binary, levels[begin:end], rewards[s:stop])
            s = stop
    return s, unknown


class Window:
    """The last ``m`` plays of a run, none at first.

    Args:
        tallies: weights and losses.
        binary: whether losses are 0 or 1: 1 where mean loss and noise are above 0 together; else they are these.
        scale: of the noise.

    Attributes:
        plays: see ``Plays``.
    """

    def __init__(self, tallies: Tallies, binary: bool, scale: float) -> None:
        self.tallies, self.binary, self.scale = tallies, binary, scale
        self._weights, self._counted, self._memory = tallies.weights, tallies.counted, tallies.memory
        self.adopt(tallies.no_plays.copy())

    def adopt(self, plays: Plays) -> None:
        """Go on after other plays."""
        self.plays, self._alone = plays, -1

    def play(self, action: int, s: int, levels: Array, noise: Array) -> float:
        """The reward of playing ``action`` in round ``s``, whose mean loss is filled in; then on the play counts."""
        count = self._memory
        if action != self._alone:
            count = _enter(self.plays, action, count)
            self._alone = action if count == self._memory else -1  # has all the latest plays, and so it stays
        levels[s] = level = self._counted.item(action, count - 1)
        if level != level:
            levels[s] = level = self.tallies.losses[action](_tally(self.plays, action, read_only(self._weights)))
        return reward_of(level, noise.item(s), self.scale, self.binary)

    def ahead(self, runs: NDArray[np.int64], first: int, levels: Array, noise: Array, most: int) -> tuple[Array, Plays]:
        """Fill in the mean losses of playing runs of actions from the ``first`` round on.

        Args:
            runs: [n_runs, 2] actions, and for how many rounds, >= 1, each is played.
            first: round.
            levels: [n] of all rounds whose noise is at hand.
            noise: [n].
            most: number of rounds.

        Returns:
            The rewards [n_rounds] of the runs, at most so many, and the latest plays after them.

        Raises:
            ValueError: no such action, or no such number of rounds; nothing changes.
        """
        plays, rewards = self.plays.copy(), np.empty(most)
        tallied = np.empty(0 if self.tallies.even else most, dtype=np.int64)
        known = read_only(self._counted), read_only(self._weights), levels, noise, self.scale, self.binary
        rounds, unknown = _play_runs(plays, runs, first, *known, rewards, tallied)
        if rounds < 0:
            last, wrong = self.tallies.n_actions - 1, runs[unknown].tolist()
            raise ValueError(f"runs must be of an action in 0..{last} and of a number of rounds >= 1, got {wrong}")
        if unknown:
            ends, losses = np.cumsum(runs[:, 1]), self.tallies.losses
            places = tallied[:unknown]
            actions = runs[np.searchsorted(ends, places, side="right"), 0].tolist()
            for s, action in zip(places.tolist(), actions, strict=True):
                levels[first + s] = level = losses[action](levels.item(first + s))
                rewards[s] = reward_of(level, noise.item(first + s), self.scale, self.binary)
        return rewards[:rounds], plays
