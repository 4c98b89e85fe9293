"""Columns and tables of other packages (numpy, pandas, polars, pyarrow, lists) as adapters read them."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from bandits.arguments import did_you_mean, floats, is_list, shown
from bandits.contract import Array
from bandits.labels import Names, column_names

Name = Hashable


def read_column(what: str, values: Any) -> list[Any]:
    """The entries of a list, an array [n] or a column of a table, those of numpy as Python's own.

    Args:
        what: what they are, for the message.
        values: the column.

    Raises:
        ValueError: no such thing: a text, a table, a single value.
    """
    if getattr(values, "ndim", 1) == 1:
        if isinstance(values, np.ndarray):
            return list(values) if values.dtype.kind in "mM" else list(values.tolist())
        for spelt in ("to_pylist", "to_list"):  # of pyarrow; of pandas and polars
            if hasattr(values, spelt):
                return list(getattr(values, spelt)())
        if is_list(values) or hasattr(values, "__array__"):
            return list(values)
    raise ValueError(f"{what} must be a list, an array or a column with one axis, got {shown(values)}")


def read_names(names: Any) -> list[Name]:
    """The names of arms: hashable objects, none twice, neither None nor NaN, at least one.

    Raises:
        ValueError: anything else; the message says which and at what place.
    """
    listed = isinstance(names, Iterable) and not isinstance(names, str | bytes | Mapping) and not hasattr(names, "ndim")
    if isinstance(names, Iterator):
        raise ValueError(f"arms must be read more than once, as a list can be, got {shown(names)}")
    found, seen = read_column("arms", list(names) if listed else names), set()
    for i, name in enumerate(found):
        try:
            wrong = "other than None" if name is None else "other than NaN" if name != name else ""
            wrong = "different ones" if name in seen else wrong
            seen.add(name)
        except (TypeError, ValueError):
            wrong = "hashable"
        if wrong:
            raise ValueError(f"arms must have names that are {wrong}, got {shown(name)} at place {i}")
    if not found:
        raise ValueError("arms must be at least one name, got none")
    return found


def place_of(name: Any, places: Mapping[Name, int], what: str) -> int:
    """The place of an arm.

    Args:
        name: its name.
        places: of all arms.
        what: where the name stands, for the message.

    Raises:
        ValueError: there is no such arm; the message has the nearest name.
    """
    try:
        return places[name]
    except (KeyError, TypeError):
        hint = did_you_mean(name, [known for known in places if isinstance(known, str)])
        raise ValueError(f"{what} must be one of {shown(list(places))}, got {shown(name)}{hint}") from None


def read_table(what: str, table: Any) -> tuple[Array, Names | None, bool]:
    """A table of finite numbers.

    Args:
        what: what it is, for the message.
        table: [n, n_columns], or a single row [n_columns].

    Returns:
        The numbers [n, n_columns]; the names of the columns, None of arrays and lists; whether it came as a single row.

    Raises:
        ValueError: other shapes, or an entry that is not a finite number.
    """
    numbers, names = floats(f"{what} must be a table of finite numbers", table), column_names(table)
    single = numbers.ndim == 1
    if single:
        index = getattr(table, "index", None)  # of a row of a table; of a list it is a method
        numbers, names = numbers[None], None if index is None or callable(index) else tuple(index)
    if numbers.ndim != 2 or numbers.shape[1] == 0:
        raise ValueError(f"{what} must have two axes, rows and columns, or be a single row, got shape {numbers.shape}")
    if not np.isfinite(numbers).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(numbers))[0])
        raise ValueError(f"{what} must be finite numbers, got {numbers[row, column]} in row {row}, column {column}")
    return np.array(numbers, order="C"), names, single
