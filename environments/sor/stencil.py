"""Compiled SOR for the 5-point Laplacian on a square grid, shifted by a multiple of the identity.

The unknowns are in lexicographic order and the sweeps are those of ``kernels.solve_csr`` on the same matrix; only sums
are formed in another order. A plain sweep waits for its left neighbour at every entry. Here four rows go together:
first ``r`` of all four, from old entries alone, which vectorizes; then the recurrence
``delta = (omega / a) (r + left + above)``, each row one column behind the row above it, so that the four steps of one
front do not wait for each other.

Arrays are passed flat with unsigned offsets: slices, or offsets that numba takes for possibly negative, cost more than
the arithmetic of a short row.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.kernels import kernel

COLUMNS = 512
"""Columns that are worked on at once, for the sake of the first-level cache."""


@kernel
def _residuals(
    delta: Array,
    row: np.uint64,
    stride: np.uint64,
    factor: float,
    w: float,
    t: Array,
    start: np.uint64,
    squares: Array,
    width: int,
) -> None:
    """``r`` of one grid row from old entries: its squares are added up by columns, ``w r`` goes to ``t``."""
    for column in range(width):
        k = np.uint64(column)
        r = factor * delta[row + k] + (delta[row + k + np.uint64(1)] + delta[row + stride + k])
        squares[k] += r * r
        t[start + k] = w * r


@kernel
def _add(terms: Array, row: np.uint64, factor: float, totals: Array, start: np.uint64, width: int) -> None:
    for column in range(width):
        k = np.uint64(column)
        totals[start + k] += factor * terms[row + k]


@kernel
def _front(
    t: Array, start: np.uint64, w: float, delta: Array, row: np.uint64, stride: np.uint64, left: Array, width: int
) -> None:
    """The recurrence in four rows, each one column behind the row above; ``left`` [4] holds their last entries."""
    back = stride - np.uint64(1)
    left0, left1, left2, left3 = left[0], left[1], left[2], left[3]
    for column in range(width):
        k, j = row + np.uint64(column), start + np.uint64(column)
        left3 = (t[j + back + back + back] + w * left2) + w * left3
        left2 = (t[j + back + back] + w * left1) + w * left2
        left1 = (t[j + back] + w * left0) + w * left1
        left0 = t[j] + w * left0
        delta[k], delta[k + back] = left0, left1
        delta[k + back + back], delta[k + back + back + back] = left2, left3
    left[0], left[1], left[2], left[3] = left0, left1, left2, left3


@kernel
def solve_stencil(
    m: int, diagonal: float, omega: float, residual: Array, target: float, max_iter: int, x: Array
) -> tuple[int, int]:
    """SOR for ``(diagonal - 4) I + Laplacian`` from the start ``x``, whose residual is given.

    Args:
        m: points to a side of the grid.
        diagonal: the constant diagonal entry, 4 plus the shift.
        omega: relaxation parameter.
        residual: [m * m] ``b - A x``, not zero.
        target: absolute bound on the Euclidean norm of the residual.
        max_iter: largest number of sweeps, >= 1.
        x: [m * m] start; replaced by the solution. Of size 0 when only the count is wanted.

    Returns:
        (sweeps, status), as ``kernels.solve_csr``.
    """
    w = omega / diagonal
    factor = (1.0 / omega - 1.0) * diagonal
    # Grid point (i, k) is entry (i + 1, k + 4) of rows of this length. What surrounds the grid is zero between sweeps;
    # the rows are filled up to a multiple of four, and three columns on either side serve the ends of the fronts.
    length, rows = m + 7, (m + 3) // 4 * 4
    delta = np.zeros((rows + 2) * length)
    t = np.zeros(4 * length)
    squares = np.zeros(min(m, COLUMNS))
    left = np.zeros(4)
    for i in range(m):
        for k in range(m):
            p = (i + 1) * length + k + 4
            delta[p] = w * (residual[i * m + k] + delta[p - 1] + delta[p - length])
    stride = np.uint64(length)
    for sweep in range(1, max_iter + 1):
        squares[:] = 0.0
        for q in range(1, rows + 1, 4):
            left[:] = 0.0
            for first in range(0, m, COLUMNS):
                width = min(m - first, COLUMNS)
                start, corner = np.uint64(first + 4), np.uint64(q * length + first + 4)
                for a in range(min(4, m + 1 - q)):
                    row, line = corner + np.uint64(a) * stride, start + np.uint64(a) * stride
                    _residuals(delta, row, stride, factor, w, t, line, squares, width)
                    if x.size > 0:
                        _add(delta, row, 1.0, x, np.uint64((q - 1 + a) * m + first), width)
                _add(delta, corner - stride, w, t, start, width)
                _front(t, start, w, delta, corner, stride, left, width if first + width < m else width + 3)
            for i in range(q, q + 3):
                for p in range(i * length + m + 4, (i + 1) * length):
                    delta[p] = 0.0
        delta[(m + 1) * length :] = 0.0
        norm = math.sqrt(np.sum(squares))
        if norm <= target:
            return sweep, 0
        if not norm < math.inf:
            return max_iter, 2
    return max_iter, 1
