"""Results on disk: one ``.npz`` a job, written whole or not at all, and a manifest.

A job's file is named by a hash of everything that decides its numbers, so a file that exists is the result, and
resuming is skipping. Timings and errors, which differ from run to run, stand in files of their own.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import struct
import tempfile
import time
import zipfile
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from experiments.run import FORMAT
from experiments.run.files import PART, host, write

Arrays = Mapping[str, NDArray[Any]]


CHECKSUM = 64
"""Length of the SHA-256 of key and content, in hexadecimal: the comment of a job's archive, at the end of the file."""


class DamagedError(ValueError):
    """A file of results that cannot be read back whole."""


def job_file(folder: Path, key: str) -> Path:
    """Where the result of the job ``key`` stands."""
    return folder / "jobs" / f"{key}.npz"


def timing_file(folder: Path, key: str) -> Path:
    """Where the time and the memory that the job ``key`` took stand."""
    return folder / "timings" / f"{key}.json"


def error_file(folder: Path, key: str) -> Path:
    """Where the error stands by which the job ``key`` failed last time."""
    return folder / "errors" / f"{key}.json"


def write_job(folder: Path, key: str, arrays: Arrays, about: Mapping[str, Any]) -> None:
    """Write a job's arrays and what JSON says about them; the file appears whole or not at all.

    Raises:
        OSError: the folder cannot be written or the disk is full; nothing is left behind.
    """
    note = np.frombuffer(json.dumps(about, sort_keys=True).encode(), dtype=np.uint8)
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **{name: np.ascontiguousarray(a) for name, a in arrays.items()}, about=note)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = b"-" * CHECKSUM
    content = buffer.getvalue()[:-CHECKSUM]
    write(job_file(folder, key), content + _checksum(key, content))


def read_job(folder: Path, key: str) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """A job's arrays and what JSON says about them.

    Raises:
        FileNotFoundError: no such job.
        DamagedError: as ``check_job``.
    """
    arrays = _arrays(_checked(folder, key))
    return arrays, json.loads(arrays.pop("about").tobytes())


def _arrays(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of an archive as ``np.savez`` writes it, read-only: a quarter of the time that ``np.load`` takes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
    arrays = {}
    for entry in entries:
        name, extra = struct.unpack_from("<HH", content, entry.header_offset + 26)  # lengths, after the local header
        start = entry.header_offset + 30 + name + extra
        head = 10 + struct.unpack_from("<H", content, start + 8)[0]  # of an array, of format 1.0
        shape, dtype = _header(content[start : start + head])
        values = np.frombuffer(content, dtype, math.prod(shape), start + head)
        arrays[entry.filename.removesuffix(".npy")] = values.reshape(shape)
    return arrays


@lru_cache(maxsize=256)
def _header(head: bytes) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type of an array, which of all jobs of an experiment are the same."""
    stream = io.BytesIO(head)
    version = np.lib.format.read_magic(stream)
    shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    if version != (1, 0) or fortran:
        raise ValueError(f"arrays must be of format 1.0 and in the order of C, got {version}")
    return shape, dtype


def check_job(folder: Path, key: str) -> None:
    """See that a job's file is there and whole, without reading its arrays.

    Raises:
        FileNotFoundError: no such job.
        DamagedError: the file is not whole, or is not that job's.
    """
    _checked(folder, key)


def _checked(folder: Path, key: str) -> bytes:
    path = job_file(folder, key)
    content = path.read_bytes()
    if _checksum(key, memoryview(content)[:-CHECKSUM]) != content[-CHECKSUM:]:
        raise DamagedError(f"{path} is damaged, or another job's (its checksum does not fit)")
    return content


def write_json(path: Path, value: Any) -> None:
    """Write JSON, whole or not at all, with stable bytes for an equal value."""
    text = json.dumps(value, indent=1, sort_keys=True)
    write(path, (text + "\n").encode())


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        FileNotFoundError: no such file.
        DamagedError: not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DamagedError(f"{path} is damaged ({error})") from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a folder of results.

    Raises:
        FileNotFoundError: there is none.
        DamagedError: not JSON, of another format, or not what a run writes.
    """
    path = folder / "manifest.json"
    try:
        manifest = read_json(path)
    except (FileNotFoundError, NotADirectoryError):
        raise FileNotFoundError(f"{folder} holds no results (no manifest.json): run `regretlab run` first") from None
    if not isinstance(manifest, dict):
        raise DamagedError(f"{path} is damaged (it is no JSON object)")
    if (found := format_of(manifest)) != FORMAT:
        raise DamagedError(
            f"{folder} holds results of format {found}, written by another version of regretlab; this one reads format "
            f"{FORMAT}: run the study again"
        )
    kinds = {"format": int, "study": dict, "jobs": list, "versions": dict, "machine": str}
    lacking = [name for name, kind in kinds.items() if not isinstance(manifest.get(name), kind)]
    if lacking:
        raise DamagedError(f"{path} is damaged (missing or of another kind: {', '.join(lacking)})")
    parts = {"key": str, "experiment": str, "policy": str | None, "first": int, "count": int}
    for job in manifest["jobs"]:
        if not isinstance(job, dict) or not all(isinstance(job.get(part, ...), kind) for part, kind in parts.items()):
            raise DamagedError(f"{path} is damaged (a job lacks one of {', '.join(sorted(parts))}: {job!r})")
    return manifest


def format_of(manifest: Mapping[str, Any]) -> Any:
    """The format of a folder of results; manifests of the first one do not say theirs, and have cells."""
    return manifest.get("format", 1 if "cells" in manifest else FORMAT)


def check_writable(folder: Path) -> None:
    """Make ``folder`` if need be and see that a file can be written there.

    Raises:
        OSError: with the folder's name, before any work is done.
    """
    try:
        (folder / "jobs").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder / "jobs") as stream:
            stream.write(b"regretlab")
    except OSError as error:
        raise OSError(
            error.errno, f"cannot write results to {folder}: {error.strerror}; choose another --out"
        ) from error


def remove_leftovers(folder: Path) -> None:
    """Remove the halves of files that killed runs left, but none that another run may still be writing."""
    for stray in (*folder.glob(f"{PART}*"), *folder.glob(f"*/{PART}*")):
        machine, process = [*stray.name.removeprefix(PART).split("-"), ""][:2]
        with suppress(OSError):
            old = time.time() - stray.stat().st_mtime > 86_400.0
            if old or (machine == host() and process.isdecimal() and not _runs(int(process))):
                stray.unlink()


def _runs(process: int) -> bool:
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
