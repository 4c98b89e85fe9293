"""Text traces with columns: ``csv`` and ``libcachesim-csv``.

Every line has as many columns as the first; fields are freed of the blanks around them. A column by name says that the
first line is a heading. Where nothing says whether it is one, the file is refused unless the first line is sure to be
a request: the fields below are of the same kinds, and it has but numbers and times of day, or a word that comes again
in its column.

``libcachesim-csv`` is what the simulator libCacheSim takes for usual: time, id, size. A first line with a number
neither as time nor as size is a heading, and any other is a request or refused as above. The simulator's sample
``trace.csv`` has other columns (version, time, op, size, lbn): give the column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from bandits.arguments import flag, integer, shown
from environments.paging.traces.account import Account, Ids, is_number
from environments.paging.traces.columns import Row, Rows, rows

ID_NAMES = ("id", "obj_id", "objid", "object_id", "obj", "object", "key", "lbn", "block", "page")
"""Names that tell a column of ids in the heading of ``libcachesim-csv``."""
COMPARED = 1000
"""Lines that the first one is compared with, to tell whether it is a heading."""

_TIME_OF_DAY = re.compile(r"\d:\d\d")


def _kind(field: str) -> str:
    """What a field is, for messages."""
    if not field:
        return "empty"
    return "a number" if is_number(field) else "a time" if _TIME_OF_DAY.search(field) else "a word"


def _doubt(first: Row, below: list[Row]) -> str:
    """Why a first line may be a heading, given the lines below; empty where it is sure to be a request."""
    kinds = [_kind(field) for field in first]
    if "a number" not in kinds:
        return "it holds no number"
    filled = [field for field in first if field]
    if len(filled) > 1 and filled == [str(i) for i in range(len(filled))]:
        return "such numbers stand over columns without names"
    again = False
    for at, kind in enumerate(kinds):
        column = [row[at].strip() for row in below]
        others = set(map(_kind, column)) - ({"empty"} if kind != "empty" else set())
        if others and (kind not in others or (kind == "empty" and len(others) > 1)):
            return f"column {at + 1} is {kind} there, and {' or '.join(sorted(others - {kind}))} below"
        again |= kind == "a word" and first[at] in column
    return "" if again or "a word" not in kinds else f"{shown(first[kinds.index('a word')])} may be a name"


class _Table:
    """A file with columns, its first line looked at.

    Attributes:
        first: fields of the first line that is not empty.
        line: number of that line.
        width: number of columns.
        heading: whether that line is a heading, where that is known.
    """

    def __init__(self, path: Path, account: Account, delimiter: str, heading: bool | None, quotes: bool) -> None:
        if not isinstance(delimiter, str) or len(delimiter) != 1 or delimiter in '"\r\n':
            raise ValueError(f"delimiter must be one character, got {shown(delimiter)}")
        for name, value in (("heading", heading), ("quotes", quotes)):
            if value is not None:
                flag(name, value)
        self.path, self.account, self.heading = path, account, heading
        self._delimiter, self._blocks = delimiter, rows(path, delimiter, quotes)
        self.first, self.line = [], 1
        for number, block in self._blocks:
            at = next((i for i, row in enumerate(block.rows) if row), None)
            if at is not None:
                self.first, self.line = [field.strip() for field in block.rows[at]], number + at
                self._blocks = chain([(number, block)], self._blocks)
                break
        self.width = len(self.first)
        account.facts["separated by"] = "blanks" if delimiter == " " else repr(delimiter)

    @property
    def names(self) -> Row:
        """The fields of the first line, where it is a heading, without the sign of a comment."""
        return [self.first[0].lstrip("# "), *self.first[1:]] if self.first else []

    def find(self, column: str | int) -> int:
        """The place of a column, from 0; decides whether there is a heading where that is still open.

        Raises:
            ValueError: no such column, or the first line may be a heading or a request.
        """
        if isinstance(column, str):
            if self.heading is False:
                raise ValueError(f"column must be a number where heading is false, got {shown(column)}")
            self.heading, found = True, self.names.count(column)
            if found != 1:
                many = "no column" if not found else f"{found} columns"
                raise ValueError(
                    f"{self.path}:{self.line}: {many} {column!r} among {', '.join(self.names) or 'none'}{self._hint()}"
                )
            return self.names.index(column)
        at = integer("column", column) - 1
        if at >= self.width and self.first:
            raise ValueError(f"{self.path}:{self.line}: no column {column} in a line of {self.width}{self._hint()}")
        if self.heading is None and self.first:
            if doubt := _doubt(self.first, self._below()):
                raise ValueError(
                    f"{self.path}:{self.line}: {shown(', '.join(self.first))} may be a heading or a request, as "
                    f"{doubt}: give heading true or false"
                )
            self.heading = False
        return at

    def _below(self) -> list[Row]:
        """Lines after the first one, as wide as it, at most ``COMPARED``."""
        seen: list[tuple[int, Rows]] = []
        below: list[Row] = []
        for number, block in self._blocks:
            seen.append((number, block))
            below += [row for i, row in enumerate(block.rows, number) if i > self.line and len(row) == self.width]
            if len(below) >= COMPARED:
                break
        self._blocks = chain(seen, self._blocks)
        return below[:COMPARED]

    def _hint(self) -> str:
        """Another delimiter that the first line has, where the one given is not in it."""
        if self.width != 1:
            return ""
        other = next((d for d in (",", "\t", ";", "|", " ") if d != self._delimiter and d in self.first[0]), None)
        return f"; the line is {shown(self.first[0])}: give the delimiter" + (f", {other!r}?" if other else "")

    def told(self, at: int) -> None:
        """Note what is understood: the columns, and whether there is a heading."""
        shown = self.names if self.heading else [str(i + 1) for i in range(self.width)]
        self.account.facts["columns"] = ", ".join(shown)
        name = f" ({self.names[at]})" if self.heading and self.first else ""
        self.account.facts["ids"] = f"column {at + 1}{name}"
        self.account.facts["heading"] = f"line {self.line}" if self.heading else "none"

    def rows(self) -> Iterator[tuple[int, Rows]]:
        """The fields of the lines after the heading, in blocks that begin in the line of that number.

        Raises:
            ValueError: a line with another number of columns.
        """
        for number, block in self._blocks:
            if self.heading and number <= self.line < number + len(block):
                block, number = block.after(self.line + 1 - number), self.line + 1
            if block.columns() - {self.width}:
                at, row = next((i, row) for i, row in enumerate(block.rows) if row and len(row) != self.width)
                few = len(row)
                got = f"no column {few + 1} in a line of {few}" if few < self.width else f"{few} columns"
                raise ValueError(f"{self.path}:{number + at}: {got}, line {self.line} has {self.width}")
            self.account.counts["empty lines"] += block.n_empty()
            yield number, block

    def ids(self, at: int, number: int, block: Rows) -> list[str]:
        """The fields of a column.

        Raises:
            ValueError: one is empty.
        """
        ids = block.column(at)
        if "" in ids:
            line = next(i for i, row in enumerate(block.rows) if row and not row[at].strip())
            raise ValueError(f"{self.path}:{number + line}: the id, column {at + 1}, is empty")
        return ids


def table(
    path: Path,
    account: Account,
    column: str | int | None = None,
    delimiter: str = ",",
    heading: bool | None = None,
    quotes: bool = True,
) -> Iterator[Ids]:
    """One column of a file, by name or by number from 1; it may be left out where there is but one."""
    found = _Table(path, account, delimiter, heading, quotes)
    if column is None:
        if found.width > 1:
            raise ValueError(
                f"{path}:{found.line}: {found.width} columns, {shown(', '.join(found.first))}: give column, a name "
                f"in the first line or a number from 1"
            )
        if len(found.first) == 1 and found._hint().endswith("?"):
            raise ValueError(f"{path}:{found.line}: one column{found._hint()} Or give column 1")
        column = 1
    at = found.find(column)
    found.told(at)
    for number, block in found.rows():
        yield found.ids(at, number, block)


def libcachesim(
    path: Path,
    account: Account,
    column: str | int | None = None,
    delimiter: str = ",",
    heading: bool | None = None,
    quotes: bool = True,
) -> Iterator[Ids]:
    """Time, id, size, and whatever follows; or the column that is given."""
    found = _Table(path, account, delimiter, heading, quotes)
    usual = column is None and found.width > 2
    if usual and found.heading is None and not is_number(found.first[0]) and not is_number(found.first[2]):
        found.heading = True
    if column is None:
        names = [name.casefold().replace("-", "_") for name in found.names]
        if found.heading and len(names) > 1 and names[1] not in ID_NAMES:
            raise ValueError(f"{path}:{found.line}: columns {', '.join(found.names)}: give column, which has the ids")
        column = 2
    at = found.find(column)
    found.told(at)
    for number, block in found.rows():
        if usual:
            sizes = block.column(2)
            if not all(map(str.isdecimal, sizes)) and not all(map(is_number, sizes)):
                line, got = next((i, row[2]) for i, row in enumerate(block.rows) if row and not is_number(row[2]))
                raise ValueError(
                    f"{path}:{number + line}: column 3 must be the size, a number, got {shown(got)}: give "
                    f"column, which has the ids, where the columns are others than time, id, size"
                )
            account.counts["requests of size 0"] += list(map(float, sizes)).count(0)
        yield found.ids(at, number, block)
