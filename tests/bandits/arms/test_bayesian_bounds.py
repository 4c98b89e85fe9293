"""Bayesian bounds of Thompson sampling, where means are drawn from the prior that the policy has."""

import numpy as np
import pytest
from scipy.special import ndtr

from bandits import IDS, UCB1, BetaThompson, GaussianThompson
from bandits.arms.theory import best_arm_entropy
from bandits.contract import bounds_of
from environments import BernoulliArms, GaussianArms

REPLICATES = 400
BETA = {"name": "beta", "parameters": {"alpha": 2.0, "beta": 5.0}}
NORMAL = {"name": "normal", "parameters": {"mean": -1.0, "deviation": 2.0}}


def bayesian(policy, environment, seed=0):
    environment.begin(environment.draw(np.random.default_rng(seed)))
    policy.reset(environment.problem, np.random.default_rng(seed))
    (bound,) = [b for b in bounds_of(policy, environment.problem, environment.instance()) if b.name == "Bayesian bound"]
    return bound


@pytest.mark.parametrize(
    ("policy", "environment"),
    [
        (BetaThompson(), BernoulliArms("beta", 400, n_arms=2)),
        (BetaThompson(), BernoulliArms("beta", 400, n_arms=20)),
        (BetaThompson(2.0, 5.0), BernoulliArms(BETA, 400, n_arms=5)),
        (GaussianThompson(2.0, -1.0), GaussianArms(NORMAL, 0.5, 400, n_arms=5)),
        (GaussianThompson(2.0, -1.0, noise=3.0), GaussianArms(NORMAL, 3.0, 400, n_arms=5)),
    ],
)
def test_mean_regret_over_the_prior_is_below_the_bound(policy, environment):
    times = np.array([1, 10, 50, 400])
    regrets = []
    for seed in range(REPLICATES):
        bound = bayesian(policy, environment, seed)
        while environment.clock < environment.horizon:
            policy.advance(environment, environment.horizon)
        regrets.append(environment.comparators(times)["best_arm"] - environment.metrics(times)["expected_reward"])
        assert bound.holds
    mean, error = np.mean(regrets, axis=0), np.std(regrets, axis=0) / np.sqrt(REPLICATES)
    limit = bound.curve(times.astype(float))
    assert (mean + 4.0 * error < limit).all()
    assert mean[-1] > 0.02 * limit[-1]


@pytest.mark.parametrize(
    ("policy", "environment", "broken"),
    [
        (BetaThompson(), BernoulliArms(BETA, 40, n_arms=3), "means are drawn from the Beta prior"),
        (BetaThompson(), BernoulliArms([0.2, 0.8], 40), "means are drawn from the Beta prior"),
        (GaussianThompson(2.0), GaussianArms(NORMAL, 1.0, 40, n_arms=3), "means are drawn from the Gaussian prior"),
        (
            GaussianThompson(2.0, -1.0, noise=0.1),
            GaussianArms(NORMAL, 1.0, 40, n_arms=3),
            "noise is the standard deviation of the rewards",
        ),
    ],
)
def test_another_prior_or_other_noise_breaks_the_assumption(policy, environment, broken):
    assert [a.text for a in bayesian(policy, environment).assumptions if not a.holds] == [broken]


def test_means_are_drawn_anew_in_every_run_from_the_prior():
    environment = BernoulliArms(BETA, 5, n_arms=1000)
    environment.begin(environment.draw(np.random.default_rng(3)))
    first = environment.instance().means
    assert abs(first.mean() - 2.0 / 7.0) < 4.0 * np.sqrt(10.0 / 49.0 / 8.0 / 1000.0)
    assert environment.comparators(np.array([5]))["best_arm"] == 5.0 * first.max()
    environment.begin(environment.draw(np.random.default_rng(4)))
    assert (environment.instance().means != first).all()
    environment.begin(environment.draw(np.random.default_rng(3)))
    assert (environment.instance().means == first).all()
    assert environment.lower_bounds() == ()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (
            lambda: BernoulliArms("beta"),
            "n_arms must be given, a whole number >= 1, where means are drawn from a prior",
        ),
        (lambda: BernoulliArms("normal", n_arms=2), "means must be drawn from a prior on \\[0, 1\\], which is beta"),
        (lambda: BernoulliArms("bta", n_arms=2), "unknown means 'bta' \\(did you mean 'beta'"),
        (lambda: GaussianArms([1.0, 2.0], n_arms=3), "n_arms must be 2, the number of means, or absent, got 3"),
        (lambda: GaussianArms("normal", n_arms=0), "n_arms must be a whole number >= 1, got 0"),
        (
            lambda: GaussianArms({"name": "normal", "parameters": {"deviation": 0}}, n_arms=1),
            "deviation must be a finite number in \\(0, inf\\), got 0",
        ),
    ],
)
def test_priors_that_cannot_be(make, text):
    with pytest.raises(ValueError, match=text):
        make()


