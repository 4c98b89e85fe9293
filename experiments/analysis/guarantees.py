"""What is certain of a mean of independent values between known limits, however rare and dear the unseen ones are.

By betting (Waudby-Smith and Ramdas 2024, *Estimating means of bounded random variables by betting*, section 4): who
claims that the mean is at most m pays fair prices for bets on values above it. A bet of the share ``theta`` of the
capital turns it, over values ``x_i >= low``, into ``prod_i (1 - theta + theta (x_i - low) / (m - low))``, which, if the
claim is true, is 1 or less in the mean. So is the mean over bets of several sizes, the evidence here, and it exceeds
``1 / alpha`` with probability ``alpha`` at most (Markov's inequality), for any number of values and any distribution.
The bets are constant, so that the order of the values does not matter; their sizes and shares are a convention.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from experiments.analysis.statistics import Array, Interval
from experiments.analysis.together import alike

_SIZES = np.array([1.0, *(1.0 - 0.5 ** np.arange(1, 7)), *(0.5 ** np.arange(2, 11))])
_SHARES = np.array([0.4, *np.full(15, 0.6 / 15)])
"""The whole capital is the best bet where all values are far from the unknown end, as regrets from the worst play's."""

_STEPS, _CLOSE = 30, 1e-5
_AT_ONCE = 2**20
_IN_CACHE = 2**17
"""Numbers that stay in the processor's cache while they are worked on."""


def evidence_above(values: Array, low: Array | float, mean: Array | float) -> Array:
    """Logarithm of the evidence [...] that the mean of values is above ``mean``.

    Args:
        values: [n, ...] independent values of one mean.
        low: [...] what none of them can be below; no evidence where it is infinite.
        mean: [...] what is claimed to be the most that their mean can be.
    """
    low, mean = (np.broadcast_to(np.asarray(a, dtype=np.float64), values.shape[1:]) for a in (low, mean))
    shares = np.log(_SHARES).reshape(-1, *[1] * low.ndim)
    with np.errstate(invalid="ignore"):
        found = np.logaddexp.reduce(shares + _capital(values, low, mean), axis=0)
    beyond = np.where((mean < low) | np.any(values > low, axis=0), np.inf, 0.0)  # of a claim that cannot be true
    return np.where(np.isfinite(low), np.where(mean > low, found, beyond), 0.0)


def evidence_each(asked: Sequence[tuple[Array, Array, Array]]) -> list[Array]:
    """``evidence_above`` for each of some arguments, values [n, m] of any ``m`` among them, with low and mean [m]."""
    return _each(asked, evidence_above)


