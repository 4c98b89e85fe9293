"""Families of one parameter: divergences and their inverses, and the policies that go by them."""

import math

import numpy as np
import pytest
from arms_runs import sequence
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import poisson

from bandits import KLUCB, BanditProblem
from bandits.arms.families import BERNOULLI, EXPONENTIAL, GAUSSIAN, POISSON, clipped, divergence, upper
from bandits.arms.imed import IMED
from bandits.arms.kl_ucb_pp import KLUCBPP
from bandits.arms.med import MED
from bandits.arms.problem import FAMILIES
from bandits.arms.theory import ArmsInstance, divergences
from bandits.checks import check_policy
from environments import ExponentialArms, GaussianArms, PoissonArms

SIGMA = 0.7
PAIRS = [(0.2, 0.5), (0.31, 0.32), (0.05, 0.9), (0.0, 0.4)]
WIDE = [(0.5, 2.0), (3.0, 3.01), (1.0, 40.0), (200.0, 260.0), (1e-3, 5.0)]
ROOTS = [(p, level) for p in (1e-6, 0.3, 5.0, 1e4) for level in (1e-9, 1e-4, 0.1, 2.0, 30.0)]


def by_definition(family, p, q):
    """The expectation of the log of the ratio of densities, by sums and integrals."""
    if family == BERNOULLI:
        return sum(a * math.log(a / b) for a, b in ((p, q), (1.0 - p, 1.0 - q)) if a > 0.0)
    if family == POISSON:
        k = np.arange(p + 12.0 * math.sqrt(p) + 40.0) if p > 0.0 else np.zeros(1)
        return float(np.sum(poisson.pmf(k, p) * (poisson.logpmf(k, p) - poisson.logpmf(k, q))))
    if family == EXPONENTIAL:

        def inside(y):  # in units of p
            return math.exp(-y) * (math.log(q / p) - y + y * p / q)

        return quad(inside, 0.0, 60.0)[0]

    def inside(z):
        return math.exp(-z * z / 2.0) / math.sqrt(2.0 * math.pi) * ((p + SIGMA * z - q) ** 2 / SIGMA**2 - z * z) / 2.0

    return quad(inside, -12.0, 12.0)[0]


@pytest.mark.parametrize(
    ("family", "pairs"),
    [(BERNOULLI, PAIRS), (GAUSSIAN, [*PAIRS, (-3.0, 4.0)]), (POISSON, [*WIDE, (0.0, 0.7)]), (EXPONENTIAL, WIDE)],
)
def test_divergences(family, pairs):
    for p, q in pairs:
        expected = by_definition(family, p, q)
        assert divergence(family, SIGMA, p, q) == pytest.approx(expected, rel=1e-8, abs=1e-11)
        assert divergences(FAMILIES[family], np.array([p, q]), q, SIGMA) == pytest.approx([expected, 0.0], rel=1e-8)
        assert divergence(family, SIGMA, q, q) == 0.0


def test_ends_of_the_domains():
    assert divergence(POISSON, SIGMA, 0.0, 0.7) == 0.7
    assert divergence(POISSON, SIGMA, 0.7, 0.0) == math.inf
    assert divergence(EXPONENTIAL, SIGMA, 0.0, 0.7) == math.inf
    assert upper(POISSON, SIGMA, 0.0, 0.7) == 0.7
    assert upper(EXPONENTIAL, SIGMA, 0.0, 0.7) == 0.0
    assert upper(GAUSSIAN, SIGMA, -1.0, 2.0) == pytest.approx(-1.0 + SIGMA * 2.0)
    assert [clipped(family, -2.0) for family in range(4)] == [0.0, -2.0, 0.0, 0.0]
    assert [clipped(family, 2.0) for family in range(4)] == [1.0, 2.0, 2.0, 2.0]


