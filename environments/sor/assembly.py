"""Compiled checks of a sparse matrix and its division into the parts that the kernels work on, in one pass each.

For a user's own loop, where a matrix comes anew in every step and a solve takes but a few passes over it.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from environments.sor.kernels import Split
from environments.sor.solve import check_shape, is_symmetric, slack_of, split, square_matrix

FINE, NOT_FINITE, NOT_POSITIVE, NOT_SYMMETRIC = 0, 1, 2, 3


@kernel
def _divide(
    ptr: NDArray[np.int32],
    idx: NDArray[np.int32],
    val: Array,
    lower: Split,
    cursor: NDArray[np.int64],
    slack: float,
) -> tuple[int, int]:
    """Fill the parts; returns (what is wrong, row). ``lower`` has room for half of all entries on either side."""
    diagonal, low, low_j, low_a, up, up_j, up_a = lower
    n, largest = diagonal.size, 0.0
    for p in range(ptr[n]):
        if not abs(val[p]) < math.inf:
            return 1, p
        largest = max(largest, abs(val[p]))
    below = above = 0
    symmetric = True
    for i in range(n):
        diagonal[i] = 0.0
        for p in range(ptr[i], ptr[i + 1]):
            j = idx[p]
            if j == i:
                diagonal[i] += val[p]
            elif above == up_j.size or below == low_j.size:  # more than half of all entries on one side
                return 3, 0
            elif j > i:
                up_j[above], up_a[above] = j, val[p]
                above += 1
            else:
                low_j[below], low_a[below] = j, val[p]
                below += 1
                # Rows come in ascending order, so row j's entries above the diagonal are met one after the other.
                while cursor[j] < up[j + 1] and up_j[cursor[j]] < i:
                    symmetric = symmetric and abs(up_a[cursor[j]]) <= slack * largest
                    cursor[j] += 1
                mirrored = 0.0
                if cursor[j] < up[j + 1] and up_j[cursor[j]] == i:
                    mirrored = up_a[cursor[j]]
                    cursor[j] += 1
                symmetric = symmetric and abs(mirrored - val[p]) <= slack * largest
        low[i + 1], up[i + 1] = below, above
        cursor[i] = up[i]
        if not diagonal[i] > 0.0:
            return 2, i
    for j in range(n):
        for p in range(cursor[j], up[j + 1]):
            symmetric = symmetric and abs(up_a[p]) <= slack * largest
    return 0 if symmetric else 3, 0


@kernel
def _grid_coupling(m: int, split: Split) -> float:
    """The number g > 0 of which ``grid_coupling`` speaks, or 0."""
    diagonal, low, low_j, low_a, _, _, _ = split
    if low[diagonal.size] == 0:
        return 0.0
    g = -float(low_a[0])
    slack = 1e-12 * abs(g)
    for i in range(diagonal.size):
        if not g > 0.0 or abs(diagonal[i] - diagonal[0]) > 1e-12 * diagonal[0]:
            return 0.0
        p = low[i]
        for j, is_there in ((i - m, i >= m), (i - 1, i % m > 0)):
            if is_there:
                if p >= low[i + 1] or low_j[p] != j or abs(low_a[p] + g) > slack:
                    return 0.0
                p += 1
        if p != low[i + 1]:
            return 0.0
    return g


def assemble(A: Any, name: str = "A") -> Split:
    """The parts of a symmetric matrix.

    Args:
        A: [n, n] sparse matrix (any scipy format) or dense.
        name: its name, for messages.

    Raises:
        ValueError: not a finite square matrix of real numbers, symmetric within rounding, with positive diagonal.
    """
    matrix, slack = check_shape(A, name), slack_of(A)
    if getattr(matrix, "format", None) != "csr" or matrix.dtype != np.float64:
        matrix = sp.csr_array(matrix, dtype=np.float64)
    if not matrix.has_canonical_format:
        matrix = matrix.copy()
        matrix.sum_duplicates()
    n, room = matrix.shape[0], matrix.nnz // 2 + 1
    parts = Split(
        np.empty(n),
        np.zeros(n + 1, np.uint32),
        np.empty(room, np.uint32),
        np.empty(room),
        np.zeros(n + 1, np.uint32),
        np.empty(room, np.uint32),
        np.empty(room),
    )
    wrong, row = _divide(matrix.indptr, matrix.indices, matrix.data, parts, np.zeros(n, np.int64), slack)
    if wrong == NOT_FINITE:
        raise ValueError(f"{name} must be finite, got NaN or infinity among its entries")
    if wrong == NOT_POSITIVE:
        raise ValueError(f"{name}'s diagonal must be positive, got {float(parts.diagonal[row])!r} in row {row}")
    if wrong == NOT_SYMMETRIC:  # unless zeros, or what is as good as zero, are stored on one side only
        matrix = square_matrix(matrix, name)
        if not is_symmetric(matrix, slack):
            raise ValueError(f"{name} must be symmetric (to a relative {slack:.2g})")
        return split(matrix)
    return parts


def grid_coupling(parts: Split) -> tuple[int, float]:
    """(m, g) if the matrix is g times a shifted 5-point Laplacian on an m by m grid with m >= 2, else (0, 0)."""
    m = math.isqrt(parts.diagonal.size)
    if m < 2 or m * m != parts.diagonal.size:
        return 0, 0.0
    g = float(_grid_coupling(m, parts))
    return (m, g) if g > 0.0 else (0, 0.0)
