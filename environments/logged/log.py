"""A log of decisions: contexts, arms offered, arm played, its probability, its reward; checked once, never changed."""

from __future__ import annotations

import copy
import os
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, did_you_mean, flag, integer, real, shown
from bandits.contract import Array
from bandits.family import resolve
from bandits.frozen import read_only

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

ROUNDING = 1e-6
"""So far above 1 a probability may be by rounding in single precision, as logs write it; it is taken as 1."""


class LogError(ValueError):
    """An entry of a log that cannot be; readers tell where it stands in their file.

    Attributes:
        field: the log's array.
        index: of the entry: the row, from 0, and the column where there are some.
        text: the domain and the value got.
    """

    def __init__(self, field: str, index: tuple[int, ...], text: str) -> None:
        super().__init__(f"{field}[{', '.join(map(str, index))}] {text}")
        self.field, self.index, self.text = field, index, text

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.field, self.index, self.text)


@dataclass(frozen=True, eq=False, repr=False, kw_only=True)
class Log:
    """Decisions that somebody's policy took, and what came of them: row i is decision i.

    Arrays are copied, checked and read-only. An entry that cannot be is told with its place, rows counted from 0.

    Attributes:
        actions: int64 [n], the arm played, in 0..n_actions - 1.
        rewards: float64 [n], what it earned; higher is better.
        probabilities: float64 [n] in (0, 1], with which the logging policy played that arm then and there; None where
            nobody knows. What needs them asks ``propensities``.
        contexts: float64 [n, d], what was known before the decision, d >= 1; or None.
        offered: bool [n, n_actions], the arms that could have been played; None where all could. The arm played is one.
        n_actions: number of arms, those that were never played included. Of those that ``names`` or ``offered`` tell,
            it need not be given.
        names: [n_actions] of the arms, for figures and messages; their numbers where none are given.
        low: smallest possible reward, or None where no range is declared; with it ``high``.
        high: largest possible reward, or None.
        estimated: whether the probabilities were estimated from decisions, whose error no interval knows.

    Raises:
        ValueError: arrays of other shapes, or an entry outside its domain (a ``LogError``).

    Example:
        >>> from environments.logged.log import Log
        >>> log = Log(actions=[0, 1, 1], rewards=[1, 0, 1], probabilities=[0.5, 0.5, 0.25], names=("old", "new"))
        >>> log.n, log.n_actions, log
        (3, 2, Log(n=3, n_actions=2, names=('old', 'new'), propensities from 0.25 to 0.5))
    """

    actions: Ints
    rewards: Array
    probabilities: Array | None = None
    contexts: Array | None = None
    offered: Bools | None = None
    n_actions: int = 0
    names: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    estimated: bool = False

    def __post_init__(self) -> None:
        rewards = _numbers("rewards", self.rewards, 1)
        n, put = len(rewards), object.__setattr__
        if n == 0:
            raise ValueError(f"rewards must be of at least one row, got {shown(self.rewards)}")
        offered = None if self.offered is None else _flags(self.offered, n)
        if not isinstance(self.names, list | tuple) or not all(isinstance(name, str | int) for name in self.names):
            raise ValueError(f"names must be a list of names, one an arm, got {shown(self.names)}")
        n_actions = _number_of_arms(self.n_actions, self.names, offered)
        affordable("n_actions", f"a table of {n} rows and {shown(n_actions)} arms", n_actions * (16 + n // 8))
        put(self, "n_actions", n_actions)
        put(self, "names", _names(self.names, n_actions))
        put(self, "actions", read_only(_arms(self.actions, n, n_actions)))
        put(self, "rewards", read_only(rewards))
        if self.contexts is not None:
            contexts = _numbers("contexts", self.contexts, 2)
            if contexts.shape[0] != n or contexts.shape[1] == 0:
                raise ValueError(
                    f"contexts must be of shape ({n}, d), d >= 1, one row a decision, got {contexts.shape}"
                )
            put(self, "contexts", read_only(contexts))
        if offered is not None:
            _check("offered", np.all(~offered, axis=1), offered, "must be true of at least one arm")
            played = ~offered[np.arange(n), self.actions]
            _check("actions", played, self.actions, "must be an arm that was offered in that row")
            put(self, "offered", read_only(offered))
        if self.probabilities is not None:
            probabilities = _numbers("probabilities", self.probabilities, 1)
            _same_length("probabilities", probabilities, n)
            wrong = (probabilities <= 0.0) | (probabilities > 1.0 + ROUNDING)
            _check("probabilities", wrong, probabilities, "must be a probability in (0, 1], of the arm played")
            put(self, "probabilities", read_only(np.minimum(probabilities, 1.0)))
        put(self, "estimated", flag("estimated", self.estimated))
        self._check_range()

    def _check_range(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError(f"low and high must both be given or neither, got {shown(self.low)}, {shown(self.high)}")
        if self.low is None or self.high is None:
            return
        low, high = real("low", self.low), real("high", self.high)
        if not low < high:
            raise ValueError(f"low must be below high, got [{low!r}, {high!r}]")
        outside = (self.rewards < low) | (self.rewards > high)
        _check("rewards", outside, self.rewards, f"must be in the declared range [{low:g}, {high:g}]")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)

    @property
    def n(self) -> int:
        """Number of decisions."""
        return len(self.rewards)

    def __len__(self) -> int:
        return self.n

    @property
    def n_offered(self) -> Ints:
        """[n] how many arms were offered."""
        if self.offered is None:
            return np.full(self.n, self.n_actions, dtype=np.int64)
        counts: Ints = self.offered.sum(axis=1, dtype=np.int64)
        return counts

    @property
    def uniform(self) -> bool:
        """Whether each arm played had the probability 1 / (arms offered), to 6 digits; False where nobody knows."""
        return (
            self.probabilities is not None
            and not self.estimated
            and bool(np.allclose(self.probabilities * self.n_offered, 1.0, 1e-6, 0.0))
        )

    def propensities(self, what: str) -> Array:
        """The probabilities [n], for what cannot do without.

        Args:
            what: what needs them, for the message.

        Raises:
            ValueError: this log has none; the message says how to come by them.
        """
        if self.probabilities is None:
            raise ValueError(
                f"{what} needs the probability of each arm played, and this log has none: give probabilities; or, "
                "where arms were drawn evenly from those offered, declare it, log.with_uniform_probabilities(); or "
                "estimate them, log.with_estimated_probabilities()"
            )
        return self.probabilities

    @classmethod
    def read(cls, path: str | os.PathLike[str], format: str | None = None, **options: Any) -> Log:
        """A log from a file.

        Args:
            path: the file; a relative path is looked for in the working folder and in ``logs/`` of the folder that the
                environment variable REGRETLAB_DATA names.
            format: "table", CSV or Parquet with names of columns (options as of ``from_frame``); "dsjson" and "vw", of
                Vowpal Wabbit; "open_bandit", the columns of the Open Bandit Dataset; None for what the file's ending
                says.
            options: of the format, see the functions ``read`` of ``environments.logged``'s modules of these names.

        Raises:
            FileNotFoundError: there is no such file; the message says where it was looked for.
            ValueError: no such format or option, or an entry that cannot be, with its row and column, or line.
        """
        made: Log = resolve("environments.logged.reading:read_log")(path, format, **options)
        return made

    @classmethod
    def from_frame(
        cls,
        frame: Any,
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
        """A log from a table of pandas, polars or pyarrow, or a mapping of names to columns: a row a decision.

        Args:
            frame: the table.
            action: name of the column of arms played, numbers or words.
            reward: name of the column of rewards; true and false are 1 and 0.
            probability: name of the column of their probabilities; "uniform" where arms were drawn evenly from those
                offered; "estimated" for shares of the log (``with_estimated_probabilities``); None where nobody knows.
            contexts: names of the columns of the contexts, all numbers; None for all columns that are not named here.
            offered: name of a column that lists the arms offered, as ``a|b|c``; or names of a column of 0 and 1 for
                each arm, in the arms' order; None where all were.
            arms: the arms as they stand in the table, in the order that they are to have; None for all that are there,
                numbers first. Arms that were never played must be given, or offered somewhere.
            low: smallest possible reward; None where no range is declared.
            high: largest possible reward.
            cost: name of a column of costs, in place of rewards, which are minus these.

        Raises:
            ValueError: no such column, or a cell that cannot be; rows are counted from 1, without the line of names.

        Example:
            >>> from environments.logged.log import Log
            >>> table = {"shown": ["red", "blue", "red"], "click": [1, 0, 0], "p": [0.5, 0.5, 0.5]}
            >>> Log.from_frame(table, action="shown", reward="click", probability="p")
            Log(n=3, n_actions=2, names=('blue', 'red'), propensities from 0.5 to 0.5)
        """
        read = resolve("environments.logged.frames:log_of_columns")
        made: Log = read(frame, action, reward, probability, contexts, offered, arms, low=low, high=high, cost=cost)
        return made

    def with_uniform_probabilities(self) -> Self:
        """The log with 1 / (arms offered) in each row: whoever calls it declares that arms were drawn evenly."""
        return replace(self, probabilities=1.0 / self.n_offered, estimated=False)

    def with_estimated_probabilities(self, model: Any = None) -> Self:
        """The log with probabilities estimated from its own decisions.

        What rests on them is consistent where the model is right and no longer unbiased, and intervals that take them
        as known do not show their error: the log is marked as ``estimated``, and no estimate from it is called certain.

        Args:
            model: None for the share of the rows with the same arms offered in which the arm was played: right where
                the logging policy looked at nothing else and did not change. Else a classifier with ``fit(contexts,
                actions)``, ``predict_proba`` and ``classes_``, as of scikit-learn: a copy is fitted to the whole log,
                and its probabilities are made to sum to 1 over the arms offered.

        Raises:
            ValueError: a model where there are no contexts, or one that gives an arm played no probability.
        """
        if model is not None:
            return replace(self, probabilities=self._modelled(model), estimated=True)
        _, group = (None, np.zeros(self.n, np.int64)) if self.offered is None else _groups(self.offered)
        played = np.zeros((int(group.max()) + 1, self.n_actions))
        np.add.at(played, (group, self.actions), 1.0)
        shares = played[group, self.actions] / played.sum(axis=1)[group]
        return replace(self, probabilities=shares, estimated=True)

    def _modelled(self, model: Any) -> Array:
        if self.contexts is None:
            raise ValueError(
                "model must be None where the log has no contexts to fit it to, got one: shares are all there is"
            )
        fitted = copy.deepcopy(model)
        fitted.fit(self.contexts, self.actions)
        table = np.zeros((self.n, self.n_actions))
        table[:, np.asarray(fitted.classes_, dtype=np.int64)] = fitted.predict_proba(self.contexts)
        if self.offered is not None:
            table *= self.offered
        shares: Array = table[np.arange(self.n), self.actions] / np.maximum(table.sum(axis=1), 1e-300)
        return shares

    def take(self, rows: Any) -> Self:
        """The log of those rows, in their order; some may come twice.

        Args:
            rows: numbers of rows, a slice, or a mask [n].

        Example:
            >>> Log(actions=[0, 1, 1], rewards=[1, 0, 5], n_actions=2).take([2, 2, 0]).rewards
            array([5., 5., 1.])
        """
        chosen: dict[str, Any] = {
            name: getattr(self, name) for name in ("actions", "rewards", "probabilities", "contexts", "offered")
        }
        taken: dict[str, Any] = {name: None if array is None else array[rows] for name, array in chosen.items()}
        return replace(self, **taken)

    def taught(self, policy: Any, rows: int, rng: np.random.Generator) -> Any:
        """A copy of a policy, reset, that has learned from the first rows: see ``environments.logged.taught``."""
        return resolve("environments.logged.taught:taught")(self, policy, rows, rng)

    def played_by(self, policy: Any) -> Array:
        """What a policy in a run plays in each row [n, n_actions]: see ``environments.logged.taught``."""
        table: Array = resolve("environments.logged.taught:played_by")(self, policy)
        return table

    def arm(self, name: object) -> int:
        """The number of the arm of that name.

        Raises:
            ValueError: there is none.
        """
        if str(name) not in self.names:
            raise ValueError(f"there is no arm {shown(name)}{did_you_mean(str(name), self.names)}: {shown(self.names)}")
        return self.names.index(str(name))

    def __repr__(self) -> str:
        told = [f"n={self.n}", f"n_actions={self.n_actions}"]
        if self.names != tuple(map(str, range(self.n_actions))):
            told.append(f"names={shown(self.names)}")
        if self.contexts is not None:
            told.append(f"{self.contexts.shape[1]} coordinates of contexts")
        if self.offered is not None:
            told.append(f"{self.n_offered.min()} to {self.n_offered.max()} arms offered")
        if self.probabilities is None:
            told.append("no propensities")
        else:
            span = f"{self.probabilities.min():g} to {self.probabilities.max():g}"
            told.append(f"{'estimated ' * self.estimated}propensities from {span}")
        if self.low is not None:
            told.append(f"rewards in [{self.low:g}, {self.high:g}]")
        return f"Log({', '.join(told)})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            object.__setattr__(self, name, read_only(value) if isinstance(value, np.ndarray) else value)


def _groups(offered: Bools) -> tuple[Any, Ints]:
    rows, group = np.unique(offered, axis=0, return_inverse=True)
    return rows, group.reshape(-1).astype(np.int64)


def _check(field: str, wrong: Bools, values: NDArray[Any], domain: str) -> None:
    """Raise a ``LogError`` of the first entry that is ``wrong``."""
    if wrong.any():
        index = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise LogError(field, index, f"{domain}, got {shown(values[index].tolist())}")


def _same_length(field: str, values: NDArray[Any], n: int) -> None:
    if values.shape != (n,):
        raise ValueError(f"{field} must be of {n} rows, as many as there are rewards, got shape {values.shape}")


def _array(field: str, values: Any, axes: int, kinds: str, of: str) -> NDArray[Any]:
    """A new array of so many axes, whose entries are of those kinds."""
    try:
        found = np.array(values)
    except (TypeError, ValueError, RecursionError):
        found = np.array(None)
    if found.size == 0 and found.ndim == axes:
        return found
    if found.ndim != axes or found.dtype.kind not in kinds:
        shape = "a list" if axes == 1 else "rows, all of one length,"
        raise ValueError(f"{field} must be {shape} of {of}, got {shown(values)}")
    return found


def _numbers(field: str, values: Any, axes: int) -> Array:
    found: Array = _array(field, values, axes, "biuf", "numbers").astype(np.float64)
    _check(field, ~np.isfinite(found), found, "must be a finite number")
    return found


def _flags(values: Any, n: int) -> Bools:
    found = _array("offered", values, 2, "biuf", "true and false")
    if found.shape[0] != n or found.shape[1] == 0:
        raise ValueError(f"offered must be of shape ({n}, n_actions), one row a decision, got {found.shape}")
    _check("offered", (found != 0) & (found != 1), found, "must be true or false")
    return found.astype(np.bool_)


def _arms(values: Any, n: int, n_actions: int) -> Ints:
    found = _array("actions", values, 1, "iuf", "whole numbers")
    _same_length("actions", found, n)
    with np.errstate(invalid="ignore"):
        wrong = ~((found >= 0) & (found < n_actions) & (found == np.floor(found)))
    _check("actions", wrong, found, f"must be an arm, a whole number in 0..{n_actions - 1}")
    return found.astype(np.int64)


def _number_of_arms(n_actions: Any, names: Sequence[str], offered: Bools | None) -> int:
    told = {len(names)} if len(names) else set()
    told |= {offered.shape[1]} if offered is not None else set()
    untold = type(n_actions) is int and n_actions == 0
    if untold and not told:
        raise ValueError("n_actions must be given where neither names nor offered tell how many arms there are, got 0")
    if not untold:
        told.add(integer("n_actions", n_actions))
    if len(told) > 1:
        raise ValueError(
            f"n_actions, names and offered must speak of one number of arms, got n_actions {shown(n_actions)}, "
            f"{len(names)} names and {'no table of' if offered is None else offered.shape[1]} arms offered"
        )
    return int(told.pop())


def _names(names: Sequence[str], n_actions: int) -> tuple[str, ...]:
    found = tuple(map(str, names)) if len(names) else tuple(map(str, range(n_actions)))
    if len(set(found)) < len(found):
        twice = next(name for name in found if found.count(name) > 1)
        raise ValueError(f"names must be different, got {shown(twice)} twice")
    return found
