"""Results on disk: one ``.npz`` a job, and JSON, written whole or not at all, with checksums.

A job's file is named by a hash of everything that decides its numbers, so a file that exists is the result, and
resuming is skipping. Timings and errors, which differ from run to run, stand in files of their own.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import math
import os
import stat
import struct
import tempfile
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.run.files import OWN, PART, host, write

Arrays = Mapping[str, NDArray[Any]]


CHECKSUM = 64
"""Length of the SHA-256 of key and content, in hexadecimal: the comment of a job's archive, at the end of the file."""

_ZIP64 = 0xFFFFFFFF
"""In place of a size that is told where there is room for a larger one."""

_HEAD = b'{\n "checksum": "'
"""Begin of JSON with a checksum: that of the file's name and of all that comes after it."""

_BARE = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
"""To open a file: no link, and no pipe that would keep us waiting."""

PARTS = ("jobs", "timings", "errors")
"""Folders of a folder of results."""

DRAWN = ("figures", "export")
"""Folders beside them, which other commands write."""


class DamagedError(ValueError):
    """A file of results that cannot be read back whole."""


def job_file(folder: Path, key: str) -> Path:
    """Where the result of the job ``key`` stands."""
    return Path(_named(folder, "jobs", f"{key}.npz"))


def timing_file(folder: Path, key: str) -> Path:
    """Where the time and the memory that the job ``key`` took stand."""
    return Path(_named(folder, "timings", f"{key}.json"))


def error_file(folder: Path, key: str) -> Path:
    """Where the error stands by which the job ``key`` failed last time."""
    return Path(_named(folder, "errors", f"{key}.json"))


def remove_error(folder: Path, key: str) -> None:
    """Remove word of the error by which a job failed, if there is any.

    Raises:
        OSError: it cannot be removed.
    """
    with suppress(FileNotFoundError):
        os.unlink(_named(folder, "errors", f"{key}.json"))


def _named(folder: Path, part: str, name: str) -> str:
    """The place of a file; a path of it would take as long as reading it."""
    return f"{folder}/{part}/{name}"


def write_job(folder: Path, key: str, arrays: Arrays, about: Mapping[str, Any]) -> None:
    """Write a job's arrays and what JSON says about them; the file appears whole or not at all.

    Raises:
        OSError: the folder cannot be written or the disk is full; nothing is left behind.
    """
    note = np.frombuffer(json.dumps(about, sort_keys=True).encode(), dtype=np.uint8)
    content = _archive({**arrays, "about": note})
    write(job_file(folder, key), content + _checksum(key, content))


def _archive(arrays: Arrays) -> bytes:
    """What ``np.savez`` writes of these arrays, to the bit, with room for a comment, in a third of the time."""
    files, entries, place = [], [], 0
    for label, values in arrays.items():
        name, whole = f"{label}.npy".encode(), np.ascontiguousarray(values)
        data = _head_of(whole.shape, whole.dtype) + whole.tobytes()
        size, crc = len(data), zlib.crc32(data)
        text = 0x800 * (not name.isascii())
        head = struct.pack("<HHHHHIIIH", 45, text, 0, 0, 0x21, crc, _ZIP64, _ZIP64, len(name))
        files += [b"PK\3\4", head, struct.pack("<H", 20), name, struct.pack("<HHQQ", 1, 16, size, size), data]
        about = struct.pack(
            "<HHHHHIIIHHHHHII", 45, text, 0, 0, 0x21, crc, size, size, len(name), 0, 0, 0, 0, 0o600 << 16, place
        )
        entries += [b"PK\1\2", struct.pack("<BB", 45, 3), about, name]
        place += 50 + len(name) + size
    table = b"".join(entries)
    n = len(arrays)
    return b"".join([*files, table, struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, n, n, len(table), place, CHECKSUM)])


@lru_cache(maxsize=256)
def _head_of(shape: tuple[int, ...], dtype: np.dtype[Any]) -> bytes:
    """Header of an array of that shape and type in the order of C."""
    stream = io.BytesIO()
    about = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, about)
    return stream.getvalue()


