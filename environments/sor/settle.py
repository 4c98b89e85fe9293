"""A solve that is held to the true residual, in any units.

The kernels follow a residual by its recursion, which parts from ``b - A x`` where a start is far from the solution, the
tolerance is near the limit of double precision, or the matrix is singular. What they return is therefore checked, and
they go on from the true residual until that meets the tolerance. Each pass solves for a correction, with its residual
brought to the size of 1 by an exact power of two, so that no square of an entry over- or underflows.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bandits.contract import Array
from environments.sor.kernels import CONVERGED, DIVERGED, UNFINISHED, Split

Run = Callable[[Array, float, int, Array], tuple[int, int]]
"""(residual, target, max_iter, x) -> (iterations, status), as ``kernels.solve_csr`` once matrix and omega are given."""

DEEPEST = 1e-20
"""Smallest target of a pass, relative to its residual: the true residual follows the recursion no further."""
STALLS = 3
"""Passes that may end no nearer to a solution than the best before; then there is none within double precision."""
ORDINARY = 64
"""Powers of two within which a matrix is left as it is."""


class Settled(NamedTuple):
    """The outcome of a solve.

    Attributes:
        x: [n] the last iterate; where passes stalled, the best at the end of one.
        iterations: of all passes; ``max_iter`` where the tolerance was not met.
        status: that of ``kernels``; CONVERGED says that the true residual meets the tolerance.
        residual: ``||b - A x|| / ||b||``, 0 where ``b`` is zero, infinite after divergence.
    """

    x: Array
    iterations: int
    status: int
    residual: float


def settle(
    run: Run,
    product: Callable[[Array], Array],
    b: Array,
    x: Array,
    tol: float,
    max_iter: int,
    *,
    relative: bool = True,
    exponent: int = 0,
) -> Settled:
    """Solve ``2^exponent A x = b`` until ``||b - 2^exponent A x||``, formed anew, meets the tolerance.

    Args:
        run: the kernel; solves ``A d = r`` from the start ``d = 0``.
        product: ``A x``.
        b: [n] right-hand side.
        x: [n] start; not written to.
        tol: bound on the Euclidean norm of the residual, > 0.
        max_iter: largest number of iterations of all passes, >= 1.
        relative: whether ``tol`` is relative to the norm of ``b``. Then ``b = 0`` is solved by ``x = 0`` at once.
        exponent: see ``in_units``.
    """
    unit = exponent_of(b)
    size = float(np.linalg.norm(np.ldexp(b, -unit)))
    if relative and size == 0.0:
        return Settled(np.zeros_like(b), 0, CONVERGED, 0.0)
    aim, aim_unit = (tol * size, unit) if relative else (tol, 0)
    iterations, stalled, least = 0, 0, math.inf
    best = Settled(x, max_iter, UNFINISHED, math.inf)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        while True:
            r, e = _residual(product, b, x, exponent)
            norm, target = float(np.linalg.norm(r)), float(np.ldexp(aim, aim_unit - e))
            left = float(np.ldexp(norm / size, e - unit)) if size > 0.0 else 0.0
            if norm <= target:
                return Settled(x, iterations, CONVERGED, left)
            height = e + math.log2(norm)
            if height < least:
                least, best = height, Settled(x, max_iter, UNFINISHED, left)
            else:
                stalled += 1
            if stalled == STALLS:
                return best
            if iterations == max_iter:
                return Settled(x, max_iter, UNFINISHED, left)
            change = np.zeros_like(b)
            aimed = target / 2.0 if iterations else target  # where rounding was felt once, keep a distance
            more, status = run(r, max(aimed, DEEPEST * norm), max_iter - iterations, change)
            x = x + np.ldexp(change, e - exponent)
            iterations += more
            if status == DIVERGED or not np.all(np.isfinite(x)):
                return Settled(x, max_iter, DIVERGED, math.inf)


def _residual(product: Callable[[Array], Array], b: Array, x: Array, exponent: int) -> tuple[Array, int]:
    """(r, e) with ``b - 2^exponent A x = 2^e r`` and the largest entry of ``r`` in [1/2, 1), or ``r`` = 0."""
    if x.any():
        e = exponent + exponent_of(x)
        e = max(e, exponent_of(b)) if b.any() else e
        r = np.ldexp(b, -e) - product(np.ldexp(x, exponent - e))
    else:
        e, r = 0, b
    own = exponent_of(r)
    return np.ldexp(r, -own), e + own


def exponent_of(values: Array) -> int:
    """The power of two just above the largest absolute value; 0 where there is none."""
    return math.frexp(float(np.max(np.abs(values), initial=0.0)))[1]


def in_units(parts: Split) -> tuple[Split, int]:
    """A matrix divided, without rounding, by a power of two, and its exponent; as it is where its size is ordinary."""
    exponent = exponent_of(parts.diagonal)
    if abs(exponent) <= ORDINARY:
        return parts, 0
    with np.errstate(all="ignore"):  # of what stands in the room behind the entries
        values = {name: np.ldexp(getattr(parts, name), -exponent) for name in ("diagonal", "lower_val", "upper_val")}
    return parts._replace(**values), exponent
