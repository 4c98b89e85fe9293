"""Request sequences from files.

Formats: ``text`` (a token a line, whatever it is; empty lines and lines ``*`` are skipped), ``csv`` (one column, by
name or by number from 1), ``libcachesim-csv`` (time, id, size, ...), ``oracle-general`` (see ``binary``),
``brightkite`` and ``citi``. Any of them may be compressed by gzip or xz, or by Zstandard where that can be read. Pages
are numbered in the order of first appearance.

Brightkite (check-ins of users, SNAP's ``loc-brightkite_totalCheckins.txt.gz``) and Citi Bike (trips of a month,
``2017MM-citibike-tripdata.csv``) may not be redistributed: users bring their own copies.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np

from bandits.arguments import integer, one_of
from environments.paging.arguments import LONGEST, Pages
from environments.paging.traces.binary import BinaryTrace
from environments.paging.traces.files import lines
from environments.paging.traces.published import NAMED, locate

BRIGHTKITE_LENGTH = 2100
CITI_LENGTH = 25_000

_OWN_COPY = {
    "brightkite": "snap.stanford.edu/data/loc-brightkite.html (loc-brightkite_totalCheckins.txt.gz)",
    "citi": "citibikenyc.com/system-data (2017MM-citibike-tripdata.csv)",
}


def read_trace(
    trace: str | Path,
    format: str | None = None,
    limit: int | None = None,
    column: str | int | None = None,
    delimiter: str | None = None,
    sequence: int | None = None,
) -> tuple[Pages, int]:
    """The pages [T] of a trace, and their number N.

    Args:
        trace: a path, or a name of ``data.NAMED`` ("web07").
        format: one of ``FORMATS``; None to tell it by the name: ``.csv``, ``.oracleGeneral``, and text otherwise.
        limit: number of requests to read, or None for all.
        column: of "csv" and "libcachesim-csv": name in the first line, or number from 1.
        delimiter: of "csv" and "libcachesim-csv": what separates columns; a comma by default.
        sequence: of "brightkite": which of the users with exactly 2100 check-ins, from 0, the first by default.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown format, an option that the format does not have, an empty file, text that cannot be
            decoded, a line without the column; the message gives the line.
    """
    path, format = find(trace, format)
    if limit is not None:
        integer("limit", limit)
    options = {"column": column, "delimiter": delimiter, "sequence": sequence}
    given = {name: value for name, value in options.items() if value is not None}
    if format == "oracle-general":
        _only(format, given)
        binary = BinaryTrace(path, limit)
        pages = [binary.read(0, binary.size)] if binary.size else []
        while sum(map(len, pages)) < binary.size:
            pages.append(binary.read(sum(map(len, pages)), binary.size))
        return _nonempty(np.concatenate(pages) if pages else np.empty(0, np.int64), path), binary.n_pages
    reader, allowed = FORMATS[format]
    _only(format, given, *allowed)
    numbers: dict[str, int] = {}
    tokens = islice(reader(path, **given), limit)
    pages_read = np.fromiter((numbers.setdefault(token, len(numbers)) for token in tokens), dtype=np.int64)
    return _nonempty(pages_read, path), len(numbers)


def find(trace: str | Path, format: str | None) -> tuple[Path, str]:
    """The path and the format of a trace.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown format.
    """
    if format is not None:
        one_of("format", format, [*FORMATS, "oracle-general"])
    if str(trace) in NAMED and format in (None, "text"):
        return locate(str(trace)), "text"
    path = Path(trace).expanduser()
    if not path.is_file():
        hint = f"; it may not be redistributed, get it from {_OWN_COPY[format]}" if format in _OWN_COPY else ""
        known = "" if hint else f"; names that need no path: {', '.join(NAMED)}"
        raise FileNotFoundError(f"no trace file {path}{hint}{known}")
    if format is None:
        binary = "oraclegeneral" in path.name.lower()
        format = "oracle-general" if binary else "csv" if ".csv" in path.suffixes else "text"
    return path, format


def _only(format: str, given: dict[str, Any], *allowed: str) -> None:
    for name in given:
        if name not in allowed:
            raise ValueError(f"format {format!r} takes {', '.join(allowed) or 'no options'}, got {name!r}")


def _nonempty(pages: Pages, path: Path) -> Pages:
    if pages.size == 0:
        raise ValueError(f"trace file {path} holds no request")
    if pages.size > LONGEST:
        raise ValueError(f"requests must be at most {LONGEST} in number, {path} has more: give a horizon")
    return pages


def _text(path: Path) -> Iterator[str]:
    for line in lines(path):
        token = line.strip()
        if token and token != "*":
            yield token


def _csv(path: Path, column: str | int = 1, delimiter: str = ",") -> Iterator[str]:
    if not isinstance(delimiter, str) or len(delimiter) != 1:
        raise ValueError(f"delimiter must be one character, got {delimiter!r}")
    rows = _rows(lines(path), delimiter)
    if isinstance(column, str):
        number, names = next(rows, (1, []))
        if column not in names:
            raise ValueError(f"{path}:{number}: no column {column!r} among {', '.join(names) or 'none'}")
        at = names.index(column)
    else:
        at = integer("column", column) - 1
    return _column(path, rows, at)


def _libcachesim(path: Path, column: str | int = 2, delimiter: str = ",") -> Iterator[str]:
    """As ``_csv``, where a first line that does not begin with a number (the time) is a heading."""
    tokens = _csv(path, column, delimiter)
    if isinstance(column, str):
        return tokens
    _, first = next(_rows(lines(path), delimiter), (1, []))
    try:
        float(first[0] if first else "")
    except ValueError:
        next(tokens, None)
    return tokens


def _brightkite(path: Path, sequence: int = 0) -> Iterator[str]:
    """Column 5 (place) of the ``sequence``-th user with exactly 2100 check-ins; the users' lines stand together."""
    integer("sequence", sequence, 0)
    found, user = -1, None
    places: list[str] = []
    for number, row in chain(_rows(lines(path), "\t"), [(0, [""])]):
        if row[0] != user:
            found += len(places) == BRIGHTKITE_LENGTH
            if found == sequence and len(places) == BRIGHTKITE_LENGTH:
                return iter(places)
            user, places = row[0], []
        if len(row) < 5 and number:
            raise ValueError(f"{path}:{number}: 5 columns (user, time, latitude, longitude, place), got {len(row)}")
        places += row[4:5]
    raise ValueError(
        f"sequence must be below {found + 1}, the number of users with {BRIGHTKITE_LENGTH} check-ins in {path}, "
        f"got {sequence}"
    )


def _citi(path: Path) -> Iterator[str]:
    """Column 4 (start station) of the first 25 000 trips, without the heading."""
    rows = _rows(lines(path), ",")
    next(rows, None)
    return islice(_column(path, rows, 3), CITI_LENGTH)


def _rows(text: Iterable[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(text, delimiter=delimiter, quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL)
    for row in reader:
        if row:
            yield reader.line_num, [field.strip() for field in row]


def _column(path: Path, rows: Iterable[tuple[int, list[str]]], at: int) -> Iterator[str]:
    for number, row in rows:
        if len(row) <= at:
            raise ValueError(f"{path}:{number}: no column {at + 1} in a line of {len(row)}")
        yield row[at]


FORMATS: dict[str, tuple[Callable[..., Iterator[str]], tuple[str, ...]]] = {
    "text": (_text, ()),
    "csv": (_csv, ("column", "delimiter")),
    "libcachesim-csv": (_libcachesim, ("column", "delimiter")),
    "brightkite": (_brightkite, ("sequence",)),
    "citi": (_citi, ()),
}