def _each(asked: Sequence[tuple[Array, ...]], work_out: Callable[..., Array]) -> list[Array]:
    """What is worked out for arguments with columns [..., m], those of equally many values side by side."""
    found: dict[int, Array] = {}
    for group in alike(asked, lambda arguments: len(arguments[0])):
        parts = zip(*(asked[i] for i in group), strict=True)
        columns = [np.concatenate(part, axis=-1) for part in parts]
        step = max(1, _IN_CACHE // (len(_SIZES) * max(1, len(columns[0]))))
        pieces = range(0, columns[0].shape[1], step)
        whole = np.concatenate([work_out(*(c[..., k : k + step] for c in columns)) for k in pieces] or [np.empty(0)])
        ends = np.cumsum([asked[i][0].shape[1] for i in group])
        found.update(zip(group, np.split(whole, ends[:-1]), strict=True))
    return [found[i] for i in range(len(asked))]


def _capital(values: Array, low: Array, mean: Array) -> Array:
    """Logarithm of what the capital of each bet [n_sizes, ...] has become; arguments as of ``evidence_above``."""
    sizes, logs = _SIZES.reshape(-1, 1, *[1] * low.ndim), np.zeros((len(_SIZES), *low.shape))
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        gains = np.maximum(values - low, 0.0) / (mean - low) - 1.0
        step = max(1, _AT_ONCE // (len(_SIZES) * max(1, low.size)))
        for first in range(0, len(values), step):
            logs = logs + np.log1p(sizes * gains[first : first + step]).sum(axis=1)
    return logs


def evidence_below(values: Array, high: Array | float, mean: Array | float) -> Array:
    """Logarithm of the evidence [...] that the mean is below ``mean``, of values none of which is above ``high``."""
    return evidence_above(-values, -np.asarray(high, dtype=np.float64), -np.asarray(mean, dtype=np.float64))


def lower_limit(values: Array, low: Array | float, alpha: Array | float) -> Array:
    """What the mean [...] of values [n, ...] exceeds with probability ``1 - alpha`` [...]; see ``evidence_above``.

    The logarithm of the evidence is convex in that of ``mean - low``, so that Newton's steps from below stay below the
    mean at which it suffices, and every one of them gives a limit.
    """
    low, wanted = (np.broadcast_to(np.asarray(a, float), values.shape[1:]) for a in (low, -np.log(alpha)))
    sizes, shares = _SIZES[:, None, None], np.log(_SHARES)[:, None]
    known = np.isfinite(low)
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        above = np.maximum(values - np.where(known, low, -np.inf), 0.0)
        above = np.where(np.isfinite(above), above, 0.0)
        alone = np.log(_SHARES * _SIZES) + (len(values) - 1) * np.log1p(-_SIZES) if len(values) > 1 else np.log(_SHARES)
        place = alone.max() + np.log(above.max(axis=0)) - wanted  # where one bet on the largest value suffices
        columns, goals, places = above.reshape(len(values), -1), wanted.ravel(), place.ravel()
        left = np.arange(len(places))
        for _ in range(_STEPS):
            paid = sizes * columns[:, left] / np.exp(places[left])
            capital = 1.0 - sizes + paid
            logs = shares + np.log(capital).sum(axis=1)
            found = np.logaddexp.reduce(logs, axis=0)
            growing = np.divide(paid, capital, out=np.zeros_like(paid), where=capital > 0.0)
            slope = (np.exp(logs - found) * growing.sum(axis=1)).sum(axis=0)
            step = (found - goals[left]) / slope
            places[left] += np.where(step > 0.0, step, 0.0)
            left = left[step > _CLOSE]  # the others depend on nothing but their own values
            if not left.size:
                break
        place = places.reshape(place.shape)
        found = low + np.minimum(np.exp(place), above.mean(axis=0))
    return np.where(known, np.where(above.max(axis=0) > 0.0, found, low), -np.inf)


def upper_limit(values: Array, high: Array | float, alpha: Array | float) -> Array:
    """What the mean [...] of values [n, ...] is below with probability ``1 - alpha``; see ``evidence_below``."""
    return -lower_limit(-values, -np.asarray(high, dtype=np.float64), alpha)


def guaranteed_interval(values: Array, limits: tuple[float, float], confidence: float = 0.95) -> Interval:
    """The mean of independent values [n] with an interval that covers it in at least that share of all cases.

    Args:
        values: [n].
        limits: between which every value lies, one that was not seen too; infinite where that is not known.
        confidence: coverage, in (0, 1).

    Example:
        Twenty runs without a failure that would cost 800 do not show that it comes in less than a fifth of them.

        >>> import numpy as np
        >>> from experiments.analysis.guarantees import guaranteed_interval
        >>> found = guaranteed_interval(np.full(20, 8.0), (0.0, 800.0))
        >>> found.value, round(found.low, 1), round(found.high)
        (8.0, 6.5, 160)
    """
    low, high = guaranteed_ends(values[:, None], np.array(limits)[:, None], (1.0 - confidence) / 2.0)
    return Interval(float(values.mean()), float(low[0]), float(high[0]))


def guaranteed_ends(values: Array, limits: Array, alpha: Array | float) -> Array:
    """Both ends [2, m] of guaranteed intervals of means, each of which may miss with probability ``alpha``.

    Args:
        values: [n, m].
        limits: [2, m], see ``guaranteed_interval``.
        alpha: [m] or one.
    """
    n, m = values.shape
    alpha, ends = np.broadcast_to(alpha, m), np.empty((2, m))
    step = max(1, _IN_CACHE // (2 * len(_SIZES) * n))
    for here in (slice(first, first + step) for first in range(0, m, step)):
        inside = np.clip(values[:, here], *limits[:, here])  # by rounding some may be beyond
        both = np.hstack([inside, -inside])
        found = lower_limit(both, np.append(limits[0, here], -limits[1, here]), np.tile(alpha[here], 2))
        ends[0, here], ends[1, here] = np.split(found, 2)
    ends[1] *= -1.0
    return ends


def replicates_needed(values: Array, low: Array | float, mean: Array | float, alpha: Array | float) -> Array:
    """How many values like these [n, ...] would be evidence that their mean is above ``mean`` [...]; infinite if none.

    Arguments as of ``evidence_above`` and ``lower_limit``.
    """
    low, mean = (np.broadcast_to(np.asarray(a, dtype=np.float64), values.shape[1:]) for a in (low, mean))
    gains = _capital(values, low, mean) / len(values)
    wanted = -np.log(alpha) - np.log(_SHARES).reshape(-1, *[1] * low.ndim)
    needed = np.divide(wanted, gains, out=np.full(gains.shape, np.inf), where=gains > 0.0)
    return np.where(np.isfinite(low) & (mean > low), np.ceil(needed.min(axis=0)), np.inf)


def needed_each(asked: Sequence[tuple[Array, Array, Array, Array]]) -> list[Array]:
    """``replicates_needed`` for each of some arguments, as of ``evidence_each``; every ``alpha`` [m]."""
    return _each(asked, replicates_needed)


def guaranteed_growth(start: Interval, end: Interval, stretch: float) -> Interval | None:
    """Exponent of growth from one mean to another, ``log(end / start) / log(stretch)``, as certain as both are.

    Args:
        start: the mean at the start of the stretch, with an interval.
        end: the mean at its end; where both intervals miss with probability ``alpha / 2``, the exponent's does with
            ``alpha``.
        stretch: by which factor time grows in between, above 1.

    Returns:
        The exponent, or None where a mean is not positive. Ends are infinite where nothing is known.
    """
    if min(start.value, end.value) <= 0.0:
        return None

    def exponent(first: float, last: float) -> float:
        return math.log(last / first) / math.log(stretch)

    low = exponent(start.high, end.low) if end.low > 0.0 and start.high < math.inf else -math.inf
    high = exponent(start.low, end.high) if start.low > 0.0 and end.high < math.inf else math.inf
    return Interval(exponent(start.value, end.value), low, high)
