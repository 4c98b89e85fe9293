"""Requests and evictions as gymnasium spaces."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from gymnasium import spaces

from bandits.paging.policy import Request


class Times(spaces.Space[float]):
    """All floating-point numbers but NaN: predicted times of next use, and -1 for no prediction."""

    def __init__(self, seed: int | np.random.Generator | None = None) -> None:
        super().__init__((), np.float64, seed)

    @property
    def is_np_flattenable(self) -> bool:
        return False

    def sample(self, mask: Any = None, probability: Any = None) -> float:
        return float(self.np_random.exponential(1e3))

    def contains(self, x: Any) -> bool:
        return isinstance(x, float) and x == x

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Times)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Times()"


def request_space(n_pages: int, horizon: int) -> spaces.Space[Request]:
    """The space of ``Request``: page, bit (-1 for none), reuse, hit, cache, time."""
    page = spaces.Discrete(n_pages)
    cache = spaces.Sequence(spaces.Discrete(n_pages))
    parts = (page, spaces.Discrete(3, start=-1), Times(), spaces.Discrete(2), cache, spaces.Discrete(horizon))
    return cast(spaces.Space[Request], spaces.Tuple(parts))


def slot_space(cache_size: int, bypass: bool) -> spaces.Discrete:
    """Victim slots; with bypassing, one more for serving the page without loading it."""
    return spaces.Discrete(cache_size + bypass)
