"""Who beats whom: paired comparisons of final regrets, corrected for their number."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from experiments.analysis.curves import ExperimentResult
from experiments.analysis.guarantees import evidence_above, guaranteed_ends
from experiments.analysis.statistics import Array, Interval, student

ALL_PAIRS = 50
"""Policies of an experiment up to which all pairs are compared; beyond, each with the best one and with the next."""


@dataclass(frozen=True)
class Comparison:
    """Two policies of an experiment on the same replicates.

    Attributes:
        better: label of the one with the lower mean regret.
        worse: label of the other.
        difference: regret of ``worse`` minus that of ``better`` at the horizon, with Student's interval, uncorrected:
            what is typical.
        p: two-sided p-value of the paired t-test, or, where the difference is the same in all n replicates, of their
            signs, 2^(1 - n), and 1 for no difference; corrected by Holm's method for all pairs of the experiment; NaN
            with a single replicate.
        guaranteed: the difference with the interval of ``guaranteed_interval``, uncorrected: what is certain.
        guaranteed_p: one over the evidence that the difference is above 0, at most 1, corrected by Holm's method for
            both directions of all pairs. A guaranteed p-value: it needs no assumption but known limits of the regret,
            and is 1 where there are none.
    """

    better: str
    worse: str
    difference: Interval
    p: float
    guaranteed: Interval
    guaranteed_p: float

    def significant(self, confidence: float) -> bool:
        """Whether it is certain, at this family-wise confidence, that ``better`` is."""
        return self.guaranteed_p <= 1.0 - confidence

    def typical(self, confidence: float) -> bool:
        """Whether the difference stands at this family-wise confidence, failures apart that no replicate shows."""
        return self.p <= 1.0 - confidence or self.significant(confidence)


def compare(result: ExperimentResult, confidence: float = 0.95, regret: str = "") -> list[Comparison]:
    """Pairs of an experiment's policies that do not know the run in advance, the smallest p-values first.

    All pairs of up to ``ALL_PAIRS`` policies; of more, each policy with the one of lowest mean regret, and with the
    next in the order of the means. P-values are corrected for all pairs then, too, as the data say which those are.

    Args:
        result: what to compare; every policy has the same replicates there.
        confidence: coverage of the intervals, in (0, 1).
        regret: regret definition; the default one where empty.
    """
    finals = {label: result.regret(label, regret)[:, -1] for label in result.learners}
    order = sorted(finals, key=lambda label: float(finals[label].mean()))
    if len(order) < 2:
        return []
    better, worse = _pairs(len(order))
    values = np.stack([finals[label] for label in order])
    difference, n = values[worse] - values[better], values.shape[1]
    size = np.abs(values[worse]).max(axis=1)
    mean = difference.mean(axis=1)
    error = difference.std(axis=1, ddof=1) / math.sqrt(n) if n > 1 else np.full(len(mean), math.nan)
    p = _p_values(difference, mean, error, size)
    reach = (student(n, confidence) if n > 1 else math.nan) * error
    low, high, sure_p = _guaranteed(result, regret, order, better, worse, difference, size, confidence)
    pairs = len(order) * (len(order) - 1) // 2
    corrected, sure_p = _holm(p, pairs), _holm(sure_p, 2 * pairs)
    return [
        Comparison(
            better=order[better[k]],
            worse=order[worse[k]],
            difference=Interval(float(mean[k]), float(mean[k] - reach[k]), float(mean[k] + reach[k])),
            p=float(corrected[k]),
            guaranteed=Interval(float(mean[k]), float(low[k]), float(high[k])),
            guaranteed_p=float(sure_p[k]),
        )
        for k in np.lexsort((p, sure_p))
    ]


def pairs_of(result: ExperimentResult, confidence: float, regret: str) -> tuple[Comparison, ...]:
    """As ``compare``, worked out once for each definition by its name."""
    return tuple(result.once(("pairs", confidence, regret), lambda: compare(result, confidence, regret)))


def _pairs(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of places among ``n``, in order of the means, each with the place of the better one first."""
    if n <= ALL_PAIRS:
        first, second = np.triu_indices(n, 1)
        return first.astype(np.int64), second.astype(np.int64)
    others = np.arange(1, n)
    return np.append(np.zeros(n - 1, dtype=np.int64), others[:-1]), np.append(others, others[1:])


def _holm(p: Array, tests: int) -> Array:
    """P-values corrected by the method of Holm (1979) for so many tests, of which those left out find nothing."""
    corrected = np.empty_like(p)
    rank = np.argsort(p, kind="stable")
    corrected[rank] = np.maximum.accumulate(np.minimum(1.0, np.arange(tests, tests - len(p), -1) * p[rank]))
    return corrected


def _guaranteed(
    result: ExperimentResult,
    regret: str,
    order: list[str],
    better: NDArray[np.int64],
    worse: NDArray[np.int64],
    difference: Array,
    size: Array,
    confidence: float,
) -> tuple[Array, Array, Array]:
    """Ends [n_pairs] of the guaranteed intervals of differences [n_pairs, n], and p-values [n_pairs] against 0."""
    least, most = np.repeat(result.limits_of(regret)[:, -1:], len(order), axis=1)
    for i, label in enumerate(order):
        if result.is_certain(label, regret):
            least[i] = most[i] = result.regret(label, regret)[0, -1]
    least, most = least[worse] - most[better], most[worse] - least[better]
    certain, tail = least == most, (1.0 - confidence) / 2.0
    values, rounding = difference.T, 1e-12 * np.maximum(1.0, size)
    p = np.where(
        certain, difference[:, 0] <= rounding, np.minimum(1.0, np.exp(-evidence_above(values, least, rounding)))
    )
    low, high = guaranteed_ends(values, np.stack([least, most]), tail)
    return np.where(certain, least, low), np.where(certain, most, high), p


def _p_values(difference: Array, mean: Array, error: Array, size: Array) -> Array:
    """Of the paired t-test for each pair, which knows nothing of differences without spread.

    Those are equal up to rounding, or may have come by chance, in counts for one; then the two-sided probability that
    all signs agree is what can be said.

    Args:
        difference: [n_pairs, n_replicates].
        mean: [n_pairs] of it.
        error: [n_pairs] standard error of the mean.
        size: [n_pairs] of the values, against which rounding is told from a difference.
    """
    n = difference.shape[1]
    if n < 2:
        return np.full(len(mean), math.nan)
    rounding = 1e-12 * np.maximum(1.0, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        tested = 2.0 * stdtr(n - 1, -np.abs(mean / error))
    signs = np.where(np.abs(difference[:, 0]) <= rounding, 1.0, 2.0 ** (1 - n))
    return np.where(np.ptp(difference, axis=1) > rounding, tested, signs)
