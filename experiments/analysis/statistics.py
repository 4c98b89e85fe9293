"""Statistics over independent replicates: bands, paired differences, growth exponents. Never over rounds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

Array = NDArray[np.float64]
RESAMPLES = 2000
FEWEST = 5
"""Replicates that a simultaneous band needs."""
LEAST_VARIANCE = 0.05
"""Least variance of a resample, in units of the sample's, by which its deviation is studentised.

Where few replicates differ from the others, resamples without them have no variance at all.
"""
_SEED = 20240501


@dataclass(frozen=True)
class Band:
    """Mean curve with confidence bands; all arrays [n_times].

    Attributes:
        mean: mean over replicates.
        error: standard error of the mean (NaN with one replicate).
        low: pointwise band, lower end.
        high: pointwise band, upper end.
        all_low: simultaneous band, lower end: the whole mean curve lies inside with the stated confidence.
        all_high: simultaneous band, upper end.
    """

    mean: Array
    error: Array
    low: Array
    high: Array
    all_low: Array
    all_high: Array


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside."""
        return self.low > 0.0 or self.high < 0.0


def mean_band(samples: Array, confidence: float = 0.95) -> Band:
    """Bootstrap bands for the mean curve of independent replicates.

    Pointwise: the expanded percentile bootstrap (Hesterberg 2015, *What Teachers Should Know About the Bootstrap*,
    section 4.1), which is the percentile interval corrected for few replicates. Simultaneous: the bootstrap-t sup
    band; its half-width is the standard error times the bootstrap quantile of the largest deviation over all times,
    each resample studentised by its own standard error. It errs on the wide side: with 8 replicates it covers 98 %
    instead of 95 %, from 20 on it is close.

    Args:
        samples: [n_replicates, n_times].
        confidence: coverage of the bands, in (0, 1).

    Returns:
        The bands. With a single replicate they are NaN; with less than ``FEWEST`` the simultaneous band is.
    """
    n, _ = samples.shape
    mean = samples.mean(axis=0)
    unknown = np.full_like(mean, math.nan)
    if n < 2:
        return Band(mean, unknown, unknown, unknown, unknown, unknown)
    error = samples.std(axis=0, ddof=1) / math.sqrt(n)
    deviations = resampled_means(samples) - mean
    tail = _expanded_tail(n, confidence)
    low, high = np.quantile(deviations, [tail, 1.0 - tail], axis=0)
    low, high = mean + np.minimum(low, 0.0), mean + np.maximum(high, 0.0)
    if n < FEWEST:
        return Band(mean, error, low, high, unknown, unknown)
    reach = _sup_quantile(samples, confidence) * error
    return Band(mean, error, low, high, np.minimum(mean - reach, low), np.maximum(mean + reach, high))


def _sup_quantile(samples: Array, confidence: float) -> float:
    """Bootstrap quantile of the largest studentised deviation of the mean over all times."""
    n = len(samples)
    spread = samples.std(axis=0)
    varies = spread > 1e-12 * np.maximum(np.abs(samples).max(axis=0), 1e-300)
    if not np.any(varies):
        return 0.0
    scores = (samples[:, varies] - samples[:, varies].mean(axis=0)) / spread[varies]
    means = resampled_means(scores)
    variances = np.maximum(resampled_means(scores**2) - means**2, 0.0)
    studentised = np.abs(means) / np.sqrt(np.maximum(variances, LEAST_VARIANCE) / (n - 1))
    return float(np.quantile(studentised.max(axis=1), confidence, method="higher"))


def paired_difference(first: Array, second: Array, confidence: float = 0.95) -> Interval:
    """Mean of ``first - second`` over replicates that share their tapes, with Student's interval.

    Args:
        first: [n_replicates].
        second: [n_replicates], the same replicates in the same order.
        confidence: coverage, in (0, 1).

    Example:
        >>> import numpy as np
        >>> from experiments.analysis.statistics import paired_difference
        >>> first, second = np.array([3.0, 5.0, 4.0, 6.0]), np.array([2.0, 3.0, 3.0, 5.0])
        >>> found = paired_difference(first, second)
        >>> found.value, found.excludes_zero
        (1.25, True)
    """
    difference = first - second
    n = len(difference)
    mean = float(difference.mean())
    if n < 2:
        return Interval(mean, math.nan, math.nan)
    reach = float(t.ppf(0.5 + confidence / 2.0, n - 1) * difference.std(ddof=1) / math.sqrt(n))
    return Interval(mean, mean - reach, mean + reach)


def quantiles(samples: Array, levels: tuple[float, ...] = (0.05, 0.25, 0.5, 0.75, 0.95)) -> Array:
    """Quantiles over replicates, [n_levels, n_times]."""
    return np.asarray(np.quantile(samples, levels, axis=0))


