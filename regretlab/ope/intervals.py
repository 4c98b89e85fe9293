"""Confidence intervals of an estimate: certain at any number of rows, or in the limit of many."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from bandits.contract import Array
from regretlab.ope.betting import limit
from regretlab.ope.terms import Side, Terms, ratio

RESAMPLES = 2000
AT_ONCE = 2**22
"""Numbers that a bootstrap has in memory at once."""

Span = tuple[float, float]


@dataclass(frozen=True)
class Method:
    """An interval of confidence.

    Attributes:
        name: as it is asked for.
        certain: whether it covers the policy's value with at least the confidence, for any number of rows and any
            rewards in their range; else in the limit of many rows, and the estimator's own mean.
        assumes: in short.
        ends: from terms, the rewards' range, alpha and a generator to both ends.
        needs_range: whether terms need a limit from both sides.
        needs_independence: whether it fails for a model fitted to earlier rows.
    """

    name: str
    certain: bool
    assumes: str
    ends: Callable[[Terms, Span, float, np.random.Generator], Span]
    needs_range: bool = False
    needs_independence: bool = False

    def missing(self, terms: Terms) -> str:
        """Why it cannot be had of an estimate, or the empty string."""
        if not self.certain:
            return ""
        if not terms.below or not terms.above:
            return terms.why_none or "the estimator gives none"
        own = (terms.below[0], terms.above[0])
        if self.needs_range and not all(math.isfinite(side.top - side.bottom) and side.slopes is None for side in own):
            if any(side.slopes is not None for side in own):
                return "it is a ratio: use interval='betting'"
            return (
                "weights have no declared limit: give the logging policy's least probability, least=..., or use betting"
            )
        if self.needs_independence and not terms.independent:
            return "the model was fitted to earlier rows, so that terms depend on each other: use interval='betting'"
        return ""


def hoeffding(terms: Terms, span: Span, alpha: float, rng: np.random.Generator) -> Span:
    """Hoeffding (1963), of martingales Azuma: ``range * sqrt(log(2 / alpha) / (2 n))`` on either side."""
    return _two_sided(
        terms, span, lambda side: _mean(side) - _width(side) * math.sqrt(math.log(2 / alpha) / (2 * _n(side)))
    )


def bernstein(terms: Terms, span: Span, alpha: float, rng: np.random.Generator) -> Span:
    """Empirical Bernstein (Maurer, Pontil 2009, theorem 4, once for each side, with L = log(4 / alpha); recalled).

    ``sqrt(2 V L / n) + 7 range L / (3 (n - 1))`` on either side, V the sample variance with n - 1.
    """
    long = math.log(4.0 / alpha)

    def low(side: Side) -> float:
        n = _n(side)
        if n < 2:
            return -math.inf
        spread = math.sqrt(2.0 * float(side.terms.var(ddof=1)) * long / n)
        return _mean(side) - spread - 7.0 * _width(side) * long / (3.0 * (n - 1))

    return _two_sided(terms, span, low)


def betting(terms: Terms, span: Span, alpha: float, rng: np.random.Generator) -> Span:
    """By betting: see ``regretlab.ope.betting``. The order of the rows matters, within what is certain of any order."""
    low = limit(terms.below, span, alpha / 2.0)
    return low, -limit(terms.above, (-span[1], -span[0]), alpha / 2.0)


def normal(terms: Terms, span: Span, alpha: float, rng: np.random.Generator) -> Span:
    """Central limit theorem, with the variance of the whole estimate: both parts of a ratio vary together."""
    influence = terms.influence
    n = len(influence)
    if n < 2:
        return -math.inf, math.inf
    half = -float(ndtri(alpha / 2.0)) * float(influence.std(ddof=1)) / math.sqrt(n)
    return terms.value - half, terms.value + half


def percentile(terms: Terms, span: Span, alpha: float, rng: np.random.Generator) -> Span:
    """Percentile bootstrap of the whole estimate, 2,000 resamples of rows; reward models are not fitted again."""
    if len(terms.base) < 2:
        return -math.inf, math.inf
    found = _resampled(terms, rng)
    low, high = np.quantile(found, [alpha / 2.0, 1.0 - alpha / 2.0])
    return float(low), float(high)


def bca(terms: Terms, span: Span, alpha: float, rng: np.random.Generator) -> Span:
    """Bias-corrected and accelerated bootstrap (Efron 1987), 2,000 resamples of rows; models are not fitted again.

    The acceleration is from the influence of rows, not from leaving each out, which takes n^2 steps.
    """
    if len(terms.base) < 2:
        return -math.inf, math.inf
    found, influence = _resampled(terms, rng), terms.influence
    share = (np.count_nonzero(found < terms.value) + 0.5 * np.count_nonzero(found == terms.value)) / len(found)
    squares = float(np.sum(influence**2))
    if squares == 0.0 or not 0.0 < share < 1.0:
        low, high = np.quantile(found, [alpha / 2.0, 1.0 - alpha / 2.0])
        return float(low), float(high)
    bias, skew = float(ndtri(share)), float(np.sum(influence**3)) / (6.0 * squares**1.5)
    reach = bias + ndtri(np.array([alpha / 2.0, 1.0 - alpha / 2.0]))
    low, high = np.quantile(found, ndtr(bias + reach / (1.0 - skew * reach)))
    return float(low), float(high)


INTERVALS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("betting", True, "rewards in their declared range, propensities as given", betting),
        Method(
            "bernstein",
            True,
            "rewards in their declared range, weights below 1 / least, independent rows",
            bernstein,
            needs_range=True,
            needs_independence=True,
        ),
        Method(
            "hoeffding", True, "rewards in their declared range, weights below 1 / least", hoeffding, needs_range=True
        ),
        Method("normal", False, "so many rows that their mean is normal", normal),
        Method("percentile", False, "so many rows that resamples vary as samples do", percentile),
        Method("bca", False, "so many rows that resamples vary as samples do, to second order", bca),
    )
}
"""Name to method of all intervals."""


def _two_sided(terms: Terms, span: Span, low: Callable[[Side], float]) -> Span:
    """Both ends, from limits of the estimator's own terms, cut off at the range of the rewards."""
    below, above = terms.below[0], terms.above[0]
    ends = below.offset + low(below), -(above.offset + low(above))
    return min(max(ends[0], span[0]), span[1]), max(min(ends[1], span[1]), span[0])


def _mean(side: Side) -> float:
    return float(side.terms.mean())


def _width(side: Side) -> float:
    return side.top - side.bottom


def _n(side: Side) -> int:
    return len(side.terms)


def _resampled(terms: Terms, rng: np.random.Generator) -> Array:
    """[RESAMPLES] estimates from resampled rows; a resample whose denominator is 0 is drawn again."""
    rows: Any = np.stack(terms.rows, axis=1)
    n, found = len(rows), np.empty(0)
    step = max(1, AT_ONCE // n)
    while len(found) < RESAMPLES:
        chosen = rng.integers(n, size=(min(step, RESAMPLES - len(found)), n))
        means = np.stack([column[chosen].mean(axis=1) for column in rows.T])
        if len(means) == 3:
            means = means[:, means[2] > 0.0]
        found = np.append(found, ratio(*means))
    return found
