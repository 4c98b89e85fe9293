"""The requests of a run: where they come from, all that a run needs, and its requests one by one."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.arguments import did_you_mean
from bandits.paging.policy import Request, Requests
from environments.paging.cache import Cache
from environments.paging.domain import Bits, as_pages
from environments.paging.generators import Generator, build_generator
from environments.paging.hindsight import Instance
from environments.paging.traces.binary import BinaryTrace
from environments.paging.traces.formats import find, read_trace

HORIZON = 10_000
"""Requests of a generated sequence where no horizon is given."""

Sequences = Sequence[int] | NDArray[Any] | Mapping[str, Any]


class Origin:
    """The requests of every run of a world.

    Args:
        sequence: [T] page ids, or ``{"pages": [...], "n_pages": N}``, ``{"generator": name, ...}``, or
            ``{"trace": path or name, ...}`` with the arguments of ``read_trace``.
        cache_size: k.
        horizon: number of requests, or None for all that there are (``HORIZON`` of a generator).
        streamed: whether to read a binary trace as the run goes on.

    Attributes:
        horizon: number of requests of a run.
        n_pages: number of pages.
        fixed: the requests where they are the same in each run, else None.
        generator: what draws them, where something does.

    Raises:
        ValueError: a bad description, or fewer requests than the horizon asks for.
        FileNotFoundError: no such trace.
    """

    def __init__(self, sequence: Sequences, cache_size: int, horizon: int | None, streamed: bool) -> None:
        self.cache_size = cache_size
        self.generator: Generator | None = None
        self.fixed: Instance | BinaryTrace | None = None
        if not isinstance(sequence, Mapping):
            sequence = {"pages": sequence}
        kinds = [name for name in ("pages", "generator", "trace") if name in sequence]
        if len(kinds) != 1:
            raise ValueError(f"give exactly one of pages, generator and trace, got {', '.join(sequence) or 'nothing'}")
        rest = {name: value for name, value in sequence.items() if name != kinds[0]}
        make = {"pages": self._pages, "generator": self._generated, "trace": self._trace}[kinds[0]]
        make(sequence[kinds[0]], rest, horizon, streamed)

    def draw(self, rng: np.random.Generator) -> Instance | BinaryTrace:
        """The requests of one run."""
        if self.fixed is not None:
            return self.fixed
        assert self.generator is not None
        return Instance(self.generator.draw(self.horizon, rng), self.n_pages, self.cache_size)

    def _pages(self, pages: Any, rest: Mapping[str, Any], horizon: int | None, streamed: bool) -> None:
        _known(rest, ["n_pages"])
        found, self.n_pages = as_pages(pages, rest.get("n_pages"))
        self._fix(found, horizon)

    def _generated(self, name: Any, rest: Mapping[str, Any], horizon: int | None, streamed: bool) -> None:
        self.generator = build_generator(name, rest, self.cache_size)
        self.horizon = HORIZON if horizon is None else horizon
        self.n_pages = self.generator.n_pages(self.horizon)
        if not self.generator.random:
            self._fix(self.generator.draw(self.horizon, np.random.default_rng(0)), self.horizon)

    def _trace(self, trace: Any, rest: Mapping[str, Any], horizon: int | None, streamed: bool) -> None:
        _known(rest, [name for name in inspect.signature(read_trace).parameters if name not in ("trace", "limit")])
        path, form = find(trace, rest.get("format"))
        if streamed and form == "oracle-general":
            self.fixed = BinaryTrace(path, horizon)
            self.n_pages, self.horizon = self.fixed.n_pages, _enough(self.fixed.size, horizon)
            return
        found, self.n_pages = read_trace(path, **{**rest, "format": form}, limit=horizon)
        self._fix(found, horizon)

    def _fix(self, pages: NDArray[np.int64], horizon: int | None) -> None:
        self.horizon = _enough(pages.size, horizon)
        self.fixed = Instance(pages[: self.horizon], self.n_pages, self.cache_size)


def _enough(size: int, horizon: int | None) -> int:
    if size == 0:
        raise ValueError("there is no request")
    if horizon is not None and horizon > size:
        raise ValueError(f"horizon must be at most {size}, the number of requests there are, got {horizon}")
    return size if horizon is None else horizon


def _known(rest: Mapping[str, Any], allowed: Sequence[str]) -> None:
    for name in rest:
        if name not in allowed:
            raise ValueError(f"unknown key {name!r}{did_you_mean(name, allowed)}; known: {', '.join(allowed)}")


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
