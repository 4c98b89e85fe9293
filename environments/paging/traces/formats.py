"""Request sequences from files, and what was understood of them.

Formats of text: ``plain``, ``text``, ``lirs`` and ``arc`` (see ``lines``); ``csv`` and ``libcachesim-csv`` (see
``tables``); ``twitter``; ``brightkite`` and ``citi`` (see ``journeys``). Binary ones: ``oracle-general`` and ``vscsi``
(see ``binary``). Any of them may be compressed by gzip or xz, or by Zstandard where that can be read. Pages are
numbered in the order of first appearance. A reader refuses what it would have to guess, leaves out no line in silence,
and names file and line.

Brightkite (check-ins of users, SNAP's ``loc-brightkite_totalCheckins.txt.gz``) and Citi Bike (trips of a month,
``2017MM-citibike-tripdata.csv``) may not be redistributed: users bring their own copies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from bandits.arguments import did_you_mean, integer, is_file, one_of, shown
from environments.paging.arguments import LONGEST, Pages
from environments.paging.traces import journeys, lines, tables, twitter
from environments.paging.traces.account import Account, Ids
from environments.paging.traces.binary import BINARY, BinaryTrace, Numbering
from environments.paging.traces.journeys import OWN_COPY
from environments.paging.traces.published import NAMED, locate

COMPRESSED = (".gz", ".xz", ".zst")
ENDINGS = {".csv": "csv", ".vscsi": "vscsi", ".oraclegeneral": "oracle-general", ".txt": "plain"}
"""Formats by the last ending of a file's name that is one of these; ``.txt`` may be a table, too."""

_TABLE = ("column", "delimiter", "heading", "quotes")

FORMATS: dict[str, tuple[Callable[..., Iterator[Ids]], tuple[str, ...]]] = {
    "plain": (lines.plain, ()),
    "text": (lines.text, ()),
    "lirs": (lines.lirs, ()),
    "arc": (lines.arc, ()),
    "csv": (tables.table, _TABLE),
    "libcachesim-csv": (tables.libcachesim, _TABLE),
    "twitter": (twitter.twitter, ("operations",)),
    "brightkite": (journeys.brightkite, ("sequence",)),
    "citi": (journeys.citi, ()),
}
"""Reader and options of each format of text."""


@dataclass(frozen=True, eq=False)
class Reading:
    """A trace in memory.

    Attributes:
        path: the file.
        format: its format.
        pages: [T] numbers of the pages.
        n_pages: number of different pages.
        first: ids of the first three requests, as they stand in the file.
        account: what the reader understood.
    """

    path: Path
    format: str
    pages: Pages
    n_pages: int
    first: Sequence[str | int]
    account: Account

    def __str__(self) -> str:
        facts = {
            "format": self.format,
            **self.account.facts,
            "requests": f"{self.pages.size:,}",
            "pages": f"{self.n_pages:,}",
            "first requests": ", ".join(map(str, self.first)),
            **{name: f"{number:,}" for name, number in self.account.counts.items() if number},
        }
        width = max(map(len, facts)) + 2
        return "\n".join([f"{self.path}", *(f"  {name:{width}}{fact}" for name, fact in facts.items())])


def read_trace(
    trace: str | Path,
    format: str | None = None,
    limit: int | None = None,
    column: str | int | None = None,
    delimiter: str | None = None,
    sequence: int | None = None,
    heading: bool | None = None,
    quotes: bool | None = None,
    operations: Sequence[str] | None = None,
) -> tuple[Pages, int]:
    """The pages [T] of a trace, and their number N.

    Args:
        trace: a path, or a name of ``data.NAMED`` ("web07").
        format: one of ``FORMATS`` or ``BINARY``; None to tell it by the last of the endings ``.csv``,
            ``.oracleGeneral``, ``.vscsi``, by the options of a table, and plain otherwise.
        limit: number of requests to read, or None for all.
        column: of "csv" and "libcachesim-csv": name in the first line, or number from 1.
        delimiter: of "csv" and "libcachesim-csv": what separates columns; a comma by default, a blank for any number of
            blanks and tabs.
        sequence: of "brightkite": which of the users with exactly 2100 check-ins, from 0, the first by default.
        heading: of "csv" and "libcachesim-csv": whether the first line is a heading.
        quotes: of "csv" and "libcachesim-csv": whether fields may be quoted, as they may by default.
        operations: of "twitter": which operations are requests; all by default.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown format, an option that the format does not have, an empty file, a line that is not of the
            format, or anything that would have to be guessed; the message gives the line.
    """
    options = dict(column=column, delimiter=delimiter, heading=heading, quotes=quotes)
    reading = read(trace, format, limit, options | dict(sequence=sequence, operations=operations))
    return reading.pages, reading.n_pages


