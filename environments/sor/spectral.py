"""The spectral baseline: estimate ``beta`` on a few shifts beforehand, then play ``omega*`` of what lies between.

The paper describes it (appendix A.2) and does not run it; the details here are ours [reconstruction]: Lanczos steps on
``I - D^-1/2 (A + c I) D^-1/2`` for equally spaced shifts c, linear interpolation of the estimates. Each step is one
product with the matrix and is charged as one iteration. The largest Ritz value lies below beta, and a parameter below
``omega*`` costs much more than one above it; so few steps are dear.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse as sp

from bandits.arguments import integer
from bandits.contract import Array
from environments.sor.spectra import omega_star, scaled_matrix, symmetric_matrix

STEPS = 20
"""Lanczos steps for each shift."""


def lanczos_radius(A: Any, steps: int = STEPS, seed: int = 0) -> float:
    """An estimate from below of the Jacobi radius of a symmetric matrix, by at most ``steps`` Lanczos steps.

    Args:
        A: [n, n] symmetric matrix with positive diagonal.
        steps: products with the matrix, >= 1; n are enough.
        seed: seed of the start vector.
    """
    scaled = scaled_matrix(symmetric_matrix(A))
    n = scaled.shape[0]
    jacobi = sp.csr_array(sp.eye_array(n) - scaled)
    basis = np.zeros((min(integer("steps", steps), n), n))
    main, off = [], []
    vector = np.random.default_rng(seed).standard_normal(n)
    for k in range(len(basis)):
        size = float(np.linalg.norm(vector))
        if k:
            off.append(size)
        if size < 1e-12:
            off.pop()
            break
        basis[k] = vector / size
        vector = jacobi @ basis[k]
        main.append(float(basis[k] @ vector))
        for _ in range(2):  # twice, so that the basis stays orthogonal
            vector -= basis[: k + 1].T @ (basis[: k + 1] @ vector)
    values = scipy.linalg.eigvalsh_tridiagonal(np.array(main), np.array(off)[: len(main) - 1])
    return float(np.max(np.abs(values)))


def spectral_parameters(matrix: Any, shifts: Array, low: float, high: float, points: int) -> tuple[Array, int]:
    """(``omega*`` of the interpolated estimates [n_shifts], products with the matrix that the estimates took).

    Args:
        matrix: [n, n] the matrix A.
        shifts: [n_shifts] in ``[low, high]``.
        low: smallest shift that can come.
        high: largest shift that can come.
        points: number of shifts to estimate on, >= 1.
    """
    places = np.linspace(low, high, integer("points", points)) if points != 1 else np.array([(low + high) / 2.0])
    eye = sp.eye_array(matrix.shape[0])
    estimates = np.array([lanczos_radius(matrix + c * eye) for c in places])
    return omega_star(np.interp(shifts, places, estimates)), products(matrix, points)


def products(matrix: Any, points: int) -> int:
    """Products with the matrix that estimates on so many shifts take."""
    return points * min(STEPS, int(matrix.shape[0]))
