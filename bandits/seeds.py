"""Seeds as people give them: each use of a seed has a stream of random numbers of its own.

People seed all they have with one number: the environment, the policy, the trace that they draw themselves. Were these
one stream, what is played would go with what comes: with requests drawn by ``numpy.random.default_rng(s)``, a cache
that evicts at random by ``default_rng(s)`` missed 53 requests of 100 in place of 65.

Where streams are made by the thousand, ``Seeds`` stand for numpy's seed sequences, whose hashing takes longer than all
else about a short run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from operator import index
from typing import Any, cast

import numpy as np
from numpy.random.bit_generator import ISpawnableSeedSequence
from numpy.typing import NDArray

from bandits.arguments import check_seed
from bandits.kernels import kernel

POOL = 4
"""Words of the pool into which a seed is hashed, numpy's default."""

_INIT_A, _MULT_A, _INIT_B, _MULT_B = map(np.uint64, (0x43B0D7E5, 0x931E8875, 0x8B51F9DD, 0x58F38DED))
_MIX_L, _MIX_R, _HALF, _WORD = map(np.uint64, (0xCA01F9DD, 0x4973F715, 16, 32))
_MASK = np.uint64(0xFFFFFFFF)
_KINDS = np.dtype(np.uint32), np.dtype(np.uint64)


@kernel
def _hash(words: NDArray[np.uint64], each: int, state: NDArray[np.uint64]) -> None:
    """Fill ``state`` with ``each`` words of 32 bits a number, the lower first, from ``words`` of 32 bits, >= 4 of them.

    Melissa O'Neill's seed_seq_fe128 as numpy has it; a product of two words fits 64 bits.
    """
    pool, factor = np.zeros(POOL, dtype=np.uint64), _INIT_A
    for i in range(POOL + POOL * POOL + POOL * (words.size - POOL)):
        source, target = i, i % POOL
        if i >= POOL:
            source, target = i // POOL - 1, i % POOL
            if source == target:
                continue
        word = (words[source] if i < POOL or source >= POOL else pool[source]) ^ factor
        factor = factor * _MULT_A & _MASK
        word = word * factor & _MASK
        word ^= word >> _HALF
        if i >= POOL:
            word = (_MIX_L * pool[target] + (_MASK ^ (_MIX_R * word & _MASK)) + np.uint64(1)) & _MASK
            word ^= word >> _HALF
        pool[target] = word
    factor = _INIT_B
    for i in range(state.size):
        state[i] = 0
        for k in range(each):
            word = pool[(i * each + k) % POOL] ^ factor
            factor = factor * _MULT_B & _MASK
            word = word * factor & _MASK
            state[i] |= (word ^ word >> _HALF) << (_WORD * np.uint64(k))


class Seeds(ISpawnableSeedSequence):
    """``numpy.random.SeedSequence(entropy, spawn_key=spawn_key)`` in a third of its time: it gives and spawns the same.

    Args:
        entropy: a whole number >= 0, or several.
        spawn_key: whole numbers >= 0.

    Attributes:
        pool_size: that of numpy's default.
        n_children_spawned: how many it has spawned.

    Example:
        >>> import numpy as np
        >>> from bandits.seeds import Seeds
        >>> ours, theirs = (make(5, spawn_key=(1, 2)) for make in (Seeds, np.random.SeedSequence))
        >>> np.random.default_rng(ours).random() == np.random.default_rng(theirs).random()
        True
    """

    pool_size = POOL

    def __init__(self, entropy: int | Sequence[int], spawn_key: Sequence[int] = ()) -> None:
        self.entropy, self.spawn_key, self.n_children_spawned = entropy, tuple(spawn_key), 0

    @classmethod
    def like(cls, seeds: Any) -> Seeds | None:
        """New ones that give and spawn what ``seeds`` do; None where these are neither such nor what they stand for."""
        if type(seeds) is not Seeds and (type(seeds) is not np.random.SeedSequence or seeds.pool_size != POOL):
            return None
        entropy: Any = seeds.entropy
        if type(entropy) is not int and (type(entropy) is not list or not all(type(word) is int for word in entropy)):
            return None
        found = cls(entropy, seeds.spawn_key)
        found.n_children_spawned = seeds.n_children_spawned
        return found

    def generator(self) -> np.random.Generator:
        """``numpy.random.default_rng`` of them."""
        return np.random.default_rng(cast(Any, self))

    def generate_state(self, n_words: int, dtype: Any = np.uint32) -> NDArray[Any]:
        """Hashed words [n_words] of 32 bits, or of 64.

        Raises:
            TypeError: entropy or spawn key hold what is no whole number.
            ValueError: they hold a negative one, or the words are to be others.
        """
        kind = np.dtype(dtype)
        if kind not in _KINDS:
            raise ValueError(f"dtype must be uint32 or uint64, got {dtype}")
        entropy: Any = self.entropy
        words = _words(entropy if hasattr(entropy, "__len__") else (entropy,))
        words += (0,) * (POOL - len(words))
        words += _words(self.spawn_key)
        if "numba" not in sys.modules:  # its start takes longer than a thousand seeds
            sequence = np.random.SeedSequence(cast(Any, np.array(words, dtype=np.uint32)))
            return sequence.generate_state(n_words, cast(Any, kind))
        state = np.empty(n_words, dtype=np.uint64)
        _hash(np.array(words, dtype=np.uint64), kind.itemsize // 4, state)
        return state if kind is _KINDS[1] else state.astype(kind)

    def spawn(self, n_children: int) -> list[Seeds]:
        """The next children.

        Raises:
            ValueError: fewer than none; nothing changes.
        """
        if index(n_children) < 0:
            raise ValueError(f"n_children must be >= 0, got {n_children}")
        first, self.n_children_spawned = self.n_children_spawned, self.n_children_spawned + n_children
        return [Seeds(self.entropy, (*self.spawn_key, i)) for i in range(first, self.n_children_spawned)]


def _words(numbers: Sequence[int]) -> list[int]:
    """The words of 32 bits of each number, the lowest first."""
    words = []
    for number in map(index, numbers):
        if number < 0:
            raise ValueError(f"seeds must be whole numbers >= 0, got {number}")
        while number > 0xFFFFFFFF:
            words.append(number & 0xFFFFFFFF)
            number >>= 32
        words.append(number)
    return words


def stream(seed: int | np.random.Generator | None, *, of: str, name: str = "seed") -> np.random.Generator:
    """The stream of random numbers that a seed means for one use of it.

    Args:
        seed: a whole number >= 0 of at most 128 bits; None for numbers that differ each time; or a generator, which is
            used as it is.
        of: what draws, in short: streams of one seed for different uses are independent of each other, and of
            ``numpy.random.default_rng(seed)``.
        name: of the argument, for the message.

    Raises:
        ValueError: a seed that is none.

    Example:
        >>> from bandits.seeds import stream
        >>> first = stream(7, of="trace").random()
        >>> first == stream(7, of="trace").random(), first == stream(7, of="policy").random()
        (True, False)
    """
    if isinstance(seed, np.random.Generator):
        return seed
    entropy = None if seed is None else check_seed(name, seed)
    return np.random.default_rng(np.random.SeedSequence(entropy, spawn_key=tuple(of.encode())))