def describe(trace: str | Path, format: str | None = None, limit: int | None = None, **options: Any) -> str:
    """What is understood of a trace, as text: format, columns, heading, requests, pages, the first three requests.

    Args and errors as of ``read_trace``.

    Of a table of the columns time, id and size, read with ``column="id"``, it says::

        access.csv
          format          csv
          separated by    ','
          columns         time, id, size
          ids             column 2 (id)
          heading         line 1
          requests        10,492
          pages           960
          first requests  17, 4, 17
    """
    return str(read(trace, format, limit, options))


def describe_file(name: str, **options: Any) -> str | None:
    """As ``describe``; None for what is neither a published trace nor a file, and for files of YAML."""
    if name in NAMED or (Path(name).expanduser().is_file() and Path(name).suffix not in (".yaml", ".yml")):
        return describe(name, **options)
    return None


def read(trace: str | Path, format: str | None, limit: int | None, options: Mapping[str, Any]) -> Reading:
    """A trace in memory; arguments and errors as of ``read_trace``, an option that is None is left out."""
    given = {name: value for name, value in options.items() if value is not None}
    path, format = find(trace, format, given)
    if limit is not None:
        integer("limit", limit)
    account = Account()
    if format in BINARY:
        return _read_binary(path, format, limit, account)
    reader, _ = FORMATS[format]
    texts: defaultdict[str, int] = defaultdict(count().__next__)
    numbering, parts, size = Numbering(), [], 0
    first: list[str | int] = []
    for ids in reader(path, account, **given):
        if limit is not None:
            ids = ids[: limit - size]
        if isinstance(ids, np.ndarray):
            parts.append(numbering(ids))
        else:
            parts.append(np.fromiter(map(texts.__getitem__, ids), dtype=np.int64, count=len(ids)))
        size += len(ids)
        first += list(ids[: 3 - len(first)])
        _check_size(size, path)
        if size == limit:
            break
    return Reading(path, format, _joined(parts, path), len(texts) + numbering.count, first, account)


def _read_binary(path: Path, format: str, limit: int | None, account: Account) -> Reading:
    trace, parts, size = BinaryTrace(path, limit, format), [], 0
    while size < trace.size:
        parts.append(trace.read(size, trace.size))
        size += parts[-1].size
    trace.close()
    account.facts["record"] = f"{trace.record.itemsize} bytes: {', '.join(trace.record.names or ())}"
    account.counts["requests of size 0"] = trace.n_empty
    return Reading(path, format, _joined(parts, path), trace.n_pages, trace.first, account)


def find(trace: str | Path, format: str | None, options: Mapping[str, Any] | None = None) -> tuple[Path, str]:
    """The path and the format of a trace.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown format, or an option that it does not have.
    """
    if format is not None:
        one_of("format", format, [*FORMATS, *BINARY])
    found = is_file("path", trace)
    if str(trace) in NAMED and format in (None, "plain", "text"):
        path, format = locate(str(trace)), format or "plain"
    else:
        path = Path(trace).expanduser()
        if not found:
            hint = f"; it may not be redistributed, get it from {OWN_COPY[format]}" if format in OWN_COPY else ""
            known = "" if hint else f"; names that need no path: {', '.join(NAMED)}"
            raise FileNotFoundError(f"no trace file {str(path)[:200]}{hint}{known}")
        format = format or _format(path, options or {})
    allowed = FORMATS[format][1] if format in FORMATS else ()
    for name, value in (options or {}).items():
        if value is not None and name not in allowed:
            takes = f"format {format!r} takes {', '.join(allowed) or 'no options'}"
            raise ValueError(f"{takes}, got {shown(name)}{did_you_mean(name, allowed)}")
    return path, format


def _format(path: Path, options: Mapping[str, Any]) -> str:
    """The format that a file's name and the options tell."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in COMPRESSED]
    told = any(options.get(name) is not None for name in _TABLE)
    for suffix in reversed(suffixes):
        if suffix in ENDINGS:
            return "csv" if told and suffix == ".txt" else ENDINGS[suffix]
    if "oraclegeneral" in path.name.lower():
        return "oracle-general"
    return "csv" if told else "plain"


def _check_size(size: int, path: Path) -> None:
    if size > LONGEST:
        raise ValueError(f"requests must be at most {LONGEST} in number, {path} has more: give a horizon")


def _joined(parts: Sequence[Pages], path: Path) -> Pages:
    pages = np.concatenate(parts) if parts else np.empty(0, np.int64)
    if pages.size == 0:
        raise ValueError(f"trace file {path} holds no request")
    return pages
