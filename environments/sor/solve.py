"""One linear system by successive over-relaxation, with checked input.

Algorithm 1 of the paper: ``x <- x + W^-1 r`` with ``W = D/omega + L`` until ``||r|| <= tol ||r_0||``; the count is the
number of sweeps. The paper's text has ``<=``, its code ``<`` [code]; here ``<=``, which differs on an exact tie only.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from bandits.arguments import integer, real
from bandits.contract import Array
from environments.sor.kernels import CONVERGED, DIVERGED, UNFINISHED, Split, solve_csr
from environments.sor.stencil import solve_stencil

TRUSTED = 1e-12
"""Below this tolerance the recursion for the residual is not trusted and the true residual is checked."""


@dataclass(frozen=True)
class SorResult:
    """The outcome of one solve.

    Attributes:
        x: [n] the last iterate.
        iterations: number of sweeps; ``max_iter`` when the tolerance was not met.
        converged: whether the tolerance was met.
        diverged: whether the iteration was stopped because the residual overflowed.
        residual: ``||b - A x|| / ||b||`` (Euclidean) of ``x``, 0 when ``b`` is zero.
    """

    x: Array
    iterations: int
    converged: bool
    diverged: bool
    residual: float


def sor(A: Any, b: Any, omega: float, *, tol: float = 1e-8, max_iter: int = 10_000) -> SorResult:
    """Solve ``A x = b`` by SOR from ``x = 0``, in the given order of the unknowns.

    Args:
        A: [n, n] matrix with positive diagonal, sparse (any scipy format) or dense.
        b: [n] right-hand side.
        omega: relaxation parameter in (0, 2).
        tol: bound on the Euclidean norm of the residual relative to that of ``b``, in (0, 1).
        max_iter: largest number of sweeps, >= 1.

    Raises:
        ValueError: an argument out of its domain, of the wrong shape, or not finite.

    Warns:
        UserWarning: ``A`` is not symmetric, or ``tol`` is below what double precision can reach.
    """
    matrix = square_matrix(A)
    if not is_symmetric(matrix):
        warnings.warn("A is not symmetric: SOR may not converge", stacklevel=2)
    parts = split(matrix)

    def run(residual: Array, target: float, most: int, x: Array) -> tuple[int, int]:
        return solve_csr(parts, omega, residual, target, most, x)

    return _solve(run, lambda x: matrix @ x, vector(b, matrix.shape[0]), omega, tol, max_iter)


def sor_laplacian(
    m: int, b: Any, omega: float, shift: float = 0.0, *, tol: float = 1e-8, max_iter: int = 10_000
) -> SorResult:
    """Solve ``(A + shift I) x = b`` by SOR from zero, ``A`` the 5-point Laplacian (4, -1) on an ``m`` by ``m`` grid.

    The same iterates as ``sor`` on that matrix, several times faster.

    Args:
        m: interior points to a side, >= 1.
        b: [m * m] right-hand side, row by row, or [m, m].
        omega: relaxation parameter in (0, 2).
        shift: multiple of the identity, above minus the smallest eigenvalue ``4 - 4 cos(pi / (m + 1))``.
        tol: as in ``sor``.
        max_iter: as in ``sor``.

    Raises:
        ValueError: an argument out of its domain, of the wrong shape, or not finite.

    Warns:
        UserWarning: ``tol`` is below what double precision can reach.
    """
    integer("m", m)
    check_shift(m, shift)
    diagonal = 4.0 + shift
    values = np.asarray(b, dtype=np.float64)
    side = vector(values.reshape(-1) if values.shape == (m, m) else values, m * m)

    def run(residual: Array, target: float, most: int, x: Array) -> tuple[int, int]:
        return solve_stencil(m, diagonal, omega, residual, target, most, x)

    return _solve(run, lambda x: laplacian_product(m, diagonal, x), side, omega, tol, max_iter)


def laplacian_product(m: int, diagonal: float, x: Array) -> Array:
    """``(A + (diagonal - 4) I) x`` [m * m] for the 5-point Laplacian A on an ``m`` by ``m`` grid."""
    grid = x.reshape(m, m)
    y = diagonal * grid
    y[1:] -= grid[:-1]
    y[:-1] -= grid[1:]
    y[:, 1:] -= grid[:, :-1]
    y[:, :-1] -= grid[:, 1:]
    return y.reshape(-1)


def square_matrix(A: Any, name: str = "A") -> Any:
    """Check ``A`` and return it as CSR in double precision with sorted indices, no duplicates and no stored zeros.

    Raises:
        ValueError: not two-dimensional, not square, empty, not finite, or with a diagonal entry that is not positive.
    """
    shape = np.shape(A)
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] < 1:
        raise ValueError(f"{name} must be a square matrix, got shape {shape}")
    matrix = sp.csr_array(A, dtype=np.float64, copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    if not np.all(np.isfinite(matrix.data)):
        raise ValueError(f"{name} must be finite, got NaN or infinity among its entries")
    diagonal = matrix.diagonal()
    if not np.all(diagonal > 0.0):
        i = int(np.argmin(diagonal > 0.0))
        raise ValueError(f"{name}'s diagonal must be positive, got {diagonal[i]!r} in row {i}")
    return matrix


def is_symmetric(matrix: Any) -> bool:
    """Whether ``|a_ij - a_ji| <= 1e-12 max |a|`` for all entries."""
    difference = abs(matrix - matrix.T)
    return bool(difference.max() <= 1e-12 * abs(matrix).max())


def split(matrix: Any) -> Split:
    """The parts of a checked CSR matrix that the kernels work on."""
    parts = []
    for part in (sp.tril(matrix, -1, format="csr"), sp.triu(matrix, 1, format="csr")):
        part.sort_indices()
        parts += [part.indptr.astype(np.uint32), part.indices.astype(np.uint32), part.data.astype(np.float64)]
    return Split(matrix.diagonal(), *parts)


def check_shift(m: int, shift: float, name: str = "shift") -> None:
    """Raise ``ValueError`` unless the shifted Laplacian of an ``m`` by ``m`` grid is positive definite."""
    limit = -4.0 + 4.0 * np.cos(np.pi / (m + 1))
    if not (np.isfinite(shift) and shift > limit):
        raise ValueError(
            f"{name} must be a finite number above {limit:.6g}, minus the smallest eigenvalue of the Laplacian on the "
            f"{m} x {m} grid, got {shift!r}"
        )


def vector(b: Any, n: int, name: str = "b") -> Array:
    """A copy of ``b`` [n] in double precision; ``ValueError`` if its shape is another or it is not finite."""
    values = np.array(b, dtype=np.float64)
    if values.shape != (n,):
        raise ValueError(f"{name} must have shape ({n},), got {values.shape}")
    if not np.all(np.isfinite(values)):
        raise ValueError(f"{name} must be finite, got NaN or infinity among its entries")
    return values


def check_tolerance(tol: float, name: str = "tol") -> float:
    """Check a relative tolerance; warn where double precision cannot reach it."""
    real(name, tol, 0.0, 1.0)
    if tol < 1e-13:
        warnings.warn(f"{name} = {tol:g} is below 1e-13, which double precision does not reach", stacklevel=3)
    return float(tol)


def _solve(
    run: Callable[[Array, float, int, Array], tuple[int, int]],
    product: Callable[[Array], Array],
    b: Array,
    omega: float,
    tol: float,
    max_iter: int,
) -> SorResult:
    real("omega", omega, 0.0, 2.0)
    check_tolerance(tol)
    integer("max_iter", max_iter)
    x = np.zeros_like(b)
    largest = float(np.max(np.abs(b)))
    if largest == 0.0:
        return SorResult(x, 0, True, False, 0.0)
    # An exact power of two keeps squares of the entries from over- and underflowing.
    exponent = np.frexp(largest)[1]
    b = np.ldexp(b, -exponent)
    start = float(np.linalg.norm(b))
    iterations, status = run(b, tol * start, max_iter, x)
    true = float(np.linalg.norm(b - product(x))) if status != DIVERGED else np.inf
    while tol < TRUSTED and status == CONVERGED and true > tol * start:
        if iterations == max_iter:
            status = UNFINISHED
            break
        more, status = run(b - product(x), tol * start, max_iter - iterations, x)
        iterations += more
        true = float(np.linalg.norm(b - product(x))) if status != DIVERGED else np.inf
    iterations = iterations if status == CONVERGED else max_iter
    return SorResult(np.ldexp(x, exponent), iterations, status == CONVERGED, status == DIVERGED, true / start)
