"""Seeds as people give them: each use of a seed has a stream of random numbers of its own.

People seed all they have with one number: the environment, the policy, the trace that they draw themselves. Were these
one stream, what is played would go with what comes: with requests drawn by ``numpy.random.default_rng(s)``, a cache
that evicts at random by ``default_rng(s)`` missed 53 requests of 100 in place of 65.
"""

from __future__ import annotations

import numpy as np

from bandits.arguments import check_seed


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
