"""Which of several samples is the largest: the quadrature against closed forms and slow integrals."""

import itertools
import math
from typing import NamedTuple

import numpy as np
import pytest
from scipy import integrate, special, stats

from bandits import BanditProblem
from bandits.arms.exp_ts import ExpTS
from bandits.arms.ftpl import FTPL
from bandits.arms.largest import Betas, Gaussians, largest
from bandits.arms.mots import MOTS
from bandits.arms.npts import NPTS
from bandits.arms.problem import FullFeedbackProblem


def beta_exceeds(a, b, c, d):
    """P(X > Y) for X of Beta(a, b), a whole, and Y of Beta(c, d): a finite sum, of the tail of X given Y."""
    i, log = np.arange(a), special.betaln
    return math.fsum(np.exp(log(c + i, b + d) - np.log(b + i) - log(1 + i, b) - log(c, d)))


def wins(laws, i, low, high, points):
    """By scipy's quadrature: the probability that the sample of law ``i`` is the largest, beside atoms."""
    others = [law for j, law in enumerate(laws) if j != i]

    def density(x):
        return laws[i].pdf(x) * math.prod(other.cdf(x) for other in others)

    ends = sorted({low, high, *(x for x in points if low < x < high)})
    return math.fsum(integrate.quad(density, *pair, epsabs=1e-12)[0] for pair in itertools.pairwise(ends))


@pytest.mark.parametrize(
    ("means", "deviations"),
    [
        ((0, 0), (1, 1)),
        ((0, 1), (1, 1e-4)),
        ((0, 3), (1, 1e-7)),
        ((0, -3), (1e-5, 1)),
        ((5, 0), (0.3, 0.2)),
        ((0, 6), (1, 1)),
        ((3338513.6, 3338512.9), (9166.0, 2.7e-5)),
        ((-1576955.5, -1577000.0), (1.4e-3, 3447.0)),
    ],
)
def test_two_normal_laws(means, deviations):
    p = largest(Gaussians(np.array(means, dtype=float), np.array(deviations, dtype=float)))
    first = special.ndtr((means[0] - means[1]) / math.hypot(*deviations))
    assert p == pytest.approx([first, 1 - first], abs=1e-9, rel=1e-9)


@pytest.mark.parametrize(
    "numbers",
    [
        (1, 1, 1, 1),
        (3, 5, 4, 4),
        (200, 300, 210, 290),
        (1, 1000, 2, 3),
        (50, 1, 1, 1),
        (5000, 5000, 5100, 5000),
        (2, 0.3, 0.5, 1),
    ],
)
def test_two_beta_laws_are_a_finite_sum(numbers):
    a, b, c, d = numbers
    p = largest(Betas(np.array([a, c], dtype=float), np.array([b, d], dtype=float)))
    first = beta_exceeds(a, b, c, d)
    assert p == pytest.approx([first, 1 - first], abs=1e-9)


@pytest.mark.parametrize("plays", [1e3, 1e6, 1e9, 1e12])
@pytest.mark.parametrize("mean", [1e-6, 0.1, 0.5, 0.999])
def test_an_arm_played_for_long_beside_one_that_is_new(plays, mean):
    """A uniform sample is below the other one with the probability of the other one's mean."""
    a, b = 1.0 + plays * mean, 1.0 + plays * (1.0 - mean)
    found = largest(Betas(np.array([1.0, a]), np.array([1.0, b])))
    np.testing.assert_allclose(found, [b / (a + b), a / (a + b)], rtol=0, atol=1e-10)


def test_beta_laws_of_parameters_of_all_sizes_are_found_whole():
    rng = np.random.default_rng(6)
    for _ in range(100):
        weights, means = 10.0 ** rng.uniform(-2.0, 8.0, 5), rng.beta(0.5, 0.5, 5)
        assert largest(Betas(weights * means + 0.5, weights * (1.0 - means) + 0.5)).sum() == pytest.approx(1.0)


def test_several_laws_against_slow_integrals():
    a, b = np.random.default_rng(0).uniform(0.5, 30, (2, 4))
    means, deviations = np.array([0.1, -0.3, 0.4, 0.2]), np.array([1.0, 0.1, 0.5, 0.02])
    betas = [stats.beta(*pair) for pair in zip(a, b, strict=True)]
    normals = [stats.norm(*pair) for pair in zip(means, deviations, strict=True)]
    for found, laws, low, high in (
        (largest(Betas(a, b)), betas, 0.0, 1.0),
        (largest(Gaussians(means, deviations)), normals, -9.0, 9.0),
    ):
        points = [law.mean() + step * law.std() for law in laws for step in (-4, 0, 4)]
        assert found == pytest.approx([wins(laws, i, low, high, points) for i in range(4)], abs=1e-9)


def test_many_equal_laws_share_alike():
    assert largest(Betas(np.full(1000, 2.0), np.full(1000, 7.0))) == pytest.approx(np.full(1000, 1e-3), rel=1e-9)
    assert largest(Gaussians(np.zeros(300), np.ones(300))) == pytest.approx(np.full(300, 1 / 300), rel=1e-9)


def test_what_is_lost_is_told():
    with pytest.raises(ArithmeticError, match="which must be 1"):
        largest(Betas(np.full(3, 0.01), np.ones(3)))  # most of the samples are no numbers


class Clipped(NamedTuple):
    """A normal law that is clipped from above."""

    mean: float
    deviation: float
    clip: float

    def cdf(self, x):
        return special.ndtr((x - self.mean) / self.deviation) if x < self.clip else 1.0

    def pdf(self, x):
        return math.exp(-0.5 * ((x - self.mean) / self.deviation) ** 2) / (self.deviation * math.sqrt(2 * math.pi))