def growth_exponent(
    samples: Array, times: NDArray[np.int64] | Array, confidence: float = 0.95, window: float = 10.0
) -> Interval | None:
    """Slope of log mean regret against log time over the last stretch, with an expanded bootstrap interval.

    Args:
        samples: [n_replicates, n_times] cumulative regret.
        times: [n_times] rounds, or another clock, positive and increasing.
        confidence: coverage, in (0, 1).
        window: the stretch is ``[T / window, T]``.

    Returns:
        The exponent, or None where the mean curve is not positive there or has fewer than 3 points.

    Example:
        >>> import numpy as np
        >>> from experiments.analysis.statistics import growth_exponent
        >>> times = np.geomspace(10, 10_000, 50)
        >>> samples = np.array([[0.9], [1.0], [1.1], [1.2]]) * np.sqrt(times)
        >>> round(growth_exponent(samples, times).value, 6)
        0.5
    """
    if len(times) < 3:
        return None
    inside = times >= times[-1] / window
    part, x = samples[:, inside], np.log(times[inside])
    mean = part.mean(axis=0)
    if inside.sum() < 3 or np.any(mean <= 0.0):
        return None
    centred = (x - x.mean()) / np.sum((x - x.mean()) ** 2)
    slope = float(np.log(mean) @ centred)
    n = len(part)
    if n < 2:
        return Interval(slope, math.nan, math.nan)
    means = resampled_means(part)
    slopes = np.log(means[np.all(means > 0.0, axis=1)]) @ centred
    if len(slopes) < RESAMPLES // 2:
        return Interval(slope, math.nan, math.nan)
    tail = _expanded_tail(n, confidence)
    low, high = np.quantile(slopes, [tail, 1.0 - tail])
    return Interval(slope, min(float(low), slope), max(float(high), slope))


def ratio_of_means(numerator: Array, denominator: Array, confidence: float = 0.95) -> Interval:
    """Mean of one quantity over the mean of another in the same replicates, with an expanded bootstrap interval.

    Args:
        numerator: [n_replicates].
        denominator: [n_replicates], the same replicates in the same order; its mean is not 0.
        confidence: coverage, in (0, 1).
    """
    both = np.stack([numerator, denominator], axis=1)
    top, bottom = both.mean(axis=0)
    if len(both) < 2:
        return Interval(float(top / bottom), math.nan, math.nan)
    means = resampled_means(both)
    tail = _expanded_tail(len(both), confidence)
    low, high = np.quantile(means[:, 0] / means[:, 1], [tail, 1.0 - tail])
    return Interval(float(top / bottom), min(float(low), top / bottom), max(float(high), top / bottom))


def scaling_exponent(
    samples: Sequence[Array], x: Array, confidence: float = 0.95, paired: bool = False
) -> Interval | None:
    """Slope of log mean against log x over several runs.

    Args:
        samples: for each run its values [n_replicates].
        x: [n_runs] what differs between the runs, positive.
        paired: whether values at the same position are of one replicate, which shares its luck between the runs; then
            replicates are resampled, else the values of each run by themselves.
        confidence: coverage of the bootstrap interval, in (0, 1).

    Returns:
        The exponent, or None with fewer than 3 runs or where a mean or an ``x`` is not positive.
    """
    means = np.array([values.mean() for values in samples])
    if len(means) < 3 or np.any(means <= 0.0) or np.any(x <= 0.0):
        return None
    log = np.log(x)
    centred = (log - log.mean()) / np.sum((log - log.mean()) ** 2)
    slope = float(np.log(means) @ centred)
    if min(map(len, samples)) < 2:
        return Interval(slope, math.nan, math.nan)
    rng = np.random.default_rng(_SEED)
    if paired:
        drawn = resampled_means(np.stack(samples, axis=1))
    else:
        drawn = np.stack([v[rng.integers(len(v), size=(RESAMPLES, len(v)))].mean(axis=1) for v in samples], axis=1)
    slopes = np.log(drawn[np.all(drawn > 0.0, axis=1)]) @ centred
    if len(slopes) < RESAMPLES // 2:
        return Interval(slope, math.nan, math.nan)
    tail = _expanded_tail(min(map(len, samples)), confidence)
    low, high = np.quantile(slopes, [tail, 1.0 - tail])
    return Interval(slope, min(float(low), slope), max(float(high), slope))


def resampled_means(samples: Array) -> Array:
    """Bootstrap means [RESAMPLES, n_times]; the same resamples in every call with as many replicates."""
    n = len(samples)
    weights = np.random.default_rng(_SEED).multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES)
    return np.asarray((weights / n) @ samples)


def _expanded_tail(n: int, confidence: float) -> float:
    """Tail probability at which the bootstrap of ``n`` values has the reach of Student's interval."""
    reach = t.ppf(0.5 + confidence / 2.0, n - 1) * math.sqrt(n / (n - 1))
    return float(norm.cdf(-reach))
