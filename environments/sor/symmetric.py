"""One linear system by SSOR, by conjugate gradients preconditioned with SSOR, or by plain conjugate gradients.

* ``ssor``: the paper's Algorithm 8; stops when ``||r|| <= tol``, an absolute tolerance (the printed comparison is
  reversed, a slip). Two triangular solves are one iteration.
* ``ssor_cg``: conjugate gradients with ``M = (D + omega L) D^-1 (D + omega L^T)``, the forward solve first (the
  authors' code has the factors in the other order [code]; on the paper's grids the counts agree within one [derived]);
  stops when ``||r|| <= tol ||b||``, relative to b and not to the first residual, as the paper's experiments do. (Its
  Definition E.1 has an absolute test, for the analysis.)
* ``cg``: the same without preconditioner.

The count is the number of updates of x, 0 if the start already meets the test. That is the test of the true residual
(``settle``); where ``b`` is zero and the tolerance relative, the solution is ``x = 0``, whatever the start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bandits.arguments import integer, positive, real
from bandits.contract import Array
from environments.sor.settle import in_units, settle
from environments.sor.solve import (
    SorResult,
    check_shift,
    check_tolerance,
    laplacian_product,
    result_of,
    split,
    times,
    vector,
)
from environments.sor.spectra import symmetric_matrix
from environments.sor.ssor import solve_ssor
from environments.sor.ssor_stencil import solve_ssor_stencil

Run = Callable[[float, Array, float, int, Array, bool], tuple[int, int]]
System = tuple[int, Run, Callable[[Array], Array], int]


def ssor(A: Any, b: Any, omega: float, *, tol: float = 1e-8, max_iter: int = 10_000) -> SorResult:
    """Solve ``A x = b`` by SSOR from zero, to an absolute tolerance.

    Args:
        A: [n, n] symmetric matrix with positive diagonal, sparse or dense.
        b: [n] right-hand side.
        omega: relaxation parameter in (0, 2).
        tol: bound on the Euclidean norm of the residual, > 0.
        max_iter: largest number of iterations, >= 1.

    Raises:
        ValueError: an argument out of its domain, of the wrong shape, or not finite, or ``A`` not symmetric.
    """
    real("omega", omega, 0.0, 2.0)
    return _solve(_sparse(A), b, omega, positive("tol", tol), False, None, max_iter)


def ssor_cg(A: Any, b: Any, omega: float, *, x0: Any = None, tol: float = 1e-8, max_iter: int = 10_000) -> SorResult:
    """Solve ``A x = b`` by SSOR-preconditioned conjugate gradients.

    Args:
        A: [n, n] symmetric positive-definite matrix, sparse or dense.
        b: [n] right-hand side.
        omega: relaxation parameter in (0, 2).
        x0: [n] start; zero by default.
        tol: bound on the Euclidean norm of the residual relative to that of ``b``, in (0, 1).
        max_iter: largest number of iterations, >= 1.

    Raises:
        ValueError: an argument out of its domain, of the wrong shape, or not finite, or ``A`` not symmetric.
    """
    real("omega", omega, 0.0, 2.0)
    return _solve(_sparse(A), b, omega, check_tolerance(tol), True, x0, max_iter)


def cg(A: Any, b: Any, *, x0: Any = None, tol: float = 1e-8, max_iter: int = 10_000) -> SorResult:
    """Solve ``A x = b`` by conjugate gradients without preconditioner; arguments as ``ssor_cg``."""
    return _solve(_sparse(A), b, 0.0, check_tolerance(tol), True, x0, max_iter)


def ssor_laplacian(
    m: int, b: Any, omega: float, shift: float = 0.0, *, tol: float = 1e-8, max_iter: int = 10_000
) -> SorResult:
    """``ssor`` for the 5-point Laplacian plus ``shift`` on an ``m`` by ``m`` grid (see ``sor_laplacian``), faster."""
    real("omega", omega, 0.0, 2.0)
    return _solve(_grid(m, shift), b, omega, positive("tol", tol), False, None, max_iter)


def ssor_cg_laplacian(
    m: int, b: Any, omega: float, shift: float = 0.0, *, x0: Any = None, tol: float = 1e-8, max_iter: int = 10_000
) -> SorResult:
    """``ssor_cg`` for the 5-point Laplacian plus ``shift`` on an ``m`` by ``m`` grid, faster."""
    real("omega", omega, 0.0, 2.0)
    return _solve(_grid(m, shift), b, omega, check_tolerance(tol), True, x0, max_iter)


def cg_laplacian(
    m: int, b: Any, shift: float = 0.0, *, x0: Any = None, tol: float = 1e-8, max_iter: int = 10_000
) -> SorResult:
    """``cg`` for the 5-point Laplacian plus ``shift`` on an ``m`` by ``m`` grid, faster."""
    return _solve(_grid(m, shift), b, 0.0, check_tolerance(tol), True, x0, max_iter)


def _sparse(A: Any) -> System:
    parts, exponent = in_units(split(symmetric_matrix(A)))

    def run(omega: float, r: Array, target: float, most: int, x: Array, conjugate: bool) -> tuple[int, int]:
        return solve_ssor(parts, omega, r, target, most, x, conjugate)

    return parts.diagonal.size, run, lambda x: times(parts, x), exponent


def _grid(m: int, shift: float) -> System:
    check_shift(integer("m", m), shift)

    def run(omega: float, r: Array, target: float, most: int, x: Array, conjugate: bool) -> tuple[int, int]:
        return solve_ssor_stencil(m, 4.0 + shift, omega, r, target, most, x, conjugate)

    return m * m, run, lambda x: laplacian_product(m, 4.0 + shift, x), 0


def _solve(system: System, b: Any, omega: float, tol: float, conjugate: bool, x0: Any, max_iter: int) -> SorResult:
    n, run, product, exponent = system
    integer("max_iter", max_iter)
    side = vector(b, n)
    start = np.zeros(n) if x0 is None else vector(x0, n, "x0")

    def directed(r: Array, target: float, most: int, x: Array) -> tuple[int, int]:
        return run(float(omega), r, target, most, x, conjugate)

    return result_of(settle(directed, product, side, start, tol, max_iter, relative=conjugate, exponent=exponent))