def test_clipped_samples_share_ties():
    """Of two arms whose samples are clipped at one place the lower one is played; against an integral by scipy."""
    policy = MOTS(horizon=4)
    policy.reset(BanditProblem(n_actions=3, horizon=100), np.random.default_rng(0))
    for arm, reward in ((0, 0.25), (1, 0.25), (2, 0.0), (2, 0.5), (2, 0.0)):
        policy.choose(None)
        policy.update(None, arm, reward)
    n, means = np.array([1.0, 1.0, 3.0]), np.array([0.25, 0.25, 0.5 / 3])
    clips = means + 0.5 * np.sqrt(policy.alpha / n * np.maximum(0.0, np.log(4 / (3 * n))))
    laws = [Clipped(*row) for row in zip(means, 0.5 / np.sqrt(policy.rho * n), clips, strict=True)]
    expected = []
    for i, law in enumerate(laws):
        atom = stats.norm(law.mean, law.deviation).sf(law.clip)
        for j, other in enumerate(laws):
            if j != i:
                strictly = other.clip == law.clip and j < i
                atom *= stats.norm(other.mean, other.deviation).cdf(law.clip) if strictly else other.cdf(law.clip)
        expected.append(wins(laws, i, -9.0, law.clip, clips) + atom)
    assert sum(expected) == pytest.approx(1.0, abs=1e-9)
    assert policy.probabilities(None) == pytest.approx(expected, abs=1e-9)
    assert expected[0] > expected[1] + 0.01


def test_a_perturbed_leader_of_few_arms_by_inclusion_and_exclusion():
    """``integral b_i prod_{j != i} (1 - b_j v) dv``, multiplied out over all sets of other arms."""
    policy, losses = FTPL(eta=0.7), np.array([0.2, 1.0, 0.4, 0.4])
    policy.reset(FullFeedbackProblem(n_actions=4), np.random.default_rng(0))
    for row in (losses, 0.5 * losses):
        policy.choose(None)
        policy.update(None, 0, 1.0 - row)
    b, expected = np.exp(-0.7 * (1.5 * losses - 0.3)), []
    for i in range(4):
        others, total = [j for j in range(4) if j != i], 0.0
        for code in range(8):
            chosen = [j for bit, j in enumerate(others) if code >> bit & 1]
            total += (-1) ** len(chosen) * math.prod(b[chosen]) / (len(chosen) + 1)
        expected.append(b[i] * total)
    assert policy.probabilities(None) == pytest.approx(expected, abs=1e-12)


def test_a_perturbed_leader_of_many_arms():
    policy = FTPL(eta=0.1)
    policy.reset(FullFeedbackProblem(n_actions=2000), np.random.default_rng(0))
    assert policy.probabilities(None) == pytest.approx(np.full(2000, 1 / 2000), rel=1e-9)


def test_random_weights_of_rewards_that_are_no_ends_have_no_closed_form():
    policy = NPTS()
    policy.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
    for arm, reward in ((0, 0.0), (1, 0.0)):
        policy.choose(None)
        policy.update(None, arm, reward)
    assert policy.probabilities(None) == pytest.approx([0.5, 0.5], abs=1e-9)
    policy.update(None, 1, 0.3)
    with pytest.raises(TypeError, match="no probabilities in closed form"):
        policy.probabilities(None)


def exp_ts(plays, **options):
    policy = ExpTS(**options)
    policy.reset(BanditProblem(n_actions=1 + max(arm for arm, _ in plays)), np.random.default_rng(0))
    for arm, reward in plays:
        policy.choose(None)
        policy.update(None, arm, reward)
    return policy.probabilities(None)


def test_coins_alone_decide_after_one_play_each():
    """Samples are 0 or 1, by fair coins, and ties go to the lowest arm; with ``plus`` a mean with probability 2 / 3."""
    assert exp_ts([(0, 1.0), (1, 0.0), (2, 1.0)]) == pytest.approx([5 / 8, 1 / 4, 1 / 8], abs=1e-9)
    first, third = 2 / 3 + 1 / 6, 1 / 6  # a sample is 1 of arms 0 and 2, and of arm 1
    expected = [first + (1 - first) * (1 - third) * (1 - first), (1 - first) * third]
    found = exp_ts([(0, 1.0), (1, 0.0), (2, 1.0)], plus=True)
    assert found == pytest.approx([*expected, 1 - sum(expected)], abs=1e-9)


def test_samples_from_the_divergence_itself():
    """P(sample of arm 1 > sample of arm 0) by an integral over the exponential variable and the coin of arm 1."""
    plays = [(0, 1.0), (0, 0.0), (0, 0.0), (1, 1.0), (1, 0.0), (1, 1.0), (1, 0.0)]

    def divergence(p, q):
        return special.rel_entr(p, q) + special.rel_entr(1 - p, 1 - q)

    def below(x):  # P(sample of arm 0 < x): three plays of mean 1 / 3
        tail = 0.5 * math.exp(-2 * divergence(1 / 3, x)) if 0.0 < x < 1.0 else 0.0
        return tail if x < 1 / 3 else 1 - tail

    def given(e):  # four plays of mean 1 / 2: d(1/2, q) = e at q = (1 +- sqrt(1 - exp(-2 e))) / 2
        step = 0.5 * math.sqrt(-math.expm1(-2 * e / 3))
        return math.exp(-e) * 0.5 * (below(0.5 + step) + below(0.5 - step))

    kink = -1.5 * math.log1p(-((1 / 3) ** 2))  # where 1/2 - step is 1/3
    won = integrate.quad(given, 0.0, kink, epsabs=1e-12)[0] + integrate.quad(given, kink, 50.0, epsabs=1e-12)[0]
    assert exp_ts(plays) == pytest.approx([1 - won, won], abs=1e-9)
