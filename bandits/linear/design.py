"""Optimal designs: how to spread plays over actions so that the parameter is known equally well in all directions.

A design pi on the actions has ``V = sum pi(a) a a^T`` and ``g = max_a a^T V^-1 a``. It is G-optimal where g is least;
by Kiefer and Wolfowitz (1960) the same designs have the largest ``det V``, then ``g = d``, and one of them has at most
``d (d + 1) / 2`` actions (Lattimore and Szepesvári, *Bandit Algorithms*, draft, chapter 21). With ``q(a) = a^T V^-1 a``
and r the rank of the features, Fedorov's and Wynn's steps with steps away from bad actions:

    start: r actions by pivoted Gram-Schmidt, with weights 1/r
    up = max q / r - 1, down = 1 - min q over the support / r; stop when both are at most the tolerance
    a step towards the best action or away from the worst of the support: pi <- (1 - gamma) pi + gamma e_j,
        gamma = (q_j / r - 1) / (q_j - 1), and no further away than to the weight 0, which then is 0 exactly

The stop is a certificate: ``r <= g <= (1 + tolerance) r``. A support of more than ``r (r + 1) / 2 + 1`` actions, as
approximate designs have, is reduced by Carathéodory's theorem, which changes neither V nor g.

A barycentric spanner (Awerbuch and Kleinberg 2008, recalled) is a basis of actions in which no coefficient of any
action exceeds C.

Features that span less than all dimensions are worked with in an orthonormal basis of their span. All choices follow
the tie rule of ``first_best``, and no BLAS is used, so that a design is the same wherever it is worked out.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import real
from bandits.contract import Array
from bandits.kernels import kernel
from bandits.linear.problem import Features
from bandits.linear.ridge import cholesky, first_best, invert

CAP = 100_000
"""Steps after which the search for a design is given up."""

AFRESH = 50
"""Steps between two computations of the inverse from the weights."""


@dataclass(frozen=True, eq=False)
class Design:
    """A design.

    Attributes:
        weights: [n_actions] probabilities, read-only.
        value: g, the largest ``a^T V^-1 a`` of any action, in ``[rank, (1 + tolerance) rank]``.
        log_det: ``ln det V``, in the span of the features.
        coordinates: [n_actions, rank] of the features in an orthonormal basis of their span, read-only; the features
            themselves where they span all dimensions.
        steps: how many it took.
    """

    weights: Array
    value: float
    log_det: float
    coordinates: Array
    steps: int

    @property
    def support(self) -> NDArray[np.int64]:
        """Actions of positive weight, ascending."""
        return np.flatnonzero(self.weights)

    @property
    def rank(self) -> int:
        """Number of dimensions that the features span."""
        return int(self.coordinates.shape[1])


@dataclass(frozen=True, eq=False)
class Spanner:
    """A barycentric spanner.

    Attributes:
        actions: [rank] those of the basis, ascending.
        largest: the largest absolute coefficient of any action.
        log_det: logarithm of the absolute determinant of the basis, in the span of the features.
        coordinates: as of ``Design``.
    """

    actions: NDArray[np.int64]
    largest: float
    log_det: float
    coordinates: Array


def design(features: Features | ArrayLike, tolerance: float = 0.05) -> Design:
    """A nearly G-optimal design of small support.

    Args:
        features: of the actions, [n_actions, dimension]. Of ``Features`` the last few designs are kept.
        tolerance: in (0, 1]: g is at most ``(1 + tolerance) rank``.

    Raises:
        ValueError: an argument out of its domain, features that are all 0, or no such design after ``CAP`` steps; the
            message has the certificate that was reached.

    Example:
        >>> found = design([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])
        >>> found.weights, round(found.value, 9)
        (array([0.5, 0.5, 0. ]), 2.0)
    """
    tolerance = real("tolerance", tolerance, 0.0, 1.0, closed="high")
    return _kept(features, tolerance) if isinstance(features, Features) else _found(Features(features), tolerance)


@lru_cache(maxsize=4)
def _kept(features: Features, tolerance: float) -> Design:
    """Of a set that is played again and again; those that survive an elimination are not kept."""
    return _found(features, tolerance)


def _found(features: Features, tolerance: float) -> Design:
    rows, start = _spanned(features)
    k, r = rows.shape
    weights, q, inverse = np.zeros(k), np.empty(k), np.empty((r, r))
    if r == 1:
        weights[start[0]] = 1.0
        steps = 0
    else:
        weights[start] = 1.0 / r
        steps = _search(rows, weights, q, inverse, tolerance, CAP)
        if steps < 0:
            up, down = np.max(q) / r - 1.0, 1.0 - np.min(q[weights > 0.0]) / r
            raise ValueError(
                f"tolerance must be larger for this set: after {CAP} steps the design is within {max(up, down):.3g} of "
                f"the optimum, got {tolerance!r}"
            )
        if np.count_nonzero(weights) > r * (r + 1) // 2 + 1:
            _reduce(rows, weights)
    log_det = float(_afresh(rows, weights, q, inverse))
    weights.flags.writeable = rows.flags.writeable = False
    return Design(weights, float(np.max(q)), log_det, rows, int(steps))


def spanner(features: Features | ArrayLike, largest: float = 2.0) -> Spanner:
    """A barycentric spanner.

    Args:
        features: of the actions, [n_actions, dimension].
        largest: C >= 1, which no absolute coefficient exceeds.

    Raises:
        ValueError: an argument out of its domain, or features that are all 0.

    Example:
        >>> spanner([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]).actions
        array([0, 1])
    """
    largest = real("largest", largest, 1.0, math.inf, closed="low")
    rows, basis = _spanned(features if isinstance(features, Features) else Features(features))
    coefficients = np.empty(rows.shape)
    while True:
        log_det = _coefficients(rows, basis, coefficients)
        sizes = np.abs(coefficients).ravel()
        if np.max(sizes) <= largest * (1.0 + 1e-10):
            break
        action, position = divmod(first_best(sizes), len(basis))
        basis[position] = action
    rows.flags.writeable = False
    return Spanner(np.sort(basis), float(np.max(sizes)), float(log_det), rows)


def _spanned(features: Features) -> tuple[Array, NDArray[np.int64]]:
    """Coordinates [n_actions, rank] in the span of the features, and ``rank`` actions that span it."""
    table = features.array
    k, d = table.shape
    pivots, directions = np.empty(min(k, d), dtype=np.int64), np.zeros((min(k, d), d))
    rank = _gram_schmidt(table, pivots, directions, 1e-10 * max(k, d))
    if rank == 0:
        raise ValueError("features must not all be 0 for a design, got a table of zeros")
    if rank == d:
        return table.copy(), pivots
    rows = np.empty((k, rank))
    _project(table, directions, rows)
    return rows, pivots[:rank].copy()


@kernel
def _gram_schmidt(table: Array, pivots: NDArray[np.int64], directions: Array, tolerance: float) -> int:
    """Fill in actions by the largest residual norm, and orthonormal directions; returns how many there are."""
    k, d = table.shape
    rest, norms, first = table.copy(), np.empty(k), 0.0
    for r in range(pivots.size):
        for i in range(k):
            square = 0.0
            for j in range(d):
                square += rest[i, j] * rest[i, j]
            norms[i] = math.sqrt(square)
        top = np.max(norms)
        if r == 0:
            first = top
        if top <= tolerance * first or top == 0.0:
            return r
        for i in range(k):  # ties are judged in units of the largest norm, whatever the scale of the features
            norms[i] /= top
        a = first_best(norms)
        pivots[r] = a
        directions[r] = rest[a]
        for _ in range(2):  # once more, against rounding
            for s in range(r):
                inner = 0.0
                for j in range(d):
                    inner += directions[s, j] * directions[r, j]
                for j in range(d):
                    directions[r, j] -= inner * directions[s, j]
        square = 0.0
        for j in range(d):
            square += directions[r, j] * directions[r, j]
        for j in range(d):
            directions[r, j] /= math.sqrt(square)
        for i in range(k):
            inner = 0.0
            for j in range(d):
                inner += rest[i, j] * directions[r, j]
            for j in range(d):
                rest[i, j] -= inner * directions[r, j]
    return int(pivots.size)


@kernel
def _project(table: Array, directions: Array, rows: Array) -> None:
    for i in range(rows.shape[0]):
        for r in range(rows.shape[1]):
            rows[i, r] = 0.0
            for j in range(table.shape[1]):
                rows[i, r] += table[i, j] * directions[r, j]


@kernel
def _afresh(rows: Array, weights: Array, q: Array, inverse: Array) -> float:
    """Work out V^-1 and all q from the weights; returns ``ln det V``."""
    k, r = rows.shape
    gram = np.zeros((r, r))
    for i in range(k):
        if weights[i] > 0.0:
            for j in range(r):
                for m in range(r):
                    gram[j, m] += weights[i] * (rows[i, j] * rows[i, m])
    lower = np.zeros((r, r))
    cholesky(gram, lower)
    log_det = 0.0
    for j in range(r):
        log_det += 2.0 * math.log(lower[j, j])
    invert(lower, inverse)
    for i in range(k):
        square = 0.0
        for j in range(r):
            inner = 0.0
            for m in range(r):
                inner += inverse[j, m] * rows[i, m]
            square += rows[i, j] * inner
        q[i] = square
    return log_det


@kernel
def _search(rows: Array, weights: Array, q: Array, inverse: Array, tolerance: float, cap: int) -> int:
    """Improve the weights in place until the tolerance is certified; returns the number of steps, or -1 at the cap."""
    k, r = rows.shape
    p = np.empty(r)
    for step in range(cap + 1):
        if step % AFRESH == 0:
            _afresh(rows, weights, q, inverse)
        top, bottom = -math.inf, math.inf
        for i in range(k):
            top = max(top, q[i])
            if weights[i] > 0.0:
                bottom = min(bottom, q[i])
        up, down = top / r - 1.0, 1.0 - bottom / r
        if up <= tolerance and down <= tolerance:
            if step % AFRESH == 0:
                return step
            _afresh(rows, weights, q, inverse)  # certified by what was not updated
            top, bottom = -math.inf, math.inf
            for i in range(k):
                top = max(top, q[i])
                if weights[i] > 0.0:
                    bottom = min(bottom, q[i])
            up, down = top / r - 1.0, 1.0 - bottom / r
            if up <= tolerance and down <= tolerance:
                return step
        if step == cap:
            return -1
        a, drop = 0, False
        if up >= down:
            a = first_best(q)
            gamma = (q[a] / r - 1.0) / (q[a] - 1.0)
        else:
            most = bottom + 1e-10 * max(1.0, abs(bottom))
            while weights[a] <= 0.0 or q[a] > most:
                a += 1
            furthest = -weights[a] / (1.0 - weights[a])
            gamma = (q[a] / r - 1.0) / (q[a] - 1.0) if q[a] > 1.0 else -math.inf
            if gamma <= furthest:
                gamma, drop = furthest, True
        for i in range(k):
            weights[i] *= 1.0 - gamma
        weights[a] = 0.0 if drop else weights[a] + gamma
        for j in range(r):
            p[j] = 0.0
            for m in range(r):
                p[j] += inverse[j, m] * rows[a, m]
        share = gamma / (1.0 - gamma)
        factor = share / (1.0 + share * q[a])
        for j in range(r):
            for m in range(r):
                inverse[j, m] = (inverse[j, m] - factor * (p[j] * p[m])) / (1.0 - gamma)
        for i in range(k):
            c = 0.0
            for j in range(r):
                c += rows[i, j] * p[j]
            q[i] = (q[i] - factor * (c * c)) / (1.0 - gamma)
    return -1


@kernel
def _reduce(rows: Array, weights: Array) -> None:
    """Carathéodory: take weights to 0 along null vectors of ``[upper(a a^T); 1]`` until the support is small."""
    k, r = rows.shape
    n = r * (r + 1) // 2 + 1  # equations; n + 1 points at a time have a null vector
    table, points, order = np.empty((n, n + 1)), np.empty(n + 1, dtype=np.int64), np.empty(n + 1, dtype=np.int64)
    null = np.empty(n + 1)
    while True:
        found = 0
        for i in range(k):
            if weights[i] > 0.0:
                points[found] = i
                found += 1
                if found > n:
                    break
        if found <= n:
            return
        for c in range(n + 1):
            row, e = rows[points[c]], 0
            for j in range(r):
                for m in range(j, r):
                    table[e, c] = row[j] * row[m]
                    e += 1
            table[e, c] = 1.0
        _null_vector(table, order, null)
        largest = 0
        for c in range(n + 1):
            if abs(null[c]) > abs(null[largest]):
                largest = c
        sign = 1.0 if null[largest] > 0.0 else -1.0
        stop, step = -1, math.inf
        for c in range(n + 1):
            if sign * null[c] > 0.0 and weights[points[c]] / (sign * null[c]) < step:
                stop, step = c, weights[points[c]] / (sign * null[c])
        for c in range(n + 1):
            weights[points[c]] = max(weights[points[c]] - step * sign * null[c], 0.0)
        weights[points[stop]] = 0.0


@kernel
def _null_vector(table: Array, order: NDArray[np.int64], null: Array) -> None:
    """A vector that the table [n, n + 1] takes to 0, by elimination with complete pivoting; the table is used up."""
    n = table.shape[0]
    for c in range(n + 1):
        order[c], null[c] = c, 0.0
    rank, first = 0, 0.0
    for s in range(n):
        row, column, best = s, s, 0.0
        for i in range(s, n):
            for j in range(s, n + 1):
                if abs(table[i, j]) > best:
                    row, column, best = i, j, abs(table[i, j])
        if s == 0:
            first = best
        if best <= 1e-13 * first:
            break
        rank += 1
        for j in range(n + 1):
            table[s, j], table[row, j] = table[row, j], table[s, j]
        for i in range(n):
            table[i, s], table[i, column] = table[i, column], table[i, s]
        order[s], order[column] = order[column], order[s]
        for i in range(s + 1, n):
            factor = table[i, s] / table[s, s]
            for j in range(s, n + 1):
                table[i, j] -= factor * table[s, j]
    null[order[rank]] = 1.0  # the first column that is none of the pivots
    for s in range(rank - 1, -1, -1):
        value = -table[s, rank]
        for j in range(s + 1, rank):
            value -= table[s, j] * null[order[j]]
        null[order[s]] = value / table[s, s]


@kernel
def _coefficients(rows: Array, basis: NDArray[np.int64], coefficients: Array) -> float:
    """Fill in the coefficients [n_actions, r] of all rows in the basis; returns the basis' ``ln |det|``."""
    k, r = rows.shape
    left, right, log_det = np.empty((r, r)), np.eye(r), 0.0
    for i in range(r):
        left[i] = rows[basis[i]]
    for s in range(r):  # Gauss and Jordan: right becomes the inverse
        row = s
        for i in range(s + 1, r):
            if abs(left[i, s]) > abs(left[row, s]):
                row = i
        for j in range(r):
            left[s, j], left[row, j] = left[row, j], left[s, j]
            right[s, j], right[row, j] = right[row, j], right[s, j]
        pivot = left[s, s]
        log_det += math.log(abs(pivot))
        for j in range(r):
            left[s, j] /= pivot
            right[s, j] /= pivot
        for i in range(r):
            if i != s:
                factor = left[i, s]
                for j in range(r):
                    left[i, j] -= factor * left[s, j]
                    right[i, j] -= factor * right[s, j]
    for i in range(k):
        for j in range(r):
            coefficients[i, j] = 0.0
            for m in range(r):
                coefficients[i, j] += rows[i, m] * right[m, j]
    return log_det
