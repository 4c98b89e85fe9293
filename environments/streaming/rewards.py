"""Rewards of single pulls and of batches, one draw a batch, distributed as the sum of its pulls.

Three generators serve a run. The first batch (``n >= 2``) of each arrival has one of its own, so policies that begin
with equal batches meet equal first batches of every arm. Other batches, and single pulls, are drawn in the order in
which they are asked for: what a policy does decides which draw is which.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.normals import standard_normal
from bandits.seeds import Seeds

LARGEST = 10**18
"""Largest batch in one draw: numpy's binomial counts in int64, and its spread is wrong from several 10^18 on."""
LOOK_AHEAD = 4096
"""Most arrivals whose first batches are drawn at once. Part of what decides the numbers of a run."""
BLOCK = 1 << 16
"""Most single pulls whose noise is drawn at once."""


class Rewards(ABC):
    """A kind of reward with a given mean.

    Attributes:
        binary: whether a pull pays 1 where ``mean + noise > 0`` and 0 elsewhere, else ``mean + noise``.
    """

    binary: bool

    @abstractmethod
    def noise(self, rng: np.random.Generator, number: int) -> Array:
        """Noise [number] of single pulls."""

    @abstractmethod
    def sums(self, rng: np.random.Generator, n: int, means: Array) -> Array:
        """Sum of ``n <= 10^18`` pulls of each of the arms with these means [n_arms]."""

    @abstractmethod
    def sum(self, rng: np.random.Generator, n: int, mean: float) -> float:
        """Sum of ``n <= 10^18`` pulls of one arm, drawn as ``sums`` would."""


class BernoulliRewards(Rewards):
    """Rewards 0 or 1; a batch is one binomial draw."""

    binary = True

    def noise(self, rng: np.random.Generator, number: int) -> Array:
        return -rng.random(number)

    def sums(self, rng: np.random.Generator, n: int, means: Array) -> Array:
        return rng.binomial(n, means).astype(np.float64)

    def sum(self, rng: np.random.Generator, n: int, mean: float) -> float:
        return float(rng.binomial(n, mean))


class GaussianRewards(Rewards):
    """Rewards with standard deviation ``sigma``; a batch is one normal draw."""

    binary = False

    def __init__(self, sigma: float) -> None:
        self.sigma = sigma

    def noise(self, rng: np.random.Generator, number: int) -> Array:
        return self.sigma * standard_normal(rng, np.empty(number))

    def sums(self, rng: np.random.Generator, n: int, means: Array) -> Array:
        return n * means + self.sigma * math.sqrt(n) * rng.standard_normal(len(means))

    def sum(self, rng: np.random.Generator, n: int, mean: float) -> float:
        return n * mean + self.sigma * math.sqrt(n) * float(rng.standard_normal())


class Draws:
    """The rewards of one run.

    Args:
        rewards: their kind.
        seeds: of the generators of first batches, of other batches, and of single pulls.
    """

    def __init__(self, rewards: Rewards, seeds: Sequence[int]) -> None:
        self.rewards = rewards
        self._firsts, self._batches, self._singles = (Seeds(seed).generator() for seed in seeds)
        self._ahead, self._ahead_n, self._ahead_at, self._look = np.empty(0), 0, 0, 1
        self._coming = np.empty(0)
        self._noise, self._used, self._size = np.empty(0), 0, 32

    def first(self, n: int, means: Array, order: NDArray[np.int64], arrival: int) -> Array:
        """Sums [at least 1] of the first ``n >= 2`` pulls of the arriving arm and of some that follow it in the pass.

        How many are drawn at once doubles as long as ``n`` stays the same, and starts anew where it changes.

        Args:
            n: pulls of each arm.
            means: [n_arms] by handle.
            order: [n_arms] handles in the order of the pass.
            arrival: number of the arriving arm over all passes, from 0; never less than in earlier calls.
        """
        if n != self._ahead_n or arrival - self._ahead_at >= len(self._ahead):
            self._look = min(2 * self._look, LOOK_AHEAD) if n == self._ahead_n else 1
            position = arrival % len(order)
            self._coming = means[order[position : position + self._look]]
            self._ahead, self._ahead_n, self._ahead_at = self.rewards.sums(self._firsts, n, self._coming), n, arrival
        return self._ahead[arrival - self._ahead_at :]

    def coming(self, arrival: int) -> Array:
        """Means of the arms of which ``first`` gave the sums for the same arrival."""
        return self._coming[arrival - self._ahead_at :]

    def batch(self, n: int, mean: float) -> float:
        """Sum of ``n`` pulls of an arm, of any number of them."""
        if n == 1:
            reward = mean + float(self.noise(1)[0])
            self.use(1)
            return (1.0 if reward > 0.0 else 0.0) if self.rewards.binary else reward
        if n <= LARGEST:
            return self.rewards.sum(self._batches, n, mean)
        return self.rewards.sum(self._batches, LARGEST, mean) + self.batch(n - LARGEST, mean)

    def noise(self, most: int) -> Array:
        """Noise [1..most] of the next single pulls; it stays the next until ``use``."""
        if self._used == len(self._noise):
            self._size = min(2 * self._size, BLOCK)
            self._noise, self._used = self.rewards.noise(self._singles, self._size), 0
        return self._noise[self._used : self._used + most]

    def use(self, number: int) -> None:
        """Single pulls were made."""
        self._used += number
