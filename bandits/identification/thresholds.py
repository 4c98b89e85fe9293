"""When the data decide: radii of confidence intervals, and thresholds of the statistic that a policy stops by.

The statistic of arms ``a`` and ``b``, ``m_a > m_b``: ``Z = N_a d(m_a, m) + N_b d(m_b, m)``, ``m`` the pooled mean. A
policy stops when that of the best arm and every other one is above

* ``mixture``: ``(1 + 1 / min(N_a, N_b)) (ln((K - 1) / delta) + (ln(1 + N_a) + ln(1 + N_b)) / 2)``, for sub-Gaussian
  rewards (derived in this project: Ville's inequality for a product of two mixtures of exponential martingales);
* ``kt``: ``ln((K - 1) / delta) + ln(N_a N_b) / 2 + 2 ln 2``, for rewards in [0, 1] (derived: the same for mixtures of
  Krichevsky and Trofimov);
* ``kk``: ``2 C(ln((K - 1) / delta) / 2) + 4 ln(4 + ln(t / 2))``, for Gaussian rewards (Kaufmann and Koolen, JMLR 2021,
  arXiv 1811.11419, as remembered);
* ``heuristic``: ``ln((1 + ln t) / delta)``, which Garivier and Kaufmann recommend for experiments (as remembered), and
  which no proof covers: with it the error tends to 1/2 as the gap goes to 0, at any ``delta`` (derived).
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from bandits.arguments import one_of
from bandits.contract import Array, Assumption
from bandits.identification.divergence import FAMILIES
from bandits.identification.problem import IdentificationProblem, Ints
from bandits.identification.times import transport
from bandits.kernels import inlined, kernel

RULES = ("provable", "mixture", "kt", "kk", "heuristic")
MIXTURE, KT, KK, HEURISTIC, NEVER = range(5)


class Threshold(NamedTuple):
    """A rule for stopping, in numbers.

    Attributes:
        rule: number of the rule, ``NEVER`` without a ``delta``.
        confidence: what does not change in a run: ``ln((K - 1) / delta)``, of kk ``2 C``, of the heuristic ``delta``.
        family: number of the family whose statistic ``Z`` is compared: the Gaussian one where rewards of another are
            taken as sub-Gaussian.
        variance: of the Gaussian family.
    """

    rule: int
    confidence: float
    family: int
    variance: float


def check_rule(threshold: str) -> str:
    """Check a threshold's name."""
    return one_of("threshold", threshold, RULES)


def rule_of(threshold: str, problem: IdentificationProblem) -> str:
    """The rule by name; "provable" is mixture for Gaussian rewards and kt for Bernoulli ones.

    Raises:
        ValueError: no such rule, or one that is not proved for the family.
    """
    check_rule(threshold)
    proved = {"gaussian": ("mixture", "kk"), "bernoulli": ("kt", "mixture")}.get(problem.family, ())
    if threshold == "provable" and proved:
        return proved[0]
    if threshold in ("provable", "kt", "kk", "mixture") and threshold not in proved:
        raise ValueError(
            f"threshold must be {', '.join([*proved, 'heuristic'])} for {problem.family} rewards, got {threshold}"
        )
    return threshold


def threshold_of(threshold: str, problem: IdentificationProblem) -> Threshold:
    """The rule in numbers; one that is never met where the problem has no ``delta``."""
    rule, family = rule_of(threshold, problem), FAMILIES[problem.family]
    variance = problem.variance
    if problem.delta is None:
        return Threshold(NEVER, 0.0, family, variance)
    if rule == "heuristic":
        return Threshold(HEURISTIC, problem.delta, family, variance)
    union = math.log(max(problem.n_actions - 1, 1) / problem.delta)
    if rule == "kk":
        return Threshold(KK, 2.0 * gaussian_constant(union / 2.0), family, variance)
    if rule == "kt":
        return Threshold(KT, union, family, variance)
    return Threshold(MIXTURE, union, FAMILIES["gaussian"], problem.deviation**2)


