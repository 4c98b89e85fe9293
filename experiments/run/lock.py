"""One run at a time in a folder: a lock that ends with its process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from experiments.run.files import host

try:
    import fcntl
except ImportError:  # Windows: runs are not told of each other
    fcntl = None  # type: ignore[assignment]


@contextmanager
def alone(folder: Path, shard: tuple[int, int] = (1, 1)) -> Iterator[None]:
    """Let no other run compute the same part of a study in a folder, as long as the block lasts.

    Shards, which have parts of their own, keep out a run of the whole, and it keeps them out. The operating system
    takes the lock back when the process ends, however it ends; the file that is left then keeps nobody out. Where a
    file system has no locks, there is none.

    Raises:
        BlockingIOError: another run is at it.
        OSError: the folder cannot be written.
    """
    whole, own = shard == (1, 1), folder / f".running-{shard[0]}-of-{shard[1]}"
    with _held(folder / ".running", shared=not whole), nullcontext() if whole else _held(own):
        yield


@contextmanager
def _held(path: Path, shared: bool = False) -> Iterator[None]:
    """Hold the lock of a file, with others that share it or alone; who holds it last removes the file."""
    if fcntl is None:
        yield
        return
    handle = _locked(path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    _HELD.add(handle)
    try:
        yield
    finally:
        with suppress(OSError):
            if not _shared(handle):
                path.unlink()
        _HELD.remove(handle)
        os.close(handle)


_HELD: set[int] = set()
"""Handles of the locks that this process holds."""


def _let_go() -> None:
    """Let go of them in a copy of this process, which must not hold them for longer."""
    while _HELD:
        os.close(_HELD.pop())


if fcntl is not None:
    os.register_at_fork(after_in_child=_let_go)


def _shared(handle: int) -> bool:
    """Whether others hold the same lock."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        pass
    return False


def _locked(path: Path, kind: int) -> int:
    """A handle on the file of the lock, which is locked where that can be."""
    while True:
        handle = _open(path)
        try:
            fcntl.flock(handle, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            whose = os.read(handle, 200).decode(errors="replace").strip()
            os.close(handle)
            what = f"another run is at work in {path.parent}" + (f" ({whose})" if whose else "")
            raise BlockingIOError(f"{what}: wait for its end, or choose another folder (--out, out=)") from None
        except OSError:
            return handle
        if _stands(handle, path):
            with suppress(OSError):
                os.ftruncate(handle, 0)
                os.write(handle, f"process {os.getpid()} on {host()}\n".encode())
            return handle
        os.close(handle)


def _stands(handle: int, path: Path) -> bool:
    """Whether this is the file at ``path`` still, which the run before us may have removed in the meantime."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    return False


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
    except PermissionError:
        return os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