@pytest.mark.parametrize("family", [POISSON, EXPONENTIAL])
@pytest.mark.parametrize(("p", "level"), ROOTS)
def test_the_inverse(family, p, level):
    """Against bisection on a difference in which nothing cancels."""

    def over(share):  # q = p (1 + share)
        if family == POISSON:
            return p * (share - math.log1p(share)) - level
        return math.log1p(share) - share / (1.0 + share) - level

    top = (2.0 * level + math.sqrt(2.0 * p * level)) / p if family == POISSON else math.expm1(level + 1.0)
    expected = brentq(over, 0.0, top, xtol=1e-300, rtol=1e-14)
    found = upper(family, SIGMA, p, level)
    assert found == pytest.approx(p * (1.0 + expected), rel=1e-13)
    if expected > 1e-6:
        assert divergence(family, SIGMA, p, found) == pytest.approx(level, rel=1e-6)


def decisions(kind, family, rewards, sigma):
    """Which arms a policy plays, every index by bisection."""
    n_arms, played = rewards.shape[1], []
    counts, sums = np.zeros(n_arms), np.zeros(n_arms)
    for t, row in enumerate(rewards, 1):
        arm = t - 1
        if t > n_arms:
            means = sums / counts
            if kind is IMED:
                index = -counts * divergences(family, means, means.max(), sigma) - np.log(counts)
            else:
                y = len(rewards) / n_arms / counts
                log = np.log(np.maximum(y * (1.0 + np.log(np.maximum(y, 1.0)) ** 2), 1.0))
                if kind is KLUCB:
                    log = np.full(n_arms, math.log1p(t * math.log(t) ** 2))
                index = np.array([root(family, p, x / n, sigma) for p, x, n in zip(means, log, counts, strict=True)])
            arm = int(np.argmax(index >= index.max() - 1e-12))
        counts[arm] += 1
        sums[arm] += row[arm]
        played.append(arm)
    return "".join(map(str, played))


def root(family, p, level, sigma):
    if level == 0.0:
        return p

    def over(q):
        return float(divergences(family, np.array([p]), q, sigma)[0]) - level

    high = p + 1.0
    while over(high) < 0.0:
        high = p + 2.0 * (high - p)
    return brentq(over, p, high, xtol=1e-14, rtol=1e-14)


@pytest.mark.parametrize("kind", [KLUCB, IMED, KLUCBPP])
@pytest.mark.parametrize("family", ["gaussian", "poisson", "exponential"])
def test_decisions_are_those_of_the_formula(kind, family):
    rng, means = np.random.default_rng(11), np.array([0.5, 0.8, 1.0])
    draw = {"gaussian": rng.normal, "poisson": rng.poisson, "exponential": rng.exponential}[family]
    rewards = (draw(means, SIGMA, (150, 3)) if family == "gaussian" else draw(means, (150, 3))).astype(float)
    noise = {"noise": SIGMA, "low": -math.inf} if family == "gaussian" else {}
    problem = BanditProblem(n_actions=3, horizon=150, high=math.inf, reward_family=family, **noise)
    policy, played = kind(family=family), ""
    policy.reset(problem, np.random.default_rng(0))
    for row in rewards:
        arm = policy.choose(None)
        policy.update(None, arm, float(row[arm]))
        played += str(arm)
    assert played == decisions(kind, family, rewards, SIGMA)


@pytest.mark.parametrize("kind", [KLUCB, IMED, KLUCBPP])
def test_that_of_bernoulli_is_the_default(kind):
    rewards = np.random.default_rng(2).random((200, 4))
    assert sequence(kind(family="bernoulli"), rewards) == sequence(kind(), rewards)


@pytest.mark.parametrize("kind", [KLUCB, IMED, MED, KLUCBPP])
@pytest.mark.parametrize(("family", "arms"), [("poisson", PoissonArms), ("exponential", ExponentialArms)])
def test_the_contract(kind, family, arms):
    check_policy(lambda: kind(family=family), lambda: arms([0.3, 1.0, 2.0], 120))


TEN = GaussianArms(0.1 + 0.8 * np.arange(10) / 9, 0.5, 10_000)
COUNTS = PoissonArms([0.5, 1.0, 1.5, 2.0], 10_000)


