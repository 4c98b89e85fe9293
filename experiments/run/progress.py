"""Progress of a run: a bar on a terminal and in a notebook that has widgets, plain lines elsewhere."""

from __future__ import annotations

import threading
import time
from importlib.util import find_spec
from types import TracebackType
from typing import Self

import rich.markup
import rich.progress
from rich.console import Console

from experiments.run.forks import AT_REST, TAME
from experiments.run.runner import Done

REFRESH = 0.1
"""Seconds between pictures of the bar."""

EVERY = 2.0
"""Least seconds between plain lines, but for failures and the last one."""


class Progress:
    """Shows jobs as they end. Use as a context manager; pass ``expect``, ``report`` and ``note`` to the runner.

    Args:
        name: the study's name.
        console: where to write; standard error by default.
    """

    def __init__(self, name: str, console: Console | None = None) -> None:
        self.name, self.total, self.done = name, 0, 0
        self.console = console or Console(stderr=True, highlight=False)
        if self.console.is_jupyter and find_spec("ipywidgets") is None:  # without which rich shows no bar and warns
            self.console = Console(file=self.console.file, highlight=False, force_jupyter=False, force_terminal=False)
        self.moves = self.console.is_jupyter or (self.console.is_terminal and not self.console.is_dumb_terminal)
        self.start = self.last = time.monotonic()
        self.bar = rich.progress.Progress(
            "[bold]{task.description}",
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TimeElapsedColumn(),
            rich.progress.TimeRemainingColumn(),
            "{task.fields[current]}",
            console=self.console,
            auto_refresh=False,
            disable=not self.moves,
        )
        self.task = self.bar.add_task(name, total=None, current="")
        self.ended = threading.Event()
        self.painter = threading.Thread(target=self._paint, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self.bar.start()
        if self.moves:
            TAME.add(self.painter)
            self.painter.start()
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self.moves:
            self.ended.set()
            self.painter.join()
            TAME.discard(self.painter)
        self.bar.stop()

    def _paint(self) -> None:
        """Draw the bar now and then: not by rich's own thread, which may hold a lock while this process is copied."""
        while not self.ended.wait(REFRESH):
            with AT_REST:
                self.bar.refresh()

    def expect(self, total: int) -> None:
        """Take in the number of jobs, those included that stand already."""
        self.total = total
        self.bar.update(self.task, total=total)

    def report(self, done: Done) -> None:
        """Take in one finished job."""
        self.done += 1
        if self.moves:
            self.bar.update(self.task, advance=1, current=rich.markup.escape(done.job.title))
            return
        now = time.monotonic()
        if done.status == "failed" or self.done == self.total or now - self.last >= EVERY:
            self.last = now
            line = f"{self.name}: {self.done}/{self.total} after {now - self.start:.0f} s"
            self.note(f"{line}, {done.status} {done.job.title} ({done.seconds:.1f} s)")

    def note(self, text: str) -> None:
        """Print a remark."""
        self.console.print(text, markup=False, soft_wrap=True)
