"""The divergence ``d(p, q)`` of Bernoulli variables with means p and q, and its inverse: what many indices rest on.

``d(p, q) = p ln(p / q) + (1 - p) ln((1 - p) / (1 - q))`` with ``0 ln 0 = 0``. It is never more than the divergence of
two laws on [0, 1] with these means whose second is the Bernoulli law, so that what is proved with it for rewards 0 and
1 by Chernoff's bound holds for all rewards in [0, 1].
"""

from __future__ import annotations

import math

from bandits.kernels import inlined, kernel

ROUNDING = 2.0**-47
"""64 times what rounding does to d(p, q) and to what ``upper`` solves, over 1 + d(p, q) + 1 / (1 - q)."""


@kernel
def entropy(p: float) -> float:
    """Return e = p ln(p) + (1 - p) ln(1 - p) for p in [0, 1]; then d(p, q) = e - p ln(q) - (1 - p) ln(1 - q)."""
    return 0.0 if p <= 0.0 or p >= 1.0 else p * math.log(p) + (1.0 - p) * math.log(1.0 - p)


@kernel
def divergence(p: float, q: float) -> float:
    """d(p, q) for p, q in [0, 1]; infinite where q is 0 or 1 and p is not. Never negative."""
    if p == q:
        return 0.0
    if q <= 0.0 or q >= 1.0:
        return math.inf
    return max(0.0, entropy(p) - p * math.log(q) - (1.0 - p) * math.log(1.0 - q))


@kernel
def upper(p: float, e: float, level: float) -> float:
    """Largest q in [p, 1] with d(p, q) <= level, for p in [0, 1], e its ``entropy`` and level >= 0.

    Newton's method. d(p, .) is convex and grows from p on, so that a step from below the root lands above it, and steps
    from above descend to it. The first stands at an upper bound: the smaller of Pinsker's and that from
    d(p, q) >= p ln(p) + (1 - p) ln((1 - p) / (1 - q)).
    """
    if p >= 1.0:
        return 1.0
    if p <= 0.0:
        return -math.expm1(-level)
    q = 1.0 - (1.0 - p) * math.exp((p * math.log(p) - level) / (1.0 - p))
    most = p + math.sqrt(level / 2.0)
    q = min(q, most)
    above = False
    for _ in range(100):
        if q >= 1.0:
            return 1.0
        if q <= p:
            return p
        step = (e - p * math.log(q) - (1.0 - p) * math.log(1.0 - q) - level) * q * (1.0 - q) / (q - p)
        if above and step <= 0.0:
            break
        # what is left is of the order of the square over (q - p) q (1 - q)
        close = step * step <= 1e-16 * (q - p) * q * (1.0 - q)
        above = q - step < 1.0
        q = q - step if above else 0.5 * (q + 1.0)
        if close:
            break
    return min(max(q, p), most)  # a level as small as what rounding does to d(p, q) says little about q


@inlined
def reaches(p: float, q: float, n: float, level: float) -> bool:
    """Whether ``upper(p, ., level / n)`` is surely at least q, rounding included; false may mean that it is not known.

    It takes no logarithm: d(p, q) is the integral of (x - p) / (x (1 - x)) from p to q, and 1 / (x (1 - x)), convex,
    lies below its chord, so that d(p, q) <= (q - p)^2 (1 / (6 p (1 - p)) + 1 / (3 q (1 - q))).
    """
    if not q < 1.0:
        return False
    if p >= q:
        return True
    ours, theirs = p * (1.0 - p), q * (1.0 - q)
    most = (q - p) * (q - p) * (theirs + 2.0 * ours) + 6.0 * ours * ROUNDING * (theirs + q)
    return p > 0.0 and n * most * (1.0 + ROUNDING) <= 6.0 * ours * theirs * level
