"""One-parameter families of reward distributions: divergences between means, and rewards from what the tape holds."""

from __future__ import annotations

import math

from bandits.kernels import inlined, kernel

FAMILIES = {"gaussian": 0, "bernoulli": 1, "poisson": 2, "exponential": 3}
"""Name of a family to its number in kernels."""

TINY = 1e-15
"""How near to 0 and 1 the second mean of a Bernoulli divergence may be."""


@inlined
def _excess(u: float) -> float:
    """``u - ln(1 + u)``, >= 0."""
    if abs(u) > 0.01:
        return u - math.log1p(u)
    # Near 0 the difference would be rounding alone.
    return u * u * (0.5 - u * (1 / 3 - u * (0.25 - u * (0.2 - u * (1 / 6 - u * (1 / 7 - u * (0.125 - u / 9)))))))


@inlined
def _part(x: float, y: float) -> float:
    """``x ln(x / y) - x + y``, >= 0."""
    if x < 1e-300:  # (y - x) / x must not overflow
        return y
    return x * _excess((y - x) / x) if y > 0.0 else math.inf


@inlined
def divergence(family: int, variance: float, x: float, y: float) -> float:
    """Kullback-Leibler divergence between members of a family with means ``x`` and ``y``, >= 0, with ``0 ln 0 = 0``.

    Args:
        family: see ``FAMILIES``.
        variance: of the Gaussian family.
        x: mean of the first.
        y: mean of the second.
    """
    if x == y:
        return 0.0
    if family == 0:
        return (x - y) * (x - y) / (2.0 * variance)
    if family == 1:
        y = min(max(y, TINY), 1.0 - TINY)
        return _part(x, y) + _part(1.0 - x, 1.0 - y)
    if family == 2:
        return _part(x, y)
    return _excess((x - y) / y) if x > 0.0 and y > 0.0 else math.inf


@inlined
def variance_at(family: int, variance: float, mean: float) -> float:
    """Variance of the member of a family with this mean; ``d(x, y)`` has the derivative ``(y - x) / variance`` in y."""
    if family == 0:
        return variance
    if family == 1:
        return mean * (1.0 - mean)
    return mean if family == 2 else mean * mean


@inlined
def reward_of(family: int, mean: float, noise: float) -> float:
    """The reward of an arm, from what the tape holds for the round, which serves all arms.

    Args:
        family: see ``FAMILIES``.
        mean: of the arm.
        noise: centred normal of the right deviation for the Gaussian family, else uniform in [0, 1).
    """
    if family == 0:
        return mean + noise
    if family == 1:
        return 1.0 if noise < mean else 0.0
    if family == 3:
        return -mean * math.log1p(-noise)
    # Poisson by inversion: the least number whose distribution function exceeds the uniform one.
    term = math.exp(-mean)
    total, count = term, 0.0
    while noise >= total and term > 0.0:
        count += 1.0
        term *= mean / count
        total += term
    return count


@kernel
def divergence_between(family: int, variance: float, x: float, y: float) -> float:
    """As ``divergence``, for callers that are not compiled."""
    return divergence(family, variance, x, y)


@kernel
def reward_from(family: int, mean: float, noise: float) -> float:
    """As ``reward_of``, for callers that are not compiled."""
    return reward_of(family, mean, noise)
