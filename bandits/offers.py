"""What an environment offers beyond the contract, asked at every checkpoint of a run."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import TypeGuard, TypeVar

P = TypeVar("P")


def offers(environment: object, protocol: Callable[..., P]) -> TypeGuard[P]:
    """Whether ``environment`` has all members of ``protocol``.

    As ``isinstance`` with a runtime protocol, which takes Python 3.11 some ten microseconds, in which a policy plays
    hundreds of rounds.
    """
    try:
        _members(protocol)(environment)
    except AttributeError:
        return False
    return True


@cache
def _members(protocol: type) -> Callable[[object], object]:
    """What gets all members of a protocol."""
    declared = [c for c in protocol.__mro__ if getattr(c, "_is_protocol", False) and c.__module__ != "typing"]
    names = {name for c in declared for name in (*vars(c), *inspect.get_annotations(c))}
    return attrgetter(*sorted(name for name in names if not name.startswith("_")))
