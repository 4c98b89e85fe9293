"""The self-normalised confidence ellipsoid: how far, in the norm of V, the parameter may be from its estimate.

With probability at least ``1 - delta``, in all rounds at once,

    |theta - estimate|_V <= beta = sigma sqrt(2 ln(1 / delta) + D) + sqrt(lambda) S

(Y. Abbasi-Yadkori, D. Pál, C. Szepesvári, *Improved Algorithms for Linear Stochastic Bandits*, NIPS 2011, Theorem 2,
recalled). Where mean rewards differ by up to ``eps`` from linear ones, ``eps sqrt(t - 1)`` is added: the sum of
``nu a`` over t - 1 rounds is at most that in the norm of V^-1 (derived in this project).
"""

from __future__ import annotations

import math

from bandits.kernels import kernel
from bandits.linear.problem import LinearActionsProblem
from bandits.linear.ridge import Ridge

Radius = tuple[float, float, float, float, float]
"""sigma, ``ln(1 / delta)``, S, eps, and a radius that is constant (negative: none)."""


def new_radius(
    problem: LinearActionsProblem, delta: float, error: float = 0.0, constant: float | None = None
) -> Radius:
    """What ``radius_of`` needs.

    Args:
        problem: what is played.
        delta: probability with which the ellipsoid may fail.
        error: eps, for which the radius makes up.
        constant: a radius > 0 in its place, or None.
    """
    log = -math.log(delta)
    fixed = -1.0 if constant is None else float(constant)
    return float(problem.sigma), log, float(problem.parameter_norm), float(error), fixed


@kernel
def radius_of(ridge: Ridge, radius: Radius) -> float:
    """beta, after the rounds that the regression has seen."""
    sigma, log, norm, error, constant = radius
    if constant >= 0.0:
        return constant
    counts = ridge.counts[0]
    noise = sigma * math.sqrt(max(2.0 * log + counts["log_det"], 0.0))
    return noise + math.sqrt(counts["ridge"]) * norm + error * math.sqrt(counts["updates"])
