"""Rewards that are kept in the order in which each arm paid them: memory grows with the number of rounds.

The rewards of all arms lie in one array, those of an arm together, with room behind them. A kernel that takes in the
reward of the ``n``-th play of an arm, from 0, writes it to ``rewards[starts[arm] + n]``; before it runs, ``with_room``
sees that there is enough.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array


class Kept(NamedTuple):
    """Rewards of all arms.

    Attributes:
        rewards: [room].
        starts: [n_arms + 1] where those of each arm begin, and the end.
    """

    rewards: Array
    starts: NDArray[np.int64]


def nothing(n_arms: int) -> Kept:
    """No rewards, and no room for any."""
    return Kept(np.empty(0), np.zeros(n_arms + 1, dtype=np.int64))


def with_room(kept: Kept, counts: Array, more: int) -> Kept:
    """The same rewards with room for ``more`` of each arm, wherever they will be.

    Args:
        kept: the rewards.
        counts: [n_arms] how many there are of each arm.
        more: how many more of each there may be.
    """
    sizes, numbers = np.diff(kept.starts), counts.astype(np.int64)
    lacking = sizes < numbers + more
    if not lacking.any():
        return kept
    starts = np.append(0, np.cumsum(np.where(lacking, 2 * numbers + more, sizes)))
    rewards = np.zeros(starts[-1])
    for old, new, n in zip(kept.starts, starts, numbers, strict=False):
        rewards[new : new + n] = kept.rewards[old : old + n]
    return Kept(rewards, starts)
