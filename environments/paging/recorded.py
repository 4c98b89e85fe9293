"""Request sequences that are there: given as numbers, or read from a file."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from bandits.arguments import flag, integer, shown, texts
from environments.paging.arguments import Pages, as_pages
from environments.paging.sequences import Recorded
from environments.paging.traces.binary import BINARY, BinaryTrace
from environments.paging.traces.files import stamp_of
from environments.paging.traces.formats import find, read


@dataclass(frozen=True, eq=False)
class Given(Recorded):
    """Requests that the user has.

    Args:
        pages: [T] page ids, whole numbers in ``0..n_pages - 1``. Where ``n_pages`` is left out they may be hashes or
            addresses, which are numbered (see ``as_pages``).
        n_pages: number of pages; one more than the largest id where it is left out.
    """

    pages: Sequence[int] | NDArray[Any]
    n_pages: int | None = None

    def __post_init__(self) -> None:
        try:
            as_pages(self.pages, self.n_pages)
        except ValueError as error:
            raise ValueError(f"pages: {error}") from error

    def read(self, limit: int | None) -> tuple[Pages, int]:
        found, n_pages = as_pages(self.pages, self.n_pages)
        return found[:limit], n_pages


@dataclass(frozen=True)
class Trace(Recorded):
    """Requests from a file; see ``traces.formats``.

    Args:
        path: a path, or the name of a published trace ("web07").
        format: one of ``traces.formats.FORMATS``, "oracle-general" or "vscsi"; None to tell it by the name (``.csv``,
            ``.oracleGeneral``, ``.vscsi``) or by the options of a table; "plain" otherwise.
        column: of "csv" and "libcachesim-csv": name in the first line, or number from 1.
        delimiter: of "csv" and "libcachesim-csv": what separates columns; a comma by default, a blank for any number of
            blanks and tabs.
        sequence: of "brightkite": which of the users with exactly 2100 check-ins, from 0, the first by default.
        heading: of "csv" and "libcachesim-csv": whether the first line is a heading.
        quotes: of "csv" and "libcachesim-csv": whether fields may be quoted, as they may by default.
        operations: of "twitter": which operations are requests; all by default.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown format, or an option that it does not have.
    """

    path: str | Path
    format: str | None = None
    column: str | int | None = None
    delimiter: str | None = None
    sequence: int | None = None
    heading: bool | None = None
    quotes: bool | None = None
    operations: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for name in ("heading", "quotes"):
            if getattr(self, name) is not None:
                flag(name, getattr(self, name))
        if self.column is not None and not isinstance(self.column, str):
            integer("column", self.column)
        if self.delimiter is not None and (not isinstance(self.delimiter, str) or len(self.delimiter) != 1):
            raise ValueError(f"delimiter must be one character, got {shown(self.delimiter)}")
        if self.sequence is not None:
            integer("sequence", self.sequence, 0)
        if self.operations is not None:
            texts("operations", self.operations)
        self._find()

    def read(self, limit: int | None) -> tuple[Pages, int]:
        found = read(self.path, self.format, limit, self._options)
        return found.pages, found.n_pages

    def key(self, limit: int | None) -> Hashable | None:
        path, form = self._find()
        stamp, options = stamp_of(path), tuple(map(repr, self._options.values()))
        return None if stamp is None else (stamp, form, options, limit)

    def stream(self, limit: int | None) -> BinaryTrace | None:
        """The trace, to be read as a run goes on; None where the format does not allow it."""
        path, form = self._find()
        return BinaryTrace(path, limit, form) if form in BINARY else None

    def _find(self) -> tuple[Path, str]:
        return find(self.path, self.format, self._options)

    @property
    def _options(self) -> dict[str, Any]:
        names = ("column", "delimiter", "sequence", "heading", "quotes", "operations")
        return {name: getattr(self, name) for name in names}
