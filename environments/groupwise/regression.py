"""Grouped regression on a table of rows, shown in one of several orders.

A round shows a context and its groups, takes a prediction of the label in [0, 1] and charges the squared error. The
tape of a run is the order of the rows; everything else is fixed by the table.

Comparators, for each group on its rows so far: "least_squares", ``min_theta SSE``, as in the paper's experiments;
"ridge", ``min_theta(penalty |theta|^2 + SSE)``, against which clipped online ridge of the same penalty loses at most
``ln det(A / penalty)``; "bounded_ols", ``min SSE`` over ``|theta| <= radius``, that of gradient descent in a ball.

Orders: "given"; "shuffled", a uniform permutation; "ascending", a stable sort of the shuffled rows by the column
``sort_by``; "descending", that order reversed, ties too. Source: published code of Acharya et al. 2024.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.contract import Array, Problem
from bandits.arguments import did_you_mean, integer, one_of, positive
from bandits.groupwise.policy import Lottery, Mask, Round, Rows
from bandits.groupwise.theory import group_of
from bandits.kernels import kernel
from environments.groupwise.data import GroupedData
from environments.groupwise.least_squares import minimum_norm_solution, prefix_losses, prefix_ridge
from environments.groupwise.world import GroupedWorld, GroupHindsight

ORDERS = ("shuffled", "given", "ascending", "descending")
ALIGNMENTS = ("exact", "published")
COMPARATORS = ("least_squares", "ridge", "bounded_ols")


@kernel
def _absorb(values: Array, weights: Array, labels: Array, groups: Mask, totals: Array) -> tuple[int, float]:
    """Charge the expected losses; -1 and the last one, or the first illegal round, when nothing is charged."""
    loss = 0.0
    for s in range(values.shape[0]):
        total, finite = 0.0, True
        for k in range(values.shape[1]):
            total += weights[s, k]
            finite = finite and weights[s, k] >= 0.0 and abs(values[s, k]) < np.inf
        if not (finite and abs(total - 1.0) <= 1e-9):
            return s, loss
    for s in range(values.shape[0]):
        loss = 0.0
        for k in range(values.shape[1]):
            error = values[s, k] - labels[s]
            loss += weights[s, k] * (error * error)
        for g in range(groups.shape[1]):
            if groups[s, g]:
                totals[g] -= loss
        totals[groups.shape[1]] -= loss
    return -1, loss


def _wanted(name: str, value: float | None, kind: str, comparator: str) -> float | None:
    """A parameter of one kind of comparator, checked: given exactly with that kind."""
    if (value is not None) != (comparator == kind):
        raise ValueError(f"{name} must be given exactly with comparator {kind!r}, got {value!r} with {comparator!r}")
    return value if value is None else positive(name, value)


def paper_permutation(n: int, seed: int) -> NDArray[np.int64]:
    """The permutation of ``n`` rows that the paper's code makes with ``seed`` (numpy's legacy generator)."""
    return np.random.RandomState(seed).permutation(n).astype(np.int64)


class GroupedRegression(GroupedWorld[Any, float, NDArray[np.int64]]):
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
        comparator: "least_squares", "ridge" or "bounded_ols".
        penalty: of the comparator "ridge", > 0; None for the others.
        radius: largest length of the coefficients of the comparator "bounded_ols", > 0; None for the others.
    """

    def __init__(
        self,
        data: GroupedData,
        order: str = "shuffled",
        sort_by: str | None = None,
        horizon: int | None = None,
        report_groups: Sequence[str] | None = None,
        regret_alignment: str = "exact",
        comparator: str = "least_squares",
        penalty: float | None = None,
        radius: float | None = None,
    ) -> None:
        n, d = data.contexts.shape
        self.data = data
        self.order = one_of("order", order, ORDERS)
        self.sort_by = sort_by
        self.report_groups = report_groups if report_groups is None else list(report_groups)
        self.regret_alignment = one_of("regret_alignment", regret_alignment, ALIGNMENTS)
        self.comparator = one_of("comparator", comparator, COMPARATORS)
        self.penalty = _wanted("penalty", penalty, "ridge", comparator)
        self.radius = _wanted("radius", radius, "bounded_ols", comparator)
        self._horizon = n if horizon is None else integer("horizon", horizon, 1, n)
        if (sort_by is not None) != (order in ("ascending", "descending")):
            raise ValueError(f"sort_by must name a column exactly when rows are sorted, got {sort_by!r} with {order!r}")
        if sort_by is not None and sort_by not in data.columns:
            known = ", ".join(data.columns)
            raise ValueError(f"sort_by must be one of {known}, got {sort_by!r}{did_you_mean(sort_by, data.columns)}")
        low, high = data.contexts.min(axis=0), data.contexts.max(axis=0)
        ranges = tuple((float(a), float(b) if b > a else float(a) + 1.0) for a, b in zip(low, high, strict=True))
        problem = Problem(
            "regression",
            "full",
            0,
            self._horizon,
            -1.0,
            0.0,
            contexts=ranges,
            groups=data.names,
            dimension=d,
        )
        super().__init__(problem, report_groups)
        self._reported = [(name, i) for name, i in self._reported if np.any(data.groups[:, i])]
        if not self._reported:
            raise ValueError("report_groups must name a group that holds any row")
        self.kind = "" if penalty is None else f"ridge with penalty {penalty:g}"
        self.kind = self.kind if radius is None else f"coefficients of length at most {radius:g}"
        self.against = group_of("{}", self.kind)
        if regret_alignment == "published":
            self.against += ", all rows but the last"
        self.action_space = spaces.Box(0.0, 1.0, (1,), np.float64)
        box = spaces.Box(np.array([a for a, _ in ranges]), np.array([b for _, b in ranges]), dtype=np.float64)
        self.observation_space = spaces.Tuple((box, spaces.MultiBinary(len(data.names))))

    @property
    def horizon(self) -> int:
        """Number of rounds of a run."""
        return self._horizon

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

    def begin(self, tape: NDArray[np.int64]) -> None:
        self._X, self._y = self.data.contexts[tape], self.data.labels[tape]
        self._open(self.data.groups[tape], bool(np.all((self._y >= 0.0) & (self._y <= 1.0))))

    def _hindsight(self) -> GroupHindsight:
        return RegressionHindsight(self)

    def observe(self) -> Round:
        t = min(self.clock, self.horizon - 1)
        return Round(self._X[t], self._groups[t])

    def next_rows(self, number: int) -> Rows:
        """The next rows for a compiled policy: at least 1 and at most ``number``."""
        self._check_running()
        part = slice(self.clock, min(self.clock + number, self.horizon))
        return Rows(self._X[part], self._groups[part], self._y[part])

    def absorb(self, values: Array, weights: Array) -> float:
        """Charge the lotteries ``values`` and ``weights`` [n, n_plays] in the next ``n`` rounds; the last loss."""
        part = slice(self.clock, self.clock + len(values))
        bad, loss = _absorb(values, weights, self._y[part], self._groups[part], self._totals)
        if bad >= 0:
            raise ValueError(
                f"a lottery must have finite values and weights >= 0 with sum 1, got the values {values[bad]} and the "
                f"weights {weights[bad]}"
            )
        self.clock += len(values)
        return float(loss)

    def transition(self, action: Any) -> tuple[float, float]:
        self._check_running()
        if isinstance(action, Lottery):
            values, weights = action
        else:
            values = np.asarray(action, dtype=np.float64).reshape(-1)
            weights = np.ones(1)
        if values.shape != weights.shape:
            raise ValueError(
                f"a prediction must be one number, or a lottery of as many values as weights, got {action!r}"
            )
        label = self._y.item(self.clock)
        return -self.absorb(values[None, :], weights[None, :]), label

    def _best(self, group: int, ends: NDArray[np.int64]) -> Array:
        lag = 1 if self.regret_alignment == "published" else 0
        rows = self._X, self._y, self._groups[:, group], np.maximum(ends - lag, 0)
        if self.penalty is not None:
            return prefix_ridge(*rows, self.penalty)[0]
        return prefix_losses(*rows, np.inf if self.radius is None else self.radius)

    def _worst(self) -> Array:
        worst: Array = np.maximum(self._y, 1.0 - self._y) ** 2
        return worst


