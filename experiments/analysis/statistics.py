"""Statistics over independent replicates: bands, paired differences, growth exponents. Never over rounds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, ndtr, stdtrit  # scipy.stats takes a third of a second to load

from experiments.analysis.together import alike

Array = NDArray[np.float64]
RESAMPLES = 2000
FEWEST = 5
"""Replicates that a simultaneous band needs."""
LEAST_VARIANCE = 0.05
"""Least variance of a resample, in units of the sample's, by which its deviation is studentised.

Where few replicates differ from the others, resamples without them have no variance at all.
"""
_SEED = 20240501
_ROWS = 16
"""Times that are resampled at once: what they take stays in the processor's cache."""
_ROWS_OF_SLOPES = 32
"""The same where there is one array, not three."""
_ALONE = 2**18
"""Products of numbers up to which OpenBLAS multiplies matrices in one thread."""


@dataclass(frozen=True)
class Band:
    """Mean curve with confidence bands; all arrays [n_times].

    Attributes:
        mean: mean over replicates.
        error: standard error of the mean (NaN with one replicate).
        samples: [n_replicates, n_times] of which it is the mean.
        confidence: of the bands.
        shares: whether samples tell of events, 1 where one happened and 0 where not, and means are shares of them.
    """

    mean: Array
    error: Array
    samples: Array = field(repr=False)
    confidence: float
    shares: bool = False

    @property
    def all_low(self) -> Array:
        """Simultaneous band, lower end: the whole mean curve lies inside with the stated confidence."""
        return self._together[0]

    @property
    def all_high(self) -> Array:
        """Simultaneous band, upper end."""
        return self._together[1]

    @property
    def low(self) -> Array:
        """Pointwise band, lower end."""
        return self._pointwise[0]

    @property
    def high(self) -> Array:
        """Pointwise band, upper end."""
        return self._pointwise[1]

    @cached_property
    def runs(self) -> tuple[Array, Array]:
        """Ends between which 90 % of the samples are, at each time by itself: quantiles, no confidence."""
        low, high = np.quantile(self.samples, (0.05, 0.95), axis=0)
        return low, high

    def around(self, shade: str) -> tuple[Array, Array]:
        """What figures shade: the simultaneous band, or with "runs" where 90 % of the samples are."""
        return self.runs if shade == "runs" else self._together

    def surely_below(self, limit: Array) -> bool:
        """Whether the whole simultaneous band is below a limit [n_times], where that is clear without resampling."""
        n = len(self.samples)
        high = self.mean + _farthest(n, self.confidence) * self.error
        return n >= FEWEST and bool(np.all((np.maximum(high, self.high) if self.shares else high) <= limit))

    @cached_property
    def _together(self) -> tuple[Array, Array]:
        if len(self.samples) < FEWEST:
            unknown = np.full_like(self.mean, math.nan)
            return unknown, unknown
        size = np.abs(self.samples).max(axis=0)
        low, high = _simultaneous(self.samples - self.mean, self.error, size, self.confidence)
        low, high = self.mean + low, self.mean + high
        if self.shares:
            low, high = np.clip(np.minimum(low, self.low), 0.0, 1.0), np.clip(np.maximum(high, self.high), 0.0, 1.0)
        return low, high

    @cached_property
    def _pointwise(self) -> tuple[Array, Array]:
        low, high = np.full_like(self.mean, math.nan), np.full_like(self.mean, math.nan)
        if self.shares and len(self.samples) > 1:
            return share_interval(np.count_nonzero(self.samples, axis=0), len(self.samples), self.confidence)
        n, deviations = len(self.samples), self.samples - self.mean
        for here in _pieces(len(self.mean)) if n > 1 else ():
            means = np.empty((here.stop - here.start, RESAMPLES))
            _resample(np.ascontiguousarray(deviations[:, here].T), _columns(n), means)
            low[here], high[here] = _ends(means, _expanded_tail(n, self.confidence))
        return self.mean + low, self.mean + high


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval."""

    value: float
    low: float
    high: float

    @property
    def finite(self) -> bool:
        """Whether both ends are known."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside."""
        return self.low > 0.0 or self.high < 0.0


