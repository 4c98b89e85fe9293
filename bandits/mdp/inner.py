"""Inner maximisation: of the laws in a confidence set around an estimate, one of largest expected value.

Three sets around a row ``p`` of probabilities, for values ``u`` of the next states: the L1 ball, a box, and the ball of
the Kullback-Leibler divergence. ``order`` holds the states by increasing value, those of equal value by increasing
number; the **best** state is the first of the largest value. Every kernel writes a law into ``out`` and takes a row
without observations (all zeros) to the best state.

References: T. Jaksch, R. Ortner, P. Auer, *Near-optimal Regret Bounds for Reinforcement Learning*, JMLR 11, 2010,
Figure 2 (recalled); S. Filippi, O. Cappé, A. Garivier, *Optimism in Reinforcement Learning and Kullback-Leibler
Divergence*, Allerton 2010, Algorithm 2 (recalled). The root of the latter is bracketed here: Newton's method, as
published, oversteps where it lies close to the largest value.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.kernels import inlined, kernel
from bandits.mdp.model import Ints

HALVINGS = 80
"""Of the bracket of a logarithm that is 80 wide: the root is right to the last digits."""


@kernel
def order_of(values: Array) -> Ints:
    """States by increasing value, ties by increasing number."""
    return np.argsort(values, kind="mergesort")


@inlined
def best_of(values: Array) -> int:
    """The first state of the largest value."""
    best = 0
    for i in range(1, values.size):
        if values[i] > values[best]:
            best = i
    return best


@kernel
def l1_ball(estimate: Array, radius: float, order: Ints, best: int, out: Array) -> None:
    """The best law within L1 distance ``radius``: half of it goes to the best state, taken from the worst ones.

    Args:
        estimate: [n_states] probabilities.
        radius: >= 0, may be inf.
        order: [n_states], see ``order_of``.
        best: see ``best_of``.
        out: [n_states], to be filled.
    """
    total = 0.0
    for i in range(estimate.size):
        out[i] = estimate[i]
        total += estimate[i]
    if total == 0.0:
        out[best] = 1.0
        return
    out[best] = min(1.0, estimate[best] + radius / 2.0)
    total += out[best] - estimate[best]
    for i in order:
        if not total > 1.0 + 1e-15:
            return
        if i != best and out[i] > 0.0:
            rest = total - out[i]
            out[i] = max(0.0, 1.0 - rest)
            total = rest + out[i]


@kernel
def box(estimate: Array, widths: Array, order: Ints, best: int, out: Array) -> None:
    """The best law with each probability within its width, and in [0, 1]: what lower ends leave goes to the best first.

    Args:
        estimate: [n_states] probabilities.
        widths: [n_states], >= 0, may be inf.
        order: [n_states], see ``order_of``.
        best: see ``best_of``.
        out: [n_states], to be filled.
    """
    left, total = 1.0, 0.0
    for i in range(estimate.size):
        out[i] = max(0.0, estimate[i] - widths[i])
        left -= out[i]
        total += estimate[i]
    if total == 0.0:
        out[best] = 1.0
        return
    for place in range(estimate.size, -1, -1):
        i = best if place == estimate.size else order[place]
        if place == estimate.size or i != best:
            if not left > 0.0:
                return
            more = min(left, min(1.0, estimate[i] + widths[i]) - out[i])
            out[i] += more
            left -= more


@kernel
def kl_ball(estimate: Array, radius: float, values: Array, best: int, out: Array) -> None:
    """The best law ``q`` with ``KL(estimate || q) <= radius``.

    With ``Z`` the support of the estimate and ``f(v) = sum_Z p ln(v - u) + ln sum_Z p / (v - u)``: where the largest
    value M is attained outside Z alone and ``f(M) < radius``, the best state gets ``1 - exp(f(M) - radius)`` and Z the
    rest in proportion to ``p / (M - u)``; else q is in proportion to ``p / (v - u)`` at the root of ``f(v) = radius``
    above M, found by bisection of ``ln(v - M)``.

    Args:
        estimate: [n_states] probabilities.
        radius: >= 0, may be inf.
        values: [n_states].
        best: see ``best_of``.
        out: [n_states], to be filled.
    """
    n = estimate.size
    top, low, low_here, top_here, size = values[best], math.inf, math.inf, -math.inf, 0
    chances, below = np.empty(n), np.empty(n)  # of the support alone: probabilities, and how far below M
    for i in range(n):
        out[i] = estimate[i]
        low = min(low, values[i])
        if estimate[i] > 0.0:
            chances[size], below[size] = estimate[i], top - values[i]
            low_here, top_here, size = min(low_here, values[i]), max(top_here, values[i]), size + 1
    if size == 0:
        out[best] = 1.0
        return
    if not radius > 0.0 or low == top or low_here == top:
        return
    if top_here < top:
        excess = _divergence(chances, below, size, 0.0) - radius
        if excess < 0.0:
            _tilt(estimate, values, top, 0.0, math.exp(excess), out)
            out[best] = -math.expm1(excess)
            return
    middle = math.log(top - low)
    small, large = middle - 40.0, middle + 40.0
    for _ in range(HALVINGS):
        middle = 0.5 * (small + large)
        if _divergence(chances, below, size, math.exp(middle)) > radius:
            small = middle
        else:
            large = middle
    _tilt(estimate, values, top, math.exp(0.5 * (small + large)), 1.0, out)


@kernel
def _divergence(chances: Array, below: Array, size: int, above: float) -> float:
    """``f(M + above)``, the divergence of the estimate from the law in proportion to ``p / (v - u)``."""
    logs, inverses = 0.0, 0.0
    for i in range(size):
        logs += chances[i] * math.log(above + below[i])
        inverses += chances[i] / (above + below[i])
    return logs + math.log(inverses)


@kernel
def _tilt(estimate: Array, values: Array, top: float, above: float, mass: float, out: Array) -> None:
    """``out`` in proportion to ``estimate / (v - values)`` for ``v = top + above``, of that mass.

    ``top + above`` itself may round to ``top``, and the largest value then have an infinite share.
    """
    total = 0.0
    for i in range(out.size):
        if estimate[i] > 0.0:
            out[i] = estimate[i] / (above + (top - values[i]))
            total += out[i]
    for i in range(out.size):
        out[i] *= mass / total