class RegressionHindsight(GroupHindsight):
    """Hindsight with what the bounds of linear learners need."""

    def __init__(self, world: GroupedRegression) -> None:
        super().__init__(world)
        self._rows = world
        self.dimension = world._X.shape[1]
        self.context_norm = float(np.sqrt(np.max(np.einsum("ij,ij->i", world._X, world._X))))
        self.kind = world.kind
        self.radius = np.inf if world.radius is None else world.radius

    def ridge(self, group: str, times: Array, penalty: float) -> tuple[Array, Array]:
        """Excess of the penalised least-squares loss over the comparator's, and ``ln det(A / penalty)``."""
        key = ("ridge", group, penalty, times.tobytes())
        if key not in self._kept:
            world, i = self._rows, self._index(group)
            ends = self.sizes(group, times).astype(np.int64)
            values, determinants = prefix_ridge(world._X, world._y, world._groups[:, i], ends, penalty)
            self._kept[key] = (values - world._best(i, ends), determinants)
        pair: tuple[Array, Array] = self._kept[key]
        return pair

    def solution_norm(self, group: str) -> float:
        """Length of the comparator's coefficients at the horizon, or a bound on it."""
        if self._rows.radius is not None:
            return self._rows.radius
        member = self._rows._groups[:, self._index(group)] == 1
        if not member.any():
            return 0.0
        X, y, penalty = self._rows._X[member], self._rows._y[member], self._rows.penalty
        if penalty is not None:
            return float(np.linalg.norm(np.linalg.solve(penalty * np.eye(X.shape[1]) + X.T @ X, X.T @ y)))
        return float(np.linalg.norm(minimum_norm_solution(X, y)))
