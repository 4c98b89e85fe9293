"""A process beside a command, which gets ready for what comes last while the command is at what comes first.

What figures need takes longer to load than a small study to compute. The process is a copy of the command's, made where
that is safe before anybody knows what is to be drawn. It is a short cut and no more: where there is none, it has ended,
or its work fails, the command does all itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

from experiments.run.forks import AT_REST, LIMIT, begin, can_fork, end, no_signals
from experiments.run.signals import ENDING, stopping

V = TypeVar("V")
R = TypeVar("R")

PATIENCE = 10.0
"""Seconds for which it waits for work, and keeps its memory: of a command that takes longer it would save little."""


@contextmanager
def beside(prepare: Callable[[], object], work: Callable[[V], R]) -> Iterator[Callable[[V], R | None]]:
    """A process beside this one for as long as the context lasts, where there is another core and ``can_fork``.

    Args:
        prepare: what it does at once.
        work: what it does with each value that it is given. Asked to end, which raises ``Stopped`` in it, it leaves
            nothing half done.

    Yields:
        What has it work on a value, and gives the result; None where there is no such process, or the work has failed.
    """
    there: list[_Beside[V, R]] = []
    try:
        if _has_another_core() and can_fork():
            with suppress(OSError), AT_REST, no_signals() as mask:  # where the system makes no more processes
                there.append(_Beside(mask, prepare, work))
        yield there[0].ask if there else lambda value: None
    finally:
        for process in there:
            process.end()


def _has_another_core() -> bool:
    return hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) > 1


class _Beside(Generic[V, R]):
    def __init__(self, mask: Iterable[int], prepare: Callable[[], object], work: Callable[[V], R]) -> None:
        self._busy = False
        self._process, self._pipe = begin(mask, _serve, prepare, work)

    def ask(self, value: V) -> R | None:
        """The result of its work on a value; None if it has ended."""
        self._busy, result = True, None
        with suppress(EOFError, OSError):
            self._pipe.send(value)
            result = self._pipe.recv()
        self._busy = False
        return result

    def end(self) -> None:
        """End it: at once, or, in the middle of its work, when it has cleared that away."""
        if self._busy:
            self._process.terminate()
            self._process.join(LIMIT)
        end(self._process)
        self._pipe.close()


def _serve(pipe: Connection, prepare: Callable[[], object], work: Callable[[V], R]) -> None:
    """What it does until it waits in vain; if anything is raised, the command finds that it has ended."""
    with suppress(BaseException), stopping(ENDING):
        prepare()
        while pipe.poll(PATIENCE):
            pipe.send(work(pipe.recv()))
