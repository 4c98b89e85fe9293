"""Least squares on prefixes of a group's rows, plain, penalised or bounded in norm, from growing Gram matrices.

For each prefix, ``SSE* = min_theta |y - X theta|^2`` from ``M = X^T X``, ``b = X^T y``, ``s = |y|^2``: Cholesky with
diagonal pivoting of ``M`` scaled to a unit diagonal, stopped where the largest pivot left is at most 1e-10, gives ``L``
and ``z = L^{-1} b``, and ``SSE* = s - |z|^2``. One-hot designs are rank deficient, so a cutoff is needed; on a unit
diagonal a pivot is the share of a column that the columns before it do not explain, whatever the columns' scales.

With a bound ``|theta| <= U``: the same factor gives ``M = R^T R`` and ``b = R^T z`` with ``R`` of full row rank. Put
``K = R R^T`` and ``v(mu) = (K + mu I)^{-1} z``; then ``theta(mu) = R^T v = (M + mu I)^{-1} b`` is the shortest solution
at ``mu = 0``, ``|theta|^2 = v.(z - mu v)`` and ``SSE(theta) = SSE* + mu^2 |v|^2`` (derived). If ``|theta(0)| > U``, the
multiplier solves ``|theta(mu)| = U``: Newton's method on ``1 / |theta(mu)|``, which is concave, climbs to it from 0
(J. J. More, D. C. Sorensen, *Computing a Trust Region Step*, 1983). No null space is left to divide by ``mu`` in.

Compiled loops on one thread, no BLAS: threads of a BLAS slow matrices of this size down, many times under load.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.groupwise.problem import Mask
from bandits.kernels import kernel

CUTOFF = 1e-10
"""Pivots, relative to the column's own length squared, that count as zero.

