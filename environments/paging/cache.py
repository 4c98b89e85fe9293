"""The cache of an environment: its content, the rules that every policy must keep, and gymnasium's spaces."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from operator import index
from typing import Any, cast

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.paging.problem import Departures, Eviction, Request
from environments.paging.arguments import Pages

Slots = NDArray[np.int32]

KEPT, REQUESTED, ABSENT, TWICE, FULL, DISORDER = range(6)


@kernel
def _serve(
    pages: Pages,
    left: Pages,
    ends: Pages,
    k: int,
    bypass: bool,
    slot: Slots,
    page: Pages,
    free: Pages,
    held: int,
    freed: int,
    total: float,
    faults: Array,
) -> tuple[int, int, int, int, int]:
    """Serve requests until a rule is broken: how many were served, ``KEPT`` or the rule broken, by which page.

    Then the new ``held`` and ``freed``. The number of faults, before it ``total``, goes into ``faults`` [n, 1].
    """
    n_pages = slot.size
    start, broken, culprit, served = 0, KEPT, -1, pages.size
    for t in range(pages.size):
        p, end = pages[t], ends[t]
        if end == start and slot[p] >= 0:  # the two commonest cases first: a hit, and one page for another
            faults[t, 0] = total
            continue
        if end == start + 1 and end <= left.size and slot[p] < 0:
            v = left[start]
            if 0 <= v < n_pages and slot[v] >= 0:
                x = slot[v]
                slot[v], slot[p], page[x] = -1, x, p
                total += 1
                faults[t, 0] = total
                start = end
                continue
        if end < start or end > left.size:
            broken, served = DISORDER, t
            break
        discard = end > start and left[end - 1] == p
        stop = end - 1 if discard else end
        checked = start
        while checked < stop and broken == KEPT:  # a slot is turned over when its page is to leave
            v = left[checked]
            if v == p:
                broken = REQUESTED
            elif v < 0 or v >= n_pages or slot[v] == -1:
                broken = ABSENT
            elif slot[v] < -1:
                broken = TWICE
            else:
                slot[v] = -2 - slot[v]
                checked += 1
                continue
            culprit = v
        fault = slot[p] < 0
        if broken == KEPT and fault and held - (stop - start) >= k and not (bypass and discard):
            broken, culprit = FULL, p
        if broken != KEPT:
            for e in range(start, checked):
                slot[left[e]] = -2 - slot[left[e]]
            served = t
            break
        for e in range(start, stop):
            x = -2 - slot[left[e]]
            slot[left[e]], page[x], free[freed] = -1, -1, x
            freed += 1
        held -= stop - start
        if fault and not discard:
            if freed > 0:
                freed -= 1
                x = free[freed]
            else:
                x = held
            slot[p], page[x] = x, p
            held += 1
        elif discard and not fault:
            x = slot[p]
            slot[p], page[x], free[freed] = -1, -1, x
            freed += 1
            held -= 1
        total += fault
        faults[t, 0] = total
        start = end
    return served, broken, culprit, held, freed


class Cache:
    """A cache of ``size`` slots, empty at first. Slots fill in ascending order; the slot freed last is filled first.

    An action is an ``Eviction``, or the number of the slot whose page leaves; a slot number means nothing on a hit and
    while a slot is free. Where ``bypass`` is allowed, a fault on a full cache may be answered by evicting nothing and
    discarding the requested page, which as a number is ``size``.

    Args:
        size: number of slots.
        n_pages: number of pages.
        bypass: whether a requested page may be served without being loaded.

    Attributes:
        faults: number of faults so far.
    """

    def __init__(self, size: int, n_pages: int, bypass: bool = False) -> None:
        self.size, self.bypass = size, bypass
        self.faults = 0.0
        k = min(size, n_pages)
        self._slot: Slots = np.full(n_pages, -1, dtype=np.int32)  # of a page, or -1
        self._page = np.full(k, -1, dtype=np.int64)  # of a slot, or -1
        self._free = np.zeros(k, dtype=np.int64)  # slots that became free, the last one at the end
        self._held = self._freed = 0  # numbers of pages in the cache, and of slots in ``_free``
        self._sorted: list[int] | None = []
        self._contents: tuple[int, ...] | None = ()

    def __contains__(self, page: int) -> bool:
        return self._slot.item(page) >= 0

    @property
    def contents(self) -> tuple[int, ...]:
        """The cached pages, ascending."""
        if self._contents is None:
            if self._sorted is None:
                self._sorted = np.sort(self._page[self._page >= 0]).tolist()
            self._contents = tuple(self._sorted)
        return self._contents

    def serve(self, page: int, action: Eviction | int, time: int = 0) -> bool:
        """Serve a request; returns whether it was a fault.

        Args:
            page: the requested page.
            action: how it is served.
            time: number of requests before this one, for messages.

        Raises:
            ValueError: ``action`` is neither an ``Eviction`` nor a whole number.
            RuntimeError: eviction of a page that is not cached or of the requested page before its service, no room
                for the requested page, or a slot out of range. Nothing changes.
        """
        slot = self._slot
        hit = slot.item(page) >= 0
        if type(action) is not Eviction or type(action.pages) is not tuple or type(action.discard) is not bool:
            action = self._eviction(hit, action)
        left = action.pages
        if not action.discard:  # the commonest cases need no kernel: a hit, a page into a free slot, one for another
            if hit and not left:
                return False
            x = -1
            if not hit and not left and self._held < self.size:
                x = self._held
                if self._freed:
                    self._freed -= 1
                    x = self._free.item(self._freed)
                self._held += 1
            elif not hit and len(left) == 1 and type(left[0]) is int and 0 <= left[0] < slot.size:
                x = slot.item(left[0])
                if x >= 0:
                    slot[left[0]] = -1
            if x >= 0:
                slot[page], self._page[x] = x, page
                self.faults += 1.0
                self._note(left, page)
                return True
        pages, discard = self._eviction(hit, action)
        # A page that leaves last on its own request is discarded; evicted, it is named again, so that it is refused.
        gone = (*pages, page) if discard or pages[-1:] == (page,) else pages
        _, broken = self._serve(np.array([page]), np.array(gone, dtype=np.int64), np.array([len(gone)]), time)
        if broken:
            raise RuntimeError(broken)
        self._note(gone if hit else pages, None if hit or discard else page)
        return not hit

    def serve_block(self, pages: Pages, departures: Departures, time: int) -> tuple[Array, str]:
        """Serve a block of requests, up to the first at which a rule is broken.

        Args:
            pages: [n] the requested pages.
            departures: how they are served.
            time: number of requests before the first of them.

        Returns:
            The running numbers of faults [n_served, 1], and what is wrong with the next request, if anything.

        Raises:
            ValueError: departures that are no whole numbers; nothing changes.
        """
        left, ends = np.asarray(departures.pages), np.asarray(departures.ends)
        for name, array in (("pages", left), ("ends", ends)):
            if array.dtype.kind not in "iu" or array.ndim != 1:
                raise ValueError(
                    f"{name} of departures must be a one-dimensional array of integers, got {array.dtype} of shape "
                    f"{array.shape}"
                )
        self._sorted = self._contents = None
        pages, left, ends = (np.ascontiguousarray(array, dtype=np.int64) for array in (pages, left, ends))
        return self._serve(pages, left, ends, time)

    def _serve(self, pages: Pages, left: Pages, ends: Pages, time: int) -> tuple[Array, str]:
        faults = np.empty((pages.size, 1))
        state = self._slot, self._page, self._free, self._held, self._freed, self.faults
        served, broken, culprit, self._held, self._freed = _serve(
            pages, left, ends, self.size, self.bypass, *state, faults
        )
        if served:
            self.faults = faults.item(served - 1)
        return faults[:served], self._message(time + served, broken, culprit) if broken else ""

    def _note(self, left: Sequence[int], loaded: int | None) -> None:
        """Keep the list of what is cached, where there is one, up to date with the pages that ``left`` and came."""
        known, self._contents = self._sorted, None
        if known is not None:
            for page in left:
                del known[bisect_left(known, page)]
            if loaded is not None:
                insort(known, loaded)

    def _message(self, time: int, broken: int, page: int) -> str:
        what = {
            REQUESTED: f"page {page} is evicted before its request was served: use discard",
            ABSENT: f"page {page} is to be evicted but is not cached",
            TWICE: f"page {page} is to be evicted twice",
            FULL: f"no room for page {page}: the cache of {self.size} is full and nothing is evicted",
            DISORDER: "ends of departures must not decrease, nor go beyond the pages",
        }
        return f"request {time}: {what[broken]}"

    def _eviction(self, hit: bool, action: Eviction | int) -> Eviction:
        try:
            if isinstance(action, Eviction):
                return Eviction(tuple(map(index, action.pages)), bool(action.discard))
            slot = index(action)
        except TypeError as error:
            raise ValueError(f"action must be an Eviction or the number of a slot, got {action!r}") from error
        slots = self.size + self.bypass
        if not 0 <= slot < slots:
            raise RuntimeError(f"slot must be in 0..{slots - 1}, got {slot}")
        if hit or self._held < self.size:
            return Eviction()
        return Eviction((), True) if slot == self.size else Eviction((self._page.item(slot),))


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
