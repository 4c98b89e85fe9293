"""Bernoulli and Gaussian arms: rewards, full feedback, comparators, instance, lower bound, bad input."""

import math
import pickle

import numpy as np
import pytest

from environments import BernoulliArms, GaussianArms
from environments.arms.environment import BLOCK

MEANS = [0.2, 0.5, 0.9]


def earned(environment):
    """Metrics up to now."""
    return {name: values[0] for name, values in environment.metrics(np.array([environment.clock])).items()}


def rewards(environment, seed, arms):
    """Rewards [horizon] when ``arms`` [horizon] are played."""
    environment.begin(environment.draw(np.random.default_rng(seed)))
    return np.array([environment.transition(arm)[0] for arm in arms])


def test_bernoulli_rewards_have_their_means_and_share_the_luck():
    n, environment = 20_000, BernoulliArms(MEANS, 20_000)
    drawn = [rewards(environment, 1, np.full(n, arm)) for arm in range(3)]
    for mean, r in zip(MEANS, drawn, strict=True):
        assert set(r) == {0.0, 1.0}
        assert abs(r.mean() - mean) < 4 * math.sqrt(mean * (1 - mean) / n)
    uniforms = np.random.default_rng(1).spawn(1)[0].random(n)
    assert np.array_equal(drawn[1], uniforms < 0.5)
    assert np.all(drawn[0] <= drawn[1])
    assert set(rewards(BernoulliArms([0.0, 1.0], 100), 1, np.zeros(100, dtype=int))) == {0.0}
    assert set(rewards(BernoulliArms([0.0, 1.0], 100), 1, np.ones(100, dtype=int))) == {1.0}


def test_gaussian_rewards_have_their_moments():
    n, environment = 20_000, GaussianArms([-3.0, 0.0, 40.0], 2.5, 20_000)
    for arm, mean in enumerate(environment.means):
        r = rewards(environment, 2, np.full(n, arm))
        assert abs(r.mean() - mean) < 4 * 2.5 / math.sqrt(n)
        assert abs(r.std() - 2.5) < 4 * 2.5 / math.sqrt(2 * n)
    assert r == pytest.approx(40.0 + 2.5 * np.random.default_rng(2).spawn(1)[0].standard_normal(n))


@pytest.mark.parametrize("kind", [BernoulliArms, GaussianArms])
def test_full_feedback_holds_what_each_arm_would_have_paid(kind):
    full = kind(MEANS, horizon=200, feedback="full")
    single = [rewards(kind(MEANS, horizon=200), 3, np.full(200, arm)) for arm in range(3)]
    full.begin(full.draw(np.random.default_rng(3)))
    for t in range(200):
        reward, every = full.transition(t % 3)
        assert every.dtype == np.float64
        assert np.array_equal(every, [s[t] for s in single])
        assert reward == every[t % 3]


@pytest.mark.parametrize("kind", [BernoulliArms, GaussianArms])
def test_noise_does_not_depend_on_the_horizon(kind):
    n = BLOCK + 10
    long, short = kind(MEANS, horizon=n), kind(MEANS, horizon=100)
    arms = np.ones(n, dtype=int)
    assert np.array_equal(rewards(long, 4, arms)[:100], rewards(short, 4, arms[:100]))
    generator = np.random.default_rng(4).spawn(1)[0]
    expected = (generator.random(n) < 0.5) if kind is BernoulliArms else 0.5 + generator.standard_normal(n)
    assert np.array_equal(rewards(long, 4, arms), expected)


@pytest.mark.parametrize("kind", [BernoulliArms, GaussianArms])
def test_metrics_comparator_and_instance(kind):
    environment, arms = kind(MEANS, horizon=300), np.random.default_rng(5).integers(3, size=300)
    r = rewards(environment, 5, arms)
    assert earned(environment) == pytest.approx({"reward": r.sum(), "expected_reward": np.take(MEANS, arms).sum()})
    assert environment.comparators(np.array([1, 10, 300]))["best_arm"] == pytest.approx([0.9, 9.0, 270.0])
    assert environment.clairvoyant("best_arm") == 2
    with pytest.raises(ValueError, match="best_arm, got 'best_fixed'"):
        environment.clairvoyant("best_fixed")
    instance = environment.instance()
    assert instance.means.tolist() == MEANS
    assert instance.changes == 0
    assert instance.stationary
    assert instance.oblivious
    assert instance.bounded == instance.bernoulli == (kind is BernoulliArms)
    assert instance.gaussian == (kind is GaussianArms)
    assert instance.variances == pytest.approx([0.16, 0.25, 0.09] if kind is BernoulliArms else [1.0] * 3)


