"""Text traces without columns: ``plain``, ``text``, ``lirs``, and ``arc`` with its extents.

``plain`` has one id a line, without blanks, commas, semicolons or bars in it; the first is a number, since what is none
may be a heading. In ``text`` the whole line is the id. In
``lirs`` (the traces of S. Jiang and X. Zhang, *LIRS*, SIGMETRICS 2002) ids are block numbers, and lines ``*`` are marks
between parts of the trace, no requests. Empty lines are no requests anywhere.

``arc`` (the traces of N. Megiddo and D. Modha, *ARC*, FAST 2003; files ``.lis``) has lines of four whole numbers: the
first block, the number of blocks, one to be ignored, the number of the line. Each line stands for requests to all of
its blocks, which is how the paper's Table III counts requests (read in a copy of that table).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import shown
from environments.paging.traces.account import Account, Ids, is_number
from environments.paging.traces.files import blocks

MOST_BLOCKS = 1 << 20
"""Most blocks of an extent: half a gigabyte in one request to a disk."""
STRETCH = 1 << 20
"""Requests that extents are laid out to at once."""

MOST_FIRST = 1 << 62
_EXTENT = re.compile(r"\d+\s+\d+\s+\d+\s+\d+", re.ASCII)
_SUSPECT = re.compile(r"[^\S\r\n]|[,;|*]")
_SEVERAL = re.compile(r"[\s,;|]")


def plain(path: Path, account: Account) -> Iterator[Ids]:
    """One id a line.

    Raises:
        ValueError: a line that seems to have several columns, or a first line that may be a heading, as it holds no
            number.
    """
    started = False
    for number, text in blocks(path):
        tokens = list(map(str.strip, text.split("\n")))
        if _SUSPECT.search(text):
            for at, token in enumerate(tokens, number):
                if _SEVERAL.search(token):
                    raise ValueError(
                        f"{path}:{at}: {shown(token)} seems to have several columns: give the format, such as csv "
                        f"with column and delimiter, libcachesim-csv, twitter or arc, or text where the whole line is "
                        f"the id"
                    )
            _no_marks(path, number, tokens)
        first = next(((at, token) for at, token in enumerate(tokens, number) if token), None)
        if first and not started and not is_number(first[1]):
            raise ValueError(
                f"{path}:{first[0]}: the first line, {shown(first[1])}, holds no number and may be a heading: give "
                f"format text where it is an id, or csv with column 1 and heading true"
            )
        started |= first is not None
        yield _filled(tokens, account)


def text(path: Path, account: Account) -> Iterator[Ids]:
    """The whole line is the id, without the blanks around it."""
    for number, block in blocks(path):
        tokens = list(map(str.strip, block.split("\n")))
        _no_marks(path, number, tokens)
        yield _filled(tokens, account)


def _no_marks(path: Path, number: int, tokens: list[str]) -> None:
    if "*" in tokens:
        raise ValueError(
            f"{path}:{number + tokens.index('*')}: a line '*', which is a mark in LIRS traces: give format lirs, or "
            f"csv with column 1 and heading false where it is an id"
        )


def _filled(tokens: list[str], account: Account) -> list[str]:
    empty = tokens.count("")
    account.counts["empty lines"] += empty
    return [token for token in tokens if token] if empty else tokens


def lirs(path: Path, account: Account) -> Iterator[Ids]:
    """Block numbers, one a line, and marks ``*``."""
    for number, block in blocks(path):
        tokens = list(map(str.strip, block.split("\n")))
        for at, token in enumerate(tokens, number):
            if not token.isdecimal() and token not in ("", "*"):
                raise ValueError(
                    f"{path}:{at}: a line must be a block number or '*' in format lirs, got {shown(token)}"
                )
        account.counts["marks '*'"] += tokens.count("*")
        yield _filled([token for token in tokens if token != "*"], account)


def arc(path: Path, account: Account) -> Iterator[Ids]:
    """The blocks of each line's extent, one after the other."""
    account.facts["columns"] = "first block, number of blocks, ignored, number of the line"
    for number, block in blocks(path):
        rows = [line.strip() for line in block.split("\n")]
        extents = [row for row in rows if row]
        if not all(map(_EXTENT.fullmatch, extents)):
            at = next(i for i, row in enumerate(rows) if row and not _EXTENT.fullmatch(row))
            got = shown(rows[at])
            raise ValueError(f"{path}:{number + at}: a line must be four whole numbers in format arc, got {got}")
        fields = block.split()
        first, many = list(map(int, fields[0::4])), list(map(int, fields[1::4]))
        if extents and (max(many) > MOST_BLOCKS or max(first) >= MOST_FIRST):
            wrong = extents[next(i for i, n in enumerate(many) if n > MOST_BLOCKS or first[i] >= MOST_FIRST)]
            at, got = rows.index(wrong), shown(wrong)
            raise ValueError(
                f"{path}:{number + at}: an extent must have at most {MOST_BLOCKS} blocks, below 2^62, got {got}"
            )
        account.counts["lines"] += len(extents)
        account.counts["empty lines"] += len(rows) - len(extents)
        account.counts["lines without blocks"] += many.count(0)
        yield from _laid_out(np.array(first, dtype=np.int64), np.array(many, dtype=np.int64))


def _laid_out(first: NDArray[np.int64], many: NDArray[np.int64]) -> Iterator[Ids]:
    """The blocks ``first..first + many - 1`` of each extent, about ``STRETCH`` at once."""
    ends = np.cumsum(many)
    start = 0
    while start < len(many):
        before = ends[start] - many[start]
        stop = max(start + 1, int(np.searchsorted(ends, before + STRETCH, "right")))
        lengths = many[start:stop]
        within = np.arange(lengths.sum()) - np.repeat(ends[start:stop] - lengths - before, lengths)
        yield (np.repeat(first[start:stop], lengths) + within).astype(np.uint64)
        start = stop
