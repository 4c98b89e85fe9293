"""The columns of the Open Bandit Dataset: items on a shop's page, at one of three positions, and their clicks.

Columns, from memory and from the header of the small version: ``timestamp``, ``item_id``, ``position`` (1, 2, 3),
``click``, ``propensity_score``, ``user_feature_0..3`` (hashes), ``user-item_affinity_0..``, a number for each item. Of
items a second file says ``item_id``, ``item_feature_0`` (a number) and ``item_feature_1..3`` (hashes).

A row is one item at one position. ``propensity_score`` is the probability of the item at that position, so that rows of
one position are a log, and rows of all are one, too, whose decisions know their position; that the three of one page
were drawn together, and are not independent, no row tells.

Reference: Y. Saito, S. Aihara, M. Matsutani, Y. Narita, *Open Bandit Dataset and Pipeline*, NeurIPS Datasets 2021.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bandits.arguments import affordable, flag, integer, shown, some_of
from bandits.contract import Array
from environments.logged.frames import log_of_columns, numbers_of_column
from environments.logged.log import Log
from environments.tables import columns_of, number_in

PARTS = ("user", "affinity", "position")


def read(
    path: str | os.PathLike[str],
    position: int | None = None,
    contexts: Sequence[str] = ("user",),
    n_items: int | None = None,
    by_time: bool = True,
) -> Log:
    """A log from a file of the dataset. Rewards are clicks, in [0, 1].

    Args:
        path: the file of rows, CSV or Parquet.
        position: 0, 1 or 2, for a log of that position alone (1, 2, 3 in the file; numbered as in the package obp);
            None for all rows.
        contexts: which parts make the contexts, in this order: "user", a column of 0 and 1 for each value of each user
            feature but the first (in the alphabet), as obp has them; "affinity", as they are; "position", a column of
            0 and 1 for each position.
        n_items: number of items, if some were never shown; None for the largest number that is there.
        by_time: whether rows are sorted by their timestamps, equal ones in the order of the file.

    Raises:
        ValueError: no such columns, or a cell that cannot be.
    """
    parts, table = some_of("contexts", list(contexts), PARTS), columns_of(Path(path))
    for name in (
        "item_id",
        "position",
        "click",
        "propensity_score",
        *(["timestamp"] if flag("by_time", by_time) else []),
    ):
        if name not in table:
            raise ValueError(f"source: {path} must have the column {name}, got {shown(list(table)[:10])}")
    places = np.array([number_in(cell) for cell in table["position"]])
    if not np.isin(places, (1.0, 2.0, 3.0)).all():
        row = int(np.argmin(np.isin(places, (1.0, 2.0, 3.0))))
        raise ValueError(
            f"source: row {row + 1}, column 'position' must be 1, 2 or 3, got {shown(table['position'][row])}"
        )
    items = np.array([number_in(cell) for cell in table["item_id"]])
    most = int(items[np.isfinite(items)].max(initial=0.0)) + 1
    affordable("item_id", f"a table of {len(items)} rows and {most} items", most * (16 + len(items) // 8))
    arms = list(range(most if n_items is None else integer("n_items", n_items, most)))
    log = log_of_columns(table, "item_id", "click", "propensity_score", (), None, arms, 0.0, 1.0)
    seen = [column for part in parts for column in _contexts(table, part, places)]
    if seen:
        log = replace(log, contexts=np.array(seen).T)
    rows = np.argsort(np.array(table["timestamp"], dtype=str), kind="stable") if by_time else np.arange(log.n)
    if position is not None:
        rows = rows[places[rows] == integer("position", position, 0, 2) + 1]
        if len(rows) == 0:
            raise ValueError(f"position must be one that has rows, got {position}")
    return log.take(rows)


def _contexts(table: dict[str, list[Any]], part: str, places: Array) -> list[Array]:
    if part == "position":
        return [(places == place).astype(np.float64) for place in (1.0, 2.0, 3.0)]
    prefix = "user_feature_" if part == "user" else "user-item_affinity_"
    names = [name for name in table if name.startswith(prefix)]
    if not names:
        raise ValueError(f"contexts must be parts that the file has, got {part!r} and no column {prefix}0")
    if part == "affinity":
        return [numbers_of_column(table, "contexts", name) for name in names]
    found = []
    for name in names:
        cells = np.array(["" if cell is None else str(cell) for cell in table[name]])
        found += [(cells == value).astype(np.float64) for value in sorted(set(cells.tolist()))[1:]]
    return found


def read_items(path: str | os.PathLike[str]) -> tuple[Array, tuple[str, ...]]:
    """The features of the items [n_items, d], by their numbers, and their names.

    The number is as it is; of each hashed feature there is a column of 0 and 1 for each value but the first.

    Args:
        path: the file of items, CSV or Parquet.

    Raises:
        ValueError: no such columns, or items that are not 0, 1, ..., each once.
    """
    table = columns_of(Path(path))
    names = [name for name in table if name.startswith("item_feature_")]
    if "item_id" not in table or not names:
        raise ValueError(f"source: {path} must have the columns item_id and item_feature_0, got {shown(list(table))}")
    order = np.argsort([number_in(cell) for cell in table["item_id"]])
    items = [number_in(table["item_id"][i]) for i in order]
    if items != list(range(len(items))):
        raise ValueError(f"source: {path} must have the items 0, 1, ..., each once, got {shown(items)}")
    columns, labels = [], []
    for name in names:
        cells = [table[name][i] for i in order]
        numbers = np.array([number_in(cell) for cell in cells])
        if np.isfinite(numbers).all():
            columns.append(numbers)
            labels.append(name)
            continue
        for value in sorted({str(cell) for cell in cells})[1:]:
            columns.append(np.array([float(str(cell) == value) for cell in cells]))
            labels.append(f"{name}={value}")
    return np.array(columns).T, tuple(labels)
