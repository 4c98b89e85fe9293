"""The cache of the stepwise path: its content, the rules that every policy must keep, and gymnasium's spaces."""

from __future__ import annotations

from bisect import bisect_left, insort
from operator import index
from typing import Any, cast

import numpy as np
from gymnasium import spaces

from bandits.paging.policy import Eviction, Request


class Cache:
    """A cache of ``size`` slots, empty at first. Slots fill in ascending order.

    An action is an ``Eviction``, or the number of the slot whose page leaves; a slot number means nothing on a hit and
    while a slot is free. Where ``bypass`` is allowed, a fault on a full cache may be answered by evicting nothing and
    discarding the requested page, which as a number is ``size``.

    Args:
        size: number of slots.
        bypass: whether a requested page may be served without being loaded.
    """

    def __init__(self, size: int, bypass: bool = False) -> None:
        self.size, self.bypass = size, bypass
        self._slot_of: dict[int, int] = {}
        self._page_in: dict[int, int] = {}
        self._free: list[int] = []
        self._sorted: list[int] = []
        self._contents: tuple[int, ...] | None = ()

    def __contains__(self, page: int) -> bool:
        return page in self._slot_of

    @property
    def contents(self) -> tuple[int, ...]:
        """The cached pages, ascending."""
        if self._contents is None:
            self._contents = tuple(self._sorted)
        return self._contents

    def serve(self, page: int, action: Eviction | int) -> bool:
        """Serve a request; returns whether it was a fault.

        Raises:
            ValueError: ``action`` is neither an ``Eviction`` nor a whole number.
            RuntimeError: eviction of a page that is not cached or of the requested page before its service, no room
                for the requested page, or a slot out of range. Nothing changes.
        """
        hit = page in self._slot_of
        pages, discard = self._eviction(hit, action)
        full = not hit and len(self._slot_of) - len(pages) >= self.size
        self._check(page, pages, full and not (self.bypass and discard))
        for victim in pages:
            self._remove(victim)
        if discard:
            if hit:
                self._remove(page)
        elif not hit:
            self._load(page)
        return not hit

    def _eviction(self, hit: bool, action: Eviction | int) -> Eviction:
        if isinstance(action, Eviction):
            return action
        try:
            slot = index(action)
        except TypeError as error:
            raise ValueError(f"action must be an Eviction or the number of a slot, got {action!r}") from error
        slots = self.size + self.bypass
        if not 0 <= slot < slots:
            raise RuntimeError(f"slot must be in 0..{slots - 1}, got {slot}")
        if hit or len(self._slot_of) < self.size:
            return Eviction()
        return Eviction((), True) if slot == self.size else Eviction((self._page_in[slot],))

    def _check(self, page: int, pages: tuple[int, ...], no_room: bool) -> None:
        for victim in pages:
            if victim == page:
                raise RuntimeError(f"page {page} is evicted before its request was served: use discard")
            if victim not in self._slot_of:
                raise RuntimeError(f"page {victim} is to be evicted but is not cached")
        if len(pages) > 1 and len(set(pages)) < len(pages):
            raise RuntimeError(f"a page is to be evicted twice: {pages}")
        if no_room:
            raise RuntimeError(f"no room for page {page}: the cache of {self.size} is full and nothing is evicted")

    def _load(self, page: int) -> None:
        slot = self._free.pop() if self._free else len(self._slot_of)
        self._slot_of[page], self._page_in[slot] = slot, page
        insort(self._sorted, page)
        self._contents = None

    def _remove(self, page: int) -> None:
        slot = self._slot_of.pop(page)
        del self._page_in[slot]
        self._free.append(slot)
        del self._sorted[bisect_left(self._sorted, page)]
        self._contents = None


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
