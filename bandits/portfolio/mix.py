"""The best constant mix of a market in hindsight, with a certificate.

``M = max over l of sum_s ln <l, x_s>``, over the simplex, is concave. By Jensen's inequality any mix l with value v has

    M - v <= gap(l) = t ln max(1, max_i mean_s x_s[i] / <l, x_s>)

so that the gap says how good a mix is, whatever found it. On the simplex the maximum is that of
``sum_s ln <l, x_s> - t sum_i l_i`` over l >= 0, where the sum is 1 by itself: what is left is a Newton method whose
quadratic models are solved under l >= 0 by an active set, which finds the zeros of the best mix exactly.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bandits.contract import Array

ENOUGH = 1e-12
"""Gap at which the search stops, in nats, or a rounding of each of so many rounds."""


class Mix(NamedTuple):
    """A constant mix.

    Attributes:
        weights: [k], on the simplex, with exact zeros.
        value: sum over the rows of ``ln <weights, row>``.
        gap: no mix has a value above ``value + gap``.
    """

    weights: Array
    value: float
    gap: float


def best_mix(rows: Array, start: Array | None = None) -> Mix:
    """The best constant mix for relatives ``rows`` [t, k], t >= 1, each row divided by its maximum.

    It is not unique in weights where assets are constant or doubled; its value is.

    Args:
        rows: [t, k] in [0, 1], each with an entry 1.
        start: [k] weights of a mix that may be near, such as the best one of fewer rows; None for the uniform one.
    """
    t, k = rows.shape
    weights = np.full(k, 1.0 / k)
    if start is not None:
        weights = 0.99 * start + 0.01 * weights
    factors = rows @ weights
    best, found = np.inf, Mix(weights, 0.0, np.inf)
    for _ in range(100):
        value = float(np.log(factors).sum())
        parts = rows / factors[:, None]
        slopes = parts.sum(axis=0)
        gap = t * float(np.log(max(1.0, slopes.max() / t)))
        if gap < best:
            best, found = gap, Mix(weights, value, gap)
        if best <= max(ENOUGH, 1e-16 * t):
            break
        curvature = parts.T @ parts
        ridge = 1e-12 * float(curvature.diagonal().max())
        goal = _nonnegative(curvature + ridge * np.eye(k), 2.0 * slopes - t + ridge * weights, weights > 0.0)
        move = goal - weights
        decrement = float(np.sqrt(max(move @ curvature @ move, 0.0)))
        step, least = 1.0, 1.0 / (1.0 + decrement)  # so far self-concordance lets any step go
        while True:
            weights_then = np.maximum(weights + step * move, 0.0)
            weights_then /= weights_then.sum()
            factors = rows @ weights_then
            if step == least or decrement < 0.25:
                break
            if factors.min() > 0.0 and np.log(factors).sum() > value + 0.1 * step * decrement:
                break
            step = max(0.25 * step, least)
        weights = weights_then
    return found


def _nonnegative(matrix: Array, vector: Array, free: Array) -> Array:
    """The minimum of ``z' matrix z / 2 - vector' z`` over z >= 0, by Lawson and Hanson's active set.

    Args:
        matrix: [k, k], positive definite.
        vector: [k].
        free: [k] which entries are above 0 at first.
    """
    free = free.copy()
    z = np.where(free, 1.0 / free.sum(), 0.0)
    for _ in range(10 * len(z) + 10):
        while free.any():
            inside = np.flatnonzero(free)
            target = np.linalg.solve(matrix[np.ix_(inside, inside)], vector[inside])
            if target.min() > 0.0:
                z = np.zeros(len(z))
                z[inside] = target
                break
            low = target <= 0.0
            share = (z[inside][low] / (z[inside][low] - target[low])).min()
            z[inside] += share * (target - z[inside])
            z[inside[low & (z[inside] <= 1e-15)]] = 0.0
            free = z > 0.0
        slopes = np.where(free, -np.inf, vector - matrix @ z)
        if slopes.max() <= 1e-12 * np.abs(vector).max():
            break
        free[int(slopes.argmax())] = True
    return z
