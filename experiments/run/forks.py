"""Processes of this machine that begin as copies of this one, and so at once, where that is safe.

A copy has everything loaded: it begins within milliseconds, where a new process loads for most of a second. It must do
what a new one would. So it forgets modules that may have changed, leaves handlers, streams and random generators of its
parent alone, and is not made where something in this process does not bear being copied.
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
import signal
import sys
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import cache
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import numpy as np

from bandits.begun import BEGUN
from experiments.run.meaning import OURS
from experiments.run.signals import ENDING, follow
from experiments.run.sources import Sources

Pair = tuple[str, Any]
"""Key of a value, and the value; or its result."""

FIRST = 0.05
"""Seconds for which one process works alone: all that a small study needs; then come the others."""

PIECE = 0.05
"""Seconds of work that a process is given at once, by what values have taken so far; one value at least."""

LIMIT = 2.0
"""Seconds in which a process ends that has nothing more to do."""

_UNFIT = re.compile(r"(libgomp|libomp|libiomp|libmkl|libtbb|libcuda|libtorch|libtensorflow|jaxlib|xla_)[^/]*$")
"""Libraries that start threads, which a copy lacks and they count on."""

_MAIN = ("__main__", "__mp_main__")

_SPELLINGS = [(before, after) for before in ("", "scipy_") for after in ("", "64_", "_64")]
_BLAS = re.compile(r"/lib[^/]*openblas[^/]*$")


class DiedError(BrokenProcessPool):
    """A process has died.

    Attributes:
        key: of the value that it was at.
    """

    def __init__(self, key: str, status: int | None) -> None:
        super().__init__(f"it ended with status {status}")
        self.key = key


def can_fork() -> bool:
    """Whether a copy of this process does what a new one would.

    That is so on Linux, where no library is loaded that does not bear it, and no module has changed since it was
    loaded, but for those that a copy forgets.
    """
    if sys.platform != "linux" or any(map(_UNFIT.search, _libraries())):
        return False
    lost = _forgotten()
    files = [getattr(module, "__file__", None) for name, module in sys.modules.items() if name not in lost]
    return not any(map(_changed, filter(None, files)))


def _libraries() -> set[str]:
    """Paths of what is mapped into this process."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {"libgomp"}  # for all that is known
    return {line[line.index("/") :] for line in lines if "/" in line}


def _forgotten() -> list[str]:
    """Names of loaded modules that are somebody's files: neither installed nor ours."""
    sources, tops = Sources(), {name.partition(".")[0] for name in sys.modules}
    theirs = {top for top in tops.difference(OURS, _MAIN) if not sources.is_installed(top)}
    return [name for name in sys.modules if name.partition(".")[0] in theirs]


def _changed(file: str) -> bool:
    """Whether a file is another one since this program began, whatever time of change it claims."""
    try:
        status = os.stat(file)
    except OSError:
        return False  # frozen, or in an archive
    return max(status.st_mtime, status.st_ctime) >= BEGUN


