"""Gittins indices of a Bernoulli arm whose mean has a Beta distribution.

The index of an arm is the largest average reward that its play up to a stopping time promises:

    nu = sup E[sum_{s < tau} g^s X_s] / E[sum_{s < tau} g^s],

with a discount ``g`` and ``tau`` among the stopping times of at least one play and at most ``h``. It is the root of
``Q(l)``, the value of one play at the price ``l`` and of further ones as long as they pay, by backward induction over
successes and plays:

    Q(l) = p - l + g E max(0, Q(l) after the play),    p = a / (a + b).

``Q`` falls, is convex and consists of pieces of lines, so that Newton's steps from ``l = p`` rise to the root and end
there. In a layer of equal plays ``Q`` rises with the successes, and the least number of them from which a play pays
rises with the plays: what lies below is 0 and stays 0.

Reference: J. C. Gittins, *Bandit Processes and Dynamic Allocation Indices*, Journal of the Royal Statistical Society B
41, 1979; the algorithm is derived from the definition.
"""

from __future__ import annotations

from bandits.contract import Array
from bandits.kernels import inlined

STEP = 1e-14
"""A Newton step below this ends the search."""


@inlined
def gittins_index(a: float, b: float, h: int, discount: float, tail: float, values: Array, slopes: Array) -> float:
    """The index of an arm.

    Args:
        a: of the Beta distribution, > 0.
        b: likewise.
        h: largest number of plays, >= 1.
        discount: in (0, 1].
        tail: after ``h`` plays, an arm of mean ``p`` is worth ``tail max(0, p - l)``: 0 where it cannot be played on.
        values: [> h], overwritten.
        slopes: likewise.

    Returns:
        The index, in [a / (a + b), 1].
    """
    level = a / (a + b)
    while True:
        for s in range(h + 1):
            margin = (a + s) / (a + b + h) - level
            values[s] = tail * margin if margin > 0.0 else 0.0
            slopes[s] = -tail if margin > 0.0 else 0.0
        value, slope = 0.0, -1.0
        for n in range(h - 1, -1, -1):
            above, slope_above = values[n + 1], slopes[n + 1]
            for s in range(n, -1, -1):
                here, slope_here = values[s], slopes[s]
                p = (a + s) / (a + b + n)
                value = p - level + discount * (p * above + (1.0 - p) * here)
                slope = -1.0 + discount * (p * slope_above + (1.0 - p) * slope_here)
                above, slope_above = here, slope_here
                values[s] = value if value > 0.0 else 0.0
                slopes[s] = slope if value > 0.0 else 0.0
                if value <= 0.0:
                    break
        step = -value / slope
        if not step > STEP:
            return level
        level += step
