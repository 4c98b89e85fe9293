"""Opening trace files, plain or compressed, and splitting them into lines."""

from __future__ import annotations

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

GZIP, XZ, ZSTANDARD = b"\x1f\x8b", b"\xfd7zXZ\x00", b"\x28\xb5\x2f\xfd"


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


def lines(path: Path) -> Iterator[str]:
    """The lines of a text file, plain or compressed, without the mark of byte order.

    Raises:
        FileNotFoundError: no such file.
        ValueError: empty, damaged, or not UTF-8; the message gives the line.
    """
    file, _ = open_bytes(path)
    number = 0
    with file:
        try:
            for number, raw in enumerate(file, 1):
                yield raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}:{number}: not UTF-8 text ({error.reason})") from error
        except Exception as error:
            if not damaged(error):
                raise
            raise ValueError(f"{path}:{number + 1}: damaged compressed file ({error})") from error