def share_interval(counts: NDArray[np.int64], n: int, confidence: float = 0.95) -> tuple[Array, Array]:
    """Ends of the interval of Clopper and Pearson (1934) of the probability of what happened in some of ``n`` runs.

    It covers at least as often as it says, for any probability: that nothing happened does not mean that nothing can.

    Args:
        counts: [...] of the runs in which it happened, in 0..n.
        n: number of runs, >= 1.
        confidence: in (0, 1).
    """
    tail, k = (1.0 - confidence) / 2.0, np.asarray(counts, dtype=np.float64)
    with np.errstate(invalid="ignore"):
        low = np.where(k > 0.0, betaincinv(np.maximum(k, 1.0), n - k + 1.0, tail), 0.0)
        high = np.where(k < n, betaincinv(k + 1.0, np.maximum(n - k, 1.0), 1.0 - tail), 1.0)
    return low, high


def mean_band(samples: Array, confidence: float = 0.95, shares: bool = False) -> Band:
    """Bootstrap bands for the mean curve of independent replicates.

    Pointwise: the expanded percentile bootstrap (Hesterberg 2015, *What Teachers Should Know About the Bootstrap*,
    section 4.1), which is the percentile interval corrected for few replicates. Simultaneous: the bootstrap-t sup
    band; its half-width is the standard error times the bootstrap quantile of the largest deviation over all times,
    each resample studentised by its own standard error. It errs on the wide side: with 8 replicates it covers 98 %
    instead of 95 %, from 20 on it is close.

    Of shares of events, which a resample cannot tell where none happened: the interval of Clopper and Pearson, and the
    simultaneous band is nowhere inside it.

    Args:
        samples: [n_replicates, n_times].
        confidence: coverage of the bands, in (0, 1).
        shares: whether samples tell of events, 1 where one happened and 0 where not; others are no events.

    Returns:
        The bands. With a single replicate they are NaN; with less than ``FEWEST`` the simultaneous band is.
    """
    n, _ = samples.shape
    mean = samples.mean(axis=0)
    error = samples.std(axis=0, ddof=1) / math.sqrt(n) if n > 1 else np.full_like(mean, math.nan)
    return Band(mean, error, samples, confidence, shares and bool(np.isin(samples, (0.0, 1.0)).all()))


def _simultaneous(deviations: Array, error: Array, size: Array, confidence: float) -> tuple[Array, Array]:
    """Ends of the simultaneous band, from the mean, which are nowhere inside the pointwise one.

    Args:
        deviations: [n_replicates, n_times] from the mean.
        error: [n_times] standard error of the mean.
        size: [n_times] of the values themselves, against which rounding is told from spread.
        confidence: in (0, 1).
    """
    n, times = deviations.shape
    weights, tail = _columns(n), _expanded_tail(n, confidence)
    few, at = math.floor((RESAMPLES - 1) * tail) - 1, math.ceil((RESAMPLES - 1) * confidence)
    spread = np.sqrt(np.mean(deviations**2, axis=0))
    # resamples of little variance count as of the least one; times without spread count for nothing
    least = np.where(spread > 1e-12 * np.maximum(size, 1e-300), LEAST_VARIANCE * spread**2, np.inf)
    low, high, largest, reach = np.zeros(times), np.zeros(times), np.zeros(RESAMPLES), 0.0
    buffers = np.empty((3, min(_ROWS, times), RESAMPLES))
    for here in _pieces(times):
        part = np.ascontiguousarray(deviations[:, here].T)
        means, squares, variances = buffers[:, : len(part)]
        _resample(part, weights, means)
        _resample(part**2, weights, variances)
        np.square(means, out=squares)
        variances -= squares
        np.maximum(variances, least[here, None], out=variances)
        squares /= variances
        np.maximum(largest, squares.max(axis=0), out=largest)
        reach = math.sqrt(np.partition(largest, at)[at] * (n - 1))  # it only grows
        beyond = np.abs(means, out=squares) > reach * error[here, None]
        for k, row in enumerate(beyond, here.start):
            if np.count_nonzero(row) > few:  # the pointwise band may be the wider one
                low[k], high[k] = _ends(means[k - here.start], tail)
    return np.minimum(-reach * error, low), np.maximum(reach * error, high)


