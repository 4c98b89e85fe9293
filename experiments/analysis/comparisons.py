"""Who beats whom: paired comparisons of final regrets, corrected for their number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.stats import ttest_rel

from experiments.analysis.curves import ExperimentResult
from experiments.analysis.statistics import Array, Interval, paired_difference


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


def _p_value(one: Array, other: Array) -> float:
    """Of the paired t-test, which knows nothing of differences without spread.

    Those are equal up to rounding, or may have come by chance, in counts for one; then the two-sided probability that
    all signs agree is what can be said.
    """
    n, difference = len(one), other - one
    rounding = 1e-12 * max(1.0, float(np.abs(other).max()))
    if n < 2:
        return math.nan
    if np.ptp(difference) > rounding:
        return float(ttest_rel(other, one).pvalue)
    return 1.0 if abs(difference[0]) <= rounding else 2.0 ** (1 - n)


def compare(result: ExperimentResult, confidence: float = 0.95, regret: str = "") -> list[Comparison]:
    """All pairs of an experiment's policies that do not know the run in advance, the smallest p-value first.

    Args:
        result: what to compare; every policy has the same replicates there.
        confidence: coverage of the intervals, in (0, 1).
        regret: regret definition; the experiment's choice where empty.
    """
    finals = {label: result.regret(label, regret)[:, -1] for label in result.learners}
    pairs = []
    for one, other in combinations(sorted(finals, key=lambda label: float(finals[label].mean())), 2):
        p = _p_value(finals[one], finals[other])
        pairs.append((p, Comparison(one, other, paired_difference(finals[other], finals[one], confidence), math.nan)))
    pairs.sort(key=lambda pair: (math.isnan(pair[0]), pair[0]))
    corrected, largest = [], 0.0
    for rank, (p, comparison) in enumerate(pairs):  # Holm (1979)
        largest = max(largest, min(1.0, (len(pairs) - rank) * p)) if not math.isnan(p) else p
        corrected.append(Comparison(comparison.better, comparison.worse, comparison.difference, largest))
    return corrected
