"""Least squares on prefixes of a group's rows, from Gram matrices that grow row by row.

For each prefix, ``SSE* = min_theta |y - X theta|^2`` from ``M = X^T X``, ``b = X^T y``, ``s = |y|^2``: Cholesky with
diagonal pivoting of ``M`` scaled to a unit diagonal, stopped where the largest pivot left is at most 1e-10, gives ``L``
and ``z = L^{-1} b``, and ``SSE* = s - |z|^2``. One-hot designs are rank deficient, so a cutoff is needed; on a unit
diagonal a pivot is the share of a column that the columns before it do not explain, whatever the columns' scales.

Compiled loops on one thread, no BLAS: threads of a BLAS slow matrices of this size down, many times under load.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.groupwise.policy import Mask
from bandits.kernels import kernel

CUTOFF = 1e-10
"""Pivots, relative to the column's own length squared, that count as zero."""


@kernel
def _absorb(x: Array, y: float, M: Array, b: Array) -> None:
    for i in range(x.size):
        if x[i] != 0.0:
            b[i] += y * x[i]
            row, factor = M[i], x[i]
            for j in range(x.size):
                row[j] += factor * x[j]


@kernel
def _squares(M: Array, b: Array, s: float, A: Array, z: Array, cutoff: float) -> float:
    """``min_theta SSE`` by pivoted Cholesky; ``A`` and ``z`` are scratch."""
    d = b.size
    for i in range(d):
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
        p = k
        for i in range(k + 1, d):
            if A[i, i] > A[p, p]:
                p = i
        if A[p, p] <= cutoff:
            break
        for j in range(k, d):
            A[k, j], A[p, j] = A[p, j], A[k, j]
        for i in range(k, d):
            A[i, k], A[i, p] = A[i, p], A[i, k]
        z[k], z[p] = z[p], z[k]
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
    return max(s - explained, 0.0)


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
    X: Array, y: Array, rows: NDArray[np.int64], ends: NDArray[np.int64], penalty: float, cutoff: float, out: Array
) -> None:
    d = X.shape[1]
    M, A, b, z = np.zeros((d, d)), np.empty((d, d)), np.zeros(d), np.empty(d)
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
            out[k, 0] = _squares(M, b, s, A, z, cutoff)


def prefix_losses(X: Array, y: Array, member: Mask, ends: NDArray[np.int64]) -> Array:
    """Least-squares losses [n_ends] on prefixes of the rows of a group.

    Args:
        X: [n, dimension] contexts.
        y: [n] labels.
        member: [n] 1 for the group's rows.
        ends: [n_ends] lengths of the prefixes in rows of the group, not decreasing.
    """
    out = np.zeros((len(ends), 2))
    _prefixes(X, y, np.flatnonzero(member), ends, 0.0, CUTOFF, out)
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
    _prefixes(X, y, np.flatnonzero(member), ends, penalty, CUTOFF, out)
    return out[:, 0], out[:, 1]


def minimum_norm_solution(X: Array, y: Array) -> Array:
    """The shortest least-squares coefficients [dimension], by singular values with relative cutoff 1e-10."""
    return np.asarray(np.linalg.lstsq(X, y, rcond=CUTOFF)[0], dtype=np.float64)
