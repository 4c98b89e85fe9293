"""All that a run needs, and its requests one by one."""

from __future__ import annotations

from typing import NamedTuple

from bandits.contract import Array
from bandits.paging.policy import Request, Requests
from environments.paging.arrays import Bits
from environments.paging.cache import Cache
from environments.paging.instance import Instance
from environments.paging.streams import BinaryTrace

CHUNK = 1 << 14
"""Requests that are held as Python numbers at once."""


class Tape(NamedTuple):
    """All that a run needs.

    Attributes:
        requests: a sequence in memory, or a trace that is read as the run goes on.
        bits: [T] uint8, empty where none are given.
        reuse: [T] float64, empty where none are given.
    """

    requests: Instance | BinaryTrace
    bits: Bits
    reuse: Array

    def read(self, start: int, stop: int) -> Requests:
        """The requests ``start..stop - 1``, or the first few of them, at least one."""
        requests = self.requests
        pages = requests.pages[start:stop] if isinstance(requests, Instance) else requests.read(start, stop)
        stop = start + len(pages)
        return Requests(pages, self.bits[start:stop], self.reuse[start:stop])


class Reader:
    """Reads a tape one request at a time.

    Args:
        tape: the tape.
        horizon: number of requests.
    """

    def __init__(self, tape: Tape, horizon: int) -> None:
        self._tape, self._horizon = tape, horizon
        self._first = self._stop = 0

    def page(self, time: int) -> int:
        """The page of a request."""
        if not self._first <= time < self._stop:
            block = self._tape.read(time, min(time + CHUNK, self._horizon))
            self._first, self._stop = time, time + len(block.pages)
            self._pages, self._bits, self._reuse = (part.tolist() for part in block)
        page: int = self._pages[time - self._first]
        return page

    def request(self, time: int, cache: Cache) -> Request:
        """A request as the learner sees it."""
        page, i = self.page(time), time - self._first
        bit = self._bits[i] if self._bits else -1
        return Request(page, bit, self._reuse[i] if self._reuse else -1.0, page in cache, cache.contents, time)
