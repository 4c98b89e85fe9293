"""What is guaranteed of a mean: evidence is fair in exact arithmetic, and limits are where it suffices."""

import itertools
import math

import numpy as np
import pytest
from scipy.stats import beta

from experiments.analysis.guarantees import (
    evidence_above,
    evidence_below,
    guaranteed_growth,
    guaranteed_interval,
    lower_limit,
    replicates_needed,
    upper_limit,
)
from experiments.analysis.statistics import Interval


@pytest.mark.parametrize(
    ("points", "chances"),
    [((0.0, 1.0), (0.9, 0.1)), ((2.0, 3.0, 12.0), (0.5, 0.3, 0.2)), ((-4.0, 0.0, 1.0), (0.01, 0.29, 0.7))],
)
@pytest.mark.parametrize("n", [1, 3, 5])
def test_the_mean_of_the_evidence_against_a_true_claim_is_one(points, chances, n):
    """Over all outcomes of n values, each with its probability; and below 1 where the mean is below the claim."""
    mean, low, high = float(np.dot(points, chances)), min(points), max(points)
    outcomes = np.array(list(itertools.product(points, repeat=n))).T
    weights = np.array([math.prod(c) for c in itertools.product(chances, repeat=n)])
    for evidence, end, other in ((evidence_above, low, high), (evidence_below, high, low)):
        assert np.exp(evidence(outcomes, end, mean)) @ weights == pytest.approx(1.0)
        farther = mean + 0.3 * (other - mean)
        assert np.exp(evidence(outcomes, end, farther)) @ weights < 1.0


def slow_evidence(values, low, mean):
    """By the definition: one bet after the other."""
    sizes = [1.0] + [1.0 - 2.0**-k for k in range(1, 7)] + [2.0**-k for k in range(2, 11)]
    shares = [0.4] + [0.04] * 15
    total = 0.0
    for size, share in zip(sizes, shares, strict=True):
        capital = share
        for value in values:
            capital *= 1.0 - size + size * (value - low) / (mean - low)
        total += capital
    return total


def test_evidence_is_the_capital_of_who_bets_one_after_the_other():
    rng = np.random.default_rng(3)
    values = rng.gamma(2.0, 3.0, size=(9, 4))
    for low, mean in ((0.0, 5.0), (-2.0, 5.0), (0.0, 9.0)):
        slow = [slow_evidence(column, low, mean) for column in values.T]
        assert np.exp(evidence_above(values, low, mean)) == pytest.approx(slow)
        assert evidence_above(values[rng.permutation(9)], low, mean) == pytest.approx(np.log(slow))
        assert evidence_below(-values, -low, -mean) == pytest.approx(np.log(slow))


def test_many_values_are_taken_in_pieces(monkeypatch):
    values = np.random.default_rng(0).random((100, 3))
    whole = evidence_above(values, 0.0, 0.45)
    monkeypatch.setattr("experiments.analysis.guarantees._AT_ONCE", 50)
    assert evidence_above(values, 0.0, 0.45) == pytest.approx(whole)


def test_limits_are_where_the_evidence_suffices():
    values = np.random.default_rng(1).gamma(2.0, 3.0, size=(30, 5))
    low, high = lower_limit(values, 0.0, 0.03), upper_limit(values, 200.0, 0.03)
    assert np.all((low < values.mean(axis=0)) & (values.mean(axis=0) < high))
    wanted = -math.log(0.03)
    assert evidence_above(values, 0.0, low) == pytest.approx(np.full(5, wanted), abs=1e-4)
    assert evidence_below(values, 200.0, high) == pytest.approx(np.full(5, wanted), abs=1e-4)