def proved(threshold: str, problem: IdentificationProblem) -> Assumption:
    """Whether the rule is covered by a proof."""
    return Assumption("the threshold is proved", rule_of(threshold, problem) != "heuristic")


@inlined
def level(threshold: Threshold, t: int, first: int, second: int) -> float:
    """What ``Z`` of two arms with so many samples must exceed after ``t`` samples in all."""
    rule, confidence = threshold.rule, threshold.confidence
    if rule == HEURISTIC:
        return math.log((1.0 + math.log(t)) / confidence)
    if rule == KK:
        return confidence + 4.0 * math.log(4.0 + math.log(t / 2.0))
    if rule == KT:
        return confidence + 0.5 * math.log(float(first) * second) + 2.0 * math.log(2.0)
    logarithm = math.log1p(first)
    return (1.0 + 1.0 / min(first, second)) * (
        confidence + 0.5 * (logarithm + (logarithm if first == second else math.log1p(second)))
    )


@inlined
def later_levels(threshold: Threshold, t: int, n: int) -> float:
    """What ``level`` of two arms with ``n`` samples each, and more later on, does not fall below, rounding included."""
    if threshold.rule == MIXTURE:  # but for its first factor, it rises
        return (1.0 - 1e-9) * (threshold.confidence + math.log1p(n))
    return (1.0 - 1e-9) * level(threshold, t, n, n)


@kernel
def level_of(threshold: Threshold, t: int, first: int, second: int) -> float:
    """As ``level``, for callers that are not compiled."""
    return level(threshold, t, first, second)


@lru_cache(maxsize=1024)
def gaussian_constant(x: float) -> float:
    """``C(x) = min_{1/2 < l < 1} (2l - 2l ln(4l) + ln zeta(2l) - ln(1 - l) / 2 + x) / l`` (as remembered)."""
    from scipy.optimize import minimize_scalar
    from scipy.special import zeta

    def value(share: float) -> float:
        inner = 2.0 * share - 2.0 * share * math.log(4.0 * share) + math.log(zeta(2.0 * share))
        return (inner - 0.5 * math.log1p(-share) + x) / share

    found = minimize_scalar(value, bounds=(0.5 + 1e-12, 1.0 - 1e-12), method="bounded", options={"xatol": 1e-13})
    return float(found.fun)


@inlined
def decided(threshold: Threshold, t: int, best: int, counts: Ints, sums: Array) -> bool:
    """Whether the statistic of the arm with the largest mean and every other one is above the threshold.

    Args:
        threshold: the rule.
        t: samples taken in all; nothing is decided before each arm has one.
        best: the arm with the largest mean.
        counts: [n_arms] samples.
        sums: [n_arms] of rewards.
    """
    if threshold.rule == NEVER or t < counts.size:
        return False
    first = sums[best] / counts[best]
    for a in range(counts.size):
        if a != best:
            z = transport(threshold.family, threshold.variance, first, sums[a] / counts[a], counts[best], counts[a])
            if not z > level(threshold, t, counts[best], counts[a]):
                return False
    return True


@inlined
def radius(variance: float, log_inverse: float, n: int) -> float:
    """``sqrt(2 sigma^2 (N + 1) / N^2 (ln(1/p) + ln(1 + N) / 2))``, for all N at once with probability 1 - p (derived).

    Args:
        variance: ``sigma^2``, sub-Gaussian.
        log_inverse: ``ln(1 / p)``.
        n: N >= 1.
    """
    return math.sqrt(2.0 * variance * (n + 1.0) / (float(n) * n) * (log_inverse + 0.5 * math.log1p(n)))


@kernel
def radius_of(variance: float, log_inverse: float, n: int) -> float:
    """As ``radius``, for callers that are not compiled."""
    return radius(variance, log_inverse, n)


def radii(variance: float, log_inverse: float, n: float) -> float:
    """As ``radius`` for a number of samples that need not be whole, for theorems."""
    return float(np.sqrt(2.0 * variance * (n + 1.0) / n**2 * (log_inverse + 0.5 * np.log1p(n))))
