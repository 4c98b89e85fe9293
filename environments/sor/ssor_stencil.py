"""Compiled SSOR and SSOR-CG for the shifted 5-point Laplacian; the iterations are those of ``ssor``.

The triangular solves go by fronts of four rows, as the sweeps of ``stencil``: what is known beforehand is formed for
the four rows at once, then the recurrence ``y = t + w (left + above)`` runs through them, each row one column behind
the row above. The backward solve is the same with the grid turned around: offsets are unsigned, so that it subtracts
what the forward solve adds.

Grid point (i, k) is entry (i + 1, k + 4) of rows of ``m + 7`` entries, the rows filled up to a multiple of four. What
surrounds the grid is zero, but for the ends of the fronts, which are cleared at once.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel


@kernel
def _forward(t: Array, start: np.uint64, w: float, y: Array, row: np.uint64, stride: np.uint64, width: int) -> None:
    """``y = t + w (left + above)`` in four rows from ``row`` on; ``stride`` leads to the next row."""
    back = stride - np.uint64(1)
    left0 = left1 = left2 = left3 = 0.0
    for column in range(width + 3):
        k, j = row + np.uint64(column), start + np.uint64(column)
        left3 = (t[j + back + back + back] + w * left2) + w * left3
        left2 = (t[j + back + back] + w * left1) + w * left2
        left1 = (t[j + back] + w * left0) + w * left1
        left0 = t[j] + w * left0
        y[k], y[k + back] = left0, left1
        y[k + back + back], y[k + back + back + back] = left2, left3


@kernel
def _backward(t: Array, start: np.uint64, w: float, y: Array, row: np.uint64, stride: np.uint64, width: int) -> None:
    """``y = t + w (right + below)`` in the four rows up from ``row``, whose last entry it is; as ``_forward``."""
    back = stride - np.uint64(1)
    right0 = right1 = right2 = right3 = 0.0
    for column in range(width + 3):
        k, j = row - np.uint64(column), start - np.uint64(column)
        right3 = (t[j - back - back - back] + w * right2) + w * right3
        right2 = (t[j - back - back] + w * right1) + w * right2
        right1 = (t[j - back] + w * right0) + w * right1
        right0 = t[j] + w * right0
        y[k], y[k - back] = right0, right1
        y[k - back - back], y[k - back - back - back] = right2, right3


@kernel
def _scale(source: Array, row: np.uint64, factor: float, t: Array, start: np.uint64, width: int) -> None:
    for column in range(width):
        k = np.uint64(column)
        t[start + k] = factor * source[row + k]


@kernel
def _add(source: Array, row: np.uint64, factor: float, t: Array, start: np.uint64, width: int) -> None:
    for column in range(width):
        k = np.uint64(column)
        t[start + k] += factor * source[row + k]


@kernel
def _clear(y: Array, row: int, m: int) -> None:
    """Zero what surrounds the grid in four rows."""
    length = m + 7
    for i in range(row, row + 4):
        for p in range(4):
            y[i * length + p] = 0.0
        for p in range(m + 4, length):
            y[i * length + p] = 0.0


@kernel
def _precondition(m: int, diagonal: float, omega: float, r: Array, z: Array, t: Array, sums: Array) -> float:
    """``z = M^-1 r``; returns ``(r, z)``. ``t`` holds six rows, the first and the last of them zero."""
    length, rows, w = m + 7, (m + 3) // 4 * 4, omega / diagonal
    stride, first, last = np.uint64(length), np.uint64(length + 4), np.uint64(4 * length + 3 + m)
    for q in range(1, rows + 1, 4):
        corner = np.uint64(q * length + 4)
        for a in range(4):
            over = np.uint64(a) * stride
            _scale(r, corner + over, 1.0 / diagonal, t, first + over, m)
        _add(z, corner - stride, w, t, first, m)
        _forward(t, first, w, z, corner, stride, m)
        _clear(z, q, m)
    z[(m + 1) * length :] = 0.0
    for q in range(rows - 3, 0, -4):
        corner = np.uint64(q * length + 4)
        for a in range(4):
            over = np.uint64(a) * stride
            _scale(z, corner + over, 1.0, t, first + over, m)
        _add(z, corner + stride * np.uint64(4), w, t, first + stride * np.uint64(3), m)
        _backward(t, last, w, z, np.uint64((q + 3) * length + 3 + m), stride, m)
        _clear(z, q, m)
    z[:length] = 0.0
    sums[:] = 0.0
    for q in range(1, m + 1):
        _add_products(r, z, np.uint64(q * length + 4), sums, m)
    return np.sum(sums)


@kernel
def _add_products(a: Array, b: Array, row: np.uint64, sums: Array, width: int) -> None:
    for column in range(width):
        k = np.uint64(column)
        sums[k] += a[row + k] * b[row + k]


@kernel
def _product_row(
    p: Array, row: np.uint64, stride: np.uint64, diagonal: float, q: Array, sums: Array, width: int
) -> None:
    one = np.uint64(1)
    for column in range(width):
        k = row + np.uint64(column)
        value = diagonal * p[k] - ((p[k - one] + p[k + one]) + (p[k - stride] + p[k + stride]))
        q[k] = value
        sums[np.uint64(column)] += value * p[k]


@kernel
def _step_row(r: Array, q: Array, alpha: float, row: np.uint64, sums: Array, width: int) -> None:
    for column in range(width):
        k = row + np.uint64(column)
        value = r[k] - alpha * q[k]
        r[k] = value
        sums[np.uint64(column)] += value * value


@kernel
def _direction(z: Array, beta: float, p: Array) -> None:
    for k in range(p.size):
        p[k] = z[k] + beta * p[k]


@kernel
def solve_ssor_stencil(
    m: int, diagonal: float, omega: float, residual: Array, target: float, max_iter: int, x: Array, conjugate: bool
) -> tuple[int, int]:
    """SSOR, or SSOR-CG where ``conjugate``, for ``(diagonal - 4) I + Laplacian`` on an ``m`` by ``m`` grid.

    Args:
        m: points to a side of the grid.
        diagonal: the constant diagonal entry, 4 plus the shift.
        omega: relaxation parameter in (0, 2); 0 for conjugate gradients without preconditioner.
        residual: [m * m] ``b - A x``.
        target: absolute bound on the Euclidean norm of the residual.
        max_iter: largest number of iterations, >= 1.
        x: [m * m] start; replaced by the solution. Of size 0 when only the count is wanted.
        conjugate: whether to take conjugate directions.

    Returns:
        (iterations, status), as ``ssor.solve_ssor``.
    """
    length = m + 7
    size = ((m + 3) // 4 * 4 + 2) * length
    r, z, p, q = np.zeros(size), np.zeros(size), np.zeros(size), np.zeros(size)
    t, sums, stride = np.zeros(6 * length), np.zeros(m), np.uint64(length)
    rr = 0.0
    for i in range(m):
        for k in range(m):
            value = residual[i * m + k]
            r[(i + 1) * length + k + 4] = value
            rr += value * value
    if math.sqrt(rr) <= target:
        return 0, 0
    alpha, rz_old = omega * (2.0 - omega), 1.0
    for iteration in range(1, max_iter + 1):
        if omega == 0.0:
            z[:] = r
            rz = rr
        else:
            rz = _precondition(m, diagonal, omega, r, z, t, sums)
        _direction(z, rz / rz_old if conjugate and iteration > 1 else 0.0, p)
        sums[:] = 0.0
        for i in range(1, m + 1):
            _product_row(p, np.uint64(i * length + 4), stride, diagonal, q, sums, m)
        if conjugate:
            pq = np.sum(sums)
            if not pq > 0.0:
                return max_iter, 2
            alpha, rz_old = rz / pq, rz
        sums[:] = 0.0
        for i in range(1, m + 1):
            _step_row(r, q, alpha, np.uint64(i * length + 4), sums, m)
            if x.size > 0:
                _add(p, np.uint64(i * length + 4), alpha, x, np.uint64((i - 1) * m), m)
        rr = np.sum(sums)
        norm = math.sqrt(rr)
        if norm <= target:
            return iteration, 0
        if not norm < math.inf:
            return max_iter, 2
    return max_iter, 1


@kernel
def count_ssor_stencil(
    m: int,
    shifts: Array,
    residuals: Array,
    omegas: Array,
    targets: Array,
    max_iter: int,
    conjugate: bool,
    counts: NDArray[np.int32],
    status: NDArray[np.int8],
) -> None:
    """Iterations of many solves, as ``ssor.count_ssor``, for the Laplacian of an ``m`` by ``m`` grid."""
    nothing = np.empty(0)
    for t in range(counts.shape[0]):
        for column in range(counts.shape[1]):
            omega = omegas[t if omegas.shape[0] > 1 else 0, column]
            counts[t, column], status[t, column] = solve_ssor_stencil(
                m, 4.0 + shifts[t], omega, residuals[t], targets[t], max_iter, nothing, conjugate
            )
