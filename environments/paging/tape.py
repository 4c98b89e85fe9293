"""All that a run of paging needs, read in stretches."""

from __future__ import annotations

from typing import NamedTuple

from bandits.contract import Array
from bandits.paging.problem import Request, Requests
from environments.paging.arguments import Bits
from environments.paging.cache import Cache
from environments.paging.hindsight import RequestSequence
from environments.paging.traces.binary import BinaryTrace

STRETCH = 1 << 14
"""Requests that are read at once; bounds the memory of a block and decides no number."""


class Tape(NamedTuple):
    """All that a run needs.

    Attributes:
        requests: a sequence in memory, or a trace that is read as the run goes on.
        bits: [T] uint8, empty where none are given.
        reuse: [T] float64, empty where none are given.
    """

    requests: RequestSequence | BinaryTrace
    bits: Bits
    reuse: Array

    def read(self, start: int, stop: int) -> Requests:
        """The requests ``start..stop - 1``, or the first few of them, at least one."""
        requests = self.requests
        pages = requests.pages[start:stop] if isinstance(requests, RequestSequence) else requests.read(start, stop)
        stop = start + len(pages)
        return Requests(pages, self.bits[start:stop], self.reuse[start:stop])


class Reader:
    """Reads a tape, a block or a request at a time.

    Args:
        tape: the tape.
        horizon: number of requests.
    """

    def __init__(self, tape: Tape, horizon: int) -> None:
        self._tape, self._horizon = tape, horizon
        self._first = self._stop = 0

    def block(self, time: int, most: int) -> Requests:
        """The requests from ``time`` on, at least 1 and at most ``most`` of them."""
        if not self._first <= time < self._stop:
            self._stretch = self._tape.read(time, min(time + STRETCH, self._horizon))
            self._first, self._stop = time, time + len(self._stretch.pages)
            self._numbers: tuple[list[int], list[int], list[float]] | None = None
        start = time - self._first
        pages, bits, reuse = self._stretch
        return Requests(pages[start : start + most], bits[start : start + most], reuse[start : start + most])

    def page(self, time: int) -> int:
        """The page of a request."""
        if not self._first <= time < self._stop or self._numbers is None:
            self.block(time, 1)
            pages, bits, reuse = self._stretch
            self._numbers = pages.tolist(), bits.tolist(), reuse.tolist()
        return self._numbers[0][time - self._first]

    def request(self, time: int, cache: Cache) -> Request:
        """A request as the learner sees it."""
        page, i = self.page(time), time - self._first
        assert self._numbers is not None
        _, bits, reuse = self._numbers
        return Request(page, bits[i] if bits else -1, reuse[i] if reuse else -1.0, page in cache, cache.contents, time)
