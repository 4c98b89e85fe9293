"""Logs from files, by their formats."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bandits.arguments import one_of, shown
from bandits.family import resolve
from bandits.registry import unfit
from environments.logged.log import Log
from environments.tables import columns_of, find

FOLDER = "logs"
"""Subfolder of the data folder."""


FORMATS: dict[str, str] = {
    "table": "environments.logged.frames:log_of_columns",
    "dsjson": "environments.logged.dsjson:read",
    "vw": "environments.logged.vw:read",
    "open_bandit": "environments.logged.open_bandit:read",
}
"""Name of a format to the function that reads it: takes the path, of tables the columns, and options."""
ENDINGS = {".csv": "table", ".gz": "table", ".parquet": "table", ".pq": "table", ".json": "dsjson", ".dsjson": "dsjson"}
ENDINGS |= {".vw": "vw", ".dat": "vw"}


def read_log(path: str | os.PathLike[str], format: str | None = None, **options: Any) -> Log:
    """A log from a file; arguments and errors as of ``Log.read``."""
    file = find_log(path)
    if format is None and file.suffix.lower() not in ENDINGS:
        raise ValueError(
            f"format must be one of {', '.join(FORMATS)} where the file's ending tells none, got {shown(path)}"
        )
    kind = one_of("format", ENDINGS[file.suffix.lower()] if format is None else format, FORMATS)
    reader: Callable[..., Log] = resolve(FORMATS[kind])
    given = {"table": None} if kind == "table" else {"path": None}
    for name, text in unfit(reader, options, given):
        raise ValueError(f"options of the format {kind}: {name and f'{name}: '}{text}")
    return reader(columns_of(file), **options) if kind == "table" else reader(file, **options)


def find_log(path: str | os.PathLike[str]) -> Path:
    """Where that file is.

    Raises:
        FileNotFoundError: nowhere; the message says where it was looked for.
    """
    return find(path, FOLDER, "logged decisions", "no logs come with this package")


def plain_log(log: Log) -> dict[str, Any]:
    """A log as plain lists, from which ``log_of_plain`` makes an equal one."""
    parts = {name: getattr(log, name) for name in ("actions", "rewards", "probabilities", "contexts", "offered")}
    lists = {name: None if array is None else array.tolist() for name, array in parts.items()}
    named = {"n_actions": log.n_actions, "names": list(log.names), "low": log.low, "high": log.high}
    return {**lists, **named, **({"estimated": True} if log.estimated else {})}


def log_of_plain(parts: Mapping[str, Any]) -> Log:
    """The log of plain lists, see ``plain_log``.

    Raises:
        ValueError: it has other parts than a log.
    """
    for name, text in unfit(Log, {str(key): None for key in parts}):
        raise ValueError(f"source: {name and f'{name}: '}{text}")
    return Log(**{key: value for key, value in parts.items() if value is not None})
