"""Binary traces of any length, read as the run goes on. Records are little endian, the file plain or compressed.

``oracle-general`` is oracleGeneral of the simulator libCacheSim: records of 24 bytes, ``time`` (u4), ``id`` (u8),
``size`` (u4), ``next`` (i8, the number of the next request to the id; -1 or the largest number for none).

``vscsi`` are traces of a virtual disk (read in libCacheSim's reader): version 1 has records of 32 bytes, version 2 of
40, told by the high byte of their field ``version``. A record is one request, to its first block, as in libCacheSim.

Only the ids are used: sizes count for nothing, and a record of size 0 is a request like any other (libCacheSim leaves
it out, but has it in the number of requests that its reader tells). Page numbers are given in the order of first
appearance; the table of ids grows with the number of pages, and nothing grows with the number of requests.
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
VSCSI_1 = np.dtype(
    [
        ("serial", "<u4"),
        ("size", "<u4"),
        ("segments", "<u4"),
        ("command", "<u2"),
        ("version", "<u2"),
        ("id", "<u8"),
        ("time", "<u8"),
    ]
)
VSCSI_2 = np.dtype(
    [
        ("command", "<u2"),
        ("version", "<u2"),
        ("serial", "<u4"),
        ("size", "<u4"),
        ("segments", "<u4"),
        ("id", "<u8"),
        ("time", "<u8"),
        ("response", "<u8"),
    ]
)
BINARY = ("oracle-general", "vscsi")
"""Names of binary formats."""
NEVER = 2**63 - 1
LATEST = 2**48
"""No trace has that many requests: a ``next`` beyond says that the records are something else."""
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
    """A binary trace on disk.

    Args:
        path: the file, plain or compressed.
        limit: number of requests to use, or None for all.
        format: one of ``BINARY``.

    Attributes:
        size: number of requests.
        n_pages: number of different pages among them.
        first: ids of the first three requests.
        n_empty: number of requests of size 0.
        record: what a record looks like.

    Raises:
        FileNotFoundError: no such file.
        ValueError: empty, damaged, too long, cut within a record, or with records that are not of the format.
    """

    _file: IO[bytes] | None = None

    def __init__(self, path: Path, limit: int | None = None, format: str = "oracle-general") -> None:
        self.path, self.format = path, format
        self.record = RECORD if format == "oracle-general" else _vscsi_record(path)
        self._number = Numbering()
        self._compressed, self._at = False, 0
        self.size = self.n_empty = 0
        self.first: list[int] = []
        while limit is None or self.size < limit:
            records = self._records(self.size, BLOCK if limit is None else min(BLOCK, limit - self.size))
            if records.size == 0:
                break
            self._check(records)
            self.first += records["id"][: 3 - len(self.first)].tolist()
            self.n_empty += int(np.count_nonzero(records["size"] == 0))
            self._number(_ids(records))
            self.size += records.size
            if self.size > LONGEST:
                raise ValueError(f"requests must be at most {LONGEST} in number, {path} has more: give a horizon")
        self.n_pages = self._number.count

    def _check(self, records: NDArray[Any]) -> None:
        """See that records are of the format.

        Raises:
            ValueError: one is not.
        """
        if self.format == "vscsi":
            version = 1 if self.record == VSCSI_1 else 2
            wrong = records["version"] >> 8 != version
            domain, name = f"{version} in its high byte", "version"
        else:
            wrong = (records["next"] < -2) | ((records["next"] > LATEST) & (records["next"] != NEVER))
            domain, name = "the number of a request, -1 or 2^63 - 1", "next"
        if np.any(wrong):
            at = int(np.argmax(wrong))
            raise ValueError(
                f"trace file {self.path} is no {self.format} trace: record {self.size + at + 1} of "
                f"{self.record.itemsize} bytes has {name} {records[name][at]}, which must be {domain}"
            )

    def read(self, start: int, stop: int) -> Pages:
        """Page numbers of the requests ``start..stop - 1``, or of fewer, at least one, where the stretch is long."""
        return self._number(_ids(self._records(start, min(stop - start, BLOCK))))

    def _records(self, start: int, number: int) -> NDArray[Any]:
        if self._file is None or (start < self._at and self._compressed):
            self.close()
            self._file, self._compressed = open_bytes(self.path)
            self._at = 0
        if start != self._at and not self._compressed:
            self._file.seek(start * self.record.itemsize)
            self._at = start
        while self._at < start:
            skipped = len(self._bytes(min(start - self._at, BLOCK))) // self.record.itemsize
            if skipped == 0:
                raise ValueError(f"trace file {self.path} has become shorter while it was read")
            self._at += skipped
        data = self._bytes(number)
        if len(data) % self.record.itemsize:
            raise ValueError(
                f"trace file {self.path} is cut within a record: records have {self.record.itemsize} bytes, "
                f"{len(data) % self.record.itemsize} are left over"
            )
        self._at += len(data) // self.record.itemsize
        return np.frombuffer(data, dtype=self.record)

    def _bytes(self, records: int) -> bytes:
        assert self._file is not None
        wanted, parts = records * self.record.itemsize, []
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


def _ids(records: NDArray[Any]) -> Ids:
    return np.ascontiguousarray(records["id"], dtype=np.uint64)


def _vscsi_record(path: Path) -> np.dtype[Any]:
    """What the records of a vscsi trace look like, told by the versions in the first few of them.

    Raises:
        ValueError: they fit neither version.
    """
    file, _ = open_bytes(path)
    with file:
        try:
            data = file.read(64 * VSCSI_1.itemsize * VSCSI_2.itemsize)
        except Exception as error:
            if not damaged(error):
                raise
            raise ValueError(f"trace file {path} is damaged ({error})") from error
    for version, record in ((2, VSCSI_2), (1, VSCSI_1)):
        records = np.frombuffer(data[: len(data) // record.itemsize * record.itemsize], dtype=record)
        if records.size and np.all(records["version"] >> 8 == version):
            return record
    raise ValueError(f"trace file {path} is no vscsi trace: its records are of neither version 1 nor 2")
