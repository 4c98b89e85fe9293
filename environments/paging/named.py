"""Entries of a table, built from a name and parameters as a study file gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from bandits.domain import did_you_mean

T = TypeVar("T")


def build(table: Mapping[str, type[T]], name: Any, parameters: Mapping[str, Any], what: str) -> T:
    """The entry of ``table`` with these parameters.

    Raises:
        ValueError: no such entry or parameter (the message gives the nearest), one that is missing, or a value
            outside its domain.
    """
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"{what} must be one of {', '.join(table)}, got {name!r}{did_you_mean(name, table)}")
    entries = fields(table[name])  # type: ignore[arg-type]
    known = [f.name for f in entries]
    for key in parameters:
        if key not in known:
            raise ValueError(
                f"{what} {name!r} takes {', '.join(known) or 'no parameters'}, got {key!r}{did_you_mean(key, known)}"
            )
    for f in entries:
        if f.default is MISSING and f.name not in parameters:
            raise ValueError(f"{what} {name!r} needs the parameter {f.name!r}")
    return table[name](**parameters)
