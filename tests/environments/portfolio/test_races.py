"""Laws of races and what no learner can avoid in them, against enumeration and the numbers of the specification."""

import itertools
import math

import numpy as np
import pytest

from environments.portfolio.codes import log_minimax, mean_regret
from environments.portfolio.laws import chances_of, independent, winners


def sequences(k, horizon):
    return itertools.product(range(k), repeat=horizon)


def best(counts):
    """Probability that the best mix in hindsight gives to a sequence."""
    total = sum(counts)
    return math.prod((n / total) ** n for n in counts)


def mixture(counts, a):
    """Probability that the mixture under Dirichlet(a) gives to a sequence."""
    k, total = len(counts), sum(counts)
    log = math.lgamma(k * a) - math.lgamma(total + k * a) + sum(math.lgamma(n + a) - math.lgamma(a) for n in counts)
    return math.exp(log)


def counted(sequence, k):
    return tuple(sequence.count(i) for i in range(k))


@pytest.mark.parametrize(("k", "horizon"), [(1, 4), (2, 1), (2, 7), (3, 4), (4, 3), (5, 2)])
def test_the_minimax_regret_is_the_sum_over_all_sequences(k, horizon):
    total = sum(best(counted(sequence, k)) for sequence in sequences(k, horizon))
    assert math.isclose(math.exp(log_minimax(k, np.array([horizon]))[0]), total, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("horizon", "k", "value"),
    [
        (10, 2, 1.5390617),
        (100, 2, 2.5809711),
        (1000, 2, 3.6964312),
        (100, 3, 4.7292442),
        (1000, 5, 12.8157286),
        (10_000, 10, 35.8188888),
    ],
)
def test_the_minimax_regret_of_the_specification(horizon, k, value):
    assert abs(log_minimax(k, np.array([horizon]))[0] - value) < 6e-8


@pytest.mark.parametrize(
    ("k", "t", "value"),
    [
        (2, 1, math.log(2)),
        (2, 2, 0.90890873),
        (2, 10, 1.52675879),
        (2, 100, 2.57462577),
        (2, 1000, 3.69413719),
        (3, 10, 2.66241052),
        (3, 100, 4.71529932),
        (3, 200, 5.37564300),
    ],
)
def test_the_least_mean_regret_of_the_specification(k, t, value):
    assert abs(mean_regret(k, np.array([t]))[0] - value) < 6e-9


@pytest.mark.parametrize(("k", "t"), [(1, 3), (2, 6), (3, 5), (4, 4)])
def test_the_least_mean_regret_is_that_of_the_mixture_over_all_sequences(k, t):
    found = 0.0
    for sequence in sequences(k, t):
        counts = counted(sequence, k)
        found += mixture(counts, 0.5) * math.log(best(counts) / mixture(counts, 0.5))
    assert math.isclose(mean_regret(k, np.array([t]))[0], found, abs_tol=1e-12)


@pytest.mark.parametrize(
    ("k", "horizon", "half", "uniform", "floor"),
    [
        (2, 6, 1.3407595530, 1.4617011228, 1.3283186199),
        (3, 5, 2.1611260928, 2.3195138809, 2.1412889450),
    ],
)
def test_mean_regrets_of_mixtures_in_the_hardest_race(k, horizon, half, uniform, floor):
    """Probabilities of the law are those of counts, spread over sequences; the regrets are the specification's."""
    regret, total = {0.5: 0.0, 1.0: 0.0}, 0.0
    for sequence in sequences(k, horizon):
        counts = counted(sequence, k)
        chance, left = 1.0, horizon
        for i in range(k - 1):
            chance *= chances_of(k - i, left)[counts[i]]
            left -= counts[i]
        chance /= math.factorial(horizon) / math.prod(map(math.factorial, counts))
        total += chance
        for a in regret:
            regret[a] += chance * math.log(best(counts) / mixture(counts, a))
    assert math.isclose(total, 1.0, rel_tol=1e-12)
    assert abs(regret[0.5] - half) < 1e-9
    assert abs(regret[1.0] - uniform) < 1e-9
    assert abs(log_minimax(k, np.array([horizon]))[0] - floor) < 1e-9


def test_sequences_of_the_hardest_race_come_as_often_as_they_should():
    k, horizon, n = 3, 3, 4000
    rng, seen = np.random.default_rng(41), dict.fromkeys(sequences(k, horizon), 0)
    for _ in range(n):
        seen[tuple(winners("nml", k, horizon, rng).tolist())] += 1
    scale = math.exp(log_minimax(k, np.array([horizon]))[0])
    expected = {sequence: n * best(counted(sequence, k)) / scale for sequence in seen}
    chi = sum((seen[s] - expected[s]) ** 2 / expected[s] for s in seen)
    assert chi < 26 + 4.5 * math.sqrt(2 * 26), "chi-square with 26 degrees of freedom"


def test_the_other_laws():
    rng = np.random.default_rng(3)
    assert winners("one", 4, 5, rng).tolist() == [0] * 5
    assert winners("nml", 1, 5, rng).tolist() == [0] * 5
    firsts = np.array([np.mean(winners("bayes", 2, 40, rng) == 0) for _ in range(600)])
    variance = 0.125 + 0.125 / 40  # of Beta(1/2, 1/2), and the mean of p (1 - p) over 40 rounds
    assert abs(firsts.mean() - 0.5) < 4.5 * math.sqrt(variance / 600)
    assert abs(firsts.var() - variance) < 4.5 * math.sqrt((0.0235 - 0.0156) / 600), "its fourth moment is at most 3/128"
    shares = np.bincount(independent(np.array([0.2, 0.0, 0.8, 0.0]), 4000, rng), minlength=4) / 4000
    assert shares[[1, 3]].tolist() == [0.0, 0.0]
    assert abs(shares[0] - 0.2) < 4.5 * 0.4 / math.sqrt(4000)
