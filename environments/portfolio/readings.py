"""Tables of prices (see ``environments.tables``): dates kept, nothing filled in.

Gaps are refused in the columns that are asked for.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from bandits.arguments import did_you_mean, shown, texts
from bandits.contract import Array
from environments.tables import Columns, columns_of, find, is_date, number_in

DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}")
"""How dates begin, whatever their order."""
SHORT = re.compile(r"\d{4}(-\d\d)?")
"""A year, or a month."""
MARKS = re.compile(r"\D?[-+\d][\d.,' ]*\D?")
"""Numbers with marks of thousands, commas for points, or a sign before or after."""
VALUES = ("prices", "relatives", "cumulative")
KNOWN = {
    "nyse_o.csv": "36 stocks, 1962 to 1984, come with the package universal-portfolios 0.4.17 "
    "(universal/data/nyse_o.csv); their rows are cumulative, and their rights are stated nowhere"
}
"""Where files that are often asked for can be found."""
FOLDER = "prices"
"""Subfolder of the data folder."""


@dataclass(frozen=True)
class Reading:
    """Price relatives from a table.

    Attributes:
        names: [k] of the assets.
        dates: [T] of the ends of the rounds, as texts; numbers of rows where the table has no dates.
        relatives: [T, k].
    """

    names: tuple[str, ...]
    dates: tuple[str, ...]
    relatives: Array


def _file(source: str | os.PathLike[str]) -> Path:
    why = "no prices come with this package"
    if (known := Path(source).name) in KNOWN:
        why = f"{why}; {KNOWN[known]}"
    return find(source, FOLDER, "prices", why)


def read(
    source: Any,
    columns: Sequence[str] | None,
    values: str,
    date_column: str | None,
    start: str | None,
    end: str | None,
    most_days: int | None,
) -> Reading:
    """Price relatives from a table; arguments and errors as of ``Prices``."""
    table = dict(source) if isinstance(source, Mapping) else columns_of(_file(source))
    when = _dates(table, date_column)
    names = _chosen([name for name in table if name != when], columns)
    rows = np.arange(len(next(iter(table.values()), [])))
    stamps = [str(i + 1) for i in rows] if when is None else [_stamp(cell) for cell in table[when]]
    if when is not None:
        rows = _between(stamps, start, end, most_days)
    elif given := [name for name, value in _limits(start, end, most_days).items() if value is not None]:
        raise ValueError(
            f"{given[0]} must be left out where the table has no column of dates, got one: name it by dates"
        )
    numbers = np.array([[number_in(table[name][i]) for name in names] for i in rows]).reshape(len(rows), len(names))

    def place(bad: Array) -> str:
        row, column = np.argwhere(bad)[0].tolist()
        when_there = "" if when is None else f" ({stamps[rows[row]]})"
        return f"row {rows[row] + 1}{when_there}, column {names[column]}"

    if (gaps := np.isnan(numbers)).any():
        which = ", ".join(f"{name} {int(n)}" for name, n in zip(names, gaps.sum(axis=0), strict=True) if n)
        row, column = np.argwhere(gaps)[0].tolist()
        cell = table[names[column]][rows[row]]
        raise ValueError(
            f"source must have a number in every cell, got {shown(cell)} in {place(gaps)} "
            f"(cells without one: {which}); {_way_out(cell)}"
        )
    least = "at least 0" if values == "relatives" else "above 0"
    bad = (numbers < 0.0) | np.isinf(numbers) | ((numbers == 0.0) & (values != "relatives"))
    if bad.any():
        got = float(numbers[tuple(np.argwhere(bad)[0])])
        raise ValueError(f"source must hold finite {values} {least}, got {got!r} in {place(bad)}")
    relatives, rows = _relatives(numbers, rows, values)
    bad = ~np.isfinite(relatives) | ((relatives == 0.0) & (values != "relatives"))
    if bad.any():
        raise ValueError(f"source must have {values} whose ratios are numbers, got ones too far apart in {place(bad)}")
    if (lost := (relatives == 0.0).all(axis=1)).any():
        raise ValueError(f"source must have a relative above 0 in each row, got none in row {rows[lost][0] + 1}")
    return Reading(tuple(names), tuple(stamps[i] for i in rows), np.ascontiguousarray(relatives))


def _way_out(cell: Any) -> str:
    """What to do about a cell without a number."""
    if isinstance(cell, str) and DATE.match(cell.strip()):
        return "name the column of dates by date_column"
    if isinstance(cell, str) and MARKS.fullmatch(cell.strip()):
        return "numbers have a decimal point, and no other mark"
    return "nothing is filled in: leave the column out by columns, choose rows by start and end, or repair the table"


def _stamp(cell: Any) -> str:
    """A date as a text; whole numbers, such as years, without a point."""
    return "" if cell is None else str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _relatives(numbers: Array, rows: Any, values: str) -> tuple[Array, Any]:
    if values == "relatives":
        if len(numbers) == 0:
            raise ValueError("source must have at least one row of relatives, got none")
        return numbers, rows
    if values == "cumulative":
        if len(numbers) and (numbers[0] == 1.0).all():
            raise ValueError(
                "values must be 'prices' where the first row is all ones, got 'cumulative', which is for tables that "
                "begin with the wealth after the first round"
            )
        numbers, rows = np.vstack([np.ones((1, numbers.shape[1])), numbers]), np.append(-1, rows)
    if len(numbers) < 2:
        least = 1 if values == "cumulative" else 2
        raise ValueError(f"source must have at least {least} rows of {values}, got {len(numbers) - 2 + least}")
    with np.errstate(over="ignore"):
        return numbers[1:] / numbers[:-1], rows[1:]


def _dates(table: Columns, date_column: str | None) -> str | None:
    """The name of the column of dates: the one asked for, else the first whose name is one of ``DATES``, if any."""
    if date_column is not None:
        if not isinstance(date_column, str) or date_column not in table:
            there = _there(date_column, list(table))
            raise ValueError(f"date_column must be the name of a column, got {shown(date_column)}{there}")
        return date_column
    return next(filter(is_date, table), None)


def _chosen(there: list[str], columns: Sequence[str] | None) -> list[str]:
    if columns is None:
        if not there:
            raise ValueError("source must have at least one column of prices, got none")
        return there
    for name in texts("columns", columns):
        if name not in there:
            raise ValueError(f"columns must name columns of prices, got {shown(name)}{_there(name, there)}")
    return list(columns)


def _there(name: object, there: list[str]) -> str:
    listed = ", ".join(there[:40]) + (f" and {len(there) - 40} more" if len(there) > 40 else "")
    return f"{did_you_mean(name, there)}; there are {listed or 'none'}"


def _limits(start: str | None, end: str | None, most_days: int | None) -> dict[str, Any]:
    return {"start": start, "end": end, "most_days": most_days}


def _between(stamps: list[str], start: str | None, end: str | None, most_days: int | None) -> Any:
    """The rows from ``start`` to ``end``, after a look at the order of dates."""
    keys: Any = np.array([_moment(stamp) for stamp in stamps], dtype="datetime64[us]")
    if np.isnat(keys).any():
        odd = int(np.argmax(np.isnat(keys)))
        keys = np.array([number_in(stamp) for stamp in stamps])
        if not np.isfinite(keys).all():
            raise ValueError(
                "source must have dates of the form YYYY-MM-DD, or numbers that increase, got "
                f"{shown(stamps[odd])} in row {odd + 1}: write them so (pandas.to_datetime does)"
            )
        if given := [name for name, v in _limits(start, end, most_days).items() if v is not None]:
            raise ValueError(
                f"{given[0]} needs dates of the form YYYY-MM-DD in the table, got {shown(stamps[odd])} there"
            )
    for i in range(1, len(stamps)):
        if not keys[i - 1] < keys[i]:
            raise ValueError(
                f"source must have dates that increase from row to row, got {shown(stamps[i])} in row {i + 1} after "
                f"{shown(stamps[i - 1])}: sort the rows, each date once, a column for each asset"
            )
    rows = np.arange(len(stamps))
    for name, value in (("start", start), ("end", end)):
        if value is not None:
            edge = _moment(value) if isinstance(value, str) else None
            if edge is None:
                raise ValueError(f"{name} must be a date of the form YYYY-MM-DD, got {shown(value)}")
            rows = (
                rows[keys[rows] >= np.datetime64(edge)] if name == "start" else rows[keys[rows] <= np.datetime64(edge)]
            )
    if len(stamps) and not len(rows):
        raise ValueError(
            f"start and end must leave rows, got {shown(start)} and {shown(end)}, and dates from {stamps[0]} to "
            f"{stamps[-1]}"
        )
    if most_days is not None and len(rows) > 1:
        apart = np.diff(keys[rows]) / np.timedelta64(1, "D")
        if (i := int(np.argmax(apart))) >= 0 and apart[i] > most_days:
            raise ValueError(
                f"source must have rows at most {most_days} days apart (most_days), got {apart[i]:g} days from "
                f"{stamps[rows[i]]} to {stamps[rows[i + 1]]}, row {rows[i + 1] + 1}"
            )
    return rows


def _moment(text: str) -> datetime | None:
    """The moment that a text of ISO 8601 tells, its first for a year or a month, without regard to zones; or None."""
    text = text.strip()
    if SHORT.fullmatch(text):
        text = f"{text}-01-01"[:10]
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None
