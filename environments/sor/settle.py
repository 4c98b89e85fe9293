"""A solve that is held to the true residual, in any units.

The kernels follow a residual by its recursion, which parts from ``b - A x`` where a start is far from the solution, the
tolerance is near the limit of double precision, or the matrix is singular. What they return is therefore checked, and
they go on from the true residual until that meets the tolerance. Each pass solves for a correction, with its residual
brought to an ordinary size by an exact power of two, so that no square of an entry over- or underflows.
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
SMALL, LARGE = 1e-200, 1e200
"""Between them, sums of squares are trusted without scaling."""
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
    iterations, stalled, least = 0, 0, math.inf
    best = Settled(x, max_iter, UNFINISHED, math.inf)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        _, unit, size = _scaled(b)
        if relative and size == 0.0:
            return Settled(np.zeros_like(b), 0, CONVERGED, 0.0)
        aim, aim_unit = (tol * size, unit) if relative else (tol, 0)
        while True:
            r, e, norm = _residual(product, b, x, exponent)
            target = float(np.ldexp(aim, aim_unit - e))
            if not norm < math.inf:
                return Settled(x, max_iter, DIVERGED, math.inf)
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
            if status == DIVERGED:
                return Settled(x, max_iter, DIVERGED, math.inf)


def _residual(product: Callable[[Array], Array], b: Array, x: Array, exponent: int) -> tuple[Array, int, float]:
    """(r, e, its norm) with ``b - 2^exponent A x = 2^e r``, ``r`` of ordinary size, or 0, or infinite."""
    if not x.any():
        return _scaled(b)
    if exponent == 0:
        r = b - product(x)
        if SMALL < (rr := float(r.dot(r))) < LARGE:
            return r, 0, math.sqrt(rr)
    largest = _largest(x)
    if not largest < math.inf:
        return b, 0, math.inf
    e, load = exponent + math.frexp(largest)[1], _largest(b)
    e = max(e, math.frexp(load)[1]) if load > 0.0 else e
    r, own, norm = _scaled(np.ldexp(b, -e) - product(np.ldexp(x, exponent - e)))
    return r, e + own, norm


def _scaled(values: Array) -> tuple[Array, int, float]:
    """(v, e, norm of v) with ``values = 2^e v``: as they are where their squares are of ordinary size."""
    if SMALL < (squares := float(values.dot(values))) < LARGE:
        return values, 0, math.sqrt(squares)
    e = exponent_of(values)
    values = np.ldexp(values, -e)
    return values, e, math.sqrt(values.dot(values))


def exponent_of(values: Array) -> int:
    """The power of two just above the largest absolute value; 0 where there is none."""
    return math.frexp(_largest(values))[1]


def _largest(values: Array) -> float:
    """The largest absolute value; NaN where there is one."""
    return float(np.maximum(values.max(), -values.min()))


def in_units(parts: Split) -> tuple[Split, int]:
    """A matrix divided, without rounding, by a power of two, and its exponent; as it is where its size is ordinary."""
    exponent = exponent_of(parts.diagonal)
    if abs(exponent) <= ORDINARY:
        return parts, 0
    with np.errstate(all="ignore"):  # of what stands in the room behind the entries
        values = {name: np.ldexp(getattr(parts, name), -exponent) for name in ("diagonal", "lower_val", "upper_val")}
    return parts._replace(**values), exponent
