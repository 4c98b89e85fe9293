"""Being asked to end: by Ctrl-C, by ``timeout`` and batch systems (SIGTERM), by a terminal that closes (SIGHUP)."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from experiments.run.store import runs

ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals, but for Ctrl-C, by which a process ends that does not look at them."""

AGAIN = 0.5
"""Seconds before another signal is another wish: ``timeout`` sends its own twice, one right after the other."""


LOOKS = 0.5
"""Seconds between the looks of a worker at whether its parent still runs."""


class Stopped(KeyboardInterrupt):
    """Somebody asked this process to end.

    Attributes:
        number: the signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


@contextmanager
def stopping(numbers: Sequence[int] = (signal.SIGINT, *ENDING)) -> Iterator[None]:
    """Let a signal raise ``Stopped`` in this thread, so that nothing is left behind; another one ends it all at once.

    Handlers of somebody else's, and signals that are ignored (``nohup``, ``&``), are left as they are, and all is
    without effect in other threads than the main one.
    """
    first: list[float] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if not first:
            first.append(time.monotonic())
            raise Stopped(number)
        if time.monotonic() - first[0] > AGAIN:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    before = {}
    if threading.current_thread() is threading.main_thread():
        found = {number: signal.getsignal(number) for number in numbers}
        before = {n: handler for n, handler in found.items() if handler in (signal.SIG_DFL, signal.default_int_handler)}
    try:
        for number in before:
            signal.signal(number, stop)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ending_tidily() -> Iterator[None]:
    """Let signals that end this process do so after what it would leave behind has been cleared away."""
    try:
        with stopping(ENDING):
            yield
    except Stopped as stop:
        signal.raise_signal(stop.number)
        raise


def leave_ctrl_c() -> None:
    """Have a worker, at its begin, leave Ctrl-C to its parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def follow(parent: int) -> None:
    """Have a worker, at its begin, leave Ctrl-C to its parent, and end when its parent has ended."""
    leave_ctrl_c()
    first = os.getppid()  # not the parent's where Python is started by a script, or if that has ended already

    def watch() -> None:
        while os.getppid() == first and runs(parent):
            time.sleep(LOOKS)
        os._exit(1)

    if os.name == "posix":  # elsewhere, a process keeps the number of a parent that has ended
        threading.Thread(target=watch, name="watch", daemon=True).start()
