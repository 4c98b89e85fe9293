"""Groupwise regression outside of any simulation, with scikit-learn's conventions but without needing it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bandits.arguments import flag, floats, shown
from bandits.contract import Array
from bandits.estimator import not_fitted
from bandits.groupwise.estimator import Estimator, warn_of_column
from bandits.groupwise.groupwise import Groupwise
from bandits.groupwise.learners import BaseLearner
from bandits.groupwise.problem import ALWAYS_ON, Mask, RegressionProblem, Round, Rows
from bandits.labels import Names, by_name, check_rows, column_names, ordered


class GroupwisePredictor(Estimator):
    """Regression that does well on every one of several overlapping groups of rows.

    ``partial_fit`` goes through rows in order: each is predicted before its label is learned, so that ``group_losses_``
    are honest. ``predict`` gives the mixture of the learners of a row's groups and changes nothing. Parameters are kept
    as given and checked when the first rows come, as scikit-learn asks. There are no weights of rows
    (``sample_weight``): the regret bound is for rows that count alike.

    Tables that name their columns (pandas, polars, pyarrow) are read by name: the columns of rows and of groups may
    come in any order (scikit-learn's own regressors refuse another one), as may groups and a prior that are mappings.
    Columns of an array go by their places. Rows of different tables go together as they stand, unless these have names
    of rows in common: then all must be the same, in the same order.

    Args:
        groups: for each group's name, a function from rows to members [n] (bool). It is given the rows as they came: a
            table where a table was passed, with its columns as they stand there, else an array [n, dimension]. None
            when members are passed with the rows.
        base_learner: learner of each group: "oridge", "vaw" or "ogd", by its name or as ``{"name": ..., "parameters":
            {...}}``, or a function (a class, say) that makes an object with ``predict(x)`` and ``update(x, y)``. The
            parameter ``norm`` of "ogd", the largest length of a row, must be given here.
        clip: None, or the interval [low, high] that predictions are clipped to. The regret bound needs [0, 1].
        prior: positive weights of the groups (``always_on`` last), or a mapping from their names; None for uniform.
        loss_scale: largest squared error expected, > 0.
        fallback: prediction of rows in no group.
        always_on: whether all rows together are a group too.

    Attributes:
        n_features_in_: dimension of the rows.
        feature_names_in_: names of the columns, one for each feature, where the rows named them by strings.
        group_names_: names of the groups, ``always_on`` last.
        group_losses_: cumulative expected squared error in each group, by name.
        largest_loss_: largest squared error of a learner.
        bound_applicable_: whether that is at most ``loss_scale``, as the regret bound asks.

    Example:
        >>> import numpy as np
        >>> from bandits.groupwise.predictor import GroupwisePredictor
        >>> X = np.random.default_rng(0).random((500, 2))
        >>> y = np.where(X[:, 1] > 0.5, X[:, 0], 1.0 - X[:, 0])
        >>> model = GroupwisePredictor({"right": lambda X: X[:, 1] > 0.5}, clip=[0, 1]).partial_fit(X, y)
        >>> sorted(model.group_losses_)
        ['always_on', 'right']
        >>> model.predict(X[:3]).shape
        (3,)
    """

    _columns: Names | None

    def __init__(
        self,
        groups: Mapping[str, Callable[[Any], Any]] | None = None,
        base_learner: BaseLearner = "oridge",
        clip: Sequence[float] | None = None,
        prior: Sequence[float] | Mapping[str, float] | None = None,
        loss_scale: float = 1.0,
        fallback: float = 0.0,
        always_on: bool = True,
    ) -> None:
        self.groups = groups
        self.base_learner = base_learner
        self.clip = clip
        self.prior = prior
        self.loss_scale = loss_scale
        self.fallback = fallback
        self.always_on = always_on

    def fit(self, X: Any, y: Any, groups: Any = None) -> GroupwisePredictor:
        """Forget everything and go through the rows, as ``partial_fit`` does.

        Raises:
            ValueError: as there; or no row at all.
        """
        if len(_matrix(X)) == 0:
            raise ValueError("X must hold at least one row, got none")
        before = dict(vars(self))
        for name in ("_policy", "_columns", "feature_names_in_"):
            vars(self).pop(name, None)
        try:
            return self.partial_fit(X, y, groups)
        except BaseException:  # refused: what was learned before stays
            vars(self).clear()
            vars(self).update(before)
            raise

    def partial_fit(self, X: Any, y: Any, groups: Any = None) -> GroupwisePredictor:
        """Predict and learn rows, one after the other.

        Args:
            X: [n, dimension] rows.
            y: [n] labels; [n, 1] are taken as these, with a warning.
            groups: [n, n_groups] members, 0 or 1, a table with the groups' names on its columns, or a mapping from
                names to [n]; None where the constructor got functions.

        Raises:
            ValueError: wrong shapes, values that are not finite or not 0 or 1, other groups or columns than before,
                tables whose rows do not go together by their names, or a parameter out of its domain.
        """
        if y is None:
            raise ValueError("GroupwisePredictor requires y to be passed, but the target y is None")
        rows = _matrix(X)
        labels = _labels(y, len(rows))
        _check_rows(X, groups, y)
        names = column_names(X)
        given = rows if names is None else X
        rows = self._by_column(rows, names)
        members, group_names = self._members(len(rows), given, groups)
        if not hasattr(self, "_policy"):
            self._start(rows.shape[1], group_names)
        members = self._by_group(members, group_names)
        if names is not None and self._columns is None:
            self._columns = names
            if all(isinstance(name, str) for name in names):
                self.feature_names_in_ = np.array(names, dtype=object)
        values, weights = self._policy.play_rows(Rows(rows, members, labels))
        losses = np.sum(weights * (values - labels[:, None]) ** 2, axis=1)
        for i, name in enumerate(self.group_names_):
            self.group_losses_[name] += float(losses[members[:, i] == 1].sum())
        self.largest_loss_ = self._policy.largest_loss
        self.bound_applicable_ = self.largest_loss_ <= self.loss_scale
        return self

    def predict(self, X: Any, groups: Any = None) -> Array:
        """Mixture predictions [n] at rows [n, dimension] with what was learned so far.

        Raises:
            NotFittedError: nothing was learned yet; scikit-learn's own class where that is loaded.
            ValueError: wrong shapes, values that are not finite or not 0 or 1, other groups or columns than before, or
                tables whose rows do not go together by their names.
        """
        if not hasattr(self, "_policy"):
            raise not_fitted(self)
        _check_rows(X, groups)
        rows, names = _matrix(X), column_names(X)
        given = rows if names is None else X
        rows = self._by_column(rows, names)
        members = self._by_group(*self._members(len(rows), given, groups))
        lotteries = [self._policy.choose(Round(x, member)) for x, member in zip(rows, members, strict=True)]
        return np.array([float(weights @ values) for values, weights in lotteries])

    def score(self, X: Any, y: Any, groups: Any = None) -> float:
        """Share of the variance of ``y`` [n] that ``predict`` explains: 1 at best, 0 for the mean.

        Raises:
            NotFittedError: as of ``predict``.
            ValueError: as of ``predict``, or labels that ``partial_fit`` refuses.
        """
        _check_rows(X, groups, y)
        predicted = self.predict(X, groups)
        labels = _labels(y, len(predicted))
        spread = float(np.sum((labels - labels.mean()) ** 2))
        return 1.0 - float(np.sum((labels - predicted) ** 2)) / spread if spread > 0.0 else np.nan

    def _start(self, dimension: int, names: tuple[str, ...]) -> None:
        policy = Groupwise(
            base_learner=self.base_learner,
            clip=self.clip,
            prior=by_name(self.prior, names, "prior"),
            loss_scale=self.loss_scale,
            fallback=self.fallback,
        )
        problem = RegressionProblem(groups=names, dimension=dimension, low=-np.inf, high=0.0)
        policy.reset(problem, np.random.default_rng(0))  # nothing is drawn: the lottery itself is played
        self._policy, self.n_features_in_, self.group_names_ = policy, dimension, names
        self.group_losses_ = dict.fromkeys(names, 0.0)
        self._columns = None

    def _by_column(self, rows: Array, names: Names | None) -> Array:
        """Rows with their columns in the order of the first ones."""
        if not hasattr(self, "_policy"):
            return rows
        if names is not None and self._columns is not None:
            return np.ascontiguousarray(ordered(rows, names, self._columns))
        if rows.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {rows.shape[1]} features, but GroupwisePredictor is expecting {self.n_features_in_} features "
                "as input"
            )
        return rows

    def _by_group(self, members: Mask, names: tuple[str, ...]) -> Mask:
        """Members in the order of the first ones."""
        if sorted(names) != sorted(self.group_names_):
            raise ValueError(f"groups must be {', '.join(self.group_names_)} as before, got {', '.join(names)}")
        return np.ascontiguousarray(ordered(members, names, self.group_names_, "groups"))

    def _called(self, X: Any) -> dict[str, Any]:
        """What each group's function says of the rows, which it is given as they are."""
        if self.groups is None:
            raise ValueError("groups must be passed with the rows where the constructor got no functions")
        if not isinstance(self.groups, Mapping) or not all(map(callable, self.groups.values())):
            raise ValueError(f"groups must map names to functions of the rows, got {shown(self.groups)}")
        members = {}
        for name, function in self.groups.items():
            try:
                members[name] = function(X)
            except Exception as error:
                kind = f"{type(X).__module__.partition('.')[0]}.{type(X).__name__}"
                error.add_note(f"in the function of the group {name!r}, which is given the rows as they came, a {kind}")
                raise
        return members

    def _members(self, n: int, X: Any, groups: Any) -> tuple[Mask, tuple[str, ...]]:
        """Members [n, n_groups] and the groups' names; of ``n`` rows that are an array, or a table as it came."""
        if groups is None:
            groups = self._called(X)
        if isinstance(groups, Mapping):
            names = tuple(groups)
            _check_rows(X, groups)
            columns = [np.asarray(member) for member in groups.values()]
            table = np.stack(columns, axis=1) if columns else np.empty((n, 0))
        else:
            table = np.asarray(groups)
            found = column_names(groups) or range(table.shape[1] if table.ndim == 2 else 0)
            names = tuple(name if isinstance(name, str) else f"group {name}" for name in found)
        if table.shape != (n, len(names)):
            raise ValueError(f"groups must have shape ({n}, n_groups), got {table.shape}")
        if table.dtype == object:  # of a table where some are missing, say
            table = floats("groups must hold 0 and 1", table)
        wrong = ~((table == 0) | (table == 1))
        if wrong.any():
            row, column = (int(i) for i in np.argwhere(wrong)[0])
            raise ValueError(f"groups must hold 0 and 1, got {table[row, column]} in row {row}, column {column}")
        if flag("always_on", self.always_on) and ALWAYS_ON not in names:
            table, names = np.concatenate([table, np.ones((n, 1))], axis=1), (*names, ALWAYS_ON)
        if not names:
            raise ValueError("groups must name at least one group")
        return np.ascontiguousarray(table, dtype=np.int8), names


def _check_rows(X: Any, groups: Any, y: Any = None) -> None:
    mapped = isinstance(groups, Mapping)
    members = {f"the group {name}": member for name, member in groups.items()} if mapped else {"groups": groups}
    check_rows(X=X, y=y, **members)


def _matrix(X: Any) -> Array:
    rows = _real("X", X)
    if rows.ndim != 2:
        raise ValueError(
            f"X must have shape (n, dimension), got {rows.shape}. Reshape your data: X[None, :] for one row"
        )
    if rows.shape[1] == 0:
        raise ValueError(f"X holds 0 feature(s) (shape={rows.shape}) while a minimum of 1 is required.")
    rows = np.ascontiguousarray(rows)
    if not np.all(np.isfinite(rows)):
        row, column = (int(i) for i in np.argwhere(~np.isfinite(rows))[0])
        raise ValueError(f"X must be finite, got {_spelt(rows[row, column])} in row {row}, column {column}")
    return rows


def _labels(y: Any, n: int) -> Array:
    """Labels [n]; of [n, 1] these are made, with a warning."""
    labels = _real("y", y)
    if labels.shape == (n, 1):
        warn_of_column()
        labels = labels[:, 0]
    if labels.shape != (n,):
        raise ValueError(f"y must have shape ({n},), got {labels.shape}")
    if not np.all(np.isfinite(labels)):
        row = int(np.argmin(np.isfinite(labels)))
        raise ValueError(f"y must be finite, got {_spelt(labels[row])} in row {row}")
    return labels


def _real(name: str, values: Any) -> Array:
    """Numbers as they came, in double precision; what would be changed on the way is refused."""
    if hasattr(values, "toarray"):
        raise TypeError(f"{name} must be dense, sparse input is not supported: pass {name}.toarray()")
    numbers = np.asarray(values)
    if np.iscomplexobj(numbers):
        raise ValueError(f"{name} must be real. Complex data not supported")
    try:
        return numbers.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{name} must hold numbers alone: {error}") from None


def _spelt(value: float) -> str:
    return "NaN" if np.isnan(value) else f"{value}"
