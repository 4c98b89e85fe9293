"""The characteristic time of a question, and the shares of samples that attain it.

Of the best arm ``b`` among means ``mu`` (Garivier and Kaufmann, COLT 2016, arXiv 1602.04589, Theorem 5, as remembered):
``1 / T* = max_w min_{a != b} w_b d(mu_b, m_a) + w_a d(mu_a, m_a)``, ``m_a`` the mean of both under their shares. With
``x = w_a / w_b``, ``g_a(x) = d(mu_b, m) + x d(mu_a, m)``, ``m = (mu_b + x mu_a) / (1 + x)``, is increasing and concave;
its inverse ``x_a(y)`` at the root ``y`` of ``F(y) = sum_a d(mu_b, m_a) / d(mu_a, m_a) = 1`` gives ``w_b = 1 / (1 +
sum_a x_a)``, ``w_a = x_a w_b`` and ``1 / T* = y w_b``. The inner Newton steps and the certificate of the tests are
derived in this project.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.identification.divergence import FAMILIES, divergence, variance_at
from bandits.kernels import inlined, kernel


@inlined
def _share(family: int, variance: float, best: float, other: float, y: float) -> float:
    """``x_a(y)``, for ``0 < y < d(mu_b, mu_a)``."""
    if family == 0:
        return y / ((best - other) * (best - other) / (2.0 * variance) - y)
    x = 0.0
    for _ in range(200):
        m = (best + x * other) / (1.0 + x)
        slope = divergence(family, variance, other, m)
        if slope <= 0.0:
            return math.inf
        gap = y - divergence(family, variance, best, m) - x * slope
        more = x + gap / slope
        if not more > x * (1.0 + 1e-14) + 1e-300:  # concave: Newton's steps never go beyond
            return x
        x = more
    return x


@inlined
def _ratio(family: int, variance: float, best: float, other: float, x: float) -> float:
    """``d(mu_b, m) / d(mu_a, m)``, inf where the second is 0 in floating point."""
    if family == 0:
        return x * x
    if x == math.inf:
        return math.inf
    m = (best + x * other) / (1.0 + x)
    below = divergence(family, variance, other, m)
    return divergence(family, variance, best, m) / below if below > 0.0 else math.inf


@inlined
def _balance(family: int, variance: float, means: Array, b: int, y: float) -> tuple[float, float]:
    """``F(y)`` and the sum of the ``x_a(y)``."""
    f, total = 0.0, 0.0
    for a in range(means.size):
        if a != b:
            x = _share(family, variance, means[b], means[a], y)
            f += _ratio(family, variance, means[b], means[a], x)
            total += x
    return f, total


@inlined
def first_best(means: Array) -> tuple[int, int]:
    """The first arm of the largest mean, and how many arms have it."""
    b, ties = 0, 1
    for a in range(1, means.size):
        if means[a] > means[b]:
            b, ties = a, 1
        elif means[a] == means[b]:
            ties += 1
    return b, ties


@inlined
def shares(family: int, variance: float, means: Array, tolerance: float, beta: float, weights: Array) -> float:
    """Fill in the optimal shares [n_arms] and return ``1 / T``; with ties for the best, equal shares of them, and 0.

    Args:
        family: number of the family.
        variance: of the Gaussian family.
        means: [n_arms], at least 2.
        tolerance: relative width at which the bisection ends; 0 for neighbouring floats.
        beta: prescribed share of the best arm, in (0, 1); 0 for the best one.
        weights: [n_arms] where the shares go.
    """
    b, ties = first_best(means)
    if ties > 1:
        for a in range(means.size):
            weights[a] = 1.0 / ties if means[a] == means[b] else 0.0
        return 0.0
    high = math.inf
    for a in range(means.size):
        if a != b:
            high = min(high, divergence(family, variance, means[b], means[a]))
    low = 0.0
    while True:
        y = 0.5 * (low + high)
        if y <= low or y >= high or high - low <= tolerance * high:
            break
        f, total = _balance(family, variance, means, b, y)
        if (total if beta > 0.0 else f) > ((1.0 - beta) / beta if beta > 0.0 else 1.0):
            high = y
        else:
            low = y
    y, total = low, 0.0
    for a in range(means.size):
        if a != b:
            weights[a] = _share(family, variance, means[b], means[a], y)
            total += weights[a]
    weights[b] = 1.0
    for a in range(means.size):
        weights[a] /= 1.0 + total
    return float(y * weights[b])


@inlined
def _share_from(family: int, variance: float, best: float, other: float, y: float, start: float) -> float:
    """As ``_share``, by Newton's steps from elsewhere: the first from beyond ``x_a(y)`` ends short of it."""
    if family == 0:
        return y / ((best - other) * (best - other) / (2.0 * variance) - y)
    x, begun = start, False
    for _ in range(200):
        m = (best + x * other) / (1.0 + x)
        slope = divergence(family, variance, other, m)
        if slope <= 0.0:
            if begun:
                return math.inf
            x, begun = 0.0, True
            continue
        more = x + (y - divergence(family, variance, best, m) - x * slope) / slope
        if begun and not more > x * (1.0 + 1e-14) + 1e-300:
            return x
        x, begun = max(more, 0.0), True
    return x


@inlined
def _growth(family: int, variance: float, best: float, other: float, x: float) -> tuple[float, float]:
    """``d(mu_b, m) / d(mu_a, m)`` at ``x_a(y) = x``, and its derivative in y."""
    m = (best + x * other) / (1.0 + x)
    below = divergence(family, variance, other, m)
    if x == math.inf or below <= 0.0:
        return math.inf, math.inf
    above = divergence(family, variance, best, m)
    in_m = ((m - best) * below - (m - other) * above) / (variance_at(family, variance, m) * below * below)
    return above / below, in_m * (other - best) / ((1.0 + x) * (1.0 + x) * below)


