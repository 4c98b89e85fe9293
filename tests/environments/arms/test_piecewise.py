"""Piecewise stationary arms: means over time, both comparators, facts, bad input."""

import math

import numpy as np
import pytest

from bandits import FixedAction, Uniform
from environments import BernoulliArms, GaussianArms, PiecewiseArms
from environments.arms.world import BLOCK
from environments.checks import check_environment

SEGMENTS = [
    {"start": 1, "means": [0.1, 0.5, 0.4]},
    {"start": 40, "means": [0.9, 0.5, 0.4]},
    {"start": 41, "means": [0.9, 0.5, 0.4]},
    {"start": 70, "means": [0.2, 0.3, 0.3]},
]


def means_by_round(horizon):
    starts = [s["start"] for s in SEGMENTS]
    return np.array([SEGMENTS[sum(start <= t for start in starts) - 1]["means"] for t in range(1, horizon + 1)])


@pytest.mark.parametrize("feedback", ["bandit", "full"])
@pytest.mark.parametrize("distribution", ["bernoulli", "gaussian"])
def test_contract(distribution, feedback):
    check_environment(lambda: PiecewiseArms(SEGMENTS, distribution, horizon=100, feedback=feedback))
    check_environment(lambda: PiecewiseArms([{"start": 1, "means": [0.5]}], horizon=2, feedback=feedback))


@pytest.mark.parametrize("distribution", ["bernoulli", "gaussian"])
def test_rewards_follow_the_means(distribution):
    world, levels = PiecewiseArms(SEGMENTS, distribution, 0.7, horizon=100), means_by_round(100)
    generator = np.random.default_rng(1).spawn(1)[0]
    noise = -generator.random(100) if distribution == "bernoulli" else 0.7 * generator.standard_normal(100)
    world.begin(world.draw(np.random.default_rng(1)))
    arms, total = np.random.default_rng(2).integers(3, size=100), 0.0
    for t, arm in enumerate(arms):
        reward = levels[t, arm] + noise[t]
        reward = float(reward > 0) if distribution == "bernoulli" else reward
        assert world.transition(int(arm))[0] == reward, t
        total += reward
    assert world.ledger() == pytest.approx({"reward": total, "expected_reward": levels[np.arange(100), arms].sum()})


def test_comparators_are_the_exact_ones():
    world, levels, times = PiecewiseArms(SEGMENTS, horizon=100), means_by_round(100), np.arange(1, 101)
    curves = world.comparators(times)
    assert curves["best_arm_each_round"] == pytest.approx(np.cumsum(levels.max(axis=1)))
    assert curves["worst"] == pytest.approx(np.cumsum(levels.min(axis=1)))
    assert curves["best_arm"] == pytest.approx(np.cumsum(levels, axis=0).max(axis=1))
    assert [(n.name, n.comparator, n.against) for n in world.notions()[:2]] == [
        ("dynamic", "best_arm_each_round", "dynamic"),
        ("fixed", "best_arm", "fixed"),
    ]


def test_the_comparators_can_be_played():
    world, levels = PiecewiseArms(SEGMENTS, horizon=100), means_by_round(100)
    world.begin(world.draw(np.random.default_rng(3)))
    for t in range(100):
        assert world.clairvoyant("best_arm") == np.argmax(levels.sum(axis=0))
        assert levels[t, world.clairvoyant("best_arm_each_round")] == levels[t].max()
        world.transition(0)
    with pytest.raises(ValueError, match="best_arm_each_round or best_arm, got 'best'"):
        world.clairvoyant("best")


def test_facts():
    facts = PiecewiseArms(SEGMENTS, horizon=100).facts()
    assert facts["changes"] == 2  # the third segment repeats the second
    assert not facts["stationary"]
    assert "means" not in facts
    assert facts["dynamic_gaps"] == pytest.approx([0.1, 0.4, 0.1])
    assert facts["max_gaps"] == pytest.approx([0.4, 0.4, 0.5])
    assert facts["oblivious"]
    assert facts["bernoulli"]
    assert facts["bounded"]
    assert not facts["gaussian"]
    gaussian = PiecewiseArms(SEGMENTS, "gaussian", 0.5, horizon=100)
    assert gaussian.facts()["gaussian"]
    assert not gaussian.facts()["bounded"]
    assert gaussian.problem.width == 1.0
    always_best = PiecewiseArms([{"start": 1, "means": [0.5, 0.1]}, {"start": 5, "means": [0.5, 0.4]}]).facts()
    assert always_best["dynamic_gaps"] == pytest.approx([0.0, 0.1])
    assert always_best["max_gaps"] == pytest.approx([0.0, 0.4])


@pytest.mark.parametrize("policy", [Uniform(), FixedAction(1)])
def test_one_segment_is_the_stationary_world(policy):
    worlds = [
        (PiecewiseArms([{"start": 1, "means": [0.2, 0.6]}], horizon=500), BernoulliArms([0.2, 0.6], 500)),
        (PiecewiseArms([{"start": 1, "means": [0.2, 6.0]}], "gaussian", 2.0, 500), GaussianArms([0.2, 6.0], 2.0, 500)),
    ]
    for pair in worlds:
        ledgers = []
        for world in pair:
            world.begin(world.draw(np.random.default_rng(6)))
            policy.reset(world.problem, np.random.default_rng(7))
            policy.advance(world, 500)
            ledgers.append(world.ledger())
        assert ledgers[0] == ledgers[1]
        assert pair[0].facts()["stationary"]
        assert np.array_equal(pair[0].facts()["means"], pair[1].facts()["means"])


def test_compiled_and_stepwise_play_meet_the_same_segments():
    ledgers = []
    for blocks in ([100], [1] * 100, [39, 1, 1, 29, 30]):
        world, policy = PiecewiseArms(SEGMENTS, horizon=100), Uniform()
        world.begin(world.draw(np.random.default_rng(8)))
        policy.reset(world.problem, np.random.default_rng(9))
        for rounds in blocks:
            policy.advance(world, rounds)
        ledgers.append(world.ledger())
    assert ledgers[0] == ledgers[1] == ledgers[2]


def test_segments_longer_than_a_block_of_noise():
    n = BLOCK + 200
    segments = [{"start": 1, "means": [0.2]}, {"start": BLOCK + 100, "means": [0.9]}]
    world, policy = PiecewiseArms(segments, horizon=n), FixedAction(0)
    world.begin(world.draw(np.random.default_rng(10)))
    policy.reset(world.problem, np.random.default_rng(11))
    policy.advance(world, n)
    means, uniforms = np.where(np.arange(n) < BLOCK + 99, 0.2, 0.9), np.random.default_rng(10).spawn(1)[0].random(n)
    assert world.ledger() == pytest.approx({"reward": np.sum(uniforms < means), "expected_reward": means.sum()})


def changed(k, **changes):
    return [{**s, **changes} if i == k else s for i, s in enumerate(SEGMENTS)]


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"segments": []}, "number of segments must be a whole number >= 1, got 0"),
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
