"""Piecewise stationary arms: means over time, both comparators, instance, bad input."""

import math

import numpy as np
import pytest

from bandits import FixedAction, Uniform
from environments import BernoulliArms, GaussianArms, PiecewiseArms
from environments.arms.environment import BLOCK

SEGMENTS = [
    {"start": 1, "means": [0.1, 0.5, 0.4]},
    {"start": 40, "means": [0.9, 0.5, 0.4]},
    {"start": 41, "means": [0.9, 0.5, 0.4]},
    {"start": 70, "means": [0.2, 0.3, 0.3]},
]


def earned(environment):
    """Metrics up to now."""
    return {name: values[0] for name, values in environment.metrics(np.array([environment.clock])).items()}


def means_by_round(horizon):
    starts = [s["start"] for s in SEGMENTS]
    return np.array([SEGMENTS[sum(start <= t for start in starts) - 1]["means"] for t in range(1, horizon + 1)])


@pytest.mark.parametrize("distribution", ["bernoulli", "gaussian"])
def test_rewards_follow_the_means(distribution):
    environment, levels = PiecewiseArms(SEGMENTS, distribution, 0.7, horizon=100), means_by_round(100)
    generator = np.random.default_rng(1).spawn(1)[0]
    noise = -generator.random(100) if distribution == "bernoulli" else 0.7 * generator.standard_normal(100)
    environment.begin(environment.draw(np.random.default_rng(1)))
    arms, total = np.random.default_rng(2).integers(3, size=100), 0.0
    for t, arm in enumerate(arms):
        reward = levels[t, arm] + noise[t]
        reward = float(reward > 0) if distribution == "bernoulli" else reward
        assert environment.transition(int(arm))[0] == reward, t
        total += reward
    assert earned(environment) == pytest.approx(
        {"reward": total, "expected_reward": levels[np.arange(100), arms].sum()}
    )


def test_comparators_are_the_exact_ones():
    environment, levels, times = PiecewiseArms(SEGMENTS, horizon=100), means_by_round(100), np.arange(1, 101)
    curves = environment.comparators(times)
    assert curves["best_arm_each_round"] == pytest.approx(np.cumsum(levels.max(axis=1)))
    assert curves["worst"] == pytest.approx(np.cumsum(levels.min(axis=1)))
    assert curves["best_arm"] == pytest.approx(np.cumsum(levels, axis=0).max(axis=1))
    assert [(n.name, n.comparator, n.comparator_class) for n in environment.regrets()[:2]] == [
        ("dynamic", "best_arm_each_round", "dynamic"),
        ("fixed", "best_arm", "fixed"),
    ]


def test_the_comparators_can_be_played():
    environment, levels = PiecewiseArms(SEGMENTS, horizon=100), means_by_round(100)
    environment.begin(environment.draw(np.random.default_rng(3)))
    for t in range(100):
        assert environment.clairvoyant("best_arm") == np.argmax(levels.sum(axis=0))
        assert levels[t, environment.clairvoyant("best_arm_each_round")] == levels[t].max()
        environment.transition(0)
    with pytest.raises(ValueError, match="best_arm_each_round or best_arm, got 'best'"):
        environment.clairvoyant("best")


def test_instance():
    instance = PiecewiseArms(SEGMENTS, horizon=100).instance()
    assert instance.changes == 2  # the third segment repeats the second
    assert not instance.stationary
    assert instance.means is None
    assert instance.dynamic_gaps == pytest.approx([0.1, 0.4, 0.1])
    assert instance.max_gaps == pytest.approx([0.4, 0.4, 0.5])
    assert instance.oblivious
    assert instance.bernoulli
    assert instance.bounded
    assert not instance.gaussian
    gaussian = PiecewiseArms(SEGMENTS, "gaussian", 0.5, horizon=100)
    assert gaussian.instance().gaussian
    assert not gaussian.instance().bounded
    assert gaussian.problem.width == 1.0
    always_best = PiecewiseArms([{"start": 1, "means": [0.5, 0.1]}, {"start": 5, "means": [0.5, 0.4]}]).instance()
    assert always_best.dynamic_gaps == pytest.approx([0.0, 0.1])
    assert always_best.max_gaps == pytest.approx([0.0, 0.4])


