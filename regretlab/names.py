"""Policies, environments, tools and problem types by the names of their classes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bandits.arguments import did_you_mean
from bandits.families import families
from bandits.family import Place, resolve
from bandits.registry import ENVIRONMENTS, POLICIES, TOOLS


def places() -> dict[str, list[type[Any] | Place]]:
    """Name of every class to where it stands: one place, or several where classes share a name."""
    registered = [place for registry in (POLICIES, ENVIRONMENTS, TOOLS) for place in registry.paths.values()]
    problems = [place for family in families() for place in family.problem_places]
    found: dict[str, list[type[Any] | Place]] = {}
    for place in (*registered, *problems):
        name = place.__name__ if isinstance(place, type) else place.rpartition(":")[2]
        same = found.setdefault(name, [])
        if _text(place) not in map(_text, same):
            same.append(place)
    return found


def find(name: str, others: Iterable[str] = ()) -> Any:
    """The class of that name.

    Args:
        name: of a class.
        others: names that stand beside the classes', for the message.

    Raises:
        AttributeError: no class, or several, are called so; the message gives the nearest names, or the modules.
        ImportError: its module cannot be imported.
    """
    known = places()
    same = known.get(name, [])
    if len(same) > 1:
        ways = " or ".join(f"`from {_text(place).replace(':', ' import ')}`" for place in same)
        raise AttributeError(f"module 'regretlab' has {len(same)} classes named {name!r}: use {ways}")
    if not same:
        hint = did_you_mean(name, [*others, *known])
        raise AttributeError(f"module 'regretlab' has no attribute {name!r}{hint}; dir(regretlab) lists all names")
    return resolve(same[0])


def _text(place: type[Any] | Place) -> str:
    """The place as ``module:Name``."""
    return f"{place.__module__}:{place.__qualname__}" if isinstance(place, type) else place
