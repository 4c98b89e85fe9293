"""The action space: portfolios."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector.utils import batch_space

from bandits.contract import Array
from bandits.portfolio.problem import SLACK


class Simplex(spaces.Box):
    """Arrays of weights >= 0 whose sum along the last axis is 1. A ``Box`` would do but for its samples.

    Args:
        n: number of weights, >= 1.
        batch: shape of the axes before, () for one portfolio.
        seed: of the samples.
    """

    def __init__(self, n: int, batch: tuple[int, ...] = (), seed: int | np.random.Generator | None = None) -> None:
        super().__init__(0.0, 1.0, (*batch, n), np.float64, seed)
        self.n, self.batch = n, batch

    def sample(self, mask: Any = None, probability: Any = None) -> Array:
        """Uniform portfolios."""
        drawn = self.np_random.exponential(size=self.shape)
        return np.asarray(drawn / drawn.sum(axis=-1, keepdims=True))

    def contains(self, x: Any) -> bool:
        """Whether entries are >= -1e-9 and sums are 1 up to 1e-9."""
        if not isinstance(x, np.ndarray) or x.dtype != np.float64 or x.shape != self.shape:
            return False
        return bool((x >= -SLACK).all() and (np.abs(x.sum(axis=-1) - 1.0) <= SLACK).all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Simplex) and self.shape == other.shape

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Simplex({self.n}, {self.batch})" if self.batch else f"Simplex({self.n})"


@batch_space.register(Simplex)
def _batch(space: Simplex, n: int = 1) -> Simplex:
    return Simplex(space.n, (n, *space.batch), copy.deepcopy(space.np_random))
