"""Intervals of means, and what LUCB and UGapE look at in them.

* radius: ``m_i`` plus and minus the radius of ``bandits.identification.thresholds`` at ``delta / K`` (derived);
* kt: all ``q`` with ``N_i d(m_i, q) <= ln(K / delta) + ln(N_i) / 2 + ln 2`` in the Bernoulli family (derived);
* paper: the same with ``ln(405.5 K t^1.1 / delta)`` (Kaufmann and Kalyanakrishnan, COLT 2013, as remembered), ``t`` the
  samples in all.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from bandits.contract import Array
from bandits.identification.divergence import divergence
from bandits.identification.problem import Ints
from bandits.identification.thresholds import radius
from bandits.kernels import inlined, kernel

RADIUS, KT, PAPER = range(3)
HALVINGS = 60


class Intervals(NamedTuple):
    """A kind of interval, in numbers.

    Attributes:
        kind: number of the kind.
        variance: sub-Gaussian, of the first kind.
        log_inverse: ``ln(K / delta)``.
    """

    kind: int
    variance: float
    log_inverse: float


@inlined
def upper_end(mean: float, most: float) -> float:
    """The largest ``q >= mean`` found with Bernoulli divergence ``d(mean, q) <= most``, by halving [mean, 1]."""
    low, high = mean, 1.0
    if divergence(1, 1.0, mean, 1.0) <= most:
        return 1.0
    for _ in range(HALVINGS):
        q = 0.5 * (low + high)
        if divergence(1, 1.0, mean, q) <= most:
            low = q
        else:
            high = q
    return low


@inlined
def lower_end(mean: float, most: float) -> float:
    """The smallest ``q <= mean`` found with ``d(mean, q) <= most``, by halving [0, mean]."""
    low, high = 0.0, mean
    if divergence(1, 1.0, mean, 0.0) <= most:
        return 0.0
    for _ in range(HALVINGS):
        q = 0.5 * (low + high)
        if divergence(1, 1.0, mean, q) <= most:
            high = q
        else:
            low = q
    return high


@inlined
def renew(intervals: Intervals, i: int, t: int, counts: Ints, sums: Array, lower: Array, upper: Array) -> None:
    """Work out the interval of arm ``i``, sampled at least once, after ``t`` samples in all."""
    n = counts[i]
    mean = sums[i] / n
    if intervals.kind == RADIUS:
        width = radius(intervals.variance, intervals.log_inverse, n)
        lower[i], upper[i] = mean - width, mean + width
        return
    if intervals.kind == KT:
        most = (intervals.log_inverse + 0.5 * math.log(n) + math.log(2.0)) / n
    else:
        most = (intervals.log_inverse + math.log(405.5) + 1.1 * math.log(t)) / n
    mean = min(max(mean, 0.0), 1.0)
    lower[i], upper[i] = lower_end(mean, most), upper_end(mean, most)


@inlined
def renew_all(intervals: Intervals, arm: int, t: int, counts: Ints, sums: Array, lower: Array, upper: Array) -> None:
    """The interval of the arm just sampled; those of all arms where they depend on the samples in all."""
    if intervals.kind == PAPER:
        for i in range(counts.size):
            if counts[i] > 0:
                renew(intervals, i, t, counts, sums, lower, upper)
    else:
        renew(intervals, arm, t, counts, sums, lower, upper)


@kernel
def renewed(arm: int, t: int, counts: Ints, sums: Array, lower: Array, upper: Array, *intervals: Any) -> None:
    """As ``renew_all``, for callers that are not compiled."""
    renew_all(Intervals(*intervals), arm, t, counts, sums, lower, upper)


@inlined
def extremes(inside: Ints, lower: Array, upper: Array) -> tuple[int, int]:
    """The arm inside with the least lower end, and the arm outside with the largest upper end, first of equal ones."""
    h, l = -1, -1  # noqa: E741
    for i in range(inside.size):
        if inside[i]:
            if h < 0 or lower[i] < lower[h]:
                h = i
        elif l < 0 or upper[i] > upper[l]:
            l = i  # noqa: E741
    return h, l
