"""Compiled SOR for many right-hand sides, shifts and relaxation parameters side by side; only the counts are kept.

Sweeps are sequential over rows, but solves are independent of each other and share the off-diagonal entries, across
diagonal shifts too. So the loop over solves ("lanes") is innermost, where it vectorizes, and the matrix is read once
for all of them. The arithmetic of each lane is that of ``kernels.solve_csr``.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.kernels import kernel
from environments.sor.kernels import CONVERGED, DIVERGED, UNFINISHED, Split

LANES = 32
"""Solves that run side by side; a multiple of 8. Does not influence the counts."""


class Lanes(NamedTuple):
    """Solves side by side, one to a column.

    Attributes:
        delta: [n, n_lanes] increments.
        scale: [1 or n, n_lanes] ``(1/omega - 1) (a_ii + shift)``; one row when the diagonal is constant.
        inverse: [1 or n, n_lanes] ``omega / (a_ii + shift)``.
        r: [n_lanes] residuals of the row at hand.
        rr: [n_lanes] squared norms of the residuals.
        target: [n_lanes] norms to reach.
        job: [n_lanes] which solve a lane holds.
        age: [n_lanes] sweeps that it has done.
    """

    delta: Array
    scale: Array
    inverse: Array
    r: Array
    rr: Array
    target: Array
    job: NDArray[np.int64]
    age: NDArray[np.int64]


@kernel
def _sweep(split: Split, lanes: Lanes, width: int) -> None:
    """One sweep of the first ``width`` lanes. Each loop over lanes writes one array, so that it can be vectorized."""
    diagonal, low, low_j, low_a, up, up_j, up_a = split
    delta, scale, inverse, r, rr, _, _, _ = lanes
    varying = 1 if scale.shape[0] > 1 else 0
    for lane in range(width):
        rr[lane] = 0.0
    for i in range(diagonal.size):
        k = i * varying
        p, end = np.int64(up[i]), np.int64(up[i + 1])
        if end - p >= 2:
            j0, a0, j1, a1 = up_j[p], up_a[p], up_j[p + 1], up_a[p + 1]
            for lane in range(width):
                r[lane] = scale[k, lane] * delta[i, lane] - a0 * delta[j0, lane] - a1 * delta[j1, lane]
            p += 2
        elif end - p == 1:
            j0, a0 = up_j[p], up_a[p]
            for lane in range(width):
                r[lane] = scale[k, lane] * delta[i, lane] - a0 * delta[j0, lane]
            p += 1
        else:
            for lane in range(width):
                r[lane] = scale[k, lane] * delta[i, lane]
        while p < end:
            j0, a0 = up_j[p], up_a[p]
            for lane in range(width):
                r[lane] -= a0 * delta[j0, lane]
            p += 1
        for lane in range(width):
            rr[lane] += r[lane] * r[lane]
        p, end = np.int64(low[i]), np.int64(low[i + 1])
        while end - p > 2:
            j0, a0 = low_j[p], low_a[p]
            for lane in range(width):
                r[lane] -= a0 * delta[j0, lane]
            p += 1
        if end - p == 2:
            j0, a0, j1, a1 = low_j[p], low_a[p], low_j[p + 1], low_a[p + 1]
            for lane in range(width):
                delta[i, lane] = inverse[k, lane] * (r[lane] - a0 * delta[j0, lane] - a1 * delta[j1, lane])
        elif end - p == 1:
            j0, a0 = low_j[p], low_a[p]
            for lane in range(width):
                delta[i, lane] = inverse[k, lane] * (r[lane] - a0 * delta[j0, lane])
        else:
            for lane in range(width):
                delta[i, lane] = inverse[k, lane] * r[lane]


@kernel
def _load(split: Split, shift: float, b: Array, omega: float, lanes: Lanes, lane: int) -> float:
    """Put the first increment ``W^-1 b`` of a solve into a lane; returns the norm of ``b``."""
    diagonal, low, low_j, low_a, _, _, _ = split
    delta, scale, inverse, _, _, _, _, _ = lanes
    rows = scale.shape[0]
    for i in range(rows):
        scale[i, lane] = (1.0 / omega - 1.0) * (diagonal[i] + shift)
        inverse[i, lane] = omega / (diagonal[i] + shift)
    bb = 0.0
    for i in range(diagonal.size):
        s = b[i]
        bb += s * s
        for p in range(low[i], low[i + 1]):
            s -= low_a[p] * delta[low_j[p], lane]
        delta[i, lane] = inverse[i if rows > 1 else 0, lane] * s
    return math.sqrt(bb)


@kernel
def _refill(
    split: Split,
    shifts: Array,
    rhs: Array,
    omegas: Array,
    tol: float,
    counts: NDArray[np.int32],
    status: NDArray[np.int8],
    lanes: Lanes,
    lane: int,
    upcoming: int,
) -> int:
    """Put the next solve with a non-zero right-hand side into a lane, or job -1; returns the one after it."""
    columns = counts.shape[1]
    lanes.job[lane] = -1
    while upcoming < counts.size and lanes.job[lane] < 0:
        t, column = upcoming // columns, upcoming % columns
        omega = omegas[t if omegas.shape[0] > 1 else 0, column]
        norm = _load(split, shifts[t], rhs[t], omega, lanes, lane)
        if norm > 0.0:
            lanes.job[lane], lanes.age[lane], lanes.target[lane] = upcoming, 0, tol * norm
        else:
            counts[t, column], status[t, column] = 0, CONVERGED
        upcoming += 1
    return upcoming


@kernel
def _move(lanes: Lanes, source: int, lane: int) -> None:
    """Move one lane to another and clear it: what is left would go on being swept, as subnormal numbers."""
    for array in (lanes.delta, lanes.scale, lanes.inverse):
        for i in range(array.shape[0]):
            array[i, lane] = array[i, source]
            array[i, source] = 0.0
    lanes.rr[lane], lanes.target[lane] = lanes.rr[source], lanes.target[source]
    lanes.job[lane], lanes.age[lane] = lanes.job[source], lanes.age[source]


@kernel
def count_lanes(
    split: Split,
    shifts: Array,
    rhs: Array,
    omegas: Array,
    tol: float,
    max_iter: int,
    counts: NDArray[np.int32],
    status: NDArray[np.int8],
) -> None:
    """Sweep counts of many solves ``(A + shifts[t] I) x = rhs[t]`` from zero, side by side in lanes.

    As soon as the solve of a lane is done the next one takes its place; when none is left the lanes are closed up.
    The arithmetic of a solve does not depend on what runs beside it.

    Args:
        split: the matrix A.
        shifts: [n_instances] multiples of the identity added to it.
        rhs: [n_instances, n] right-hand sides.
        omegas: [1 or n_instances, n_columns] relaxation parameters.
        tol: bound on the residual norm, relative to the norm of the right-hand side.
        max_iter: largest number of sweeps, >= 1.
        counts: [n_instances, n_columns], written: sweeps.
        status: [n_instances, n_columns], written: statuses.
    """
    n, columns = split.diagonal.size, counts.shape[1]
    rows = 1
    for i in range(1, n):
        if split.diagonal[i] != split.diagonal[0]:
            rows = n
    full = min(LANES, (counts.size + 7) // 8 * 8)
    lanes = Lanes(
        np.zeros((n, full)),
        np.zeros((rows, full)),
        np.zeros((rows, full)),
        np.zeros(full),
        np.zeros(full),
        np.zeros(full),
        np.zeros(full, np.int64),
        np.zeros(full, np.int64),
    )
    upcoming = active = 0
    while active < full and upcoming < counts.size:
        upcoming = _refill(split, shifts, rhs, omegas, tol, counts, status, lanes, active, upcoming)
        active += lanes.job[active] >= 0
    while active > 0:
        _sweep(split, lanes, (active + 7) // 8 * 8)
        lane = 0
        while lane < active:
            lanes.age[lane] += 1
            norm, age = math.sqrt(lanes.rr[lane]), lanes.age[lane]
            converged, finite = norm <= lanes.target[lane], norm < math.inf
            if not converged and finite and age < max_iter:
                lane += 1
                continue
            t, column = lanes.job[lane] // columns, lanes.job[lane] % columns
            counts[t, column] = age if converged else max_iter
            status[t, column] = CONVERGED if converged else UNFINISHED if finite else DIVERGED
            upcoming = _refill(split, shifts, rhs, omegas, tol, counts, status, lanes, lane, upcoming)
            if lanes.job[lane] >= 0:
                lane += 1
            else:
                active -= 1
                _move(lanes, active, lane)
