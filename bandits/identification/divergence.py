"""One-parameter families of reward distributions: divergences between means, and rewards from what the tape holds."""

from __future__ import annotations

import math

from bandits.kernels import inlined, kernel

FAMILIES = {"gaussian": 0, "bernoulli": 1, "poisson": 2, "exponential": 3}
"""Name of a family to its number in kernels."""

TINY = 1e-15
"""How near to 0 and 1 the second mean of a Bernoulli divergence may be."""


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
        found = 0.0
        if x > 0.0:
            found += x * math.log(x / y)
        if x < 1.0:
            found += (1.0 - x) * math.log((1.0 - x) / (1.0 - y))
    elif family == 2:
        found = y - x
        if x > 0.0:
            found += x * math.log(x / y) if y > 0.0 else math.inf
    else:
        found = x / y - 1.0 - math.log(x / y) if x > 0.0 and y > 0.0 else math.inf
    return max(found, 0.0)


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
