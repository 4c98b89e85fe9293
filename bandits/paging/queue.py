"""Rules that keep their pages in a queue, one request at a time in plain Python, on keys of any kind.

The compiled loops of such policies decide the same on arrays. To enter compiled code costs some microseconds, more than
the whole request here: this is what a cache in somebody's program is driven by.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Queue(ABC, Generic[K]):
    """The keys held, the one that is looked at first to make room at the front; nothing is known of any other.

    Args:
        cache_size: number of keys that are held, >= 1.
    """

    def __init__(self, cache_size: int) -> None:
        self.cache_size = cache_size
        self.keys: OrderedDict[K, bool] = OrderedDict()

    @abstractmethod
    def request(self, key: K, bit: int = -1, reuse: float = math.nan) -> Sequence[K]:
        """Serve a request: the keys that leave. Predictions are for others."""

    @abstractmethod
    def first(self) -> K:
        """The key that leaves first, of those held, if new ones keep coming."""

    def remove(self, key: K) -> None:
        """Remove a key that is held; the others keep their order."""
        del self.keys[key]

    def known(self) -> Sequence[K]:
        """All keys that are remembered."""
        return list(self.keys)
