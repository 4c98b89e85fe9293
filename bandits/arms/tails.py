"""Envelopes of the upper tails of Beta and Gaussian laws: their mass, and trials of rejection sampling from them.

``thinning.py`` says what they are used for. A density whose logarithm is concave lies below the exponential that
touches it at the level. For a Gaussian that is Mills' bound, and the sampler of C. P. Robert, *Simulation of Truncated
Normal Variables*, Statistics and Computing 5, 1995. For Beta(a, b) it is taken in the log-odds ``r = ln(theta / (1 -
theta))``, whose density ``e^(a r) / (1 + e^r)^(a + b) / B(a, b)`` has a concave logarithm for all a, b > 0 (L. Devroye,
*Non-Uniform Random Variate Generation*, 1986, chapter VII, on such densities).
"""

from __future__ import annotations

import math

from bandits.kernels import inlined, kernel

BELOW_ONE = 1.0 - 2.0**-53
"""The largest level of a Beta law."""
MASS = math.log(0.5)
"""An envelope with at least this mass, in logarithms, is of no use: the sample itself costs no more."""


@inlined
def _stirling(x: float) -> float:
    """What Stirling's formula ``(x - 1/2) ln x - x + ln(2 pi) / 2`` lacks of ``ln Gamma(x)``, x > 0."""
    if x < 12.0:
        return math.lgamma(x) - (x - 0.5) * math.log(x) + x - 0.9189385332046727
    r, y = 1.0 / x, 1.0 / (x * x)
    return r * (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y * (1 / 1188 - y * (691 / 360360))))))


@inlined
def _saddle(a: float, b: float, level: float, rest: float, slope: float) -> float:
    """The log density of r in Beta(a, b) at a level, ``rest`` away from 1, but for ``ln sqrt(a b / (2 pi (a + b)))``.

    It is taken from its saddle-point form (C. Loader, *Fast and Accurate Computation of Binomial Probabilities*, 2000):
    the logarithms of Gamma functions of large a and b would cancel. ``slope`` is ``(a + b) level - a``.
    """
    n = a + b
    log = -a * math.log1p(-slope / (n * level)) - b * math.log1p(slope / (n * rest))
    log -= _stirling(a) + _stirling(b) - _stirling(n)
    return log


@inlined
def _fraction(a: float, b: float, x: float, short: float) -> float:
    """The continued fraction of ``a I_x(a, b) B(a, b) / (x^a (1 - x)^b)``, by the method of Lentz (DLMF 8.17.22).

    ``short`` is ``a - (a + b) x >= 0``: what is left of differences that would cancel.
    """
    c = 1.0
    fraction = d = (a + 1.0) / (1.0 + short)
    for m in range(1, 10_000):
        scale = 1.0 / ((a + 2 * m) * (a + 2 * m + 1.0))
        even = m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m))
        one = (a * (3 * m + 1.0 - m * x + short) + m * (4 * m + 2.0 - m * x + short)) * scale  # 1 + odd
        left, right = even * d, even / c
        d, c = 1.0 / (1.0 + left), 1.0 + right
        fraction *= d * c
        d, c = 1.0 / ((one + left) * d), (one + right) / c
        fraction *= d * c
        if abs(d * c - 1.0) <= 1e-15:
            break
    return fraction


@kernel
def beta_tail(a: float, b: float, level: float, rest: float) -> tuple[float, float]:
    """``P(theta > level)`` and the density of ``r`` there, for Beta(a, b) and a level in (0, 1), ``rest`` away from 1.

    Above the mean it is computed as ``I_rest(b, a)``, with nothing subtracted from 1 that would cancel.
    """
    n = a + b
    slope = n * level - a if level < 0.5 else b - n * rest
    density = math.exp(_saddle(a, b, level, rest, slope)) * math.sqrt(a * b / (2.0 * math.pi * n))
    if slope >= 0.0:
        return density / b * _fraction(b, a, rest, slope), density
    return 1.0 - density / a * _fraction(a, b, level, -slope), density


@inlined
def beta_mass(a: float, b: float, level: float) -> float:
    """``ln q``, or inf, where ``q >= P(theta > level)`` is the mass of the envelope of Beta(a, b) at a level < 1."""
    n = a + b
    slope = n * level - a  # of minus the log density of r
    if not (slope > 0.0 and slope * slope * (n + 1.0) > a * b):  # not a standard deviation above the mean
        return math.inf
    log = _saddle(a, b, level, 1.0 - level, slope)
    log += 0.5 * math.log(a * b / (2.0 * math.pi * n * slope * slope))
    return log if log < MASS else math.inf


@inlined
def beta_trial(a: float, b: float, level: float, exponential: float) -> tuple[float, float]:
    """A trial from the envelope of Beta(a, b) at a level, from a standard exponential variable.

    Returns:
        (theta, price): theta > level is accepted if another standard exponential variable is at least the price.
    """
    n = a + b
    step = exponential / (n * level - a)
    grown = level * math.expm1(step)
    return (level + grown) / (1.0 + grown), n * (math.log1p(grown) - level * step)


@inlined
def gaussian_mass(z: float) -> float:
    """``ln q``, or inf, where ``q >= P(normal > z)`` is the mass of the envelope of a normal law at ``z``."""
    if not z > 1.0:
        return math.inf
    return -0.5 * z * z - math.log(z) - 0.9189385332046727


@inlined
def gaussian_trial(inverse: float, exponential: float) -> tuple[float, float]:
    """A trial from the envelope of a standard normal at ``z = 1 / inverse``, from a standard exponential variable.

    Returns:
        (step, price): z + step is accepted if another standard exponential variable is at least the price.
    """
    step = exponential * inverse
    return step, 0.5 * step * step
