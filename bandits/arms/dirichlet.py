"""Whether the mean of a law drawn from a Dirichlet distribution exceeds a level, at little cost where it hardly can.

With shapes ``alpha_j`` of values ``x_j`` in [0, 1] such a mean is ``X = sum_j G_j x_j / sum_j G_j`` of independent
Gamma variables ``G_j`` of these shapes, so that ``X > b`` exactly if ``D = sum_j G_j (x_j - b) > 0``. Tilted ones,
``Gamma(alpha_j) / r_j`` with ``r_j = 1 - lambda (x_j - b)``, have a density whose ratio to that of the ``G_j`` is

    1 / (C exp(-lambda D)),      C = prod_j r_j^(-alpha_j).

So ``X`` and whether it exceeds ``b`` are had in law by this: with probability ``C`` draw tilted variables, and take
them with probability ``exp(-lambda D)`` if ``D > 0``; in every other case ``X`` does not exceed ``b``. Any
``lambda > 0`` with all ``r_j > 0`` will do. With ``A = sum_j alpha_j``, ``m = sum_j alpha_j x_j / A < b`` and
``lambda = (b - m) / (b (1 - b))`` convexity of ``-ln r`` gives

    ln C <= -A kl(m, b) <= -2 A (b - m)^2      (Pinsker),

so that a standard exponential variable below minus the last one decides without a look at the values. [derived]
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.kernels import inlined, kernel


@inlined
def cannot_exceed(total: float, mean: float, level: float, wait: float) -> bool:
    """Whether a standard exponential variable says that a mean is not above ``level``, which is above ``mean``."""
    return level >= 1.0 or wait < 2.0 * total * (level - mean) ** 2


@kernel
def above(
    values: Array, shapes: Array, rest: Array, mean: float, level: float, wait: float, rng: np.random.Generator
) -> float:
    """The mean drawn, where it exceeds ``level``; else -1.

    Args:
        values: [n] in [0, 1].
        shapes: [n] of the values; those that are 0 count for nothing.
        rest: [m] further values in [0, 1], of shape 1.
        mean: of all values, weighed by their shapes; > 0.
        level: above the mean, below 1.
        wait: the standard exponential variable that ``cannot_exceed`` has seen.
        rng: of all else.
    """
    tilt, log = (level - mean) / (level * (1.0 - level)), 0.0
    for j in range(shapes.size):
        log -= shapes[j] * math.log1p(-tilt * (values[j] - level))
    for j in range(rest.size):
        log -= math.log1p(-tilt * (rest[j] - level))
    if wait < -log:
        return -1.0
    total, excess = 0.0, 0.0
    for j in range(shapes.size):
        if shapes[j] > 0.0:
            weight = rng.standard_gamma(shapes[j]) / (1.0 - tilt * (values[j] - level))
            total += weight
            excess += weight * (values[j] - level)
    for j in range(rest.size):
        weight = rng.standard_exponential() / (1.0 - tilt * (rest[j] - level))
        total += weight
        excess += weight * (rest[j] - level)
    if excess > 0.0 and rng.standard_exponential() >= tilt * excess:
        return level + excess / total
    return -1.0