@pytest.mark.parametrize("n", [8, 20, 64, 1000])
def test_of_equal_values_no_more_is_said_than_their_number_allows(n):
    """Of n values without a failure, failures may have the share of Clopper and Pearson; bets lose little to it."""
    exact = beta.ppf(0.975, 1, n)
    found = guaranteed_interval(np.full(n, 8.0), (0.0, 800.0))
    assert found.high >= 8.0 + exact * 792.0 * (1 - 1e-9)
    assert found.high <= 8.0 + 1.35 * exact * 792.0
    assert found.value == 8.0
    assert 8.0 * (1.0 - 4.7 / n) - 1e-6 <= found.low <= 8.0


@pytest.mark.parametrize("failures", [0, 1, 3, 10])
def test_of_successes_and_failures_the_limits_contain_the_exact_ones(failures):
    n = 50
    values = (np.arange(n) < failures).astype(float)
    found = guaranteed_interval(values, (0.0, 1.0))
    exact = (
        beta.ppf(0.025, failures, n - failures + 1) if failures else 0.0,
        beta.ppf(0.975, failures + 1, n - failures),
    )
    assert found.low <= exact[0]
    assert exact[1] <= found.high
    assert found.high - found.low <= 2.0 * (exact[1] - exact[0])


def test_where_no_limit_is_known_nothing_is_guaranteed():
    values = np.arange(1.0, 20.0)
    assert guaranteed_interval(values, (-math.inf, math.inf)) == Interval(10.0, -math.inf, math.inf)
    below = guaranteed_interval(values, (0.0, math.inf))
    assert (below.high, 4.0 < below.low < 10.0) == (math.inf, True)
    assert evidence_above(values[:, None], -math.inf, [5.0]).tolist() == [0.0]
    assert replicates_needed(values, -math.inf, 5.0, 0.05) == math.inf


def test_claims_that_cannot_be_true_and_claims_at_the_limit():
    values = np.array([[0.0, 0.0, 1.0]]).T
    assert evidence_above(values, 0.0, np.array([-1.0])).tolist() == [math.inf]
    assert evidence_above(values, 0.0, np.array([0.0])).tolist() == [math.inf]
    assert evidence_above(0.0 * values, 0.0, np.array([0.0])).tolist() == [0.0]
    assert guaranteed_interval(np.zeros(9), (0.0, 0.0)) == Interval(0.0, 0.0, 0.0)


def test_values_beyond_their_limits_by_rounding_do_not_turn_an_interval_round():
    for value in (-6e-13, 6e-13):
        assert guaranteed_interval(np.full(3, value), (0.0, 0.0)) == Interval(value, 0.0, 0.0)


def test_a_single_value_says_little():
    found = guaranteed_interval(np.array([3.0]), (0.0, 10.0))
    assert 0.0 < found.low < 0.1
    assert found.high > 9.5


@pytest.mark.parametrize("mean", [5.0, 7.0, 7.9])
def test_so_many_replicates_like_these_suffice(mean):
    """Repeating the values until there are so many gives the evidence; a hundredth less does not."""
    values = np.random.default_rng(2).normal(8.0, 1.0, 10).clip(0.0, 100.0)
    alpha = 0.025
    needed = replicates_needed(values, 0.0, mean, alpha)
    repeated = np.tile(values, int(needed // 10) + 2)
    assert evidence_above(repeated[:, None], 0.0, [mean])[0] >= -math.log(alpha)
    assert replicates_needed(values, 0.0, 8.5, alpha) == math.inf


def test_growth_between_two_guaranteed_means():
    found = guaranteed_growth(Interval(10.0, 8.0, 20.0), Interval(40.0, 30.0, 80.0), 10.0)
    assert found.value == pytest.approx(math.log10(4.0))
    assert (found.low, found.high) == pytest.approx((math.log10(1.5), math.log10(10.0)))
    assert guaranteed_growth(Interval(0.0, 0.0, 1.0), Interval(1.0, 0.5, 2.0), 10.0) is None
    unknown = guaranteed_growth(Interval(1.0, 0.5, math.inf), Interval(2.0, 1.0, math.inf), 10.0)
    assert (unknown.low, unknown.high) == (-math.inf, math.inf)
