"""Opening trace files, plain or compressed, and reading their text in blocks of whole lines."""

from __future__ import annotations

import gzip
import io
import lzma
import re
import time
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

GZIP, XZ, ZSTANDARD = b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"
BLOCK = 1 << 15
"""Bytes read at once."""
_LONE_RETURN = re.compile(rb"\r+[^\r\n]")
LONGEST_LINE = 1 << 24
"""Bytes of the longest line: a longer one says that the file is no text."""


def damaged(error: Exception) -> bool:
    """Whether an error is what reading a damaged compressed file raises."""
    known = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile)
    return isinstance(error, known) or type(error).__name__ == "ZstdError"


def open_bytes(path: Path) -> tuple[IO[bytes], bool]:
    """The file's content and whether it is compressed; gzip, xz and Zstandard are told by their first bytes.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is empty, or Zstandard-compressed and nothing is installed that can read it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"no trace file {path}")
    with path.open("rb") as file:
        start = file.read(6)
    if not start:
        raise ValueError(f"trace file {path} is empty")
    if start.startswith(GZIP):
        return cast(IO[bytes], gzip.open(path, "rb")), True
    if start.startswith(XZ):
        return cast(IO[bytes], lzma.open(path, "rb")), True
    if start.startswith(ZSTANDARD):
        return _zstandard(path), True
    return path.open("rb"), False


def _zstandard(path: Path) -> IO[bytes]:
    """The standard library's reader (Python 3.14) or the package zstandard's."""
    try:
        return cast(IO[bytes], import_module("compression.zstd").open(path, "rb"))
    except ImportError:
        pass
    try:
        package: Any = import_module("zstandard")
    except ImportError as error:
        raise ValueError(
            f"trace file {path} is Zstandard-compressed: install the package zstandard, use Python 3.14, or unpack it"
        ) from error
    raw = package.ZstdDecompressor().stream_reader(path.open("rb"), read_across_frames=True, closefd=True)
    return io.BufferedReader(raw)


def blocks(path: Path) -> Iterator[tuple[int, str]]:
    """The text of a file, plain or compressed, in blocks of whole lines, without the mark of byte order.

    Yields:
        The number of the block's first line, from 1, and the block without its last line end.

    Raises:
        FileNotFoundError: no such file.
        ValueError: empty, damaged, no UTF-8 text, or lines that end in CR alone; the message gives the line.
    """
    file, _ = open_bytes(path)
    number, rest = 1, b""
    with file:
        while True:
            try:
                data = file.read(BLOCK)
            except Exception as error:
                if not damaged(error):
                    raise
                raise ValueError(f"{path}:{number}: damaged compressed file, here or later ({error})") from error
            rest += data
            _check_signs(path, number, rest)
            end = rest.rfind(b"\n") if data else len(rest)
            if end < 0 and len(rest) > LONGEST_LINE:
                raise ValueError(f"{path}:{number}: a line of more than {LONGEST_LINE} bytes; is it text?")
            if end >= 0 and rest:
                text, rest = _decoded(path, number, rest[:end]), rest[end + 1 :]
                yield number, text
                number += text.count("\n") + 1
            if not data:
                return


def _check_signs(path: Path, number: int, data: bytes) -> None:
    if b"\0" in data:
        line = number + data.count(b"\n", 0, data.index(b"\0"))
        raise ValueError(f"{path}:{line}: a zero byte; binary traces have the formats oracle-general and vscsi")
    if b"\r" in data and (found := _LONE_RETURN.search(data)):
        line = number + data.count(b"\n", 0, found.start())
        raise ValueError(
            f"{path}:{line}: a carriage return (CR) without the line feed (LF) that ends a line; end lines with LF or "
            f"CR LF: save the file so, or `tr '\\r' '\\n' < FILE > NEW`"
        )


def _decoded(path: Path, number: int, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        line = number + data.count(b"\n", 0, error.start)
        raise ValueError(f"{path}:{line}: not UTF-8 text ({error.reason})") from error


Stamp = tuple[str, int, int, int]

FRESH = 2_000_000_000
"""Nanoseconds since a file was written in which it may be written again without its status showing it."""


def stamp_of(path: Path) -> Stamp | None:
    """What tells a file from others and from what it was before; None where it was written just now."""
    status = path.stat()
    fresh = time.time_ns() - status.st_mtime_ns < FRESH
    return None if fresh else (str(path.resolve()), status.st_mtime_ns, status.st_size, status.st_ino)
