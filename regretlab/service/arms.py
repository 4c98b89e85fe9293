"""Names of arms, and rows of logs that speak of them, checked."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any

from bandits.arguments import did_you_mean, shown


def _is_itself(name: Hashable) -> bool:
    """Whether a name and all that it is a tuple of are equal to themselves, as NaN is not."""
    return all(map(_is_itself, name)) if type(name) is tuple else bool(name == name)


def names_of(arms: Iterable[Hashable]) -> list[Hashable]:
    """The names of arms, at least one and none twice.

    Raises:
        ValueError: they are none.
    """
    if isinstance(arms, str | bytes) or not isinstance(arms, Iterable):
        raise ValueError(f"arms must be a list of names, got {shown(arms)}")
    found = list(arms)
    for name in found:
        if not isinstance(name, Hashable) or not _is_itself(name):
            raise ValueError(f"arms must have names that are hashable and equal to themselves, got {shown(name)}")
    if not found or len(set(found)) < len(found):
        twice = next((name for i, name in enumerate(found) if name in found[:i]), None)
        raise ValueError(f"arms must be at least one, none twice, got {shown(twice) if found else 'none'}")
    return found


def number_of(arm: Hashable, numbers: Mapping[Hashable, int]) -> int:
    """The number of an arm.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        return numbers[arm]
    except (KeyError, TypeError):
        known = [name for name in numbers if isinstance(name, str)]
        hint = did_you_mean(arm, known) if isinstance(arm, str) else ""
        raise ValueError(f"arm must be one of the {len(numbers)} arms, got {shown(arm)}{hint}") from None


def rows_of(log: Any) -> Iterable[Any]:
    """Rows of a log, which has arrays, or rows as they are."""
    if not hasattr(log, "actions"):
        return list(log)
    names = [log.names[action] for action in log.actions.tolist()]
    columns = [names, log.rewards.tolist()] + ([] if log.contexts is None else [log.contexts])
    return list(zip(*columns, strict=True))
