"""How many sweeps theory expects of one system: asymptotics, the measured slack, and the bound from the energy norm."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from bandits.arguments import integer, real
from bandits.contract import Array
from environments.sor.kernels import CONVERGED, solve_csr
from environments.sor.solve import split
from environments.sor.spectra import (
    checked_beta,
    checked_omega,
    condition_number,
    defect_matrix,
    is_consistently_ordered,
    jacobi_radius,
    largest_modulus,
    scaled_matrix,
    sor_radius,
    symmetric_matrix,
)


def asymptotic_count(omega: ArrayLike, beta: ArrayLike, tol: float = 1e-8) -> Array:
    """``log(tol) / log(rho(C_omega))``: the count that the radius suggests. Usually too low, and not a bound."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(real("tol", tol, 0.0, 1.0)) / np.log(sor_radius(omega, beta)))


def measured_tau(A: Any, b: Any, omegas: ArrayLike, *, tol: float = 1e-8, max_iter: int = 10_000) -> Array:
    """The slack ``tau(omega)`` that Assumption 2.1 needs on one instance, for each parameter.

    With ``k`` one less than the number of sweeps, ``tau = (||C^k||^(1/k) - rho) / (1 - rho)``, and 0 if ``k = 0``. The
    powers are dense and formed by repeated squaring, which takes ``n^3 log k``: for some hundred unknowns.

    Args:
        A: [n, n] symmetric matrix with positive diagonal.
        b: [n] right-hand side, not zero.
        omegas: [n_omegas] parameters in (0, 2).
        tol: relative tolerance of the solves.
        max_iter: largest number of sweeps.

    Returns:
        [n_omegas] slacks; the theory takes the largest, and at least ``e^-2``. The radius ``rho`` is Young's where A is
        consistently ordered, and otherwise the largest modulus of the eigenvalues of ``C_omega``.

    Raises:
        ValueError: an argument out of its domain, or a solve that does not converge.
    """
    matrix = symmetric_matrix(A)
    side = np.array(b, dtype=np.float64)
    if side.shape != (matrix.shape[0],) or not np.all(np.isfinite(side)) or not np.any(side):
        raise ValueError(f"b must be a finite non-zero vector of length {matrix.shape[0]}")
    integer("max_iter", max_iter)
    beta = jacobi_radius(matrix) if is_consistently_ordered(matrix) else None
    parts, target = split(matrix), real("tol", tol, 0.0, 1.0) * float(np.linalg.norm(side))
    slacks = []
    for omega in np.atleast_1d(checked_omega(omegas)):
        sweeps, status = solve_csr(parts, float(omega), side, target, max_iter, np.empty(0))
        if status != CONVERGED:
            raise ValueError(f"the solve with omega = {omega:g} does not converge in {max_iter} sweeps")
        k, C = sweeps - 1, defect_matrix(matrix, float(omega))
        if k == 0:
            slacks.append(0.0)
            continue
        rho = float(np.max(np.abs(np.linalg.eigvals(C)))) if beta is None else float(sor_radius(omega, beta))
        slacks.append((float(np.linalg.norm(np.linalg.matrix_power(C, k), 2)) ** (1.0 / k) - rho) / (1.0 - rho))
    return np.array(slacks)


def energy_bound(A: Any, omegas: ArrayLike, tol: float = 1e-8) -> Array:
    """Bound on the sweeps from the energy norm, ``1 + log(tol / (2 sqrt(kappa))) / log(nu)`` (paper, Corollary D.1).

    ``nu^2 = 1 - ((2 - w)/w) gamma / (((2 - w)/(2 w))^2 + gamma/w + rho(D^-1 L D^-1 L^T) - 1/4)`` (Theorem D.1) with
    ``gamma = 1 - rho(D^-1 (L + L^T))``. The last two terms of the denominator stand for gamma times the largest
    ``x^T (L D^-1 L^T - D/4) x / x^T A x``. That is at most their difference where this is at least 0. Where it is
    negative, as for the Laplacian of a finite grid, ``gamma / (1 + beta)`` times the difference is the bound, and is
    used here [derived]: the printed form falls below true counts, for instance on the 10 x 10 grid shifted by 0.45.

    Args:
        A: [n, n] symmetric positive-definite matrix with ``beta < 1``.
        omegas: [n_omegas] parameters in (0, 2).
        tol: relative tolerance, in (0, 1).

    Returns:
        [n_omegas] bounds.

    Raises:
        ValueError: an argument out of its domain.
    """
    matrix, w = symmetric_matrix(A), checked_omega(omegas)
    gamma = 1.0 - float(checked_beta(jacobi_radius(matrix)))
    lower = sp.csr_array(sp.tril(scaled_matrix(matrix), -1))
    product = largest_modulus(sp.csr_array(lower @ lower.T))
    excess = product - 0.25 if product >= 0.25 else (product - 0.25) * gamma / (2.0 - gamma)
    drop = (2.0 - w) / w * gamma / (((2.0 - w) / (2.0 * w)) ** 2 + gamma / w + excess)
    log_nu = 0.5 * np.log1p(-drop)
    return np.asarray(1.0 + np.log(real("tol", tol, 0.0, 1.0) / (2.0 * np.sqrt(condition_number(matrix)))) / log_nu)
