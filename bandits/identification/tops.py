"""The characteristic time of "which m arms are best": the largest over shares of the least over pairs, in and out.

``1 / T* = max_w min_{i in top, j not} w_i d(mu_i, m_ij) + w_j d(mu_j, m_ij)``, ``m_ij`` the mean of both under their
shares. There is no closed form; as the least of concave functions it is solved by sequential quadratic programming, and
the multipliers of the pairs certify it (derived in this project).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bandits.contract import Array
from bandits.identification.divergence import FAMILIES
from bandits.identification.problem import Ints
from bandits.identification.times import characteristic, transport
from bandits.kernels import kernel


@kernel
def _pairs(
    family: int, variance: float, means: Array, inside: Ints, outside: Ints, weights: Array, rates: Array
) -> None:
    for i in range(inside.size):
        for j in range(outside.size):
            a, b = inside[i], outside[j]
            rates[i, j] = transport(family, variance, means[a], means[b], weights[a], weights[b])


def characteristic_top(family: str, means: Array, m: int, variance: float = 1.0) -> tuple[float, Array]:
    """T* of "which m arms are best", and the shares [n_arms], to a relative 1e-8; inf where several sets are best.

    Args:
        family: name of the family.
        means: [n_arms].
        m: in 1..n_arms-1.
        variance: of the Gaussian family.
    """
    from scipy.optimize import minimize

    if m == 1:
        return characteristic(family, means, variance)
    order = np.argsort(-means, kind="stable").astype(np.int64)
    inside, outside, n = order[:m], order[m:], len(means)
    if means[inside[-1]] == means[outside[0]]:
        tied = means == means[inside[-1]]
        return math.inf, tied / np.count_nonzero(tied)
    rates = np.empty((m, n - m))

    def slack(point: Array) -> Array:
        _pairs(FAMILIES[family], variance, means, inside, outside, np.maximum(point[:n], 1e-300), rates)
        return np.asarray((rates / scale).ravel() - point[n])

    start = np.full(n, 1.0 / n)
    scale = 1.0
    scale = float((slack(np.append(start, 0.0))).min())
    constraints: Any = [
        {"type": "ineq", "fun": slack},
        {"type": "eq", "fun": lambda point: point[:n].sum() - 1.0, "jac": lambda _: np.append(np.ones(n), 0.0)},
    ]
    bounds: Any = [(1e-12, 1.0)] * n + [(0.0, None)]
    found: Any = minimize(  # type: ignore[call-overload]
        lambda point: -point[n],
        np.append(start, 0.9),
        jac=lambda point: np.append(np.zeros(n), -1.0),
        bounds=bounds,
        constraints=constraints,
        method="SLSQP",
        options={"ftol": 1e-15, "maxiter": 1000},
    )
    weights = np.maximum(found.x[:n], 0.0)
    weights /= weights.sum()
    slack(np.append(weights, 0.0))
    return 1.0 / float(rates.min()), weights