@lru_cache(maxsize=64)
def _farthest(n: int, confidence: float) -> float:
    """How many standard errors a simultaneous band of ``n`` values reaches to each side at the most.

    By Cauchy and Schwarz, the deviation of a resample is at most ``sqrt(n)`` spreads times the length of the vector of
    its weights, less their mean; and its variance counts as ``LEAST_VARIANCE`` at least.
    """
    lengths = np.sort(np.linalg.norm(_weights(n) - 1.0 / n, axis=1))
    studentised = lengths[math.ceil((RESAMPLES - 1) * confidence)] / math.sqrt(LEAST_VARIANCE)
    return float(max(studentised, lengths[-1]) * math.sqrt(n * (n - 1)) * (1.0 + 1e-9))


def _pieces(times: int, rows: int = _ROWS) -> Iterator[slice]:
    return (slice(first, min(first + rows, times)) for first in range(0, times, rows))


def _ends(means: Array, tail: float) -> tuple[Array, Array]:
    """Quantiles of resampled deviations [..., RESAMPLES] at both tails, the mean between them; ``means`` is sorted."""
    means.sort(axis=-1)
    return np.minimum(_quantile(means, tail), 0.0), np.maximum(_quantile(means, 1.0 - tail), 0.0)


def _resample(values: Array, weights: Array, out: Array) -> None:
    """Means [n_times, RESAMPLES] of values [n_times, n] by weights [n, RESAMPLES], in pieces that one thread takes.

    BLAS gives larger products to several threads, which cost more here than they bring.
    """
    step = max(1, _ALONE // values.size)
    for first in range(0, weights.shape[1], step):
        here = slice(first, first + step)
        np.matmul(values, weights[:, here], out=out[:, here])


def _quantile(ordered: Array, level: float) -> Array:
    """Quantile of values [..., RESAMPLES] in increasing order, on a straight line between two of them."""
    before, after, share = _around(ordered.shape[-1], level)
    return np.asarray(ordered[..., before] + share * (ordered[..., after] - ordered[..., before]))


def _around(n: int, level: float) -> tuple[int, int, float]:
    """The places of ``n`` values in order between which a quantile lies, and how far between them."""
    place = (n - 1) * level
    before = min(math.floor(place), n - 2)
    return before, before + 1, place - before


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
    reach = student(n, confidence) * float(difference.std(ddof=1)) / math.sqrt(n)
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
    return growth_exponents([(samples, times, confidence)], window)[0]


def growth_exponents(
    asked: Sequence[tuple[Array, NDArray[np.int64] | Array, float]], window: float = 10.0
) -> list[Interval | None]:
    """``growth_exponent`` for each of some arguments: samples, times and confidence."""
    found: dict[int, Interval | None] = {}
    for group in alike(asked, lambda given: (given[1].tobytes(), given[1].dtype.str, len(given[0]), given[2])):
        samples, times, confidence = asked[group[0]]
        inside, centred = _stretch(times, window)
        parts = np.array([asked[i][0][:, inside] for i in group])
        means = parts.mean(axis=1)
        fits = np.all(means > 0.0, axis=1) & (len(centred) > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            slopes = (np.log(means) @ centred).tolist()
        for i, part, slope, fit in zip(group, parts, slopes, fits.tolist(), strict=True):
            if not fit:
                found[i] = None
            elif len(samples) < 2:
                found[i] = Interval(slope, math.nan, math.nan)
            else:
                found[i] = _with_ends(slope, _slopes(part, centred), len(samples), confidence)
    return [found[i] for i in range(len(asked))]


def _stretch(times: NDArray[np.int64] | Array, window: float) -> tuple[slice, Array]:
    """The last stretch of times, and the weights of logarithms there in a slope; none of fewer than 3 times."""
    inside = slice(int(np.searchsorted(times, times[-1] / window)) if len(times) else 0, None)
    if len(times[inside]) < 3:
        return slice(0, 0), np.empty(0)
    x = np.log(times[inside])
    return inside, (x - x.mean()) / np.sum((x - x.mean()) ** 2)


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
    return _with_ends(float(top / bottom), means[:, 0] / means[:, 1], len(both), confidence)


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
    if paired:
        return _with_ends(slope, _slopes(np.stack(samples, axis=1), centred), len(samples[0]), confidence)
    rng = np.random.default_rng(_SEED)
    drawn = np.stack([v[rng.integers(len(v), size=(RESAMPLES, len(v)))].mean(axis=1) for v in samples], axis=1)
    slopes = np.log(drawn[np.all(drawn > 0.0, axis=1)]) @ centred
    return _with_ends(slope, slopes, min(map(len, samples)), confidence)


def _slopes(samples: Array, centred: Array) -> Array:
    """Slopes of the log of resampled means, of those resamples in which all means are positive.

    Args:
        samples: [n_replicates, n_times].
        centred: [n_times] weights of the log means in a slope.
    """
    weights = _columns(len(samples))
    slopes, positive = np.zeros(RESAMPLES), np.ones(RESAMPLES, dtype=bool)
    sure = bool(samples.min() > 0.0)  # of all means then
    buffer = np.empty((min(_ROWS_OF_SLOPES, len(centred)), RESAMPLES))
    for here in _pieces(len(centred), _ROWS_OF_SLOPES):
        part = np.ascontiguousarray(samples[:, here].T)
        means = buffer[: len(part)]
        _resample(part, weights, means)
        if not sure:
            positive &= means.min(axis=0) > 0.0
        with np.errstate(divide="ignore", invalid="ignore"):
            np.log(means, out=means)
            slopes += centred[here] @ means
    return slopes if sure else slopes[positive]


def _with_ends(value: float, resampled: Array, n: int, confidence: float) -> Interval:
    """An estimate from ``n`` replicates with its expanded bootstrap interval; NaN if half the resamples gave none."""
    if len(resampled) < RESAMPLES // 2:
        return Interval(value, math.nan, math.nan)
    tail = _expanded_tail(n, confidence)
    levels = tail, 1.0 - tail
    around = [place for level in levels for place in _around(len(resampled), level)[:2]]
    ordered = np.partition(resampled, around)  # what the quantiles ask for is where sorting would put it
    low, high = (float(_quantile(ordered, level)) for level in levels)
    return Interval(value, min(low, value), max(high, value))


def resampled_means(samples: Array) -> Array:
    """Bootstrap means [RESAMPLES, n_times]; the same resamples in every call with as many replicates."""
    return np.asarray(_weights(len(samples)) @ samples)


@lru_cache(maxsize=8)
def _weights(n: int) -> Array:
    """How much each of ``n`` replicates weighs in each resample, [RESAMPLES, n]."""
    weights = np.random.default_rng(_SEED).multinomial(n, np.full(n, 1.0 / n), size=RESAMPLES) / n
    weights.flags.writeable = False
    return np.asarray(weights)


@lru_cache(maxsize=8)
def _columns(n: int) -> Array:
    """The same [n, RESAMPLES], in the order in which matrices are multiplied quickest."""
    columns = np.ascontiguousarray(_weights(n).T)
    columns.flags.writeable = False
    return columns


@lru_cache(maxsize=64)
def student(n: int, confidence: float) -> float:
    """How many standard errors Student's interval of ``n`` values reaches to each side."""
    return float(stdtrit(n - 1, 0.5 + confidence / 2.0))


@lru_cache(maxsize=64)
def _expanded_tail(n: int, confidence: float) -> float:
    """Tail probability at which the bootstrap of ``n`` values has the reach of Student's interval."""
    return float(ndtr(-student(n, confidence) * math.sqrt(n / (n - 1))))
