"""Compiled symmetric over-relaxation (SSOR) and conjugate gradients preconditioned by it, for sparse matrices.

With ``M = (D + omega L) D^-1 (D + omega L^T)``, one application ``z = M^-1 r`` is a forward and a backward triangular
solve. SSOR iterates ``x <- x + omega (2 - omega) M^-1 r``: that is ``W^-1 r`` with ``W = omega / (2 - omega)
(D / omega + L) D^-1 (D / omega + L^T)`` (paper, Algorithm 8), a forward and a backward sweep of SOR; it counts as one.
Conjugate gradients are not changed by the factor. Both take the step ``alpha p`` and ``r <- r - alpha A p``:

    SSOR:     p = z,                     alpha = omega (2 - omega)
    SSOR-CG:  p = z + (rz / rz_old) p,   alpha = rz / (p, A p),    rz = (r, z)

With ``omega = 0`` there is no preconditioner, ``z = r``: plain conjugate gradients. Statuses are those of ``kernels``;
a direction of no positive curvature counts as divergence.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from environments.sor.kernels import CONVERGED, DIVERGED, UNFINISHED, Split


@kernel
def _precondition(split: Split, omega: float, inverse: Array, r: Array, z: Array) -> float:
    """``z = M^-1 r``; returns ``(r, z)``. ``inverse`` [n] is that of the diagonal."""
    diagonal, low, low_j, low_a, up, up_j, up_a = split
    n, rz = diagonal.size, 0.0
    if omega == 0.0:
        for i in range(n):
            z[i] = r[i]
            rz += r[i] * r[i]
        return rz
    for i in range(n):
        s = 0.0
        for p in range(low[i], low[i + 1]):
            s += low_a[p] * z[low_j[p]]
        z[i] = inverse[i] * (r[i] - omega * s)
    for back in range(n):
        i = n - 1 - back
        s = 0.0
        for p in range(up[i], up[i + 1]):
            s += up_a[p] * z[up_j[p]]
        z[i] -= omega * inverse[i] * s
        rz += r[i] * z[i]
    return rz


@kernel
def product(split: Split, p: Array, q: Array) -> float:
    """``q = A p``; returns ``(p, q)``."""
    diagonal, low, low_j, low_a, up, up_j, up_a = split
    pq = 0.0
    for i in range(diagonal.size):
        s = diagonal[i] * p[i]
        for k in range(low[i], low[i + 1]):
            s += low_a[k] * p[low_j[k]]
        for k in range(up[i], up[i + 1]):
            s += up_a[k] * p[up_j[k]]
        q[i] = s
        pq += s * p[i]
    return pq


@kernel
def solve_ssor(
    split: Split, omega: float, residual: Array, target: float, max_iter: int, x: Array, conjugate: bool
) -> tuple[int, int]:
    """SSOR, or SSOR-CG where ``conjugate``, from the start ``x``, whose residual is given.

    Args:
        split: the symmetric matrix.
        omega: relaxation parameter in (0, 2); 0 for conjugate gradients without preconditioner.
        residual: [n] ``b - A x``.
        target: absolute bound on the Euclidean norm of the residual.
        max_iter: largest number of iterations, >= 1.
        x: [n] start; replaced by the solution. Of size 0 when only the count is wanted.
        conjugate: whether to take conjugate directions.

    Returns:
        (iterations, status); 0 iterations if the start meets the target.
    """
    n = split.diagonal.size
    r, z, p, q = residual.copy(), np.zeros(n), np.zeros(n), np.zeros(n)
    inverse = 1.0 / split.diagonal
    rr, rz_old, alpha = 0.0, 1.0, omega * (2.0 - omega)
    for i in range(n):
        rr += r[i] * r[i]
    if math.sqrt(rr) <= target:
        return 0, CONVERGED
    for iteration in range(1, max_iter + 1):
        rz = _precondition(split, omega, inverse, r, z)
        beta = rz / rz_old if conjugate and iteration > 1 else 0.0
        for i in range(n):
            p[i] = z[i] + beta * p[i]
        pq = product(split, p, q)
        if conjugate:
            if not pq > 0.0:
                return max_iter, DIVERGED
            alpha, rz_old = rz / pq, rz
        rr = 0.0
        for i in range(n):
            r[i] -= alpha * q[i]
            rr += r[i] * r[i]
        if x.size == n:
            for i in range(n):
                x[i] += alpha * p[i]
        norm = math.sqrt(rr)
        if norm <= target:
            return iteration, CONVERGED
        if not norm < math.inf:
            return max_iter, DIVERGED
    return max_iter, UNFINISHED


@kernel
def count_ssor(
    split: Split,
    shifts: Array,
    residuals: Array,
    omegas: Array,
    targets: Array,
    max_iter: int,
    conjugate: bool,
    counts: NDArray[np.int32],
    status: NDArray[np.int8],
) -> None:
    """Iterations of many solves with ``A + shifts[t] I``, as ``solve_ssor`` counts them.

    Args:
        split: the matrix A.
        shifts: [n_instances] multiples of the identity added to it.
        residuals: [n_instances, n] residuals at the start.
        omegas: [1 or n_instances, n_columns] relaxation parameters.
        targets: [n_instances] residual norms to reach.
        max_iter: largest number of iterations, >= 1.
        conjugate: SSOR-CG instead of SSOR.
        counts: [n_instances, n_columns], written.
        status: [n_instances, n_columns], written.
    """
    diagonal, low, low_j, low_a, up, up_j, up_a = split
    nothing = np.empty(0)
    for t in range(counts.shape[0]):
        shifted = Split(diagonal + shifts[t], low, low_j, low_a, up, up_j, up_a)
        for column in range(counts.shape[1]):
            omega = omegas[t if omegas.shape[0] > 1 else 0, column]
            found = solve_ssor(shifted, omega, residuals[t], targets[t], max_iter, nothing, conjugate)
            counts[t, column], status[t, column] = found
