"""Features by name, as logs of Vowpal Wabbit have them, as columns of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bandits.arguments import did_you_mean, shown, texts
from bandits.contract import Array

Features = dict[str, float]


def numbers_of(value: Any, name: str, where: str) -> Features:
    """A value of JSON as features: numbers as they are, flags as 1 and 0, texts as ``name=text``, nested ones joined.

    What stands twice in lists is added up, as VW does.

    Args:
        value: the value.
        name: its name; names inside are joined by dots.
        where: where it stands, for the message.

    Raises:
        ValueError: null, or a number that is not finite.
    """
    if isinstance(value, Mapping):
        inside = [numbers_of(v, f"{name}.{key}" if name else str(key), where) for key, v in value.items()]
    elif isinstance(value, list):
        inside = [
            numbers_of(v, f"{name}[{i}]" if not isinstance(v, Mapping) else name, where) for i, v in enumerate(value)
        ]
    elif isinstance(value, str):
        return {f"{name}={value}": 1.0}
    elif isinstance(value, bool | int | float) and np.isfinite(float(value)):
        return {name: float(value)}
    else:
        raise ValueError(f"source: {where}: the feature {name} must be a finite number or a text, got {shown(value)}")
    found: Features = {}
    for key, given in (item for features in inside for item in features.items()):
        found[key] = found.get(key, 0.0) + given
    return found


def columns_of_features(rows: Sequence[Features], wanted: Sequence[str] | None) -> tuple[Array | None, tuple[str, ...]]:
    """The features of all rows as contexts [n, d], absent ones 0, and their names.

    Args:
        rows: [n].
        wanted: names of the features, in order; None for all, in the order in which they appear.

    Returns:
        Contexts, or None where there are no features.

    Raises:
        ValueError: a wanted feature that no row has.
    """
    there = list(dict.fromkeys(name for row in rows for name in row))
    names = there if wanted is None else [] if len(wanted) == 0 else texts("contexts", wanted)
    for name in names:
        if name not in there:
            raise ValueError(f"contexts must name features of the log, got {shown(name)}{did_you_mean(name, there)}")
    if not names:
        return None, ()
    place = {name: i for i, name in enumerate(names)}
    table = np.zeros((len(rows), len(names)))
    for row, features in enumerate(rows):
        for name, value in features.items():
            if name in place:
                table[row, place[name]] = value
    return table, tuple(names)
