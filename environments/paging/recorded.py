"""Request sequences that are there: given as numbers, or read from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from environments.paging.arguments import Pages, as_pages
from environments.paging.sequences import Recorded
from environments.paging.traces.binary import BinaryTrace
from environments.paging.traces.formats import find, read_trace


@dataclass(frozen=True, eq=False)
class Given(Recorded):
    """Requests that the user has.

    Args:
        pages: [T] page ids, whole numbers in ``0..n_pages - 1``.
        n_pages: number of pages; one more than the largest id where it is left out.
    """

    pages: Sequence[int] | NDArray[Any]
    n_pages: int | None = None

    def read(self, limit: int | None) -> tuple[Pages, int]:
        found, n_pages = as_pages(self.pages, self.n_pages)
        return found[:limit], n_pages


@dataclass(frozen=True)
class Trace(Recorded):
    """Requests from a file; see ``traces.formats``.

    Args:
        path: a path, or the name of a published trace ("web07").
        format: one of ``traces.formats.FORMATS`` or "oracle-general"; None to tell it by the name.
        column: of "csv" and "libcachesim-csv": name in the first line, or number from 1.
        delimiter: of "csv" and "libcachesim-csv": what separates columns; a comma by default.
        sequence: of "brightkite": which of the users with exactly 2100 check-ins, from 0, the first by default.

    Raises:
        FileNotFoundError: no such file.
        ValueError: an unknown format.
    """

    path: str | Path
    format: str | None = None
    column: str | int | None = None
    delimiter: str | None = None
    sequence: int | None = None

    def __post_init__(self) -> None:
        find(self.path, self.format)

    def read(self, limit: int | None) -> tuple[Pages, int]:
        return read_trace(self.path, self.format, limit, self.column, self.delimiter, self.sequence)

    def stream(self, limit: int | None) -> BinaryTrace | None:
        """The trace, to be read as a run goes on; None where the format does not allow it."""
        path, form = find(self.path, self.format)
        return BinaryTrace(path, limit) if form == "oracle-general" else None
