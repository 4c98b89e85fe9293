"""Binary traces of any length, read as the run goes on.

The format is oracleGeneral of the simulator libCacheSim: records of 24 bytes, little endian, ``time`` (u4), ``id``
(u8), ``size`` (u4), ``next`` (i8), plain or compressed. Only the ids are used. Page numbers are given in the order of
first appearance; the table of ids grows with the number of pages, and nothing grows with the number of requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from bandits.kernels import kernel
from environments.paging.arguments import LONGEST, Pages
from environments.paging.traces.files import damaged, open_bytes

RECORD = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])
BLOCK = 1 << 18
"""Records read at once."""

Ids = NDArray[np.uint64]


@kernel
def _slot(key: np.uint64, keys: Ids, numbers: Pages) -> np.int64:
    """Where ``key`` stands in the table, or the empty slot where it belongs (linear probing)."""
    mask = np.int64(keys.size - 1)
    mixed = key * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64(mixed >> np.uint64(32)) & mask
    while numbers[slot] >= 0 and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@kernel
def _number(ids: Ids, keys: Ids, numbers: Pages, count: int, pages: Pages) -> tuple[int, int]:
    """Number ids until the table is half full; returns (how many ids were numbered, pages known)."""
    for i in range(ids.size):
        slot = _slot(ids[i], keys, numbers)
        if numbers[slot] < 0:
            if 2 * count >= keys.size:
                return i, count
            keys[slot], numbers[slot] = ids[i], count
            count += 1
        pages[i] = numbers[slot]
    return ids.size, count


@kernel
def _move(keys: Ids, numbers: Pages, new_keys: Ids, new_numbers: Pages) -> None:
    for i in range(keys.size):
        if numbers[i] >= 0:
            slot = _slot(keys[i], new_keys, new_numbers)
            new_keys[slot], new_numbers[slot] = keys[i], numbers[i]


class Numbering:
    """Numbers ids 0, 1, 2, ... in the order of first appearance.

    Attributes:
        count: number of different ids so far.
    """

    def __init__(self) -> None:
        self.count = 0
        self._keys, self._numbers = np.zeros(1024, np.uint64), np.full(1024, -1, np.int64)

    def __call__(self, ids: Ids) -> Pages:
        """Page numbers [n] of ids [n]."""
        pages = np.empty(ids.size, dtype=np.int64)
        done = 0
        while done < ids.size:
            more, self.count = _number(ids[done:], self._keys, self._numbers, self.count, pages[done:])
            done += more
            if done < ids.size:
                size = 2 * self._keys.size
                keys, numbers = np.zeros(size, np.uint64), np.full(size, -1, np.int64)
                _move(self._keys, self._numbers, keys, numbers)
                self._keys, self._numbers = keys, numbers
        return pages


class BinaryTrace:
    """An oracleGeneral trace on disk.

    Args:
        path: the file, plain or compressed.
        limit: number of requests to use, or None for all.

    Attributes:
        size: number of requests.
        n_pages: number of different pages among them.

    Raises:
        FileNotFoundError: no such file.
        ValueError: empty, damaged, too long, or cut within a record.
    """

    def __init__(self, path: Path, limit: int | None = None) -> None:
        self.path = path
        self._number = Numbering()
        self._file: IO[bytes] | None = None
        self._compressed, self._at = False, 0
        self.size = 0
        while limit is None or self.size < limit:
            ids = self._ids(self.size, BLOCK if limit is None else min(BLOCK, limit - self.size))
            if ids.size == 0:
                break
            self._number(ids)
            self.size += ids.size
            if self.size > LONGEST:
                raise ValueError(f"requests must be at most {LONGEST} in number, {path} has more: give a horizon")
        self.n_pages = self._number.count

    def read(self, start: int, stop: int) -> Pages:
        """Page numbers of the requests ``start..stop - 1``, or of fewer, at least one, where the stretch is long."""
        return self._number(self._ids(start, min(stop - start, BLOCK)))

    def _ids(self, start: int, number: int) -> Ids:
        if self._file is None or (start < self._at and self._compressed):
            self.close()
            self._file, self._compressed = open_bytes(self.path)
            self._at = 0
        if start != self._at and not self._compressed:
            self._file.seek(start * RECORD.itemsize)
            self._at = start
        while self._at < start:
            skipped = len(self._bytes(min(start - self._at, BLOCK))) // RECORD.itemsize
            if skipped == 0:
                raise ValueError(f"trace file {self.path} has become shorter while it was read")
            self._at += skipped
        data = self._bytes(number)
        if len(data) % RECORD.itemsize:
            raise ValueError(
                f"trace file {self.path} is cut within a record: records have {RECORD.itemsize} bytes, "
                f"{len(data) % RECORD.itemsize} are left over"
            )
        self._at += len(data) // RECORD.itemsize
        return np.ascontiguousarray(np.frombuffer(data, dtype=RECORD)["id"], dtype=np.uint64)

    def _bytes(self, records: int) -> bytes:
        assert self._file is not None
        wanted, parts = records * RECORD.itemsize, []
        try:
            while wanted > 0 and (part := self._file.read(wanted)):
                parts.append(part)
                wanted -= len(part)
        except Exception as error:
            if not damaged(error):
                raise
            raise ValueError(f"trace file {self.path} is damaged ({error})") from error
        return b"".join(parts)

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __del__(self) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_file": None, "_at": 0}
