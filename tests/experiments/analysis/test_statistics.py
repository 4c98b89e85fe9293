"""Bands cover what they say, exponents come back, pairs beat independent samples."""

import numpy as np
import pytest
from scipy.stats import binom

from experiments.analysis.statistics import growth_exponent, mean_band, paired_difference, quantiles


def coverage(n, trials, rng):
    """Share of trials in which the truth (0) lies in the pointwise band at the end, and in the simultaneous band."""
    points = walks = 0
    for _ in range(trials):
        samples = np.cumsum(rng.standard_normal((n, 40)), axis=1)
        band = mean_band(samples)
        points += band.low[-1] <= 0.0 <= band.high[-1]
        walks += bool(np.all((band.all_low <= 0.0) & (band.all_high >= 0.0)))
    return points / trials, walks / trials


@pytest.mark.parametrize("n", [8, 20, 60])
def test_coverage(n):
    trials = 400
    point, simultaneous = coverage(n, trials, np.random.default_rng(5))
    error = 4 * np.sqrt(0.95 * 0.05 / trials)
    assert 0.93 - error <= point <= 0.97 + error
    assert simultaneous >= 0.95 - error


def test_the_simultaneous_band_holds_the_pointwise_one():
    band = mean_band(np.random.default_rng(1).exponential(size=(12, 30)).cumsum(axis=1))
    assert np.all(band.all_low <= band.low)
    assert np.all(band.all_high >= band.high)
    assert np.all((band.low <= band.mean) & (band.mean <= band.high))
    assert np.any(band.all_high > band.high)


def test_standard_error_is_that_of_replicates():
    samples = np.random.default_rng(2).normal(size=(50, 3))
    assert mean_band(samples).error == pytest.approx(samples.std(axis=0, ddof=1) / np.sqrt(50))


def test_one_replicate_has_no_band():
    band = mean_band(np.ones((1, 4)))
    assert band.mean == pytest.approx(1.0)
    assert np.all(np.isnan(band.low))


def test_replicates_that_differ_at_a_single_time_do_not_blow_the_band_up():
    samples = np.random.default_rng(8).normal(size=(16, 30)).cumsum(axis=1)
    plain = mean_band(samples)
    samples[:, 4] = 2.0
    samples[3, 4] = 2.5
    band = mean_band(samples)
    assert np.all(band.all_high - band.mean <= 2.0 * (plain.all_high - plain.mean) + 1.0)


def test_too_few_replicates_have_no_simultaneous_band():
    band = mean_band(np.random.default_rng(1).normal(size=(3, 4)))
    assert np.all(np.isfinite(band.low))
    assert np.all(np.isnan(band.all_low))


def test_the_band_does_not_depend_on_unit_or_origin():
    samples = np.random.default_rng(6).normal(size=(10, 5)).cumsum(axis=1)
    band, other = mean_band(samples), mean_band(1e6 + 1e3 * samples)
    assert other.all_high == pytest.approx(1e6 + 1e3 * band.all_high)


def test_constant_replicates_have_a_band_of_no_width():
    band = mean_band(np.tile(np.arange(5.0), (6, 1)))
    assert band.all_low == pytest.approx(band.mean)
    assert band.all_high == pytest.approx(band.mean)


@pytest.mark.parametrize("power", [0.0, 0.5, 2 / 3, 1.0])
def test_exponent_of_a_power(power):
    times = np.unique(np.geomspace(1, 10_000, 100).astype(int))
    rng = np.random.default_rng(3)
    samples = 7.0 * times**power * rng.lognormal(0.0, 0.2, size=(40, 1))
    fitted = growth_exponent(samples, times)
    assert fitted.value == pytest.approx(power, abs=1e-9)
    noisy = growth_exponent(samples + rng.normal(0, 0.05, samples.shape) * samples, times)
    assert noisy.low <= power <= noisy.high
    assert noisy.high - noisy.low < 0.1


def test_exponent_needs_positive_regret():
    times = np.arange(1, 100)
    assert growth_exponent(-np.ones((3, 99)), times) is None
    assert growth_exponent(np.ones((3, 2)), times[:2]) is None


def test_pairs_see_what_independent_samples_do_not():
    rng = np.random.default_rng(4)
    luck = rng.normal(0, 100, 30)
    first, second = luck + 1.0 + rng.normal(0, 0.1, 30), luck + rng.normal(0, 0.1, 30)
    difference = paired_difference(first, second)
    assert difference.low <= 1.0 <= difference.high
    assert difference.excludes_zero
    assert not paired_difference(first, rng.permutation(second)).excludes_zero


def test_quantiles():
    samples = np.arange(101.0)[:, None]
    assert quantiles(samples)[:, 0] == pytest.approx([5, 25, 50, 75, 95])


def test_shares_of_events_have_the_interval_of_clopper_and_pearson():
    """Where an event happened in no run, or in all, too: by the definition, from the binomial distribution."""
    n = 40
    samples = np.zeros((n, 5))
    for column, count in enumerate((0, 1, 20, 39, 40)):
        samples[:count, column] = 1.0
    for confidence in (0.95, 0.99):
        band, tail = mean_band(samples, confidence, shares=True), (1.0 - confidence) / 2.0
        assert ((band.all_low <= band.low) & (band.low <= band.mean)).all()
        assert ((band.all_high >= band.high) & (band.high >= band.mean)).all()
        assert band.all_low.min() == 0.0
        assert band.all_high.max() == 1.0
        for count, low, high in zip((0, 1, 20, 39, 40), band.low, band.high, strict=True):
            assert low == 0.0 if count == 0 else binom.sf(count - 1, n, low) == pytest.approx(tail)
            assert high == 1.0 if count == n else binom.cdf(count, n, high) == pytest.approx(tail)
        assert not band.surely_below(np.full(5, 0.99))
    assert mean_band(np.zeros((40, 1)), shares=True).surely_below(np.array([0.1]))
    assert not mean_band(np.zeros((40, 1)), shares=True).surely_below(np.array([0.05]))
    assert np.isnan(mean_band(np.zeros((1, 1)), shares=True).high).all()
    other = samples + 0.5
    assert (mean_band(other, shares=True).low == mean_band(other).low).all(), "these are no events"
