"""The best parameter of each instance where no formula gives it: golden section on the counts themselves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bandits.contract import Array
from environments.sor.conjugate import golden_section
from environments.sor.instances import grid_laplacian
from environments.sor.solve import split, square_matrix
from environments.sor.ssor import solve_ssor
from environments.sor.ssor_stencil import solve_ssor_stencil


def instance_optima(
    A: Any,
    shifts: Array,
    rhs: Array,
    targets: Array,
    low: float,
    high: float,
    *,
    conjugate: bool,
    max_iter: int = 10_000,
) -> Array:
    """Parameters [n_instances] that ``golden_section`` finds for ``(A + shifts[t] I) x = rhs[t]``.

    Args:
        A: [n, n] symmetric matrix.
        shifts: [n_instances] multiples of the identity.
        rhs: [n_instances, n] right-hand sides (residuals at the start).
        targets: [n_instances] residual norms to reach.
        low: smallest parameter, > 0.
        high: largest parameter, < 2.
        conjugate: SSOR-CG instead of SSOR.
        max_iter: largest number of iterations.
    """
    matrix, nothing = square_matrix(A), np.empty(0)
    side, parts = math.isqrt(matrix.shape[0]), split(matrix)
    grid = side**2 == matrix.shape[0] and (matrix != grid_laplacian(side)).nnz == 0
    found = np.empty(len(rhs))
    for t, (shift, residual, target) in enumerate(zip(shifts, rhs, targets, strict=True)):
        shifted = parts._replace(diagonal=parts.diagonal + shift)

        def count(omega: float, t: tuple[Any, ...] = (shift, residual, target, shifted)) -> float:
            c, r, aim, system = t
            if grid:
                return float(solve_ssor_stencil(side, 4.0 + c, omega, r, aim, max_iter, nothing, conjugate)[0])
            return float(solve_ssor(system, omega, r, aim, max_iter, nothing, conjugate)[0])

        found[t] = golden_section(count, low, high)
    return found