def read_job(folder: Path, key: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """A job's arrays and what JSON says about them.

    Raises:
        FileNotFoundError: no such job.
        DamagedError: as ``check_job``.
    """
    content = check_job(folder, key)
    try:
        arrays = _arrays(content)
        return arrays, json.loads(arrays.pop("about").tobytes().decode())
    except (ValueError, LookupError, struct.error) as error:
        raise DamagedError(f"{job_file(folder, key)} is damaged ({error})") from error


_LENGTHS = struct.Struct("<HH")
"""Of the name of a file in an archive, and of what stands behind it."""


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an archive as ``np.savez`` writes it, read-only: a thirtieth of the time that ``np.load`` takes."""
    arrays, place = {}, 0
    while content.startswith(b"PK\3\4", place):  # a local header, and no compression: the next follows the array
        name, extra = _LENGTHS.unpack_from(content, place + 26)
        end = place + 30 + name
        start = end + extra
        head = start + 10 + content[start + 8] + 256 * content[start + 9]  # of an array, of format 1.0
        shape, dtype, number, size = _header(content[start:head])
        label = content[place + 30 : end].decode().removesuffix(".npy")
        arrays[label] = np.frombuffer(content, dtype, number, head).reshape(shape)
        place = head + size
    return arrays


@lru_cache(maxsize=256)
def _header(head: bytes) -> tuple[tuple[int, ...], np.dtype[Any], int, int]:
    """Shape and type of an array, which of all jobs of an experiment are the same, its numbers and its bytes."""
    stream = io.BytesIO(head)
    version = np.lib.format.read_magic(stream)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if version != (1, 0) or fortran:
        raise ValueError(f"arrays must be of format 1.0 and in the order of C, got {version}")
    return shape, dtype, math.prod(shape), math.prod(shape) * dtype.itemsize


def check_job(folder: Path, key: str) -> bytes:
    """The content of a job's file, which is there and whole.

    Raises:
        FileNotFoundError: no such job.
        DamagedError: the file cannot be read, is not whole, or is not that job's.
    """
    content = content_of(_named(folder, "jobs", f"{key}.npz"), folder)
    if _checksum(key, memoryview(content)[:-CHECKSUM]) != content[-CHECKSUM:]:
        raise DamagedError(f"{job_file(folder, key)} is damaged, or another job's (its checksum does not fit)")
    return content


def read_timing(folder: Path, key: str) -> dict[str, Any]:
    """What ``timing_file`` says; errors as ``read_json``."""
    return read_json(_named(folder, "timings", f"{key}.json"), folder)


def content_of(path: Path | str, folder: Path | None = None) -> bytes:
    """The content of a file of results; links are not followed, neither there nor on the way from ``folder``.

    Raises:
        FileNotFoundError: no such file.
        DamagedError: it cannot be read: a link, a folder, no permission.
    """
    if folder is not None and os.path.islink(place := os.path.dirname(path)) and place != os.fspath(folder):
        raise DamagedError(f"{place} is a link, which is not followed")
    try:
        handle = os.open(path, _BARE)
        try:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                raise OSError(errno.EINVAL, "it is no file")
            content = os.read(handle, about.st_size + 1)
            if len(content) == about.st_size:
                return content
            with open(handle, "rb", buffering=0, closefd=False) as stream:  # it grew, or comes in parts
                return content + stream.read()
        finally:
            os.close(handle)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path)) from None
    except OSError as error:
        what = "is a link, which is not followed" if os.path.islink(path) else f"cannot be read ({error.strerror})"
        raise DamagedError(f"{Path(path)} {what}") from None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON with a checksum, whole or not at all, with stable bytes for an equal value that is not empty."""
    rest = f'",{json.dumps(value, indent=1, sort_keys=True)[1:]}\n'.encode()
    write(path, _HEAD + _checksum(path.name, rest) + rest)


def check_json(path: Path | str, folder: Path | None = None) -> bytes:
    """The content of what ``write_json`` wrote, which is whole; errors as ``read_json``."""
    content = content_of(path, folder)
    rest = memoryview(content)[len(_HEAD) + CHECKSUM :]
    if content[: len(_HEAD) + CHECKSUM] != _HEAD + _checksum(os.path.basename(path), rest):
        raise DamagedError(f"{path} is damaged (its checksum does not fit)")
    return content


def read_json(path: Path | str, folder: Path | None = None) -> dict[str, Any]:
    """Read what ``write_json`` wrote; see ``content_of``.

    Raises:
        FileNotFoundError: no such file.
        DamagedError: it cannot be read, or is not what was written.
    """
    content = check_json(path, folder)
    try:
        value: dict[str, Any] = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path} is damaged ({error})") from error
    del value["checksum"]
    return value


def check_writable(folder: Path) -> None:
    """Make ``folder`` if need be and see that a file can be written there.

    Raises:
        OSError: with the folder's name, before any work is done.
    """
    try:
        if links := [name for name in PARTS if (folder / name).is_symlink()]:
            raise OSError(errno.ELOOP, f"{links[0]} in it is a link, which is not followed")
        (folder / "jobs").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder / "jobs") as stream:
            stream.write(b"regretlab")
    except OSError as error:
        raise OSError(
            error.errno, f"cannot write results to {folder}: {error.strerror}; choose another --out"
        ) from error


def remove_leftovers(folder: Path) -> None:
    """Remove the halves of files that killed runs left, but none that another run may still be writing."""
    places = [place for name in ("", *PARTS, *DRAWN) if not (place := folder / name).is_symlink()]
    for stray in (stray for place in places for stray in place.glob(f"{PART}*")):
        with suppress(OSError):
            if (found := OWN.fullmatch(stray.name)) and not stray.is_symlink() and stray.is_file():
                old = time.time() - stray.stat().st_mtime > 86_400.0
                if old or (found["host"] == host() and not runs(int(found["process"]))):
                    stray.unlink()


def runs(process: int) -> bool:
    """Whether there is a process of that number on this machine."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def _checksum(key: str, content: bytes | memoryview) -> bytes:
    digest = hashlib.sha256(key.encode())
    digest.update(content)
    return digest.hexdigest().encode()
