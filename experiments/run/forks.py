"""Processes of this machine that begin as copies of this one, and so at once, where that is safe.

A copy has everything loaded: it begins within milliseconds, where a new process loads for most of a second. It must do
what a new one would. So it leaves handlers, streams and random generators of its parent alone, and is not made where
something in this process does not bear being copied: another thread, which may hold a lock that the copy would wait for
in vain; a library that counts on its threads; a module that has changed since. What it computes must lead to no modules
but ours and what they import: others may keep open files, generators or whatever else at hand that is not to be shared.
"""

from __future__ import annotations

import ctypes
import gc
import os
import re
import signal
import sys
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import numpy as np

from bandits.begun import BEGUN
from experiments.run.signals import follow

Pair = tuple[str, Any]
"""Key of a value, and the value; or its result."""

FIRST = 0.05
"""Seconds for which one process works alone, here or aside: all that a small study needs; then come the others."""

PIECE = 0.05
"""Seconds of work that a process is given at once, by what values have taken so far; one value at least."""

LIMIT = 2.0
"""Seconds in which a process ends that has nothing more to do."""

AT_REST = threading.Lock()
"""Threads in ``TAME`` hold a lock, or write, only while they hold this one; copies are made while they do not."""

TAME: set[threading.Thread] = set()
"""Threads that may be there when a copy is made."""

_UNFIT = re.compile(
    r"(libgomp|libomp|libiomp|libmkl|libtbb|libcuda|libtorch|libtensorflow|jaxlib|xla_)[^/]*$|\.so[^/]* \(deleted\)$"
)
"""Libraries that start threads, which a copy lacks and they count on, and those that stand on disk no more."""

_SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Variables that tell libraries which are loaded later how many threads to start."""

_DIES_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux."""

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

    That is so on Linux, in the main thread of a process that is no worker itself, while no other thread runs, no
    library is loaded that does not bear it, and no module has changed.
    """
    if sys.platform != "linux" or parent_process() is not None or not _is_quiet():
        return False
    return is_current() and not any(map(_UNFIT.search, _libraries()))


def is_current(begins: tuple[str, ...] = ("",)) -> bool:
    """Whether all modules that are loaded, or those whose names begin so, are still what stands on disk."""
    modules = [module for name, module in list(sys.modules.items()) if name.startswith(begins)]
    return not any([_changed(file) for module in modules if (file := getattr(module, "__file__", None))])


def _is_quiet() -> bool:
    """Whether no thread runs but this one, tame ones and those that wait for work in linear algebra."""
    there = threading.enumerate()
    if threading.current_thread() is not threading.main_thread() or set(there) - TAME != {threading.main_thread()}:
        return False
    pools = sum(number() - 1 for number, _ in _threads())
    return len(os.listdir("/proc/self/task")) <= len(there) + pools  # not all of them are Python's


def _libraries() -> set[str]:
    """Paths of what is mapped into this process."""
    try:
        lines = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {"libgomp"}  # for all that is known
    return {line[line.index("/") :] for line in lines if "/" in line}


_SEEN: dict[str, tuple[int, int, int]] = {}
"""What the files of modules were when they were first looked at, for a file system whose clock is behind."""


def _changed(file: str) -> bool:
    """Whether a file is another one since this program began, whatever time of change it claims, or is gone."""
    try:
        status = os.stat(file)
    except NotADirectoryError:
        return False  # in an archive
    except OSError:
        return True
    now = (status.st_mtime_ns, status.st_ino, status.st_size)
    return _SEEN.setdefault(file, now) != now or max(status.st_mtime, status.st_ctime) >= BEGUN


def forks(
    jobs: int, function: Callable[[Any], Any], pairs: Sequence[Pair], begun: float | None = None
) -> Generator[Pair, None, None]:
    """Apply a function to values in copies of this process, which ``can_fork``; they end with this generator.

    Args:
        jobs: processes at once; -1 for one a core.
        function: what to apply; what it gives goes through a pipe.
        pairs: key and value of each.
        begun: when work on these and others like them began, by ``time.monotonic``; now by default.

    Yields:
        Key and result of each value, in the order of completion; and not of all where another thread runs, or begins
        to before as many copies are there as should be, or the system makes no more processes.

    Raises:
        DiedError: a process has died; then all have ended.
    """
    waiting, there, fit = deque(range(len(pairs))), list[_Copy](), True
    most, alone, until = 1, True, FIRST + (time.monotonic() if begun is None else begun)
    done, busy = 0, 0.0

    def hand_out() -> None:
        while waiting and (idle := next((copy for copy in there if not copy.at), None) or start()) and fit:
            size = min(int(PIECE * done / busy) if busy else 1, len(waiting) // (2 * most))
            idle.give([waiting.popleft() for _ in range(max(1, size))])

    def start() -> _Copy | None:
        nonlocal fit
        if not fit or len(there) == most:
            return None
        with AT_REST, no_signals() as mask:
            fit = _is_quiet()
            try:
                if fit:
                    there.append(_Copy(function, pairs, mask))
            except OSError:
                fit = False
        return there[-1] if fit else None

    try:
        while (waiting and fit) or any(copy.at for copy in there):
            left = until - time.monotonic()
            if alone and left <= 0.0:
                most, alone = jobs if jobs > 0 else _cores(), False
            hand_out()
            for ready in wait([copy.pipe for copy in there if copy.at], left if alone else None):
                copy = next(copy for copy in there if copy.pipe is ready)
                place, result, took = copy.take()
                done, busy = done + 1, busy + took
                hand_out()
                yield pairs[place][0], result
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

    def __init__(self, function: Callable[[Any], Any], pairs: Sequence[Pair], mask: Iterable[int]) -> None:
        self.at: deque[int] = deque()
        self._pairs = pairs
        self._process, self.pipe = begin(mask, _serve, function, pairs)

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
        except (EOFError, OSError):  # at the end of a message, or in it
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
        end(self._process)
        self.pipe.close()


def _serve(pipe: Connection, function: Callable[[Any], Any], pairs: Sequence[Pair]) -> None:
    """What a copy does that works on values."""
    while places := pipe.recv():
        for place in places:
            begun = time.perf_counter()
            result = function(pairs[place][1])
            pipe.send((result, time.perf_counter() - begun))


def begin(mask: Iterable[int], serve: Callable[..., None], *arguments: Any) -> tuple[ForkProcess, Connection]:
    """A copy of this process, which ``can_fork``, and the pipe to it and from it; begun while this holds ``AT_REST``.

    Args:
        mask: of ``no_signals``, within which it is begun.
        serve: what it does, with its end of the pipe and the arguments.
        arguments: others of ``serve``, as they are.

    Raises:
        OSError: the system makes no more processes.
    """
    context = get_context("fork")
    pipe, theirs = context.Pipe()
    process = context.Process(target=_copy, args=(os.getpid(), mask, serve, theirs, *arguments), name="regretlab")
    for stream in (sys.__stdout__, sys.__stderr__):  # else what waits in them is written by the copy, too
        with suppress(AttributeError, ValueError, OSError):
            stream.flush()  # type: ignore[union-attr]
    with warnings.catch_warnings(), _one_thread():
        warnings.simplefilter("ignore", DeprecationWarning)  # of threads, of which ``can_fork`` thinks
        process.start()
    theirs.close()
    return process, pipe


def end(process: ForkProcess) -> None:
    """End a copy at once, or see that it has ended."""
    process.kill()
    process.join()
    with suppress(ValueError):  # somebody else has waited for it, such as a handler of SIGCHLD
        process.close()


def _copy(parent: int, mask: Iterable[int], serve: Callable[..., None], pipe: Connection, *arguments: Any) -> None:
    """What a copy does."""
    ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)
    gc.freeze()  # what is its parent's, it does not clear away
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        if callable(signal.getsignal(number)):
            signal.signal(number, signal.SIG_DFL)
    follow(parent)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__  # not through what its parent draws progress with
    os.environ.update(dict.fromkeys(_SINGLE, "1"))
    np.random.seed()  # noqa: NPY002 - which numpy keeps for whoever does without a generator
    np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
    serve(pipe, *arguments)


@contextmanager
def no_signals() -> Iterator[Iterable[int]]:
    """Have signals wait: for a copy to have no handlers of its parent's, and to be known to it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


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


def _threads() -> list[tuple[Callable[[], int], Callable[[int], None]]]:
    """Of each library for linear algebra, what tells its number of threads and what sets it."""
    names = [(f"{a}openblas_get_num_threads{b}", f"{a}openblas_set_num_threads{b}") for a, b in _SPELLINGS]
    libraries = [ctypes.CDLL(path) for path in filter(_BLAS.search, _libraries())]
    return [(getattr(lib, get), getattr(lib, put)) for lib in libraries for get, put in names if hasattr(lib, put)]