DIFFERENT = {"name": "beta", "parameters": {"alpha": [1.0, 4.0, 2.0], "beta": [3.0, 2.0, 0.5]}}


def test_theorems_on_drawn_means_meet_the_bayesian_regret_and_no_other():
    drawn, given = BernoulliArms("beta", 40, n_arms=3), BernoulliArms([0.2, 0.8], 40)
    assert [(r.name, r.comparator_class) for r in drawn.regrets()][:2] == [
        ("bayesian", "bayesian"),
        ("pseudo", "fixed"),
    ]
    assert bayesian(BetaThompson(), drawn).comparator_class == "bayesian"
    assert "bayesian" not in [r.name for r in given.regrets()]
    assert bayesian(BetaThompson(), given).comparator_class == "fixed"
    assert all(b.comparator_class == "fixed" for b in bounds_of(UCB1(), drawn.problem, drawn.instance()))


def test_arms_may_have_priors_of_their_own():
    environment = BernoulliArms(DIFFERENT, 20, n_arms=3)
    rng = np.random.default_rng(1)
    draws = []
    for _ in range(2000):
        environment.begin(environment.draw(rng))
        draws.append(environment.instance().means)
    expected = np.array([1 / 4, 4 / 6, 2 / 2.5])
    assert np.mean(draws, axis=0) == pytest.approx(expected, abs=0.02)
    shares = np.bincount(np.argmax(draws, axis=1), minlength=3) / len(draws)
    entropy = -np.sum(shares * np.log(shares))
    assert environment.instance().best_arm_entropy == pytest.approx(entropy, abs=0.05)
    same = bayesian(IDS([1.0, 4.0, 2.0], [3.0, 2.0, 0.5], grid=50), environment)
    assert same.holds
    found = np.sqrt(3 * 20 * environment.instance().best_arm_entropy / 2.0)
    assert same.curve(np.array([20.0])) == pytest.approx(found)
    assert not bayesian(IDS(grid=50), environment).holds
    assert not bayesian(BetaThompson(), environment).holds


def test_entropy_of_the_best_arm():
    assert best_arm_entropy(("beta", 2.0, 5.0), 7) == pytest.approx(np.log(7))
    assert best_arm_entropy(("gaussian", (0.0, 0.0), (1.0, 1.0)), 2) == pytest.approx(np.log(2))
    chance = ndtr(1.5 / np.sqrt(5.0))  # that the first of two Gaussian means is larger
    expected = -chance * np.log(chance) - (1 - chance) * np.log(1 - chance)
    assert best_arm_entropy(("gaussian", (1.5, 0.0), (1.0, 2.0)), 2) == pytest.approx(expected, abs=1e-4)


def test_a_prior_has_a_number_for_each_arm():
    with pytest.raises(ValueError, match="alpha must be one number or a list of 2, one for each arm, got"):
        BernoulliArms(DIFFERENT, 20, n_arms=2)
    normal = {"name": "normal", "parameters": {"mean": [0.0, 5.0], "deviation": [0.1, 0.2]}}
    environment = GaussianArms(normal, 1.0, 20, n_arms=2)
    environment.begin(environment.draw(np.random.default_rng(0)))
    assert environment.instance().means == pytest.approx([0.0, 5.0], abs=1.0)
    assert environment.instance().prior == ("gaussian", (0.0, 5.0), (0.1, 0.2))
