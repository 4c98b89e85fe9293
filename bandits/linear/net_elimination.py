"""Elimination on a net of sparse parameters, for nearly linear rewards with an s-sparse parameter.

    h = 2 eps / (L sqrt s);  net = { k h : k whole, norm <= S + eps / L }, in s coordinates
    for each set I of s coordinates, each v in the net: value = max_a <a_I, v>, action = the first that attains it
    walk all (I, v) by value, largest first; query the action unless it is known;
    accept the first with r(a) >= value - 2 eps, and play it for ever

A point of the net is near the true parameter; its value V is within 2 eps of the best reward, and its action pays at
least V - 2 eps, so that the walk stops no later. Any action accepted earlier has a value of at least V. So the gap of
the action played is at most 4 eps, for ``O(eps^-s d^s)`` queries at most, however many actions there are. With noise
each query is ``n = ceil(2 sigma^2 ln(2 #candidates / delta) / eps^2)`` plays, accepted at ``value - 3 eps``: 6 eps.

Reference: J. Dong and L. F. Yang, *Does Sparsity Help in Learning Misspecified Linear Bandits?*, ICML 2023. Its
abstract and opening were at hand, not its body: the algorithm is a reconstruction that agrees with the abstract's
``O(eps^-s d^s)`` queries for an ``O(eps)``-optimal action; its constants are derived in this project.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, probability
from bandits.arms.problem import Actions
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import kernel
from bandits.linear.phased import Phase, forever
from bandits.linear.problem import Features, LinearActionsProblem, LinearProblem
from bandits.linear.query import QueryPolicy, asked_bound
from bandits.linear.theory import FIXED, NEARLY, NOISE, NORMS, STEADY, LinearInstance, confidence, holds

MOST = 50_000_000
"""Candidates that are walked."""


def net(s: int, error: float, parameter_norm: float = 1.0, feature_norm: float = 1.0) -> Array:
    """The points [n, s] of the net, row-major; within ``eps / L`` of every parameter of norm S and less.

    Args:
        s: number of coordinates, >= 1.
        error: eps > 0.
        parameter_norm: S > 0.
        feature_norm: L > 0.

    Raises:
        ValueError: it would have more than ``MOST`` points before those of too large a norm are left out.

    Example:
        >>> [len(net(s, eps)) for s, eps in ((1, 0.1), (2, 0.2), (3, 0.2))]
        [11, 61, 565]
    """
    step = 2.0 * error / (feature_norm * math.sqrt(s))
    m = max(0, math.ceil(parameter_norm / step - 0.5 - 1e-9))
    if (2 * m + 1) ** s > MOST:
        raise ValueError(f"error must be larger: the net would have up to {(2 * m + 1) ** s} points, got {error!r}")
    grid = np.arange(-m, m + 1) * step
    points = np.stack(np.meshgrid(*[grid] * s, indexing="ij"), axis=-1).reshape(-1, s)
    within = np.linalg.norm(points, axis=1) <= parameter_norm + error / feature_norm + 1e-9
    return np.ascontiguousarray(points[within])


@kernel
def _values(rows: Array, points: Array, values: Array, actions: NDArray[np.int32]) -> None:
    """Fill in the largest ``<a, v>`` of any action, and the first action that attains it, for each point v."""
    for p in range(points.shape[0]):
        best, arm = -math.inf, 0
        for i in range(rows.shape[0]):
            value = 0.0
            for j in range(rows.shape[1]):
                value += rows[i, j] * points[p, j]
            if value > best:
                best, arm = value, i
        values[p], actions[p] = best, arm


def count(problem: LinearActionsProblem, s: int) -> int:
    """Number of candidates.

    Raises:
        ValueError: of ``net``.
    """
    points = net(s, problem.misspecification, problem.parameter_norm, problem.feature_norm)
    return math.comb(problem.dimension, s) * len(points)


@lru_cache(maxsize=2)
def _walk(
    features: Features, s: int, error: float, parameter_norm: float, feature_norm: float
) -> tuple[Array, NDArray[np.int32]]:
    """Values and actions [n] of all candidates, by value, largest first."""
    points = net(s, error, parameter_norm, feature_norm)
    n = math.comb(features.dimension, s) * len(points)
    values, actions = np.empty(n), np.empty(n, dtype=np.int32)
    for i, coordinates in enumerate(itertools.combinations(range(features.dimension), s)):
        part = slice(i * len(points), (i + 1) * len(points))
        rows = np.ascontiguousarray(features.array[:, list(coordinates)])
        _values(rows, points, values[part], actions[part])
    np.negative(values, out=values)
    order = np.argsort(values, kind="stable")
    return -values[order], actions[order]


class NetElimination(QueryPolicy):
    """Elimination on a net, of a fixed set; a reconstruction.

    Args:
        sparsity: s, number of coordinates of theta that are not 0, >= 1; None for the problem's.
        delta: in (0, 1), probability of a wrong answer where there is noise; None for ``1 / horizon``, and for 0.01
            where the horizon is not told.
    """

    decided = True

    def __init__(self, sparsity: int | None = None, delta: float | None = None) -> None:
        self.sparsity = None if sparsity is None else integer("sparsity", sparsity)
        self.delta = None if delta is None else probability("delta", delta)

    def _sparsity_of(self, problem: LinearActionsProblem) -> int:
        s = problem.sparsity if self.sparsity is None else self.sparsity
        if s is None:
            raise ValueError("NetElimination needs sparsity: the problem has sparsity=None")
        if s > problem.dimension:
            raise ValueError(f"sparsity must be in 1..{problem.dimension}, the dimension, got {s}")
        if problem.misspecification == 0.0:
            raise ValueError("NetElimination needs a misspecification above 0, the grain of its net, got 0.0")
        if problem.parameter_norm == 0.0 or problem.feature_norm == 0.0:
            raise ValueError("NetElimination needs norms above 0, got parameter_norm or feature_norm 0.0")
        if (n := count(problem, s)) > MOST:
            raise ValueError(f"NetElimination walks at most {MOST} candidates, here are {n}: take a smaller sparsity")
        return s

    def _answers(self, problem: LinearActionsProblem, s: int) -> int:
        """Plays of a query."""
        log = math.log(2.0 * count(problem, s) / confidence(self.delta, problem.horizon))
        return max(1, math.ceil(2.0 * problem.sigma**2 * log / problem.misspecification**2))

    def begin(self, problem: LinearProblem) -> Phase:
        s, eps = self._sparsity_of(problem), problem.misspecification
        self._values, self._actions = _walk(
            problem.features, s, eps, float(problem.parameter_norm), float(problem.feature_norm)
        )
        self._answers_each, self._slack = self._answers(problem, s), (2.0 if problem.sigma == 0.0 else 3.0) * eps
        self._asked, self._candidate = {}, 0
        return self._go_through()

    def _go_through(self) -> Phase:
        while self._candidate < len(self._values):
            action = int(self._actions[self._candidate])
            if action not in self._asked:
                return np.array([action]), np.array([self._answers_each])
            if self._asked[action] >= self._values[self._candidate] - self._slack:
                return forever(action)
            self._candidate += 1
        return forever(max(self._asked, key=lambda action: (self._asked[action], -action)))

    def follow(self, order: Actions, plays: Actions, sums: Array) -> Phase:
        self._asked[int(order[0])] = float(sums[0] / plays[0])
        return self._go_through()

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """``Q gmax + 4 eps t``, Q the smaller of the numbers of candidates and of actions; derived in this project.

        With noise ``Q n gmax + 6 eps t + delta t gmax``.
        """
        if not isinstance(instance, LinearInstance) or instance.largest_gap is None:
            return ()
        s, eps, gap = self._sparsity_of(problem), problem.misspecification, instance.largest_gap
        queries = min(count(problem, s), problem.n_actions) * self._answers(problem, s)
        slope = 4.0 * eps
        if problem.sigma > 0.0:
            slope = 6.0 * eps + confidence(self.delta, problem.horizon) * gap
        sparse = instance.theta is not None and int(np.count_nonzero(instance.theta)) <= s
        return (
            Bound(
                "net bound",
                "upper",
                lambda t: queries * gap + slope * t,
                "fixed",
                "derived in this project, after Dong and Yang 2023 (a reconstruction)",
                "derived",
                (
                    *holds(instance, problem, NEARLY, NORMS, NOISE, STEADY, FIXED),
                    Assumption("theta has at most s coordinates that are not 0", sparse),
                ),
                time="no rate",
            ),
            *asked_bound(instance, min(count(problem, s), problem.n_actions)),
        )
