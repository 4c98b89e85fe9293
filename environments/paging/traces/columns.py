"""Text with columns: the fields of its lines, in blocks.

A field between quotes ends on its line; without quotes the sign ``"`` is one like any other. A blank as delimiter
stands for any number of blanks and tabs, and quotes mean nothing then.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np

from bandits.arguments import shown
from environments.paging.traces.files import blocks

Row = list[str]


class Rows:
    """The fields of some lines, none for an empty line.

    Args:
        rows: a list of fields for each line, or
        flat: the fields of all lines, one after the other, where every line has ``width`` of them.
    """

    def __init__(self, rows: list[Row] | None = None, flat: Row | None = None, width: int = 1) -> None:
        self._rows, self._flat, self._width = rows, flat, width

    @property
    def rows(self) -> list[Row]:
        """A list of fields for each line."""
        if self._rows is None:
            assert self._flat is not None
            self._rows = [self._flat[i : i + self._width] for i in range(0, len(self._flat), self._width)]
            self._flat = None
        return self._rows

    def __len__(self) -> int:
        return len(self._rows) if self._rows is not None else len(self._flat or ()) // self._width

    def after(self, start: int) -> Rows:
        """Without the first few lines."""
        if self._flat is None:
            return Rows(self.rows[start:])
        return Rows(flat=self._flat[start * self._width :], width=self._width)

    def columns(self) -> set[int]:
        """The numbers of columns of lines that are not empty."""
        return {self._width} if self._flat else {len(row) for row in self.rows} - {0}

    def column(self, at: int) -> Row:
        """A column of the lines that are not empty, from either end; all of them must have it."""
        if self._flat is not None:
            return list(map(str.strip, self._flat[at % self._width :: self._width]))
        return [row[at].strip() for row in self.rows if row]

    def filled(self) -> list[Row]:
        """A list of fields for each line that is not empty."""
        return [row for row in self.rows if row]

    def n_empty(self) -> int:
        """Number of empty lines."""
        return 0 if self._flat else self.rows.count([])


def rows(path: Path, delimiter: str, quotes: bool) -> Iterator[tuple[int, Rows]]:
    """The number of a block's first line, and the fields of its lines."""
    for number, text in blocks(path):
        if delimiter == " ":
            yield number, Rows([line.split() for line in text.split("\n")])
        elif quotes and '"' in text:
            yield number, Rows(_quoted(path, number, text.split("\n"), delimiter))
        elif width := _width(text, delimiter):
            yield number, Rows(flat=text.replace("\n", delimiter).split(delimiter), width=width)
        else:
            rows = [line.split(delimiter) for line in text.split("\n")]
            yield number, Rows([row if len(row) > 1 or row[0].strip() else [] for row in rows])


def _width(text: str, delimiter: str) -> int:
    """The number of columns of all lines, 0 where it is not the same in all, or is 1."""
    if not text.isascii():
        return 0
    signs = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
    ends = np.append(np.flatnonzero(signs == ord("\n")), signs.size)
    separators = np.diff(np.searchsorted(np.flatnonzero(signs == ord(delimiter)), ends), prepend=0)
    width = int(separators[0]) + 1
    return width if width > 1 and np.all(separators == separators[0]) else 0


def _quoted(path: Path, number: int, lines: list[str], delimiter: str) -> list[Row]:
    rows: list[Row] = []
    with suppress(csv.Error):
        rows += csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    if len(rows) < len(lines):
        at = next(i for i in range(len(lines)) if not _closed(lines[i], delimiter))
        raise ValueError(
            f"{path}:{number + at}: a quote in {shown(lines[at])} that opens no field, or is not closed in its "
            f"line: give quotes false where it is a sign like any other"
        )
    return [row if len(row) > 1 or any(map(str.strip, row)) else [] for row in rows]


def _closed(line: str, delimiter: str) -> bool:
    """Whether the quotes of a line are in order."""
    try:
        return len(list(csv.reader([line], delimiter=delimiter, strict=True, skipinitialspace=True))) == 1
    except csv.Error:
        return False


def single(path: Path, delimiter: str, quotes: bool) -> Iterator[tuple[int, Row]]:
    """The fields of each line that is not empty, and its number."""
    for number, block in rows(path, delimiter, quotes):
        yield from ((i, [field.strip() for field in row]) for i, row in enumerate(block.rows, number) if row)
