"""A log of one's own: its rows in order, shuffled, or drawn anew."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bandits.arguments import interval, one_of, shown, within
from environments.logged.environment import LoggedEnvironment, problem_of
from environments.logged.frames import ESTIMATED, UNIFORM
from environments.logged.instance import LoggedInstance
from environments.logged.log import Ints, Log, LogError
from environments.logged.reading import FORMATS, find_log, log_of_plain, plain_log, read_log
from environments.portfolio.environment import rounds_of

ROWS = ("order", "shuffled", "bootstrap")


class LoggedRows(LoggedEnvironment[Ints]):
    """The rows of a log from a file or from Python.

    With ``rows="bootstrap"`` each run draws rows with replacement, so that the spread over replicates shows what the
    log's own sampling does to an estimate: bands of the mean shrink with the number of replicates, but the spread of
    runs (``shade: runs`` in figures) does not, and is that of the estimate. With "shuffled" it shows the order of rows
    and the policy's draws only, with "order" the policy's draws alone: what all replicates agree on may still be the
    log's luck.

    Args:
        source: a file (see ``Log.read``), a ``Log``, or a mapping of the parts of one.
        format: of the file; None for what its ending says.
        options: of the format: names of columns and the like.
        rows: "order", "shuffled" or "bootstrap".
        horizon: number of rows of a run, at most those there are; None for all.
        rewards: the range [low, high] of rewards; None for what the log declares. Many policies need one.
        probabilities: None for those of the log; "uniform", which declares that arms were drawn evenly from those
            offered; or "estimated", shares of the log.

    What is played on arms that the log never plays counts as nothing, of which a ``RuntimeWarning`` tells once.

    Attributes:
        log: the log.

    Raises:
        FileNotFoundError: there is no such file; the message says where it was looked for.
        ValueError: a parameter out of its domain, or an entry of the log that cannot be, with its place.

    Example:
        >>> from environments import LoggedRows
        >>> from environments.logged.log import Log
        >>> log = Log(actions=[0, 1, 1], rewards=[1, 0, 1], probabilities=[0.5, 0.5, 0.5], n_actions=2)
        >>> LoggedRows(log).problem.high
        inf
    """

    def __init__(
        self,
        source: str | os.PathLike[str] | Mapping[str, Any] | Log,
        format: str | None = None,
        options: Mapping[str, Any] | None = None,
        rows: str = "shuffled",
        horizon: int | None = None,
        rewards: Sequence[float] | None = None,
        probabilities: str | None = None,
    ) -> None:
        self.source: Any
        self.source = os.fspath(source) if isinstance(source, str | os.PathLike) else source
        self.format = None if format is None else one_of("format", format, FORMATS)
        if options is not None and not (isinstance(options, Mapping) and all(isinstance(key, str) for key in options)):
            raise ValueError(f"options must be a mapping from names to values, got {shown(options)}")
        self.options, self.rows = options, one_of("rows", rows, ROWS)
        self.rewards = None if rewards is None else interval("rewards", rewards)
        self.probabilities = probabilities
        if probabilities is not None:
            one_of("probabilities", probabilities, (UNIFORM, ESTIMATED))
        log = self._read()
        if self.rewards is not None:
            if not self.rewards[0] < self.rewards[1]:
                raise ValueError(f"rewards must be two numbers, ascending, got {shown(rewards)}")
            try:
                log = replace(log, low=self.rewards[0], high=self.rewards[1])
            except LogError as error:
                raise ValueError(
                    f"rewards must be a range that holds those of the log, got {rewards}: {error}"
                ) from error
        if log.probabilities is None:
            raise ValueError(
                "probabilities must be 'uniform', where arms were drawn evenly from those offered, or 'estimated' for "
                f"a log that has none, got {shown(probabilities)}"
            )
        self.log, self.horizon = log, rounds_of(horizon, log.n)
        never = np.flatnonzero(np.bincount(log.actions, minlength=log.n_actions) == 0)
        self._never = never if len(never) else None
        super().__init__(
            problem_of(log, self.horizon), LoggedInstance(uniform=log.uniform, independent=rows == "bootstrap")
        )

    def _read(self) -> Log:
        if isinstance(self.source, str):
            options = {} if self.options is None else dict(self.options)
            log = _cached(find_log(self.source), self.format, options)
        elif isinstance(self.source, Log | Mapping):
            if self.format is not None or self.options is not None:
                raise ValueError(
                    f"format and options must be None where the source is no file, got {shown(self.format)} and "
                    f"{shown(self.options)}"
                )
            log = log_of_plain(self.source) if isinstance(self.source, Mapping) else self.source
            self.source = plain_log(log) if isinstance(self.source, Log) else dict(self.source)
        else:
            raise ValueError(f"source must be the path of a file, or a Log, got {shown(self.source)}")
        if self.probabilities is None:
            return log
        return log.with_uniform_probabilities() if self.probabilities == UNIFORM else log.with_estimated_probabilities()

    def draw(self, rng: np.random.Generator) -> Ints:
        """The rows of a run [horizon]."""
        n = self.log.n
        if self.rows == "bootstrap":
            return rng.integers(n, size=self.horizon)
        return np.arange(self.horizon) if self.rows == "order" else rng.permutation(n)[: self.horizon]

    def check_tape(self, tape: Ints) -> None:
        within("rows of tape", tape, 0, self.log.n - 1)

    def begin(self, tape: Ints) -> None:
        self._open(self.log.take(tape))


_READ: dict[str, tuple[Any, Log]] = {}
"""The last log that was read from a file: the jobs of a study ask for it again and again."""


def _cached(path: Path, format: str | None, options: dict[str, Any]) -> Log:
    state = path.stat()
    key = (str(path), state.st_mtime_ns, state.st_size, format, repr(options))
    if _READ.get("last", (None,))[0] != key:
        _READ["last"] = (key, read_log(path, format, **options))
    return _READ["last"][1]
