"""Which arms were played in rounds in which every arm kept its level: a few bytes a round, added up when asked for."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.arms.problem import Actions, Block
from bandits.contract import Array
from bandits.kernels import kernel

Arms = NDArray[np.uint16]
Rewards = NDArray[np.float64] | NDArray[np.bool_]


class Choices(NamedTuple):
    """Rounds of one play each; their series are the cumulative reward and the cumulative level of what was played.

    Attributes:
        levels: [n_arms] of all arms, at most 2^16.
        arms: [n] played.
        rewards: [n] paid; as truth values where they are 0 or 1.
    """

    levels: Array
    arms: Arms
    rewards: Rewards

    @property
    def size(self) -> int:
        """Number of rounds."""
        return len(self.arms)

    def sums(self, before: Array, rounds: NDArray[np.int64]) -> Array:
        """As ``environments.record.Summed.sums``."""
        sums = np.empty((len(rounds) + 1, 2))
        _sums(*self, before, rounds, sums)
        return sums


def choices(block: Block, actions: Actions) -> Choices | None:
    """What ``actions`` [n] have earned in a block of n rounds of one row of levels; None if one of them is no arm."""
    levels = block.levels[0].copy()
    arms = np.empty(actions.size, dtype=np.uint16)
    rewards: Rewards = np.empty(actions.size, dtype=np.bool_ if block.binary else np.float64)
    return Choices(levels, arms, rewards) if _play(levels, block.noise, block.binary, actions, arms, rewards) else None


@kernel
def _play(levels: Array, noise: Array, binary: bool, actions: Actions, arms: Arms, rewards: Rewards) -> bool:
    """Fill in arms and rewards [n]; False where there is no such arm."""
    for s in range(actions.size):
        arm = actions[s]
        if not 0 <= arm < levels.size:
            return False
        reward = levels[arm] + noise[s]
        if binary:
            reward = 1.0 if reward > 0.0 else 0.0
        arms[s], rewards[s] = arm, reward
    return True


@kernel
def _sums(levels: Array, arms: Arms, rewards: Rewards, before: Array, rounds: NDArray[np.int64], sums: Array) -> None:
    paid, expected, done = before[0], before[1], 0
    for c in range(rounds.size + 1):
        stop = rounds[c] if c < rounds.size else arms.size
        for s in range(done, stop):
            paid += rewards[s]
            expected += levels[arms[s]]
        done = stop
        sums[c, 0], sums[c, 1] = paid, expected
