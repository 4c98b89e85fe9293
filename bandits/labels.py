"""Tables that name their columns and rows (pandas, polars, pyarrow) are read by name; none of these is needed here."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import shown

Names = tuple[Hashable, ...]


def column_names(table: Any) -> Names | None:
    """The names of a table's columns; None of an array or a list."""
    names = getattr(table, "column_names", None)
    if names is None:
        names = getattr(table, "columns", None)
    return None if names is None or callable(names) else tuple(names)


def ordered(table: NDArray[Any], names: Sequence[Hashable], known: Sequence[Hashable], what: str = "X") -> NDArray[Any]:
    """The columns of ``table`` [n, m], which are called ``names``, in the order ``known``.

    Columns that are numbered from 0, as by default, are no names where the others are names; then the order counts.

    Raises:
        ValueError: other names, or one that comes twice; the message says which.
    """
    if tuple(names) == tuple(known):
        return table
    lacking, besides = [n for n in known if n not in names], [n for n in names if n not in known]
    if len(names) == len(known) and lacking and any(list(some) == list(range(len(some))) for some in (names, known)):
        return table
    if lacking or besides:
        parts = [f"it lacks {_listed(lacking)}"] * bool(lacking) + [f"it has {_listed(besides)} besides"] * bool(
            besides
        )
        raise ValueError(f"{what} must name {_listed(known)}, in any order: {', '.join(parts)}")
    twice = [n for n in (*names, *known) if list(names).count(n) != 1 or list(known).count(n) != 1]
    if twice:
        raise ValueError(f"{what} must name each column once to be read by name, got {shown(twice[0])} more than once")
    return table[:, [list(names).index(n) for n in known]]


def by_name(values: Any, names: Sequence[str], what: str) -> Any:
    """Values [n] in the order of ``names`` where they come by name, a mapping or a series; else as they are.

    Raises:
        ValueError: other names; the message says which.
    """
    if not isinstance(values, Mapping) and not (hasattr(values, "to_dict") and hasattr(values, "index")):
        return np.asarray(values) if hasattr(values, "__array__") else values
    given = dict(values.items())
    if set(given) == set(range(len(names))):  # a series that is numbered
        return [given[i] for i in range(len(names))]
    order = ordered(np.arange(len(given))[None], list(given), names, what)[0]
    return [list(given.values())[i] for i in order]


def check_rows(**tables: Any) -> None:
    """See that tables which name their rows have the same names in the same order.

    Tables that have no name of a row in common go together row by row, as they stand.

    Args:
        tables: by their names for messages.

    Raises:
        ValueError: two of them have names of rows in common, but other ones besides, or in another order.
    """
    labelled = [
        (what, table.index) for what, table in tables.items() if hasattr(getattr(table, "index", None), "equals")
    ]
    for (first, other), (what, index) in combinations(labelled, 2):
        if other.equals(index):
            continue
        ours, theirs = list(other), list(index)
        common = set(ours) & set(theirs)
        if ours == theirs or not common or len(ours) != len(theirs):  # the lengths are checked where they are needed
            continue
        row = next(i for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b)
        got, way = "the same names in another", f"pass {what}.loc[{first}.index]"
        if set(ours) != set(theirs):
            got, way = f"other names beside {len(common)} in common", f"pass the same rows of {first} and {what}"
        raise ValueError(
            f"{what} must have its rows in the order of {first}, got {got}: row {row} is {ours[row]!r} in {first} and "
            f"{theirs[row]!r} in {what}; {way}, or arrays where the rows go together as they stand"
        )


def _listed(names: Sequence[Hashable]) -> str:
    return ", ".join(str(n) for n in names)
