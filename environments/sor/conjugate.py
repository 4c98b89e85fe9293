"""What the paper says of SSOR-preconditioned conjugate gradients: surrogate cost and its minimizer (section 2.5, E.4).

With ``mu = lambda_max(D A^-1)``, ``nu = lambda_max((L D^-1 L^T - D / 4) A^-1)`` in [-1/4, 0] for the paper's matrices,
and the condition number ``kappa`` of A,

    G(omega) = (1 + mu (2 - omega)^2 / (4 omega) + nu omega) / (2 - omega)   >= kappa of the preconditioned matrix
    U(omega) = 1 + tau log(sqrt(kappa)/tol + sqrt(kappa/tol^2 - 1)) / -log(1 - 2 / (1 + sqrt(G)))

where tau in (0, 1] is the smallest factor that keeps U above the counts. U is least at
``omega*_CG = 2 / (1 + sqrt(2 (1 + 2 nu) / mu))``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sp
import scipy.sparse.linalg
from numpy.typing import ArrayLike

from bandits.arguments import integer, positive, real
from bandits.contract import Array
from environments.sor.spectra import DENSE, checked_omega, condition_number, scaled_matrix, symmetric_matrix
from environments.sor.symmetric import ssor_cg

LOWEST = 2.0 * math.sqrt(2.0) - 2.0
"""Left end of the interval of parameters in Theorem 2.3 (Lemma E.2; the theorem prints 2 sqrt(2) + 2, a slip)."""


def inverse_radius(A: Any) -> float:
    """``mu = lambda_max(D A^-1)`` of a symmetric positive-definite matrix.

    Raises:
        ValueError: ``A`` is not symmetric positive definite.
    """
    scaled = scaled_matrix(symmetric_matrix(A))
    if scaled.shape[0] <= DENSE:
        least = float(scipy.linalg.eigvalsh(scaled.toarray(), subset_by_index=[0, 0])[0])
    else:
        found = scipy.sparse.linalg.eigsh(scaled, k=1, sigma=0.0, which="LM", return_eigenvectors=False)
        least = float(found[0])
    if not least > 0.0:
        raise ValueError(f"A must be positive definite, got the smallest eigenvalue {least:g} of D^-1/2 A D^-1/2")
    return 1.0 / least


def triangle_excess(A: Any) -> float:
    """``nu = lambda_max((L D^-1 L^T - D / 4) A^-1)``, at least -1/4, of a symmetric positive-definite matrix."""
    matrix = symmetric_matrix(A)
    diagonal, lower = matrix.diagonal(), sp.csr_array(sp.tril(matrix, -1))
    form = sp.csr_array(lower @ sp.diags_array(1.0 / diagonal) @ lower.T - sp.diags_array(diagonal / 4.0))
    if matrix.shape[0] <= DENSE:
        top = matrix.shape[0] - 1
        return float(
            scipy.linalg.eigh(form.toarray(), matrix.toarray(), eigvals_only=True, subset_by_index=[top, top])[0]
        )
    start = np.random.default_rng(0).standard_normal(matrix.shape[0])
    found = scipy.sparse.linalg.eigsh(
        form, k=1, M=sp.csc_array(matrix), which="LA", v0=start, return_eigenvectors=False
    )
    return float(found[0])


def omega_cg(mu: ArrayLike, nu: ArrayLike) -> Array:
    """``omega*_CG = 2 / (1 + sqrt(2 (1 + 2 nu) / mu))``, where the surrogate is least."""
    return np.asarray(2.0 / (1.0 + np.sqrt(2.0 * (1.0 + 2.0 * np.asarray(nu)) / np.asarray(mu))))


def preconditioned_condition(omega: ArrayLike, mu: ArrayLike, nu: ArrayLike) -> Array:
    """``G(omega)``, a bound on the condition number of the preconditioned matrix, broadcast."""
    w = checked_omega(omega)
    return np.asarray((1.0 + np.asarray(mu) * (2.0 - w) ** 2 / (4.0 * w) + np.asarray(nu) * w) / (2.0 - w))


def cg_surrogate(
    omega: ArrayLike, mu: ArrayLike, nu: ArrayLike, kappa: ArrayLike, tau: float = 1.0, tol: float = 1e-8
) -> Array:
    """``U(omega)``, broadcast.

    Args:
        omega: parameters in (0, 2).
        mu: see the module.
        nu: see the module.
        kappa: condition number of A, >= 1.
        tau: factor in (0, 1].
        tol: tolerance, in (0, 1).
    """
    k, e = np.asarray(kappa, dtype=np.float64), real("tol", tol, 0.0, 1.0)
    gain = -np.log1p(-2.0 / (1.0 + np.sqrt(np.maximum(preconditioned_condition(omega, mu, nu), 1.0 + 1e-15))))
    factor = real("tau", tau, 0.0, 1.0, closed="high")
    return np.asarray(1.0 + factor * np.log(np.sqrt(k) / e + np.sqrt(k / e**2 - 1.0)) / gain)


def measured_cg_tau(A: Any, b: Any, omegas: ArrayLike, *, tol: float = 1e-8) -> Array:
    """The factor tau [n_omegas] at which the surrogate meets the count of ``ssor_cg``; the theory takes the largest."""
    mu, nu, kappa = inverse_radius(A), triangle_excess(A), condition_number(A)
    w = np.atleast_1d(checked_omega(omegas))
    counts = np.array([ssor_cg(A, b, float(omega), tol=tol).iterations for omega in w])
    return np.asarray((counts - 1.0) / (cg_surrogate(w, mu, nu, kappa, 1.0, tol) - 1.0))


def golden_section(
    cost: Callable[[float], float], low: float, high: float, seeds: int = 5, evaluations: int = 12
) -> float:
    """A parameter of least cost on ``[low, high]``, for costs with one valley that are flat in places [reconstruction].

    ``seeds`` equally spaced evaluations, then golden-section steps in the interval between the neighbours of the best
    until there are ``evaluations``. The result is the midpoint of the lowest and the highest of the best parameters
    tried [code].
    """
    integer("seeds", seeds, 3)
    integer("evaluations", evaluations, seeds + 2)
    positive("high - low", high - low)
    tried: dict[float, float] = {}

    def at(omega: float) -> float:
        tried[omega] = cost(omega)
        return tried[omega]

    places = [float(w) for w in np.linspace(low, high, seeds)]
    best = int(np.argmin([at(w) for w in places]))
    left, right = places[max(best - 1, 0)], places[min(best + 1, seeds - 1)]
    share = (math.sqrt(5.0) - 1.0) / 2.0
    x, y = right - share * (right - left), left + share * (right - left)
    at_x, at_y = at(x), at(y)
    for _ in range(evaluations - seeds - 2):
        if at_x <= at_y:
            right, y, at_y = y, x, at_x
            x = right - share * (right - left)
            at_x = at(x)
        else:
            left, x, at_x = x, y, at_y
            y = left + share * (right - left)
            at_y = at(y)
    least = min(tried.values())
    ties = [w for w, value in tried.items() if value == least]
    return (min(ties) + max(ties)) / 2.0