def test_problem_of_gaussian_arms():
    problem = GaussianArms([1.0, 2.0], 0.3).problem
    assert (problem.low, problem.high, problem.noise, problem.width) == (-math.inf, math.inf, 0.3, 0.6)
    assert not problem.bounded


def test_a_gap_whose_square_is_no_number_costs_nothing_in_the_limit():
    assert GaussianArms([1e200, 0.0]).instance().lai_robbins == 0.0


def test_lai_robbins_slopes():
    t = np.array([math.e])
    (bound,) = GaussianArms([0.0, 1.0, 1.0], 2.0).lower_bounds()
    assert bound.curve(t) == pytest.approx([2 * 2.0**2 / 1.0])
    (bound,) = BernoulliArms([0.4, 0.5]).lower_bounds()
    divergence = 0.4 * math.log(0.4 / 0.5) + 0.6 * math.log(0.6 / 0.5)
    assert bound.curve(t) == pytest.approx([0.1 / divergence])


@pytest.mark.parametrize(
    ("kind", "arguments", "text"),
    [
        (BernoulliArms, {"means": []}, "number of means"),
        (BernoulliArms, {"means": [0.5, 1.5]}, r"means\[1\] must be a finite number in \[0, 1\], got 1.5"),
        (BernoulliArms, {"means": [math.nan]}, r"means\[0\]"),
        (BernoulliArms, {"means": ["0.5"]}, r"means\[0\]"),
        (BernoulliArms, {"means": [0.5], "horizon": 0}, "horizon must be a whole number >= 1, got 0"),
        (BernoulliArms, {"means": [0.5], "horizon": 1e4}, "horizon"),
        (BernoulliArms, {"means": [0.5], "feedback": "ful"}, "did you mean 'full'"),
        (GaussianArms, {"means": []}, "number of means"),
        (GaussianArms, {"means": [math.inf]}, r"means\[0\]"),
        (GaussianArms, {"means": [0.0], "sd": 0.0}, "sd must be"),
        (GaussianArms, {"means": [0.0], "sd": [1.0]}, "sd must be"),
        (GaussianArms, {"means": [0.0], "horizon": -1}, "horizon"),
        (GaussianArms, {"means": [0.0], "feedback": "none"}, "feedback must be one of bandit, full"),
    ],
)
def test_what_is_refused(kind, arguments, text):
    with pytest.raises(ValueError, match=text):
        kind(**arguments)


@pytest.mark.parametrize("feedback", ["bandit", "full"])
def test_a_block_played_at_once_is_the_same_as_its_rounds_one_by_one(feedback):
    """What the actions earn is worked out from them, cut anywhere, across blocks of noise."""
    n = BLOCK + 300
    arms = np.random.default_rng(8).integers(3, size=n)
    single, at_once = (BernoulliArms(MEANS, n, feedback) for _ in range(2))
    assert np.array_equal(rewards(single, 7, arms.tolist()).cumsum(), single.metrics(np.arange(1, n + 1))["reward"])
    at_once.begin(at_once.draw(np.random.default_rng(7)))
    cuts = np.random.default_rng(9)
    while at_once.clock < n:
        played = len(at_once.block(int(cuts.integers(1, 20_000))).noise)
        at_once.absorb(arms[at_once.clock : at_once.clock + played])
    for name, values in single.metrics(np.arange(1, n + 1)).items():
        assert np.array_equal(values, at_once.metrics(np.arange(1, n + 1))[name])


def test_actions_that_cannot_be_change_nothing():
    environment = BernoulliArms(MEANS, 20)
    environment.begin(environment.draw(np.random.default_rng(0)))
    environment.block(5)
    before = pickle.dumps(environment)
    for actions in ([0, 3], [-1, 0], [0] * 21):
        with pytest.raises(ValueError, match=r"must be a whole number in 0\.\.2|the last block has"):
            environment.absorb(np.array(actions))
        assert pickle.dumps(environment) == before