@inlined
def shares_after(family: int, variance: float, means: Array, tolerance: float, last: Array, weights: Array) -> None:
    """As ``shares`` without ``beta``, in a tenth of the time where means have hardly changed since the last call.

    Newton's steps from the last y, within an interval that is halved where they leave it.

    Args:
        family: number of the family.
        variance: of the Gaussian family.
        means: [n_arms], at least 2.
        tolerance: relative error of y, at about which the steps end.
        last: [n_arms + 1] y and the ``x_a`` of the last call, 0 before; changed.
        weights: [n_arms] where the shares go.
    """
    b, ties = first_best(means)
    if ties > 1:
        for a in range(means.size):
            weights[a] = 1.0 / ties if means[a] == means[b] else 0.0
        return
    low, high = 0.0, math.inf
    for a in range(means.size):
        if a != b:
            high = min(high, divergence(family, variance, means[b], means[a]))
    y = last[0] if 0.0 < last[0] < high else 0.5 * high
    for _ in range(200):
        f, slope = 0.0, 0.0
        for a in range(means.size):
            if a != b:
                x = _share_from(family, variance, means[b], means[a], y, last[1 + a])
                last[1 + a] = x if x < math.inf else 0.0
                value, growth = _growth(family, variance, means[b], means[a], x)
                f += value
                slope += growth
        if f > 1.0:
            high = y
        else:
            low = y
        step = (1.0 - f) / slope if f < math.inf else math.nan
        if abs(step) <= tolerance * y or high - low <= tolerance * high:
            break
        y = y + step if low < y + step < high else 0.5 * (low + high)
    last[0], total = y, 0.0
    for a in range(means.size):
        if a != b:
            weights[a] = last[1 + a]
            total += weights[a]
    weights[b] = 1.0
    for a in range(means.size):
        weights[a] /= 1.0 + total


@kernel
def shares_of(family: int, variance: float, means: Array, tolerance: float, last: Array, weights: Array) -> None:
    """As ``shares_after``, for callers that are not compiled."""
    shares_after(family, variance, means, tolerance, last, weights)


@kernel
def _shares(family: int, variance: float, means: Array, beta: float, weights: Array) -> float:
    return float(shares(family, variance, means, 0.0, beta, weights))


def characteristic(family: str, means: Array, variance: float = 1.0, beta: float | None = None) -> tuple[float, Array]:
    """T* of "which arm is best", and the optimal shares [n_arms]; inf and equal shares of the best where several are.

    Args:
        family: name of the family.
        means: [n_arms], at least 2.
        variance: of the Gaussian family.
        beta: share of the best arm, where it is prescribed: then the time is ``T_beta``.

    Example:
        >>> time, weights = characteristic("gaussian", np.array([1.0, 0.5]))
        >>> round(time, 9), weights.tolist()
        (32.0, [0.5, 0.5])
    """
    weights = np.empty(len(means))
    rate = _shares(FAMILIES[family], variance, np.asarray(means, dtype=np.float64), beta or 0.0, weights)
    return (1.0 / rate if rate > 0.0 else math.inf), weights


def time_of(family: str, means: Array, weights: Array, variance: float = 1.0) -> float:
    """The time of "which arm is best" under given shares: ``1 / min_a (w_b d(mu_b, m_a) + w_a d(mu_a, m_a))``."""
    rate = _rate(FAMILIES[family], variance, np.asarray(means, dtype=np.float64), np.asarray(weights, dtype=np.float64))
    return 1.0 / rate if rate > 0.0 else math.inf


@inlined
def transport(family: int, variance: float, first: float, second: float, of_first: float, of_second: float) -> float:
    """``Z``: ``w_1 d(m_1, m) + w_2 d(m_2, m)``, ``m`` the pooled mean, where the first mean is larger; else 0.

    Args:
        family: number of the family.
        variance: of the Gaussian family.
        first: mean of the first arm.
        second: mean of the second.
        of_first: share, or number of samples, of the first, > 0.
        of_second: of the second, > 0.
    """
    if not first > second:
        return 0.0
    if family == 0:
        return (first - second) * (first - second) / (2.0 * variance * (1.0 / of_first + 1.0 / of_second))
    m = (of_first * first + of_second * second) / (of_first + of_second)
    return of_first * divergence(family, variance, first, m) + of_second * divergence(family, variance, second, m)


@kernel
def _rate(family: int, variance: float, means: Array, weights: Array) -> float:
    b, ties = first_best(means)
    least = 0.0 if ties > 1 else math.inf
    for a in range(means.size):
        if a != b:
            z = 0.0
            if weights[a] > 0.0 and weights[b] > 0.0:
                z = transport(family, variance, means[b], means[a], weights[b], weights[a])
            least = min(least, z)
    return least


def characteristic_above(family: str, means: Array, threshold: float, variance: float = 1.0) -> tuple[float, Array]:
    """T* of "which arms are above the threshold", ``sum_i 1 / d(mu_i, threshold)``, and the shares (derived)."""
    from bandits.identification.divergence import divergence_between

    each = np.array([divergence_between(FAMILIES[family], variance, float(m), threshold) for m in means])
    with np.errstate(divide="ignore"):
        times = 1.0 / each
    total = float(times.sum())
    return total, (times / total if math.isfinite(total) else np.isinf(times) / np.isinf(times).sum())
