"""All randomness of a run, as streams of uniform numbers that are used up at a fixed rate.

Every stream gives as many numbers a step or an episode whether they are needed or not, so that step ``t`` meets the
same number whatever was played before: policies meet common luck, and both ways of playing the same run.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bandits.contract import Array
from bandits.frozen import read_only
from environments.contract import Source, copy_of, streams

BLOCK = 4096
"""Uniform numbers that a stream draws at once."""


class Tape(NamedTuple):
    """The generators of a run, in the order in which they are spawned; a run copies them."""

    transition: Source
    action: Source
    reward: Source
    start: Source
    context: Source
    loss: Source

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Tape:
        """Spawned from a generator."""
        return cls(*streams(rng, len(cls._fields)))


class Stream:
    """Uniform numbers in [0, 1) of a copy of a generator, the same however they are asked for.

    Args:
        rng: the generator, which is left as it is.

    Example:
        >>> stream = Stream(np.random.default_rng(0))
        >>> first = stream.ahead(3).tolist()
        >>> first == np.random.default_rng(0).random(3).tolist(), stream.take(2).tolist() == first[:2]
        (True, True)
    """

    def __init__(self, rng: Source) -> None:
        self._rng = copy_of(rng)
        self._drawn: Array = np.empty(0)
        self._used = 0

    def ahead(self, n: int) -> Array:
        """The next ``n`` numbers, read-only, which stay to be taken."""
        if (left := len(self._drawn) - self._used) < n:
            more = -(-(n - left) // BLOCK) * BLOCK
            self._drawn = np.concatenate([self._drawn[self._used :], self._rng.random(more)])
            self._drawn.flags.writeable = False
            self._used = 0
        return read_only(self._drawn[self._used : self._used + n])

    def take(self, n: int) -> Array:
        """The next ``n`` numbers, read-only."""
        numbers = self.ahead(n)
        self._used += n
        return numbers

    def one(self) -> float:
        """The next number."""
        if self._used == len(self._drawn):
            self.ahead(1)
        self._used += 1
        return float(self._drawn[self._used - 1])