So a column of which less than 1e-5 of its length is not explained by others counts as explained, and losses are exact
up to what it would explain beyond them.
"""


@kernel
def _absorb(x: Array, y: float, M: Array, b: Array) -> None:
    for i in range(x.size):
        if x[i] != 0.0:
            b[i] += y * x[i]
            row, factor = M[i], x[i]
            for j in range(x.size):
                row[j] += factor * x[j]


@kernel
def _squares(
    M: Array, b: Array, s: float, longest: bool, A: Array, z: Array, order: NDArray[np.int64], cutoff: float
) -> tuple[float, int]:
    """``min_theta SSE`` by pivoted Cholesky, and the rank; with ``longest``, pivots are compared in their own scales.

    In the scratch arrays remain, for the columns in ``order``, the factor's rows ``A`` and the eliminated ``z``, both
    times the square root of the pivot, which stands on the diagonal.
    """
    d, rank = b.size, b.size
    for i in range(d):
        order[i] = i
        scale = 1.0 / math.sqrt(M[i, i]) if M[i, i] > 0.0 else 0.0
        z[i] = b[i] * scale
        for j in range(d):
            A[i, j] = M[i, j] * scale
    for j in range(d):
        scale = 1.0 / math.sqrt(M[j, j]) if M[j, j] > 0.0 else 0.0
        for i in range(d):
            A[i, j] *= scale
    explained = 0.0
    for k in range(d):
        p, size = k, 0.0
        for i in range(k, d):
            if A[i, i] > cutoff:
                value = A[i, i] * M[order[i], order[i]] if longest else A[i, i]
                if value > size:
                    p, size = i, value
        if size == 0.0:
            rank = k
            break
        for j in range(k, d):
            A[k, j], A[p, j] = A[p, j], A[k, j]
        for i in range(d):
            A[i, k], A[i, p] = A[i, p], A[i, k]
        z[k], z[p] = z[p], z[k]
        order[k], order[p] = order[p], order[k]
        pivot = 1.0 / A[k, k]
        explained += z[k] * z[k] * pivot
        top = A[k]
        for i in range(k + 1, d):
            factor = A[i, k] * pivot
            if factor != 0.0:
                z[i] -= factor * z[k]
                row = A[i]
                for j in range(k + 1, d):
                    row[j] -= factor * top[j]
    return max(s - explained, 0.0), rank


@kernel
def _solve(K: Array, mu: float, z: Array, C: Array, v: Array) -> tuple[float, float]:
    """``v = (K + mu I)^{-1} z`` by Cholesky; ``|v|^2`` and ``v.(K + mu I)^{-1} v``. ``C`` is scratch."""
    r = z.size
    square, slope = 0.0, 0.0
    for i in range(r):
        for j in range(i + 1):
            value = K[i, j] + (mu if i == j else 0.0)
            for k in range(j):
                value -= C[i, k] * C[j, k]
            C[i, j] = math.sqrt(value) if i == j else value / C[j, j]
        v[i] = z[i]
        for k in range(i):
            v[i] -= C[i, k] * v[k]
        v[i] /= C[i, i]
    for i in range(r - 1, -1, -1):
        for k in range(i + 1, r):
            v[i] -= C[k, i] * v[k]
        v[i] /= C[i, i]
        square += v[i] * v[i]
    w = np.empty(r)
    for i in range(r):
        w[i] = v[i]
        for k in range(i):
            w[i] -= C[i, k] * w[k]
        w[i] /= C[i, i]
        slope += w[i] * w[i]
    return square, slope


@kernel
def _bounded(
    M: Array, A: Array, z: Array, order: NDArray[np.int64], rank: int, radius: float, K: Array, C: Array, v: Array
) -> float:
    """``min SSE - SSE*`` over ``|theta| <= radius``, from what ``_squares`` left; ``K``, ``C``, ``v`` are scratch."""
    d, r = M.shape[0], rank
    for k in range(r):  # R, in the columns' own scales, in place of the scaled factor
        root = 1.0 / math.sqrt(A[k, k])
        z[k] *= root
        for j in range(k, d):
            A[k, j] *= root * math.sqrt(M[order[j], order[j]])
    for i in range(r):
        for j in range(i + 1):
            K[i, j] = 0.0
            for k in range(i, d):
                K[i, j] += A[i, k] * A[j, k]
    mu, target = 0.0, radius * radius
    for _ in range(200):
        square, slope = _solve(K, mu, z[:r], C, v)
        inner = 0.0
        for i in range(r):
            inner += v[i] * z[i]
        length = inner - mu * square  # |theta|^2
        if length <= target * (1.0 + 1e-12):
            break
        change = length / (square - mu * slope) * (math.sqrt(length) / radius - 1.0)
        if mu + change == mu:
            break
        mu += change
    return mu * mu * square if r > 0 else 0.0


@kernel
def _ridge(M: Array, b: Array, s: float, penalty: float, A: Array, z: Array) -> tuple[float, float]:
    """``min_theta(penalty |theta|^2 + SSE)`` and ``ln det(M / penalty + I)``; ``A`` and ``z`` are scratch."""
    d = b.size
    explained, determinant = 0.0, 0.0
    for i in range(d):
        z[i] = b[i]
        for j in range(d):
            A[i, j] = M[i, j]
        A[i, i] += penalty
    for k in range(d):
        pivot = 1.0 / A[k, k]
        explained += z[k] * z[k] * pivot
        determinant += math.log(A[k, k] / penalty)
        top = A[k]
        for i in range(k + 1, d):
            factor = A[i, k] * pivot
            if factor != 0.0:
                z[i] -= factor * z[k]
                row = A[i]
                for j in range(k + 1, d):
                    row[j] -= factor * top[j]
    return s - explained, determinant


@kernel
def _prefixes(
    X: Array,
    y: Array,
    rows: NDArray[np.int64],
    ends: NDArray[np.int64],
    penalty: float,
    radius: float,
    cutoff: float,
    out: Array,
) -> None:
    d = X.shape[1]
    M, A, b, z = np.zeros((d, d)), np.empty((d, d)), np.zeros(d), np.empty(d)
    K, C, v, order = np.empty((d, d)), np.empty((d, d)), np.empty(d), np.empty(d, np.int64)
    s, n = 0.0, 0
    for k in range(ends.size):
        if k > 0 and ends[k] == ends[k - 1]:
            out[k] = out[k - 1]
            continue
        while n < ends[k]:
            t = rows[n]
            _absorb(X[t], y[t], M, b)
            s += y[t] * y[t]
            n += 1
        if penalty > 0.0:
            out[k, 0], out[k, 1] = _ridge(M, b, s, penalty, A, z)
        else:
            out[k, 0], rank = _squares(M, b, s, radius < np.inf, A, z, order, cutoff)
            if radius < np.inf:
                out[k, 0] += _bounded(M, A, z, order, rank, radius, K, C, v)


def prefix_losses(X: Array, y: Array, member: Mask, ends: NDArray[np.int64], radius: float = math.inf) -> Array:
    """Least-squares losses [n_ends] on prefixes of the rows of a group, over coefficients no longer than ``radius``.

    Args:
        X: [n, dimension] contexts.
        y: [n] labels.
        member: [n] 1 for the group's rows.
        ends: [n_ends] lengths of the prefixes in rows of the group, not decreasing.
        radius: U > 0; infinite for no bound.
    """
    out = np.zeros((len(ends), 2))
    _prefixes(X, y, np.flatnonzero(member), ends, 0.0, radius, CUTOFF, out)
    return out[:, 0]


def prefix_ridge(X: Array, y: Array, member: Mask, ends: NDArray[np.int64], penalty: float) -> tuple[Array, Array]:
    """Penalised least-squares losses [n_ends] on prefixes, and ``ln det(I + X^T X / penalty)`` [n_ends] of each.

    Args:
        X: [n, dimension] contexts.
        y: [n] labels.
        member: [n] 1 for the group's rows.
        ends: [n_ends] lengths of the prefixes in rows of the group, not decreasing.
        penalty: > 0.
    """
    out = np.zeros((len(ends), 2))
    _prefixes(X, y, np.flatnonzero(member), ends, penalty, math.inf, CUTOFF, out)
    return out[:, 0], out[:, 1]


def minimum_norm_solution(X: Array, y: Array) -> Array:
    """The shortest least-squares coefficients [dimension].

    With columns scaled to unit length, singular values below 1e-5 of the largest count as zero, which is the share of a
    column that ``CUTOFF`` leaves out; "shortest" is in the columns' own scales.
    """
    lengths = np.linalg.norm(X, axis=0)
    left, values, right = np.linalg.svd(X / np.where(lengths > 0.0, lengths, 1.0), full_matrices=False)
    kept = values > math.sqrt(CUTOFF) * values[0]
    basis, factor = np.linalg.qr((values[kept, None] * right[kept] * lengths).T)  # of the rows that X spans
    return np.asarray(basis @ np.linalg.solve(factor.T, left[:, kept].T @ y), dtype=np.float64)