@pytest.mark.parametrize("kind", [KLUCB, IMED, MED, KLUCBPP])
def test_a_bound_asks_for_rewards_of_the_family(kind):
    (right,) = kind(family="poisson").regret_bounds(COUNTS.problem, COUNTS.instance())
    (wrong,) = kind(family="exponential").regret_bounds(COUNTS.problem, COUNTS.instance())
    assert (right.holds, wrong.holds) == (True, False)
    assert right.curve(np.array([1e4]))[0] == pytest.approx(114.3897, abs=1e-3)
    assert "rewards are of the family exponential" in [a.text for a in wrong.assumptions if not a.holds]
    (gaussian,) = kind(family="gaussian").regret_bounds(TEN.problem, TEN.instance())
    assert gaussian.holds
    assert gaussian.curve(np.array([1e4]))[0] == pytest.approx(146.5637, abs=1e-3)
    loud = BanditProblem(n_actions=10, low=-math.inf, high=math.inf, noise=0.3)
    assert not kind(family="gaussian").regret_bounds(loud, TEN.instance())[0].holds
    assert kind(family="poisson").regret_bounds(COUNTS.problem, ArmsInstance()) == ()


@pytest.mark.parametrize("kind", [KLUCB, IMED, KLUCBPP])
def test_the_unit_of_exponential_rewards_decides_nothing(kind):
    rewards = np.random.default_rng(8).exponential([0.4, 1.0, 0.7], (100, 3))

    def played(unit):
        policy = kind(family="exponential")
        policy.reset(BanditProblem(n_actions=3, horizon=100, high=math.inf), np.random.default_rng(0))
        for row in unit * rewards:
            yield (action := policy.choose(None))
            policy.update(None, action, float(row[action]))

    tiny, one, huge = (list(played(unit)) for unit in (2.0**-60, 1.0, 2.0**60))
    assert tiny == one == huge
    assert len(set(one[3:])) > 1


def test_the_rate_of_another_horizon_is_not_claimed():
    for horizon, holds in ((None, True), (COUNTS.horizon, True), (10, False)):
        (bound,) = KLUCBPP(horizon, "poisson").regret_bounds(COUNTS.problem, COUNTS.instance())
        assert bound.holds == holds


@pytest.mark.parametrize("kind", [KLUCB, IMED, KLUCBPP])
@pytest.mark.parametrize("leaps", [False, True])
def test_a_reward_that_the_family_has_not_is_told_once_and_clipped(kind, leaps):
    policy, environment = kind(family="poisson"), GaussianArms([-3.0, -2.0], 0.1, 40)
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy.reset(environment.problem, np.random.default_rng(0))
    said = r"observed a reward of -2\.8.*outside the range \[0, inf\] that rewards of its family have"
    with pytest.warns(RuntimeWarning, match=said) as told:
        policy.advance(environment, 40) if leaps else steps(policy, environment)
    assert len(told) == 1
    paid = environment.metrics(np.array([40]))["expected_reward"][0]
    assert paid == pytest.approx(-100.0)  # all means count as 0: both arms are played alike


def steps(policy, environment):
    while environment.clock < environment.horizon:
        action = policy.choose(None)
        policy.update(None, action, environment.transition(action)[1])


@pytest.mark.parametrize("kind", [KLUCB, KLUCBPP])
def test_bad_input(kind):
    with pytest.raises(ValueError, match=r"family must be one of bernoulli, .*, got 'gauss' .did you mean 'gaussian'"):
        kind(family="gauss")
    for policy in (kind(), kind(family="bernoulli")):
        with pytest.raises(ValueError, match=r"needs rewards in a finite range, got \[0.0, inf\].*family"):
            policy.reset(COUNTS.problem, np.random.default_rng(0))
    with pytest.raises(ValueError, match="no noise"):
        kind(family="gaussian").reset(COUNTS.problem, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"reward_family must be one of .*, got 'binomial'"):
        BanditProblem(n_actions=2, reward_family="binomial")
