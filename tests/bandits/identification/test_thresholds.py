"""Thresholds and radii: values, what proves them, and which are offered for which rewards."""

import math

import numpy as np
import pytest
from scipy.special import betaln, xlogy

from bandits.identification.intervals import HALVINGS, lower_end, upper_end
from bandits.identification.problem import IdentificationProblem
from bandits.identification.thresholds import gaussian_constant, level_of, proved, radius_of, rule_of, threshold_of
from bandits.kernels import kernel


def problem(n=4, delta=0.1, family="gaussian"):
    return IdentificationProblem(n_actions=n, budget=1000, delta=delta, family=family)


def test_the_constant_of_kaufmann_and_koolen():
    values = [gaussian_constant(x) for x in (1.0, 2.0, 3.0, 5.0, 10.0)]
    assert values == pytest.approx([2.507094547, 3.582930245, 4.648365118, 6.757320060, 11.954646257], abs=1e-8)


TABLE = [
    (4, 0.1, 500, 4.278692966, 15.538311157, 8.303379123, 9.615805480),
    (4, 0.01, 500, 6.581278059, 17.996416026, 10.624384897, 11.918390573),
    (6, 0.1, 1000, 4.370429052, 16.366969783, 9.088204892, 10.414313176),
    (5, 0.1, 2000, 4.454452228, 16.390566666, 9.707047984, 11.066638362),
]


@pytest.mark.parametrize(("n", "delta", "t", "heuristic", "kk", "mixture", "kt"), TABLE)
def test_levels(n, delta, t, heuristic, kk, mixture, kt):
    for rule, family, value in (
        ("heuristic", "gaussian", heuristic),
        ("kk", "gaussian", kk),
        ("mixture", "gaussian", mixture),
        ("kt", "bernoulli", kt),
    ):
        threshold = threshold_of(rule, problem(n, delta, family))
        assert level_of(threshold, t, t / n, t / n) == pytest.approx(value, abs=1e-8), rule


def test_what_is_proved():
    assert rule_of("provable", problem()) == "mixture"
    assert rule_of("provable", problem(family="bernoulli")) == "kt"
    assert not proved("heuristic", problem()).holds
    assert proved("kk", problem()).holds
    for family, rule in (("poisson", "provable"), ("exponential", "mixture"), ("gaussian", "kt"), ("bernoulli", "kk")):
        with pytest.raises(ValueError, match=r"threshold must be .*heuristic"):
            rule_of(rule, problem(family=family))
    with pytest.raises(ValueError, match="threshold must be"):
        rule_of("glr", problem())


def test_the_mixture_of_krichevsky_and_trofimov():
    """The likelihood at its maximum exceeds the mixture's by at most sqrt(N) and a factor 2; equality at N = 1."""
    for n in (1, 2, 3, 10, 100, 399):
        s = np.arange(n + 1.0)
        most = xlogy(s, s / n) + xlogy(n - s, 1.0 - s / n)
        mixed = betaln(s + 0.5, n - s + 0.5) - betaln(0.5, 0.5)
        excess = most - mixed - 0.5 * math.log(n) - math.log(2.0)
        assert excess.max() <= 1e-11
        if n == 1:
            assert excess.max() == pytest.approx(0.0, abs=1e-12)


def test_radii_hold_at_all_times():
    """Of 4,000 paths of 2,000 Gaussian rewards, no more leave the radius at any time than allowed, and some do."""
    rng, p, n = np.random.default_rng(4), 0.2, 2000
    widths = np.array([radius_of(1.0, math.log(1.0 / p), t) for t in range(1, n + 1)])
    left = 0
    for _ in range(8):
        means = np.cumsum(rng.standard_normal((500, n)), axis=1) / np.arange(1, n + 1)
        left += int(np.count_nonzero((np.abs(means) > widths).any(axis=1)))
    assert 0 < left < 4000 * p


def test_radius_in_numbers():
    assert radius_of(1.0, math.log(40.0), 1) == pytest.approx(math.sqrt(4.0 * (math.log(40.0) + math.log(2.0) / 2.0)))
    assert radius_of(0.25, 0.0, 100) == pytest.approx(math.sqrt(0.5 * 101 / 1e4 * math.log(101) / 2))


@kernel
def both_ends(mean: float, most: float) -> tuple[float, float]:
    return lower_end(mean, most), upper_end(mean, most)


def test_bernoulli_intervals():
    assert HALVINGS == 60
    rng = np.random.default_rng(5)
    for _ in range(500):
        mean, most = float(rng.random()), float(rng.exponential(0.1))
        low, high = both_ends(mean, most)
        assert 0.0 <= low <= mean <= high <= 1.0
        reflected = both_ends(1.0 - mean, most)
        assert (1.0 - reflected[1], 1.0 - reflected[0]) == pytest.approx((low, high), abs=1e-12)
        for end in (low, high):
            if 1e-9 < end < 1.0 - 1e-9:
                value = xlogy(mean, mean / end) + xlogy(1.0 - mean, (1.0 - mean) / (1.0 - end))
                assert value == pytest.approx(most, abs=1e-9)
    assert both_ends(0.0, 0.5)[0] == 0.0
    assert both_ends(1.0, 0.5)[1] == 1.0
