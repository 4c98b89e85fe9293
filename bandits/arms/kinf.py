"""``K_inf``: how far the law of rewards in [0, 1] is from the nearest one whose mean exceeds a level.

    K_inf(F, mu) = inf { KL(F, G) : G a law on [0, 1] with mean > mu }.

No policy that is good on all laws on [0, 1] plays an arm with rewards ``F`` less often than ``ln t / K_inf(F, mu*)``
times (Burnetas and Katehakis 1996). It is 0 where the mean of ``F`` is at least ``mu``, infinite where ``mu >= 1`` is
above it, and otherwise the largest value of a concave function of one number,

    max over 0 <= l <= 1 of  E ln(1 - l (X - mu) / (1 - mu)),

whose derivative at 0 is ``(mu - mean) / (1 - mu) > 0``. It is found by Newton's method on the derivative, kept between
bounds. For rewards in {0, 1} it is Bernoulli's divergence; always (concavity of the logarithm in ``X``)

    2 (mu - mean)^2 <= d(mean, mu) <= K_inf(F, mu) <= ln((1 - mean) / (1 - mu)),

the middle with equality for rewards in {0, 1}, the right for a point mass.

Reference: J. Honda, A. Takemura, *An Asymptotically Optimal Bandit Algorithm for Bounded Support Models*, COLT 2010
[recall]; the numerical part and the inequalities are derived in this project.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from bandits.contract import Array
from bandits.kernels import kernel

MIDPOINTS = 4096
"""Points that stand for a continuous law."""


@kernel
def kinf(values: Array, weights: Array, level: float) -> float:
    """``K_inf`` of a law on finitely many points, in nats.

    Args:
        values: [n_points] in [0, 1], n_points >= 1.
        weights: [n_points] > 0, the probabilities or any multiple of them, as numbers of observations are.
        level: the mean to reach.
    """
    total, mean, square, largest = 0.0, 0.0, 0.0, 0.0
    for j in range(values.size):
        total += weights[j]
        mean += weights[j] * (values[j] - level)
        square += weights[j] * (values[j] - level) ** 2
        largest = max(largest, values[j])
    if mean >= 0.0:
        return 0.0
    if level >= 1.0:
        return math.inf
    low, high, rest = 0.0, 1.0, 1.0 - level
    if largest < 1.0:  # else the function is -inf at 1
        slope, value = 0.0, 0.0
        for j in range(values.size):
            slope -= weights[j] * (values[j] - level) / (1.0 - values[j])
            value += weights[j] * math.log((1.0 - values[j]) / rest)
        if slope >= 0.0:
            return max(0.0, value / total)
    share = min(-mean * rest / square, 0.5)
    for _ in range(200):
        slope, curvature = 0.0, 0.0
        for j in range(values.size):
            a = (values[j] - level) / rest
            ratio = a / (1.0 - share * a)
            slope -= weights[j] * ratio
            curvature += weights[j] * ratio * ratio
        if slope > 0.0:
            low = share
        else:
            high = share
        step = slope / curvature
        close = abs(step) <= 1e-9 * min(share, 1.0 - share)  # what is left is of the order of the square
        share += step
        if not low <= share <= high:
            share = 0.5 * (low + high)
        if close or high - low <= 1e-15:
            break
    value = 0.0
    for j in range(values.size):
        value += weights[j] * math.log1p(-share * (values[j] - level) / rest)
    return max(0.0, value / total)


def kinf_of(quantile: Callable[[Array], Array], level: float) -> float:
    """``K_inf`` of a continuous law on [0, 1], by the midpoint rule on its quantile function.

    Args:
        quantile: maps probabilities [n] to quantiles [n].
        level: the mean to reach.
    """
    points = quantile((np.arange(MIDPOINTS) + 0.5) / MIDPOINTS)
    return kinf(np.ascontiguousarray(points, dtype=np.float64), np.ones(MIDPOINTS), level)