@pytest.mark.parametrize("policy", [Uniform(), FixedAction(1)])
def test_one_segment_is_the_stationary_environment(policy):
    environments = [
        (PiecewiseArms([{"start": 1, "means": [0.2, 0.6]}], horizon=500), BernoulliArms([0.2, 0.6], 500)),
        (PiecewiseArms([{"start": 1, "means": [0.2, 6.0]}], "gaussian", 2.0, 500), GaussianArms([0.2, 6.0], 2.0, 500)),
    ]
    for pair in environments:
        runs = []
        for environment in pair:
            environment.begin(environment.draw(np.random.default_rng(6)))
            policy.reset(environment.problem, np.random.default_rng(7))
            policy.advance(environment, 500)
            runs.append(earned(environment))
        assert runs[0] == runs[1]
        assert pair[0].instance().stationary
        assert np.array_equal(pair[0].instance().means, pair[1].instance().means)


def test_segments_longer_than_a_block_of_noise():
    n = BLOCK + 200
    segments = [{"start": 1, "means": [0.2]}, {"start": BLOCK + 100, "means": [0.9]}]
    environment, policy = PiecewiseArms(segments, horizon=n), FixedAction(0)
    environment.begin(environment.draw(np.random.default_rng(10)))
    policy.reset(environment.problem, np.random.default_rng(11))
    policy.advance(environment, n)
    means, uniforms = np.where(np.arange(n) < BLOCK + 99, 0.2, 0.9), np.random.default_rng(10).spawn(1)[0].random(n)
    assert earned(environment) == pytest.approx({"reward": np.sum(uniforms < means), "expected_reward": means.sum()})


def changed(k, **changes):
    return [{**s, **changes} if i == k else s for i, s in enumerate(SEGMENTS)]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"segments": []}, r"segments must be a list of at least one .* got \[\]"),
        ({"segments": [[1, [0.5]]]}, r"segments\[0\] must be a mapping"),
        ({"segments": [{"start": 1}]}, r"segments\[0\] must have start and means"),
        ({"segments": [{"start": 1, "mean": [0.5]}]}, r"unknown key 'mean' \(did you mean 'means'\?\)"),
        ({"segments": changed(0, start=2)}, r"segments\[0\].start must be 1, got 2"),
        ({"segments": changed(1, start=41)}, r"segments\[2\].start must be after 41"),
        ({"segments": changed(1, start=0)}, r"segments\[1\].start must be a whole number >= 1, got 0"),
        ({"segments": changed(1, start=40.0)}, r"segments\[1\].start"),
        ({"segments": SEGMENTS, "horizon": 69}, r"segments\[3\].start must be within the horizon, 1\.\.69, got 70"),
        ({"segments": changed(1, means=[0.5, 0.5])}, r"segments\[1\].means must have 3 means .* got 2"),
        ({"segments": changed(1, means=[])}, r"number of segments\[1\].means"),
        ({"segments": changed(1, means=0.5)}, r"segments\[1\].means must be a list"),
        ({"segments": changed(1, means=[0.5, 0.5, 1.2])}, r"segments\[1\].means\[2\] must be .*\[0, 1\], got 1.2"),
        ({"segments": changed(1, means=[0.5, math.nan, 1.0])}, r"segments\[1\].means\[1\]"),
        ({"segments": changed(1, means=[0.5, math.inf, 1.0]), "distribution": "gaussian"}, r"segments\[1\].means\[1\]"),
        ({"segments": SEGMENTS, "distribution": "normal"}, "distribution must be one of bernoulli, gaussian"),
        ({"segments": SEGMENTS, "sd": -1.0}, "sd must be"),
        ({"segments": SEGMENTS, "horizon": 0}, "horizon"),
        ({"segments": SEGMENTS, "feedback": "bandits"}, "did you mean 'bandit'"),
    ],
)
def test_what_is_refused(arguments, text):
    with pytest.raises(ValueError, match=text):
        PiecewiseArms(**arguments)
