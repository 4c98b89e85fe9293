"""Logs from tables: a row a decision, columns by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bandits.arguments import did_you_mean, is_list, shown, texts
from bandits.contract import Array
from environments.logged.log import Log, LogError
from environments.tables import GAPS, Columns, number_in, plain

UNIFORM, ESTIMATED = "uniform", "estimated"
"""What ``probability`` may say instead of a column: declared, or estimated from the log."""
INDEX = ("", "__index_level_0__")
"""What pandas calls its index where it writes it to a file: no context, unless it is named as one."""


def log_of_columns(
    table: Any,
    action: str = "action",
    reward: str | None = "reward",
    probability: str | None = "probability",
    contexts: Sequence[str] | None = (),
    offered: str | Sequence[str] | None = None,
    arms: Sequence[Any] | None = None,
    low: float | None = None,
    high: float | None = None,
    cost: str | None = None,
) -> Log:
    """A log from a table; arguments and errors as of ``Log.from_frame``."""
    columns = plain(table, index_with_dates=False)
    rewards = _rewards(columns, reward, cost)
    taken = _column(columns, "action", action)
    listed, flags = _offers(columns, offered)
    names = _arms(taken, listed, offered if flags else None, arms)
    place = {name: i for i, name in enumerate(names)}
    actions = [_place(place, cell, f"row {i + 1}, column {action}") for i, cell in enumerate(taken)]
    mask = None if offered is None else np.zeros((len(taken), len(names)), dtype=np.bool_)
    if mask is not None and listed is not None:
        for i, there in enumerate(listed):
            mask[i, [_place(place, name, f"row {i + 1}, column {offered}") for name in there]] = True
    elif mask is not None:
        mask[:] = np.array(flags).T
    spoken = _spoken_for(action, reward, cost, probability, offered, INDEX)
    used = [name for name in columns if name not in spoken]
    wanted = used if contexts is None else [] if len(contexts) == 0 else texts("contexts", contexts)
    seen = [numbers_of_column(columns, "contexts", name) for name in wanted]
    known = probability in (None, UNIFORM, ESTIMATED)
    origin = {"actions": action, "rewards": reward or cost, "probabilities": probability, "contexts": wanted}
    try:
        log = Log(
            actions=np.array(actions, dtype=np.int64),
            rewards=rewards,
            probabilities=None if known else numbers_of_column(columns, "probability", str(probability)),
            contexts=np.array(seen).T if seen else None,
            offered=mask,
            names=tuple(names),
            low=low,
            high=high,
        )
    except LogError as error:
        raise ValueError(_told(error, origin, offered)) from error
    if probability == UNIFORM:
        return log.with_uniform_probabilities()
    return log.with_estimated_probabilities() if probability == ESTIMATED else log


def _told(error: LogError, origin: Mapping[str, Any], offered: Any) -> str:
    """An error of a log in the words of its table."""
    column = origin.get(error.field, offered)
    if error.field == "contexts" and len(error.index) > 1:
        column = column[error.index[1]]
    return f"source: row {error.index[0] + 1}, column {shown(column)} {error.text}"


def _spoken_for(*given: Any) -> set[str]:
    return {name for one in given if one is not None for name in ([one] if isinstance(one, str) else one)}


def _column(columns: Columns, parameter: str, name: Any) -> list[Any]:
    if not isinstance(name, str) or name not in columns:
        there = ", ".join(list(columns)[:40])
        hint = did_you_mean(name, columns)
        raise ValueError(f"{parameter} must be the name of a column, got {shown(name)}{hint}; there are {there}")
    return columns[name]


def numbers_of_column(columns: Columns, parameter: str, name: str) -> Array:
    """The numbers [n] in a column.

    Raises:
        ValueError: no such column, or a cell that is none; ``parameter`` is who asks.
    """
    cells = _column(columns, parameter, name)
    found = np.array([number_in(_flag(cell)) for cell in cells])
    if np.isnan(found).any():
        row = int(np.argmax(np.isnan(found)))
        raise ValueError(
            f"source: row {row + 1}, column {shown(name)} must be a number, got {shown(cells[row])}: nothing is "
            "filled in; write words as numbers, a column of 0 and 1 for each"
        )
    return found


def _flag(cell: Any) -> Any:
    return {"true": 1.0, "false": 0.0}.get(cell.strip().lower(), cell) if isinstance(cell, str) else cell


def _rewards(columns: Columns, reward: str | None, cost: str | None) -> Array:
    if cost is not None:
        if reward not in (None, "reward"):
            raise ValueError(f"reward must be None where a column of costs is named, got {shown(reward)}")
        return 0.0 - numbers_of_column(columns, "cost", cost)
    return numbers_of_column(columns, "reward", str(reward))


def _offers(columns: Columns, offered: Any) -> tuple[list[list[str]] | None, list[Array]]:
    """What each row offers, as names, from one column; or the flags [n] of each arm, from a column for each."""
    if offered is None:
        return None, []
    if isinstance(offered, str):
        return [_listed(cell, i + 1, offered) for i, cell in enumerate(_column(columns, "offered", offered))], []
    return None, [_flags(columns, name) for name in texts("offered", offered)]


def _flags(columns: Columns, name: str) -> Any:
    found = numbers_of_column(columns, "offered", name)
    if not np.isin(found, (0.0, 1.0)).all():
        row = int(np.argmin(np.isin(found, (0.0, 1.0))))
        raise ValueError(f"source: row {row + 1}, column {shown(name)} must be 0 or 1, got {found[row]:g}")
    return found != 0.0


def _listed(cell: Any, row: int, column: str) -> list[str]:
    """The names in a cell that lists some: a list, or a text with ``|`` or blanks between them."""
    if isinstance(cell, tuple):
        names = ["" if each is None else label(each) for each in cell]
    else:
        text = "" if cell is None else label(cell).strip("[]()")
        names = [name.strip(" '\"") for name in (text.split("|") if "|" in text else text.replace(",", " ").split())]
    if not names or not all(names):
        raise ValueError(
            f"source: row {row}, column {shown(column)} must list the arms offered, such as a|b|c, got {shown(cell)}"
        )
    return names


def label(cell: Any) -> str:
    """An arm's name as it stands in a table: whole numbers without a point."""
    if isinstance(cell, str):
        whole, point, zeros = cell.partition(".")
        return whole if point and zeros.strip("0") == "" and whole.removeprefix("-").isdigit() else cell
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def is_gap(cell: Any) -> bool:
    """Whether there is nothing in a cell, which is no arm unless ``arms`` say so."""
    return cell is None or (isinstance(cell, str) and cell.strip().lower() in GAPS)


def _arms(taken: list[Any], listed: list[list[str]] | None, columns: Any, arms: Any) -> list[str]:
    """The names of the arms, in order: as given, of their columns, or all that the table has, numbers before words."""
    if arms is not None:
        if not is_list(arms) or len(arms) == 0:
            raise ValueError(f"arms must be a list of names, got {shown(arms)}")
        if columns is not None and len(columns) != len(arms):
            raise ValueError(f"offered must name a column for each of {len(arms)} arms, got {shown(columns)}")
        return [label(arm) for arm in arms]
    if columns is not None:
        return list(columns)
    found = {label(cell) for cell in taken if not is_gap(cell)} | {name for names in listed or () for name in names}
    return sorted(found, key=_rank)


def _rank(name: str) -> tuple[bool, float, str]:
    value = number_in(name)
    return value != value, 0.0 if value != value else value, name


def _place(place: Mapping[str, int], cell: Any, where: str) -> int:
    name = "" if cell is None else label(cell)
    if name not in place:
        hint = did_you_mean(name, place)
        raise ValueError(f"source: {where} must be one of the arms, {shown(list(place))}, got {shown(cell)}{hint}")
    return place[name]
