"""Small environments of arms with contexts that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from environments.contextual.table import ContextTable


def valleys(rounds: int, actions: int, coordinates: int = 1, seed: int = 0) -> ContextTable:
    """Costs of 3 to 46, whole numbers, with a valley that the first coordinate of the context moves over the actions.

    Args:
        rounds: number of rounds, >= 1.
        actions: number of actions, >= 1.
        coordinates: number of coordinates of the context, >= 1, in [0, 1].
        seed: of contexts and noise.
    """
    rng = np.random.default_rng([seed, 77])
    contexts = rng.random((rounds, coordinates))
    best = np.linspace(0, 1, actions) if actions > 1 else np.zeros(1)
    costs = 3 + 40 * (best[None, :] - contexts[:, :1]) ** 2 + rng.integers(0, 4, (rounds, actions))
    return ContextTable(-np.round(costs), contexts, -60.0, -1.0)


def examples() -> Sequence[ContextTable]:
    """One coordinate and several, one action, two rounds, and losses that are known to be linear in the features."""
    rng = np.random.default_rng(3)
    contexts = rng.random((150, 1))
    means = np.hstack([0.2 + 0.6 * contexts, 0.8 - 0.6 * contexts, np.full((150, 1), 0.45)])
    linear = ContextTable((rng.random((150, 3)) < means).astype(np.float64), contexts, realizable=True)
    return [valleys(200, 5), valleys(120, 4, coordinates=3), valleys(40, 1), valleys(2, 4), linear]
