"""A table of rows with labels and groups, checked."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from bandits.arguments import shown
from bandits.contract import Array
from bandits.groupwise.problem import ALWAYS_ON, Mask
from bandits.labels import check_rows, column_names, ordered


@dataclass(frozen=True)
class GroupedData:
    """Rows for grouped regression.

    Attributes:
        contexts: [n, dimension].
        labels: [n].
        groups: [n, n_groups] 0 or 1.
        names: [n_groups] names of the groups, ``always_on`` last where it is there.
        columns: raw columns [n] by name, that rows can be sorted by.
    """

    contexts: Array
    labels: Array
    groups: Mask
    names: tuple[str, ...]
    columns: Mapping[str, Array] = field(default_factory=dict)


def grouped_data(
    contexts: Any,
    labels: Any,
    groups: Any,
    names: Sequence[str],
    columns: Mapping[str, Array] | None = None,
    always_on: bool = True,
    require_nonempty: bool = False,
) -> GroupedData:
    """Check a table and add the group of all rows.

    Args:
        contexts: [n, dimension] finite numbers.
        labels: [n] finite numbers.
        groups: [n, n_groups] 0, 1 or bool; a table with the names on its columns has them in any order.
        names: [n_groups] distinct names.
        columns: raw columns [n] by name; the groups' indicators are added.
        always_on: whether to add the group ``always_on`` of all rows, where it is not given.
        require_nonempty: whether a group without any row is an error.

    Raises:
        ValueError: wrong shape; tables whose rows do not go together by their names; groups that name others; a value
            that is not finite, or not 0 or 1 (first row, column, value); a name that is empty or comes twice; a group
            named ``always_on`` that leaves out a row; with ``require_nonempty``, a group without rows.

    Warns:
        UserWarning: a group without rows; its regret is not reported.
    """
    check_rows(contexts=contexts, labels=labels, groups=groups)
    X, y, member = (
        np.ascontiguousarray(contexts, dtype=np.float64),
        np.asarray(labels, dtype=np.float64),
        np.asarray(groups),
    )
    if X.ndim != 2 or len(X) < 1:
        raise ValueError(f"contexts must have shape (n, dimension) with n >= 1, got {X.shape}")
    if y.shape != (len(X),):
        raise ValueError(f"labels must have shape ({len(X)},), got {y.shape}")
    given = column_names(groups)
    if given is not None:
        member = ordered(member, given, names, "groups")
    if member.shape != (len(X), len(names)):
        raise ValueError(f"groups must have shape ({len(X)}, {len(names)}), got {member.shape}")
    _finite("contexts", X)
    _finite("labels", y[:, None])
    if not np.all((member == 0) | (member == 1)):
        row, column = (int(i) for i in np.argwhere(~((member == 0) | (member == 1)))[0])
        raise ValueError(
            f"groups must hold 0 and 1, got {member[row, column]} in row {row}, column {column} ({names[column]})"
        )
    for name in names:
        if not name or list(names).count(name) > 1:
            raise ValueError(f"names of groups must be distinct and not empty, got {shown(name)} in {list(names)}")
    mask = np.ascontiguousarray(member, dtype=np.int8)
    empty = [name for i, name in enumerate(names) if not np.any(mask[:, i])]
    if empty and require_nonempty:
        raise ValueError(f"groups without any row: {', '.join(empty)}")
    if empty:
        warnings.warn(f"groups without any row, whose regret is not reported: {', '.join(empty)}", stacklevel=2)
    if ALWAYS_ON in names:
        missing = np.flatnonzero(mask[:, list(names).index(ALWAYS_ON)] == 0)
        if len(missing):
            raise ValueError(f"the group {ALWAYS_ON!r} must hold every row, row {missing[0]} is not in it")
    elif always_on:
        mask, names = np.concatenate([mask, np.ones((len(X), 1), dtype=np.int8)], axis=1), [*names, ALWAYS_ON]
    indicators = {name: mask[:, i].astype(np.float64) for i, name in enumerate(names)}
    return GroupedData(X, y, mask, tuple(names), {**indicators, **(columns or {})})


def _finite(what: str, table: Array) -> None:
    if not np.all(np.isfinite(table)):
        row, column = (int(i) for i in np.argwhere(~np.isfinite(table))[0])
        raise ValueError(f"{what} must be finite, got {table[row, column]} in row {row}, column {column}")


def min_max(values: Array, name: str) -> Array:
    """Values [n] scaled to [0, 1] over all rows; a constant column becomes 0, with a warning."""
    low, high = float(np.min(values)), float(np.max(values))
    if high == low:
        warnings.warn(f"the column {name} is constant ({low:g}) and was scaled to 0", stacklevel=2)
        return np.zeros_like(values)
    scaled: Array = (values - low) / (high - low)
    return scaled


def scale_label(values: Array, name: str) -> Array:
    """Labels [n] scaled to [0, 1] over all rows.

    Raises:
        ValueError: all labels are equal.
    """
    if np.max(values) == np.min(values):
        raise ValueError(f"the label {name} is constant ({values[0]:g}): scaling to [0, 1] is undefined")
    return min_max(values, name)


def one_hot(values: Sequence[str]) -> tuple[Array, list[str]]:
    """Indicators [n, n_categories] of the categories, sorted, and their names."""
    categories, codes = np.unique(np.asarray(values), return_inverse=True)
    return np.eye(len(categories))[codes], [str(c) for c in categories]
