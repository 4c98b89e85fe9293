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
from environments.sor.kernels import CONVERGED, DIVERGED, Split, solve_csr
from environments.sor.settle import Run, Settled, in_units, settle
from environments.sor.ssor import product
from environments.sor.stencil import solve_stencil

SYMMETRIC = 1e-12
"""Largest asymmetry, relative to the largest entry, that passes for rounding in double precision."""
ROUNDINGS = 64.0
"""The same in units of the precision of a matrix that is given in a lower one."""


@dataclass(frozen=True)
class SorResult:
    """The outcome of one solve.

    Attributes:
        x: [n] the last iterate.
        iterations: number of sweeps; ``max_iter`` when the tolerance was not met.
        converged: whether ``b - A x``, formed anew from ``x``, meets the tolerance.
        diverged: whether the iteration was stopped because the residual overflowed or ``A`` was not positive definite.
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
    if not is_symmetric(matrix, slack_of(A)):
        warnings.warn("A is not symmetric: SOR may not converge", stacklevel=2)
    parts, exponent = in_units(split(matrix))

    def run(residual: Array, target: float, most: int, x: Array) -> tuple[int, int]:
        return solve_csr(parts, omega, residual, target, most, x)

    return _solve(run, lambda x: times(parts, x), vector(b, matrix.shape[0]), omega, tol, max_iter, exponent)


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
    values = numbers(b, "b")
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


def times(parts: Split, x: Array) -> Array:
    """``A x`` [n] of a matrix in parts."""
    y = np.empty_like(x)
    product(parts, x, y)
    return y


def square_matrix(A: Any, name: str = "A") -> Any:
    """Check ``A`` and return it as CSR in double precision with sorted indices, no duplicates and no stored zeros.

    Raises:
        ValueError: no matrix of real numbers, not two-dimensional, not square, empty, not finite, or with a diagonal
            entry that is not positive.
    """
    matrix = check_shape(A, name)
    matrix = sp.csr_array(matrix, dtype=np.float64, copy=True)
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    if not np.all(np.isfinite(matrix.data)):
        raise ValueError(f"{name} must be finite, got NaN or infinity among its entries")
    diagonal = matrix.diagonal()
    if not np.all(diagonal > 0.0):
        i = int(np.argmin(diagonal > 0.0))
        raise ValueError(f"{name}'s diagonal must be positive, got {diagonal[i]!r} in row {i}")
    return matrix


def check_shape(A: Any, name: str) -> Any:
    """``A`` where it is sparse, else as an array in double precision; ``ValueError`` if it is no real square matrix."""
    if hasattr(A, "matvec"):
        raise ValueError(
            f"{name} must be a matrix with its entries, sparse or dense, got {type(A).__name__}: relaxation works on "
            f"the entries; {name} @ np.eye({name}.shape[1]) has them"
        )
    matrix = A
    if sp.issparse(A):
        _check_kind(matrix.dtype, name)
    else:
        matrix = numbers(A, name)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] < 1:
        raise ValueError(f"{name} must be a square matrix, got shape {matrix.shape}")
    return matrix


def numbers(values: Any, name: str) -> Array:
    """An array in double precision; ``ValueError`` where that would leave out some of what is given."""
    if sp.issparse(values):
        raise ValueError(f"{name} must be dense, got a sparse array: pass {name}.toarray()")
    if np.ma.is_masked(values):
        raise ValueError(f"{name} must have all its entries, got a masked array: pass {name}.filled(...)")
    array = np.asarray(values)
    _check_kind(array.dtype, name)
    try:
        return array.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:  # of objects
        raise ValueError(f"{name} must be real numbers, got an array of objects: {error}") from error


def _check_kind(dtype: np.dtype[Any], name: str) -> None:
    if dtype.kind == "c":
        raise ValueError(
            f"{name} must be real, got {dtype}: pass {name}.real where no imaginary part is meant; a Hermitian system "
            "(R + iS)(u + iv) = f + ig is the symmetric one [[R, -S], [S, R]] [u, v] = [f, g] of twice the size"
        )
    if dtype.kind not in "biufO":
        raise ValueError(f"{name} must be real numbers, got {dtype}")


def slack_of(A: Any) -> float:
    """The asymmetry, relative to the largest entry, that passes for rounding in the precision of ``A``."""
    dtype: np.dtype[Any] = getattr(A, "dtype", None) or np.asarray(A).dtype
    return max(SYMMETRIC, ROUNDINGS * float(np.finfo(dtype).eps)) if dtype.kind == "f" else SYMMETRIC


def is_symmetric(matrix: Any, slack: float = SYMMETRIC) -> bool:
    """Whether ``|a_ij - a_ji| <= slack max |a|`` for all entries."""
    difference = abs(matrix - matrix.T)
    return bool(difference.max() <= slack * abs(matrix).max())


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
    values = numbers(b, name).copy()
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
    run: Run,
    product: Callable[[Array], Array],
    b: Array,
    omega: float,
    tol: float,
    max_iter: int,
    exponent: int = 0,
) -> SorResult:
    real("omega", omega, 0.0, 2.0)
    check_tolerance(tol)
    integer("max_iter", max_iter)
    return result_of(settle(run, product, b, np.zeros_like(b), tol, max_iter, exponent=exponent))


def result_of(settled: Settled) -> SorResult:
    """A solve as callers see it."""
    x, iterations, status, residual = settled
    return SorResult(x, iterations, status == CONVERGED, status == DIVERGED, residual)
