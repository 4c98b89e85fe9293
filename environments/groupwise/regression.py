"""Grouped regression on a table of rows, shown in one of several orders.

A round shows a context and its groups, takes a prediction of the label in [0, 1] and charges the squared error. The
tape of a run is the order of the rows; everything else is fixed by the table.

Each group is judged on its rows so far by the best linear model, see ``comparators``.

Orders: "given"; "shuffled", a uniform permutation; "ascending", a stable sort of the shuffled rows by the column
``sort_by``; "descending", that order reversed, ties too. Source: published code of Acharya et al. 2024.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import did_you_mean, integer, one_of, shown, within
from bandits.contract import Array, Instance
from bandits.frozen import read_only
from bandits.groupwise.problem import Lotteries, Lottery, RegressionProblem, Round, Rows
from bandits.groupwise.theory import group_of
from bandits.kernels import kernel
from bandits.registry import Component
from environments.groupwise.comparators import COMPARATORS, Comparator
from environments.groupwise.data import GroupedData
from environments.groupwise.environment import GroupedEnvironment
from environments.groupwise.instance import RowsInstance

ORDERS = ("shuffled", "given", "ascending", "descending")
ALIGNMENTS = ("exact", "published")


@kernel
def _expected_loss(values: Array, weights: Array, label: float) -> float:
    """The expected loss of one lottery, or -1 where it is none."""
    total, finite, loss = 0.0, True, 0.0
    for k in range(values.size):
        total += weights[k]
        finite = finite and weights[k] >= 0.0 and abs(values[k]) < np.inf
        error = values[k] - label
        loss += weights[k] * (error * error)
    return loss if finite and abs(total - 1.0) <= 1e-9 else -1.0


@kernel
def _expected_losses(values: Array, weights: Array, labels: Array, losses: Array) -> int:
    """Fill in the expected losses [n] up to the first lottery that is none; its round, or ``n``."""
    for s in range(labels.size):
        losses[s] = _expected_loss(values[s], weights[s], labels[s])
        if losses[s] == -1.0:
            return s
    return labels.size


def paper_permutation(n: int, seed: int) -> NDArray[np.int64]:
    """The permutation of ``n`` rows that the paper's code makes with ``seed`` (numpy's legacy generator)."""
    return np.random.RandomState(seed).permutation(n).astype(np.int64)


class GroupedRegression(GroupedEnvironment[Any, float, NDArray[np.int64]]):
    """Regression on the rows of a table; labels are to lie in [0, 1].

    An action is a prediction, [1] or a number, or a ``Lottery`` over predictions, charged at its expected loss.
    Predictions beyond [0, 1] are allowed and may cost more than 1. The feedback is the label.

    Args:
        data: the table, from ``grouped_data``.
        order: "shuffled", "given", "ascending" or "descending".
        sort_by: the column to sort by, for the last two.
        horizon: number of rounds, at most the number of rows; None for all.
        report_groups: names of the groups whose regret is reported; None for all.
        regret_alignment: "exact", or "published": the comparator leaves out the last row of the group's prefix, as in
            the paper's published tables. No theorem speaks of the latter.
        comparator: "least_squares", "ridge" with a ``penalty``, or "bounded_ols" with a ``radius``, by name or as
            ``{"name": ..., "parameters": {...}}``; see ``comparators``.
    """

    def __init__(
        self,
        data: GroupedData,
        order: str = "shuffled",
        sort_by: str | None = None,
        horizon: int | None = None,
        report_groups: Sequence[str] | None = None,
        regret_alignment: str = "exact",
        comparator: Component = "least_squares",
    ) -> None:
        n, d = data.contexts.shape
        self.data = data
        self.order = one_of("order", order, ORDERS)
        self.sort_by = sort_by
        self.regret_alignment = one_of("regret_alignment", regret_alignment, ALIGNMENTS)
        self.comparator = comparator
        self._models: Comparator = COMPARATORS.build(comparator, "comparator")
        rounds = n if horizon is None else integer("horizon", horizon, 1, n)
        if (sort_by is not None) != (order in ("ascending", "descending")):
            raise ValueError(
                f"sort_by must name a column exactly when rows are sorted, got {shown(sort_by)} with {order!r}"
            )
        if sort_by is not None and not (isinstance(sort_by, str) and sort_by in data.columns):
            known = ", ".join(data.columns)
            raise ValueError(
                f"sort_by must be one of {known}, got {shown(sort_by)}{did_you_mean(sort_by, data.columns)}"
            )
        low, high = data.contexts.min(axis=0), data.contexts.max(axis=0)
        ranges = tuple((float(a), float(b) if b > a else float(a) + 1.0) for a, b in zip(low, high, strict=True))
        problem = RegressionProblem(dimension=d, contexts=ranges, groups=data.names, horizon=rounds, low=-1.0, high=0.0)
        super().__init__(problem, report_groups)
        self._reported = [(name, i) for name, i in self._reported if np.any(data.groups[:, i])]
        if not self._reported:
            raise ValueError("report_groups must name a group that holds any row")
        self.kind = self._models.kind
        self.comparator_class = group_of("{}", self.kind)
        if regret_alignment == "published":
            self.comparator_class += ", all rows but the last"
        self.action_space = spaces.Box(0.0, 1.0, (1,), np.float64)
        box = spaces.Box(np.array([a for a, _ in ranges]), np.array([b for _, b in ranges]), dtype=np.float64)
        self.observation_space = spaces.Tuple((box, spaces.MultiBinary(len(data.names))))

    def draw(self, rng: np.random.Generator) -> NDArray[np.int64]:
        return self._arrange(rng.permutation(len(self.data.labels)))

    def paper_tape(self, seed: int) -> NDArray[np.int64]:
        """The order of rows in the paper's run of that seed (473, 503, 623, 550, 692, 989, 617, 458, 301, 205)."""
        return self._arrange(paper_permutation(len(self.data.labels), seed))

    def _arrange(self, shuffled: NDArray[np.int64]) -> NDArray[np.int64]:
        if self.order == "given":
            shuffled = np.arange(len(shuffled))
        if self.sort_by is not None:
            shuffled = shuffled[np.argsort(self.data.columns[self.sort_by][shuffled], kind="stable")]
        if self.order == "descending":
            shuffled = shuffled[::-1]
        return np.ascontiguousarray(shuffled[: self.horizon])

    def check_tape(self, tape: NDArray[np.int64]) -> None:
        within("rows of tape", tape, 0, len(self.data.labels) - 1)

    def begin(self, tape: NDArray[np.int64]) -> None:
        self._X, self._y = self.data.contexts[tape], self.data.labels[tape]
        self._open(
            self.data.groups[tape],
            RowsInstance,
            dimension=self._X.shape[1],
            radius=self._models.radius,
            contexts=self._X,
            labels=self._y,
            comparator=self._models,
            lag=1 if self.regret_alignment == "published" else 0,
        )

    def instance(self) -> Instance:
        """The run's rows in hindsight, a ``RegressionInstance``; nothing for the published alignment.

        Raises:
            NotBegunError: no run was begun.
        """
        return self._judge if self.regret_alignment == "exact" else _NOTHING

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Predictions may be right, and of any size. In the order given the best model's loss is known.

        In others it is at most that of the prediction 0, at most the largest squared labels of the group, and at most
        the best model's on all rows of the group (derived).
        """
        found, data = {}, self.data
        for name, i in self._reported:
            if self.order == "given":
                low = self.comparators(times)[f"best in {name}"]
            else:
                member = np.ascontiguousarray(data.groups[:, i])
                largest = np.sort(data.labels[member == 1] ** 2)[::-1]
                whole = self._models.losses(data.contexts, data.labels, member, np.array([largest.size]))[0]
                low = -np.minimum(np.append(0.0, np.cumsum(largest))[np.minimum(times, largest.size)], whole)
            found[name] = np.array([low, np.full(len(times), np.inf)])
        return found

    def observe(self) -> Round:
        t = min(self.clock, self.horizon - 1)
        return Round(self._X[t].copy(), self._groups[t].copy())

    def block(self, most: int) -> Rows:
        """The next rows for a compiled policy, read-only: at least 1 and at most ``most``."""
        self.check_running()
        part = slice(self.clock, min(self.clock + most, self.horizon))
        return Rows(read_only(self._X[part]), read_only(self._groups[part]), read_only(self._y[part]))

    def absorb(self, actions: Lotteries) -> None:
        """Charge the lotteries of the next ``n`` rounds.

        Raises:
            ValueError: more lotteries than rounds are left, or one that is none; nothing changes.
            RuntimeError: the run is over.
        """
        self.check_running()
        values, weights = (np.asarray(part, dtype=np.float64) for part in actions)
        if values.ndim != 2 or values.shape != weights.shape or len(values) > self.horizon - self.clock:
            raise ValueError(
                f"actions must hold as many values as weights for at most {self.horizon - self.clock} rounds, got "
                f"shapes {values.shape} and {weights.shape}"
            )
        part = slice(self.clock, self.clock + len(values))
        bad = _expected_losses(values, weights, self._y[part], self._charged[part])
        if bad < len(values):
            raise _no_lottery(values[bad], weights[bad])
        self.clock += len(values)

    def transition(self, action: Any) -> tuple[float, float]:
        now = self.clock
        if now >= self.horizon:
            self.check_running()
        values, weights = action if isinstance(action, Lottery) else (np.reshape(action, -1), _SURE)
        values, weights = np.asarray(values, dtype=np.float64), np.asarray(weights, dtype=np.float64)
        if values.ndim != 1 or values.shape != weights.shape:
            raise ValueError(
                f"a prediction must be one number, or a lottery of as many values as weights, got {shown(action)}"
            )
        label = self._y.item(now)
        loss = _expected_loss(values, weights, label)
        if loss == -1.0:
            raise _no_lottery(values, weights)
        self._charged[now] = loss
        self.clock = now + 1
        return -loss, label


def _no_lottery(values: Array, weights: Array) -> ValueError:
    what = f"got the values {values} and the weights {weights}"
    return ValueError(f"a lottery must have finite values and weights >= 0 with sum 1, {what}")


_SURE = np.ones(1)
_NOTHING = Instance()
