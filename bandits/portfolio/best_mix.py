"""The best constant mix of a table of price relatives, with a certificate: active-set Newton on the simplex.

With ``f_s = <l, x_s>`` and ``g_i = mean_s x_s[i] / f_s``, the growth ``mean_s ln f_s`` is concave in ``l``, its
gradient is ``g``, and no mix beats ``l`` by more than

    gap(l) = t ln max(1, max_i g_i)

(Jensen's inequality: ``mean ln <m, x> / f <= ln <m, g>``). The best mix is that of ``mean ln f - sum l`` over
``l >= 0``, where the sum is 1 by itself. On the assets that are held, Newton's step solves ``M d = g - 1`` with
``M = mean (x / f)(x / f)^T``; where it meets the boundary, an asset is let go; where the held assets are done, the one
with the largest ``g`` comes in. Weights of what is not held are exactly 0, so that the gap comes down to rounding at
vertices, too.

Derived in this project; the certificate is the optimality condition of T. M. Cover, *An Algorithm for Maximizing
Expected Log Investment Return*, IEEE Transactions on Information Theory 30, 1984 (from memory).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bandits.contract import Array

CERTIFIED = 5e-10
"""Largest gap of a mix that counts as the best, in nats."""

ENOUGH = 2e-11
"""Gap at which the search ends."""


class Mix(NamedTuple):
    """A constant mix.

    Attributes:
        weights: [n_assets] on the simplex. Not unique where assets are equal, or proportional.
        value: its log wealth, in nats.
        gap: by which no other constant mix's log wealth exceeds it, in nats.
    """

    weights: Array
    value: float
    gap: float


def best_mix(columns: Array, start: Array | None = None) -> Mix:
    """The constant mix with the largest log wealth.

    Args:
        columns: [n_assets, t >= 1] price relatives, an asset a row, >= 0, best with the largest of each round at 1; in
            no round all are 0.
        start: [n_assets] weights to begin with, such as the best ones of fewer rounds; None for uniform ones. It
            decides the time that is taken, and the result by no more than the gap.

    Returns:
        The best mix; its gap is at most ``CERTIFIED``, or what rounding leaves after some 10^6 rounds.

    Example:
        >>> cash_and_stock = np.array([[1.0, 1.0], [2.0, 0.5]])
        >>> mix = best_mix(cash_and_stock / cash_and_stock.max(axis=0))
        >>> mix.weights, round(mix.value + float(np.log(2.0)), 4)
        (array([0.5, 0.5]), 0.1178)
    """
    k, t = columns.shape
    mix = np.full(k, 1.0 / k) if start is None else start
    if (factors := mix @ columns).min() < 0.01 / k:  # so little that squares might be no numbers
        mix = 0.99 * mix + 0.01 / k
        factors = mix @ columns
    growth, best = float(np.log(factors).sum()), Mix(mix, -math.inf, math.inf)
    held = mix > 0.0
    for _ in range(100 + 20 * k):
        shares = columns / factors
        gradient = shares.mean(axis=1)  # pairwise: the gap needs all digits
        gap = t * max(0.0, math.log(gradient.max()))
        if gap < best.gap:
            best = Mix(mix, growth, gap)
        if gap <= ENOUGH:
            break
        step = np.zeros(k)
        if t * (gradient[held].max() - 1.0) > 0.5 * ENOUGH:
            step[held] = _step(shares[held], gradient[held] - 1.0, mix[held])
        moved = _moved(columns, mix, step, growth, t * float((gradient - 1.0) @ step)) if step.any() else None
        if moved is None:  # what is held is done
            outside = np.where(held, -math.inf, gradient)
            if outside.max() <= 1.0:
                break
            held[outside.argmax()] = True
            continue
        mix, factors, growth = moved
        held &= mix > 0.0
    return best


def _step(shares: Array, rise: Array, mix: Array) -> Array:
    """The step [n_held] to the best mix >= 0 of the quadratic model, where assets that are let go stay away."""
    n, t = shares.shape
    matrix, reached, held = shares @ shares.T / t, mix.copy(), np.ones(n, dtype=np.bool_)
    matrix[np.diag_indices(n)] += 1e-13 * matrix.diagonal().max()  # where assets are equal, or worth nothing
    for _ in range(n):
        inside = np.flatnonzero(held)
        move = np.linalg.solve(matrix[np.ix_(inside, inside)], (rise - matrix @ (reached - mix))[inside])
        falls = np.where(move < 0.0, -reached[inside] / np.where(move < 0.0, move, -1.0), math.inf)
        length = min(1.0, float(falls.min()))
        reached[inside] += length * move
        gone = inside[falls <= length]
        reached[gone], held[gone] = 0.0, False
        if length == 1.0 or not held.any():
            break
    step: Array = reached - mix
    return step


def _moved(columns: Array, mix: Array, step: Array, growth: float, gain: float) -> tuple[Array, Array, float] | None:
    """Mix, factors and growth after the step or a part of it; None where nothing of the ``gain`` expected is there."""
    for length in 0.5 ** np.arange(60.0):
        new = np.maximum(mix + length * step, 0.0)
        if not new.any():
            continue
        new /= new.sum()
        factors = new @ columns
        if factors.min() > 0.0:
            reached = float(np.log(factors).sum())
            if reached >= growth + 0.1 * length * gain - 1e-15 * len(factors):
                return new, factors, reached
    return None