def forks(jobs: int, function: Callable[[Any], Any], pairs: Sequence[Pair]) -> Generator[Pair, None, None]:
    """Apply a function to values in copies of this process; they end with this generator.

    Args:
        jobs: processes at once; -1 for one a core.
        function: what to apply; what it gives goes through a pipe.
        pairs: key and value of each.

    Yields:
        Key and result of each value, in the order of completion.

    Raises:
        DiedError: a process has died; then all have ended.
    """
    waiting, there, most, lost = deque(range(len(pairs))), list[_Copy](), 1, _forgotten()
    done, busy, begun = 0, 0.0, time.monotonic()

    def hand_out() -> None:
        while waiting and (idle := next((copy for copy in there if not copy.at), None) or start()):
            size = min(int(PIECE * done / busy) if busy else 1, len(waiting) // (2 * most))
            idle.give([waiting.popleft() for _ in range(max(1, size))])

    def start() -> _Copy | None:
        if len(there) < most:
            there.append(_Copy(function, pairs, lost))
            return there[-1]
        return None

    try:
        while waiting or any(copy.at for copy in there):
            hand_out()
            left = begun + FIRST - time.monotonic()
            for ready in wait([copy.pipe for copy in there if copy.at], max(0.0, left) if most == 1 else None):
                copy = next(copy for copy in there if copy.pipe is ready)
                place, result, took = copy.take()
                done, busy = done + 1, busy + took
                hand_out()
                yield pairs[place][0], result
            if most == 1 and left <= 0.0:
                most = jobs if jobs > 0 else _cores()
    except BaseException:
        for copy in there:
            copy.kill()
        raise
    finally:
        for copy in there:
            copy.end()


def _cores() -> int:
    """Cores that this process may use."""
    from joblib import effective_n_jobs  # which knows of containers

    return int(effective_n_jobs(-1))


class _Copy:
    """A copy of this process, at work on some values.

    Attributes:
        pipe: to it and from it.
        at: places of the values that it was given and has not answered, in their order.
    """

    def __init__(self, function: Callable[[Any], Any], pairs: Sequence[Pair], lost: Sequence[str]) -> None:
        context = get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.at: deque[int] = deque()
        self._pairs = pairs
        self._process = context.Process(target=_serve, args=(theirs, function, pairs, lost), name="regretlab")
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, *ENDING])  # until its own handlers stand
        try:
            with warnings.catch_warnings(), _one_thread():
                warnings.simplefilter("ignore", DeprecationWarning)  # of threads, of which ``can_fork`` thinks
                self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()

    def give(self, places: Sequence[int]) -> None:
        """Have it work on these values; errors as ``take``."""
        self.at.extend(places)
        self._talk(lambda: self.pipe.send(places))

    def take(self) -> tuple[int, Any, float]:
        """Place of the next value, its result, and the seconds that it took.

        Raises:
            DiedError: it has died.
        """
        result, took = self._talk(self.pipe.recv)
        return self.at.popleft(), result, took

    def _talk(self, talk: Callable[[], Any]) -> Any:
        try:
            return talk()
        except (EOFError, ConnectionError):
            self._process.join()
            raise DiedError(self._pairs[self.at[0]][0], self._process.exitcode) from None

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def end(self) -> None:
        """Let it end, which has nothing more to do, or see that it has."""
        with suppress(OSError):
            self.pipe.send(None)
        self._process.join(LIMIT)
        self._process.kill()
        self._process.join()
        self._process.close()
        self.pipe.close()


def _serve(pipe: Connection, function: Callable[[Any], Any], pairs: Sequence[Pair], lost: Sequence[str]) -> None:
    """What a copy does."""
    gc.freeze()  # what is its parent's, it does not clear away
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    follow(os.getppid())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT, *ENDING])
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__  # not through what its parent draws progress with
    np.random.seed()  # noqa: NPY002 - which numpy keeps for whoever does without a generator
    for name in lost:
        del sys.modules[name]
    while places := pipe.recv():
        for place in places:
            begun = time.perf_counter()
            result = function(pairs[place][1])
            pipe.send((result, time.perf_counter() - begun))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Copies that begin here use one thread for linear algebra, as there are several of them."""
    before = [(number(), change) for number, change in _threads()]
    for _, change in before:
        change(1)
    try:
        yield
    finally:
        for number, change in before:
            change(number)


@cache
def _threads() -> list[tuple[Callable[[], int], Callable[[int], None]]]:
    """Of each library for linear algebra, what tells its number of threads and what sets it."""
    names = [(f"{a}openblas_get_num_threads{b}", f"{a}openblas_set_num_threads{b}") for a, b in _SPELLINGS]
    libraries = [ctypes.CDLL(path) for path in filter(_BLAS.search, _libraries())]
    return [(getattr(lib, get), getattr(lib, put)) for lib in libraries for get, put in names if hasattr(lib, put)]
