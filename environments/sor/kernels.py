"""Compiled loops of successive over-relaxation (SOR), all in increment form.

With ``A = D + L + L^T``, the splitting ``W = D/omega + L`` and the increment ``delta_k = W^-1 r_k`` of sweep ``k + 1``,
the next residual is ``r_{k+1} = ((1/omega - 1) D - L^T) delta_k`` [derived]. One ascending pass in place over ``delta``
therefore gives the norm of the residual and the next increment, and no product ``A x`` is ever formed:

    r_i     = (1/omega - 1) a_ii delta_i - sum_{j>i} a_ij delta_j        (old entries)
    delta_i = (omega / a_ii) (r_i - sum_{j<i} a_ij delta_j)              (new entries)

The iterates are those of the textbook sweep, so the counts agree with it unless a residual norm meets the tolerance
within rounding. Statuses: 0 = converged, 1 = not within ``max_iter`` sweeps, 2 = the residual overflowed.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel

CONVERGED, UNFINISHED, DIVERGED = 0, 1, 2


class Split(NamedTuple):
    """A square sparse matrix as diagonal, strictly lower and strictly upper part, the parts by compressed rows.

    Indices are unsigned: numba then leaves out its test for negative ones, a third of the time of ``solve_csr``.

    Attributes:
        diagonal: [n] diagonal entries.
        lower_ptr: [n + 1] uint32, row starts of the strictly lower part.
        lower_idx: [nnz_lower] uint32, columns, ascending in each row.
        lower_val: [nnz_lower] values.
        upper_ptr: [n + 1] uint32, row starts of the strictly upper part.
        upper_idx: [nnz_upper] uint32, columns, ascending in each row.
        upper_val: [nnz_upper] values.
    """

    diagonal: Array
    lower_ptr: NDArray[np.uint32]
    lower_idx: NDArray[np.uint32]
    lower_val: Array
    upper_ptr: NDArray[np.uint32]
    upper_idx: NDArray[np.uint32]
    upper_val: Array


@kernel
def solve_csr(split: Split, omega: float, residual: Array, target: float, max_iter: int, x: Array) -> tuple[int, int]:
    """SOR from the start ``x``, whose residual is given, until the residual norm is at most ``target``.

    Args:
        split: the matrix.
        omega: relaxation parameter.
        residual: [n] ``b - A x``, not zero.
        target: absolute bound on the Euclidean norm of the residual.
        max_iter: largest number of sweeps, >= 1.
        x: [n] start; replaced by the solution. Of size 0 when only the count is wanted.

    Returns:
        (sweeps, status).
    """
    diagonal, low, low_j, low_a, up, up_j, up_a = split
    n = diagonal.size
    keep = x.size == n
    delta = np.empty(n)
    for i in range(n):
        s = residual[i]
        for p in range(low[i], low[i + 1]):
            s -= low_a[p] * delta[low_j[p]]
        delta[i] = omega / diagonal[i] * s
    factor = 1.0 / omega - 1.0
    scale = omega / diagonal
    for sweep in range(1, max_iter + 1):
        rr = 0.0
        for i in range(n):
            d = delta[i]
            if keep:
                x[i] += d
            s = factor * diagonal[i] * d
            for p in range(up[i], up[i + 1]):
                s -= up_a[p] * delta[up_j[p]]
            rr += s * s
            for p in range(low[i], low[i + 1]):
                s -= low_a[p] * delta[low_j[p]]
            delta[i] = scale[i] * s
        norm = math.sqrt(rr)
        if norm <= target:
            return sweep, CONVERGED
        if not norm < math.inf:
            return max_iter, DIVERGED
    return max_iter, UNFINISHED
