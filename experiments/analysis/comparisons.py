"""Who beats whom: paired comparisons of final regrets, corrected for their number."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from experiments.analysis.curves import ExperimentResult
from experiments.analysis.statistics import Array, Interval, student


@dataclass(frozen=True)
class Comparison:
    """Two policies of an experiment on the same replicates.

    Attributes:
        better: label of the one with the lower mean regret.
        worse: label of the other.
        difference: regret of ``worse`` minus that of ``better`` at the horizon, with Student's interval, uncorrected.
        p: two-sided p-value of the paired t-test, or, where the difference is the same in all n replicates, of their
            signs, 2^(1 - n), and 1 for no difference; corrected by Holm's method for all pairs of the experiment; NaN
            with a single replicate.
    """

    better: str
    worse: str
    difference: Interval
    p: float

    def significant(self, confidence: float) -> bool:
        """Whether the difference stands at this family-wise confidence."""
        return self.p <= 1.0 - confidence


def compare(result: ExperimentResult, confidence: float = 0.95, regret: str = "") -> list[Comparison]:
    """All pairs of an experiment's policies that do not know the run in advance, the smallest p-value first.

    Args:
        result: what to compare; every policy has the same replicates there.
        confidence: coverage of the intervals, in (0, 1).
        regret: regret definition; the default one where empty.
    """
    finals = {label: result.regret(label, regret)[:, -1] for label in result.learners}
    order = sorted(finals, key=lambda label: float(finals[label].mean()))
    if len(order) < 2:
        return []
    better, worse = np.triu_indices(len(order), 1)
    values = np.stack([finals[label] for label in order])
    difference, n = values[worse] - values[better], values.shape[1]
    mean = difference.mean(axis=1)
    error = difference.std(axis=1, ddof=1) / math.sqrt(n) if n > 1 else np.full(len(mean), math.nan)
    p = _p_values(difference, mean, error, np.abs(values[worse]).max(axis=1))
    rank = np.argsort(p, kind="stable")
    corrected = np.maximum.accumulate(np.minimum(1.0, np.arange(len(p), 0, -1) * p[rank]))  # Holm (1979)
    reach = (student(n, confidence) if n > 1 else math.nan) * error
    low, high = mean - reach, mean + reach
    return [
        Comparison(
            better=order[better[k]],
            worse=order[worse[k]],
            difference=Interval(float(mean[k]), float(low[k]), float(high[k])),
            p=float(corrected[place]),
        )
        for place, k in enumerate(rank)
    ]


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
