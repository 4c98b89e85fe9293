"""Spectral radii, consistent ordering, and the asymptotically optimal relaxation parameter.

Notation of the paper: ``beta = rho(I - D^-1 A)``, the radius of the Jacobi iteration; ``C_omega = I - A W^-1`` with
``W = D/omega + L``, which maps the residual of one sweep to the next. For a consistently ordered matrix with
``beta < 1`` (Young 1971; paper, appendix E.1)

    omega* = 1 + (beta / (1 + sqrt(1 - beta^2)))^2
    rho(C_omega) = (omega beta + sqrt(omega^2 beta^2 - 4 (omega - 1)))^2 / 4   for omega < omega*,
                   omega - 1                                                  for omega >= omega*.

Formulas that rest on it refuse a matrix that is not consistently ordered, unless told to assume that it is.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg
from numpy.typing import ArrayLike

from bandits.arguments import integer, real
from bandits.contract import Array
from bandits.kernels import kernel
from environments.sor.solve import check_shift, is_symmetric, slack_of, square_matrix

DENSE = 2000
"""Largest number of unknowns for which eigenvalues are computed from the full matrix."""


def jacobi_radius(A: Any) -> float:
    """``beta`` of a symmetric matrix, from the symmetric form ``I - D^-1/2 A D^-1/2`` (equal eigenvalues).

    Raises:
        ValueError: ``A`` is not a finite symmetric matrix with positive diagonal.
    """
    scaled = scaled_matrix(symmetric_matrix(A))
    return largest_modulus(sp.csr_array(sp.eye_array(scaled.shape[0]) - scaled))


def grid_jacobi_radius(m: int, shift: ArrayLike = 0.0) -> Array:
    """``beta = 4 cos(pi / (m + 1)) / (4 + c)`` of the shifted 5-point Laplacian, for each shift ``c`` [derived]."""
    c = _shifts(m, shift)
    return np.asarray(4.0 * np.cos(np.pi / (m + 1)) / (4.0 + c))


def condition_number(A: Any) -> float:
    """``lambda_max / lambda_min`` of a symmetric positive-definite matrix.

    Raises:
        ValueError: ``A`` is not symmetric positive definite.
    """
    matrix = symmetric_matrix(A)
    if matrix.shape[0] <= DENSE:
        low, high = scipy.linalg.eigvalsh(matrix.toarray())[[0, -1]]
    else:
        high = scipy.sparse.linalg.eigsh(matrix, k=1, which="LA", return_eigenvectors=False)[0]
        low = scipy.sparse.linalg.eigsh(matrix, k=1, sigma=0.0, which="LM", return_eigenvectors=False)[0]
    if not low > 0.0:
        raise ValueError(f"A must be positive definite, got the smallest eigenvalue {low:g}")
    return float(high / low)


def grid_condition_number(m: int, shift: ArrayLike = 0.0) -> Array:
    """Condition number of the shifted 5-point Laplacian, for each shift [derived]."""
    c, corner = _shifts(m, shift), 4.0 * np.cos(np.pi / (m + 1))
    return np.asarray((4.0 + c + corner) / (4.0 + c - corner))


def omega_star(beta: ArrayLike) -> Array:
    """The asymptotically optimal relaxation parameter for a Jacobi radius ``beta`` in [0, 1).

    Raises:
        ValueError: ``beta`` is not in [0, 1): the Jacobi iteration does not converge and the formula does not apply.
    """
    b = checked_beta(beta)
    return np.asarray(1.0 + (b / (1.0 + np.sqrt(1.0 - b * b))) ** 2)


def sor_radius(omega: ArrayLike, beta: ArrayLike) -> Array:
    """``rho(C_omega)`` by Young's formula, for ``omega`` in (0, 2) and ``beta`` in [0, 1), broadcast.

    Raises:
        ValueError: ``omega`` or ``beta`` out of its domain.
    """
    w, b = np.broadcast_arrays(checked_omega(omega), checked_beta(beta))
    radius = np.empty(w.size)
    _sor_radius(w.ravel(), b.ravel(), radius)
    return radius.reshape(w.shape)


@kernel
def _sor_radius(omegas: Array, betas: Array, radius: Array) -> None:
    last, star = math.nan, math.nan
    for i in range(radius.size):
        w, b = omegas[i], betas[i]
        if b != last:
            last, star = b, 1.0 + (b / (1.0 + math.sqrt(1.0 - b * b))) ** 2
        radius[i] = w - 1.0
        if w < star:  # within rounding of star the discriminant may come out as -1e-16
            radius[i] = 0.25 * (w * b + math.sqrt(max(w * w * b * b - 4.0 * (w - 1.0), 0.0))) ** 2


def optimal_omega(A: Any, *, assume_consistent: bool = False) -> float:
    """``omega*`` of a matrix.

    Args:
        A: [n, n] symmetric matrix with positive diagonal.
        assume_consistent: skip the test for consistent ordering, at your own risk.

    Raises:
        ValueError: ``A`` is not symmetric or not consistently ordered, or its ``beta`` is not below 1.
    """
    if not assume_consistent and not is_consistently_ordered(A):
        raise ValueError(
            "A is not consistently ordered, so the formula for omega* does not apply; assume_consistent=True insists"
        )
    return float(omega_star(jacobi_radius(A)))


def is_consistently_ordered(A: Any) -> bool:
    """Whether numbers ``gamma_i`` exist with ``gamma_j - gamma_i = 1`` wherever ``a_ij != 0`` and ``j > i``.

    This is Young's ordering vector (*Iterative Solution of Large Linear Systems*, 1971, section 5.3).
    """
    matrix = symmetric_matrix(A)
    n, ptr, idx = matrix.shape[0], matrix.indptr.tolist(), matrix.indices.tolist()
    level: list[int | None] = [None] * n
    for root in range(n):
        if level[root] is not None:
            continue
        level[root] = 0
        stack = [(root, 0)]
        while stack:
            i, at = stack.pop()
            for j in idx[ptr[i] : ptr[i + 1]]:
                if j == i:
                    continue
                expected = at + 1 if j > i else at - 1
                if level[j] is None:
                    level[j] = expected
                    stack.append((j, expected))
                elif level[j] != expected:
                    return False
    return True


def defect_matrix(A: Any, omega: float) -> Array:
    """``C_omega = I - A W^-1`` as a full matrix [n, n]."""
    real("omega", omega, 0.0, 2.0)
    full = square_matrix(A).toarray()
    W = np.tril(full, -1) + np.diag(np.diag(full) / omega)
    # A W^-1 = (W^-T A^T)^T
    return np.asarray(np.eye(len(full)) - scipy.linalg.solve_triangular(W, full.T, lower=True, trans="T").T)


def symmetric_matrix(A: Any) -> Any:
    """Check ``A`` as ``square_matrix`` does, and that it is symmetric (``ValueError`` otherwise)."""
    matrix = square_matrix(A)
    slack = slack_of(A)
    if not is_symmetric(matrix, slack):
        raise ValueError(f"A must be symmetric (to a relative {slack:.2g})")
    return matrix


def scaled_matrix(matrix: Any) -> Any:
    """``D^-1/2 A D^-1/2`` of a checked matrix, as CSR."""
    root = sp.diags_array(1.0 / np.sqrt(matrix.diagonal()))
    return sp.csr_array(root @ matrix @ root)


def largest_modulus(symmetric: Any) -> float:
    """Largest modulus of the eigenvalues of a symmetric matrix."""
    if symmetric.shape[0] <= DENSE:
        return float(np.max(np.abs(scipy.linalg.eigvalsh(symmetric.toarray()))))
    # A fixed start makes the result the same in every run.
    start = np.random.default_rng(0).standard_normal(symmetric.shape[0])
    found = scipy.sparse.linalg.eigsh(symmetric, k=1, which="LM", v0=start, return_eigenvectors=False)
    return float(np.max(np.abs(found)))


def _shifts(m: int, shift: ArrayLike) -> Array:
    c = np.asarray(shift, dtype=np.float64)
    integer("m", m)
    for value in (np.min(c), np.max(c)) if c.size else ():
        check_shift(m, float(value))
    return c


def checked_beta(beta: ArrayLike) -> Array:
    """``beta`` as an array; ``ValueError`` unless all lie in [0, 1)."""
    b = np.asarray(beta, dtype=np.float64)
    if not np.all((b >= 0.0) & (b < 1.0)):
        raise ValueError(f"beta must lie in [0, 1), else the Jacobi iteration does not converge, got {beta!r}")
    return b


def checked_omega(omega: ArrayLike) -> Array:
    """``omega`` as an array; ``ValueError`` unless all lie in (0, 2)."""
    w = np.asarray(omega, dtype=np.float64)
    if not np.all((w > 0.0) & (w < 2.0)):
        raise ValueError(f"omega must lie in (0, 2), got {omega!r}")
    return w
