"""Tables from files and from Python: columns by name, cells as they stand, nothing filled in.

A file is CSV, with names in its first line and a comma between columns (``.gz`` is unpacked), or Parquet (needs
pyarrow, the extra "export"). In Python, a table is one of pandas, polars or pyarrow, or a mapping of names to columns.
Rows are counted from 1, without the line of names. Cells that are empty or say ``NA``, ``NaN``, ``null`` or ``None``
are gaps.
"""

from __future__ import annotations

import csv
import gzip
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bandits.arguments import is_file, shown
from environments.downloads import check_download

GAPS = ("", "na", "n/a", "nan", "null", "none")
DATES: tuple[str, ...] = ("date", "dates", "day", "datetime", "time", "timestamp", "week", "month", "quarter", "year")
DATES += ("period", "datum", "", "__index_level_0__")
"""Names, in small letters, of columns of dates; the last two are what pandas calls an index without a name."""
EXACT = 2**53
"""Whole numbers beyond it, such as identities of 64 bits, stay texts: floats run together there."""
LONG = 10_000
"""Letters of a cell that is none of these."""

Columns = dict[str, list[Any]]


def plain(table: Any, index_with_dates: bool = True) -> Columns:
    """A table in Python as a mapping of names to columns of numbers and texts.

    Args:
        table: of pandas, polars or pyarrow, or a mapping of names to columns.
        index_with_dates: whether the index of a pandas table becomes a column "date" where no column has dates.

    Raises:
        ValueError: it has no named columns, two of one name, or columns of different lengths.
    """
    names = table.keys() if isinstance(table, Mapping) else getattr(table, "column_names", None)
    names = getattr(table, "columns", None) if names is None else names
    if names is None or callable(names):
        raise ValueError(f"source must be the path of a file, or a table whose columns have names, got {shown(table)}")
    named = [str(name) for name in names]
    _check_names(named)
    columns = {str(name): _cells(table[name]) for name in names}
    index = getattr(table, "index", None)
    dated = any(map(is_date, columns)) or not index_with_dates
    if index is not None and not callable(index) and type(index).__name__ != "RangeIndex" and not dated:
        columns = {"date": _cells(index), **columns}
    if len({len(column) for column in columns.values()}) > 1:
        sizes = ", ".join(f"{name} {len(column)}" for name, column in columns.items())
        raise ValueError(f"source must have columns of one length, got {shown(sizes)}")
    return columns


def _cells(column: Any) -> list[Any]:
    cells = column.to_pylist() if hasattr(column, "to_pylist") else column
    if isinstance(cells, str | Mapping) or not hasattr(cells, "__iter__"):
        raise ValueError(f"source must have lists or arrays as columns, got {shown(column)}")
    return [_cell(cell) for cell in cells]


def _cell(cell: Any) -> Any:
    """A cell as plain data: a number, a text, a tuple of such for a list, or None for a gap."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool | np.bool_):
        return str(bool(cell))
    if isinstance(cell, list | tuple) or (isinstance(cell, np.ndarray) and cell.ndim > 0):
        return tuple(map(_cell, cell))
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return None
    if hasattr(cell, "isoformat"):
        return str(cell.isoformat()).removesuffix("T00:00:00")
    if isinstance(cell, int | np.integer) and abs(int(cell)) > EXACT:
        return str(int(cell))
    try:
        number = float(cell)
    except (TypeError, ValueError, OverflowError):
        return shown(cell, LONG)
    return None if math.isnan(number) else number


def find(source: str | os.PathLike[str], folder: str, what: str, why: str) -> Path:
    """The file of that path; a relative one is looked for in a subfolder of the data folder, too.

    Args:
        source: the path.
        folder: of the data folder that the environment variable REGRETLAB_DATA names.
        what: of what it is a file, for the message.
        why: why it may be missing, for the message.

    Raises:
        FileNotFoundError: it is nowhere; the message says where it was looked for and what to do.
    """
    named = os.environ.get("REGRETLAB_DATA")
    given = Path(os.path.expanduser(source))
    places = [given] if given.is_absolute() or not named else [given, Path(named) / folder / given]
    for place in places:
        if is_file("source", place):
            return place
    if not given.is_absolute():
        check_download(f"the file of {what} {given}", why)
        why = f"{why}. Put it there, or into {folder}/ in the folder that REGRETLAB_DATA names ({named or 'unset'})"
    raise FileNotFoundError(f"source: there is no file {', nor '.join(str(p)[:300] for p in places)}: {why}")


def columns_of(path: Path) -> Columns:
    """The columns of a file, by their names.

    Raises:
        ValueError: the file is no such table; the message has the file and, of CSV, the line.
    """
    if path.suffix.lower() in (".parquet", ".pq"):
        try:
            from pyarrow import parquet
        except ImportError as error:
            raise ValueError(
                f"source: {path} needs pyarrow to be read: pip install 'regretlab[export]', or save it as CSV"
            ) from error
        try:
            return plain(parquet.read_table(path))
        except (OSError, ValueError) as error:  # pyarrow's own are both
            raise ValueError(f"source: {path} cannot be read as Parquet: {error}") from error
    opened = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            rows = [(reader.line_num, row) for reader in [csv.reader(file, strict=True)] for row in reader]
    except (csv.Error, UnicodeDecodeError, OSError, EOFError) as error:
        raise ValueError(f"source: {path} cannot be read as CSV: {error}") from error
    rows = [(line, [cell.strip() for cell in row]) for line, row in rows]
    while rows and not rows[-1][1]:  # empty lines at the end
        rows.pop()
    if not rows:
        raise ValueError(f"source: {path} is empty")
    _, names = rows[0]
    _check_names(names)
    if len(names) == 1 and (other := next((d for d in (";", "\t", "|") if d in names[0]), None)):
        raise ValueError(f"source: {path} must have a comma between its columns, got {other!r} in {shown(names[0])}")
    for line, row in rows:
        if len(row) != len(names):
            raise ValueError(
                f"source: {path}, line {line}: {len(row)} columns, and {len(names)} names in the first line"
            )
    return {name: [row[i] for _, row in rows[1:]] for i, name in enumerate(names)}


def _check_names(names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        twice = next(name for name in names if list(names).count(name) > 1)
        raise ValueError(f"source must name each column once, got {shown(twice)} more than once")


def number_in(cell: Any) -> float:
    """The number in a cell; NaN where there is none."""
    if isinstance(cell, str) and cell.strip().lower() not in GAPS:
        try:
            return float(cell)
        except ValueError:
            return math.nan
    return math.nan if cell is None or isinstance(cell, str | bool | tuple) else float(cell)


def is_date(name: str) -> bool:
    """Whether that is the name of a column of dates."""
    return name.strip().lower() in DATES
