"""Hypergeometric variables, exact and at a cost that does not grow: for compiled policies.

Of ``good + bad`` balls ``n`` are drawn without replacement; how many of them are good? The number has the mass
``f(k) ~ 1 / (k! (good - k)! (n - k)! (bad - n + k)!)``. It is drawn by the ratio of uniforms: a point that is uniform
under the curve ``u^2 <= f(v / u) / f(mode)`` has the ratio wanted, and lies in a rectangle of height 1 and of the width

    2 sqrt(2 / e) sqrt(variance + 1 / 2) + 3 - 2 sqrt(3 / e)

around ``mean + 1 / 2``, so that points of the rectangle are tried until one is under the curve.

Reference: E. Stadlober, *The ratio of uniforms approach for generating discrete random variates*, Journal of
Computational and Applied Mathematics 31, 1990 (the rectangle, from memory; that it covers the curve is tested).
"""

from __future__ import annotations

import math

import numpy as np

from bandits.kernels import kernel

SLOPE, OFFSET = 2.0 * math.sqrt(2.0 / math.e), 3.0 - 2.0 * math.sqrt(3.0 / math.e)
LOG_FACTORIALS = np.array([math.lgamma(k + 1.0) for k in range(128)])


@kernel
def log_factorial(k: float) -> float:
    """The logarithm of k!, of a whole number; Stirling's series beyond the table, whose next term is below 1e-17."""
    if k < 128.0:
        return float(LOG_FACTORIALS[int(k)])
    inverse = 1.0 / k
    square = inverse * inverse
    series = inverse * (1.0 / 12.0 - square * (1.0 / 360.0 - square / 1260.0))
    return (k + 0.5) * math.log(k) - k + 0.9189385332046727 + series  # ln(2 pi) / 2


@kernel
def _log_mass(k: float, good: float, bad: float, n: float) -> float:
    """The logarithm of f(k), up to a constant."""
    return -(log_factorial(k) + log_factorial(good - k) + log_factorial(n - k) + log_factorial(bad - n + k))


@kernel
def at_most(k: float, good: float, bad: float, n: float) -> float:
    """The chance that at most ``k`` good balls are among ``n`` drawn, for ``k`` below the mean ``n good / total``.

    The masses of ``k``, ``k - 1``, ... are added up until they count no more. With a million balls the logarithms of
    factorials are off by some 1e-9, and so is the chance, relatively.
    """
    least = max(0.0, n - bad)
    if k < least:
        return 0.0
    total = log_factorial(good + bad) - log_factorial(n) - log_factorial(good + bad - n)
    mass = math.exp(log_factorial(good) + log_factorial(bad) - total + _log_mass(k, good, bad, n))
    chance = mass
    while k > least and mass > 1e-17 * chance:
        mass *= k * (bad - n + k) / ((good - k + 1.0) * (n - k + 1.0))
        chance += mass
        k -= 1.0
    return min(chance, 1.0)


@kernel
def width(good: float, bad: float, n: float) -> float:
    """Of the rectangle."""
    total = good + bad
    variance = n * (good / total) * (bad / total) * (total - n) / max(total - 1.0, 1.0)
    return SLOPE * math.sqrt(variance + 0.5) + OFFSET


@kernel
def hypergeometric(good: float, bad: float, n: float, rng: np.random.Generator) -> float:
    """How many good balls are among ``n`` drawn; all are whole numbers >= 0, ``n <= good + bad``."""
    least, most = max(0.0, n - bad), min(good, n)
    if least == most:
        return least
    total = good + bad
    mode = math.floor((n + 1.0) * (good + 1.0) / (total + 2.0))
    top, centre, across = _log_mass(mode, good, bad, n), n * good / total + 0.5, width(good, bad, n)
    while True:
        u = 1.0 - rng.random()
        k = math.floor(centre + across * (rng.random() - 0.5) / u)
        if least <= k <= most:
            log = _log_mass(k, good, bad, n) - top
            if u * (4.0 - u) - 3.0 <= log or (u * (u - log) < 1.0 and 2.0 * math.log(u) <= log):
                return float(k)
