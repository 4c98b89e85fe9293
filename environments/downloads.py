"""Whether data that are not at hand may be downloaded: always, but where somebody only wants to look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_LACKING: ContextVar[list[str] | None] = ContextVar("_LACKING", default=None)


class NotAtHandError(FileNotFoundError):
    """Data are not at hand, and may not be downloaded now."""


@contextmanager
def downloads(allowed: bool) -> Iterator[list[str]]:
    """Say whether data may be downloaded while the context lasts; what would have been stands in the list."""
    lacking: list[str] = []
    token = _LACKING.set(None if allowed else lacking)
    try:
        yield lacking
    finally:
        _LACKING.reset(token)


def check_download(what: str, way: str) -> None:
    """To be called before a download, or where there is none.

    Args:
        what: what is not at hand.
        way: what a run does about it, or people can do.

    Raises:
        NotAtHandError: it may not be done now.
    """
    if (lacking := _LACKING.get()) is not None:
        lacking.append(f"{what} ({way})")
        raise NotAtHandError(lacking[-1])
