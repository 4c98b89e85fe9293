"""The characteristic time of "which m arms are best": the largest over shares of the least over pairs, in and out.

``1 / T* = max_w min_{i in top, j not} w_i d(mu_i, m_ij) + w_j d(mu_j, m_ij)``, ``m_ij`` the mean of both under their
shares. There is no closed form; as the least of concave functions it is solved by sequential quadratic programming, and
the multipliers of the pairs certify it (derived in this project).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from bandits.contract import Array
from bandits.identification.divergence import FAMILIES, divergence, divergence_between
from bandits.identification.problem import Ints
from bandits.identification.times import characteristic, transport
from bandits.kernels import kernel

LEAST = 1e-9
"""To what part of itself a share may shrink in one search."""

ROUNDS = 8
"""Searches one after the other, each of which begins, and measures, where the last one ended."""


@kernel
def _pairs(
    family: int,
    variance: float,
    means: Array,
    inside: Ints,
    outside: Ints,
    weights: Array,
    rates: Array,
    slopes: Array,
) -> None:
    """Fill in the rate [n_pairs] of each pair, and its slopes [n_pairs, n_arms] in the weights."""
    slopes[:] = 0.0
    for i in range(inside.size):
        for j in range(outside.size):
            a, b, k = inside[i], outside[j], i * outside.size + j
            rates[k] = transport(family, variance, means[a], means[b], weights[a], weights[b])
            m = (weights[a] * means[a] + weights[b] * means[b]) / (weights[a] + weights[b])
            slopes[k, a] = divergence(family, variance, means[a], m)
            slopes[k, b] = divergence(family, variance, means[b], m)


def characteristic_top(family: str, means: Array, m: int, variance: float = 1.0) -> tuple[float, Array]:
    """T* of "which m arms are best", and the shares [n_arms]; inf where several sets are best.

    It is found to a relative 1e-8 where gaps are of like size, to 1e-4 where some are thousands of times larger: shares
    of their arms hardly count.

    Args:
        family: name of the family.
        means: [n_arms].
        m: in 1..n_arms-1.
        variance: of the Gaussian family.
    """
    if m == 1:
        return characteristic(family, means, variance)
    order = np.argsort(-means, kind="stable").astype(np.int64)
    inside, outside, n = order[:m], order[m:], len(means)
    if means[inside[-1]] == means[outside[0]]:
        tied = means == means[inside[-1]]
        return math.inf, tied / np.count_nonzero(tied)
    rates, slopes = np.empty(m * (n - m)), np.empty((m * (n - m), n))

    def look(shares: Array) -> float:
        _pairs(FAMILIES[family], variance, means, inside, outside, shares, rates, slopes)
        return float(rates.min())

    rivals = np.where(means >= means[inside[-1]], means[outside[0]], means[inside[-1]])
    pairs = zip(means.tolist(), rivals.tolist(), strict=True)
    weights = 1.0 / np.array([divergence_between(FAMILIES[family], variance, *pair) for pair in pairs])
    weights /= weights.sum()
    rate = look(weights)
    for _ in range(ROUNDS):
        better, shares = _improved(look, rates, slopes, weights, rate)
        if better > rate:
            weights = shares
        rate, last = max(better, rate), rate
        if not rate > last * (1.0 + 1e-12):
            break
    return 1.0 / rate, weights


def _improved(
    look: Callable[[Array], float], rates: Array, slopes: Array, weights: Array, rate: float
) -> tuple[float, Array]:
    """Search from these weights [n_arms], in units of each, for those of the largest least rate: it, and the weights.

    Units matter: where some gaps are far smaller than others, so are the shares of the arms of large ones.
    """
    from scipy.optimize import minimize

    n = len(weights)

    def at(point: Array) -> Array:
        look(np.maximum(point[:n], LEAST) * weights)
        return point

    def slack(point: Array) -> Array:
        return np.asarray(rates / rate - at(point)[n])

    def slack_slopes(point: Array) -> Array:
        at(point)
        return np.column_stack([slopes * weights / rate, -np.ones(len(rates))])

    constraints: Any = [
        {"type": "ineq", "fun": slack, "jac": slack_slopes},
        {"type": "eq", "fun": lambda point: point[:n] @ weights - 1.0, "jac": lambda _: np.append(weights, 0.0)},
    ]
    bounds: Any = [(LEAST, None)] * n + [(0.0, None)]
    found: Any = minimize(  # type: ignore[call-overload]
        lambda point: -point[n],
        np.ones(n + 1),
        jac=lambda point: np.append(np.zeros(n), -1.0),
        bounds=bounds,
        constraints=constraints,
        method="SLSQP",
        options={"ftol": 1e-16, "maxiter": 1000},
    )
    shares = np.maximum(found.x[:n], LEAST) * weights
    shares /= shares.sum()
    return look(shares), shares
