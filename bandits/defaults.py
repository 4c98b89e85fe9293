"""Which implementations a class may replace: those that a class above it marks as a default, and no others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Method = TypeVar("Method", bound=Callable[..., Any])

_MARK = "__is_default__"


def default(method: Method) -> Method:
    """Mark what a class does where those below do not say otherwise. They replace it whole, and do not call it.

    All other methods of policies and environments are abstract or final: who reads one that is implemented need not
    look for another one below.
    """
    setattr(method, _MARK, True)
    return method


def is_default(method: Any) -> bool:
    """Whether a method, or what a property calls, is marked as a default."""
    return bool(getattr(getattr(method, "fget", method), _MARK, False))
