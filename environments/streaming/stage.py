"""The buffer and the slots: which arm is arriving, which are stored, and what may be done with them."""

from __future__ import annotations

import numpy as np

from bandits.streaming.problem import CURRENT

NONE = -1


class RefusedError(Exception):
    """An action that the protocol forbids, and why."""


class Stage:
    """Arms by their handles: the order of a pass, the arriving arm, the stored ones, and counts of them.

    The counts: ``arrivals`` over all passes, ``peak``, the most arms ever stored, and ``peak_pullable``, the most with
    the arriving one. Every method either carries out its action or raises ``RefusedError`` and changes nothing.

    Args:
        n_arms: length of the stream.
        memory: number of slots.
        passes: how often the stream goes by.
        orders: generator of later passes' orders, or None where they repeat the first.
    """

    def __init__(self, n_arms: int, memory: int, passes: int, orders: np.random.Generator | None) -> None:
        self.n_arms, self.passes, self.orders = n_arms, passes, orders
        self.order = np.arange(n_arms)
        self.pass_index = self.position = self.current = 0
        self.unpulled = True
        self.slots = [NONE] * memory
        self.stored = self.peak = 0
        self.peak_pullable = self.arrivals = 1

    @property
    def number(self) -> int:
        """Number of the arriving arm over all passes, from 0."""
        return self.pass_index * self.n_arms + self.position

    @property
    def may_advance(self) -> bool:
        """Whether there is an arm to let pass or a pass to begin."""
        return self.position < self.n_arms or self.pass_index + 1 < self.passes

    def at(self, where: int) -> int:
        """The arm in a slot, or in the buffer."""
        if where == CURRENT and type(where) is int:
            return self._arriving()
        handle = self.slots[self._slot(where)]
        if handle == NONE:
            raise RefusedError(f"slot {where} is empty")
        return handle

    def advance(self, count: int = 1) -> None:
        """Let ``count`` arms pass, at most to the end of the pass, or begin the next pass."""
        if self.position >= self.n_arms and not self.may_advance:
            raise RefusedError("the stream is over")
        self.position += count
        if self.position > self.n_arms:
            self.pass_index, self.position = self.pass_index + 1, 0
            if self.orders is not None:
                self.order = self.orders.permutation(self.n_arms)
        self.current, self.unpulled = NONE, True
        self.arrivals = self.pass_index * self.n_arms + self.position
        if self.position < self.n_arms:
            self.current = self.order.item(self.position)
            self.arrivals += 1
            if self.stored >= self.peak_pullable:
                self.peak_pullable = self.stored + 1

    def store(self, slot: int) -> None:
        """Move the arriving arm into a slot."""
        handle, slot = self._arriving(), self._slot(slot)
        if self.slots[slot] == NONE:
            self.stored += 1
            self.peak = max(self.peak, self.stored)
        self.slots[slot], self.current = handle, NONE

    def drop(self, slot: int) -> None:
        """Discard a stored arm."""
        if self.slots[self._slot(slot)] == NONE:
            raise RefusedError(f"slot {slot} is empty")
        self.slots[slot] = NONE
        self.stored -= 1

    def _arriving(self) -> int:
        if self.current == NONE:
            raise RefusedError("no arm is arriving")
        return self.current

    def _slot(self, slot: int) -> int:
        if type(slot) is not int or not 0 <= slot < len(self.slots):
            raise RefusedError(f"a slot is a whole number in 0..{len(self.slots) - 1}")
        return slot
