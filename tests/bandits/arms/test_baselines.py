"""Uniform play, one fixed arm, and the comparator as a player."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from blocks import block

from bandits import ActionsProblem, BanditProblem, FixedAction, FullFeedbackProblem, Uniform, check_plays
from bandits.clairvoyant import Clairvoyant
from bandits.contextual.problem import ContextualProblem
from environments import AdversarialArms, BernoulliArms, PiecewiseArms

TEN = [0.1 + 0.8 * i / 9 for i in range(10)]
GRID = ContextualProblem(
    n_actions=20,
    horizon=10,
    low=-100.0,
    high=-1.0,
    actions=tuple(np.linspace(1.0, 1.95, 20).tolist()),
    contexts=((0.0, 1.0),),
)


def earned(policy, environment, pieces):
    """Metrics after playing by ``advance`` in pieces."""
    environment.begin(environment.draw(np.random.default_rng(3)))
    policy.reset(environment.problem, np.random.default_rng(4))
    for rounds in pieces:
        policy.advance(environment, rounds)
    return {name: values[0] for name, values in environment.metrics(np.array([environment.clock])).items()}


@pytest.mark.parametrize("policy", [Uniform(), FixedAction(0), Clairvoyant()])
def test_baselines_play_every_kind_of_arms(policy):
    for kind in (ActionsProblem, BanditProblem, FullFeedbackProblem):
        check_plays(policy, kind(n_actions=3, horizon=10))
    check_plays(policy, GRID)


@pytest.mark.parametrize("arms", [1, 3, 7])
def test_uniform_plays_each_arm_equally_often(arms):
    policy, actions = Uniform(), np.empty(70_000, dtype=np.int64)
    policy.reset(BanditProblem(n_actions=arms), np.random.default_rng(5))
    policy.play(block(np.zeros((1, arms)), 0, np.zeros(actions.size), False), actions)
    counts, mean = np.bincount(actions, minlength=arms), actions.size / arms
    assert len(counts) == arms
    assert np.all(np.abs(counts - mean) <= 4 * math.sqrt(mean))
    uniforms = np.random.default_rng(5).random(actions.size)
    assert np.array_equal(actions, np.floor(uniforms * arms))


def test_uniform_never_leaves_the_arms():
    class Top:
        def random(self, n=None):
            return np.nextafter(1.0, 0.0) if n is None else np.full(n, np.nextafter(1.0, 0.0))

    for arms in range(1, 200):
        policy, actions = Uniform(), np.empty(1, dtype=np.int64)
        policy.reset(BanditProblem(n_actions=arms), Top())
        policy.play(block(np.zeros((1, arms)), 0, np.zeros(1), False), actions)
        assert policy.choose(0) == actions[0] == arms - 1


def test_fixed_action_by_index_and_by_value():
    for policy, arm in [(FixedAction(4), 4), (FixedAction(value=1.95), 19), (FixedAction(value=1.15), 3)]:
        policy.reset(GRID, np.random.default_rng(0))
        assert policy.choose(np.array([0.0])) == arm
    assert earned(FixedAction(9), BernoulliArms(TEN, 100), [100])["expected_reward"] == pytest.approx(90.0)


def test_fixed_action_refuses_what_is_not_there():
    for arguments in [{}, {"arm": 1, "value": 1.0}, {"arm": -1}, {"arm": 1.5}, {"value": math.nan}]:
        with pytest.raises(ValueError, match=r"arm|value"):
            FixedAction(**arguments)
    with pytest.raises(ValueError, match=r"arm must be a whole number in 0\.\.19, got 20"):
        FixedAction(20).reset(GRID, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"value must be .* got 1\.17; the nearest is 1\.15"):
        FixedAction(value=1.17).reset(GRID, np.random.default_rng(0))
    with pytest.raises(ValueError, match="stand for no numbers"):
        FixedAction(value=1.0).reset(BanditProblem(n_actions=3), np.random.default_rng(0))


@pytest.mark.parametrize("feedback", ["bandit", "full"])
def test_the_clairvoyant_earns_what_its_comparator_earns(feedback):
    environments = [
        (BernoulliArms(TEN, 300, feedback), "best_arm", "expected_reward"),
        (
            PiecewiseArms(
                [{"start": 1, "means": [0.2, 0.8]}, {"start": 100, "means": [0.7, 0.1]}], horizon=300, feedback=feedback
            ),
            "best_arm_each_round",
            "expected_reward",
        ),
        (AdversarialArms("drifting", n_arms=4, horizon=300, feedback=feedback), "best_fixed", "reward"),
        (AdversarialArms("drifting", n_arms=4, horizon=300, feedback=feedback), "best_each_round", "reward"),
    ]
    for environment, comparator, series in environments:
        metrics = earned(Clairvoyant(comparator), environment, [100, 1, 199])
        assert environment.clock == 300
        assert metrics[series] == pytest.approx(environment.comparators(np.array([300]))[comparator][0], rel=1e-12)


def test_the_clairvoyant_says_why_it_does_not_choose():
    policy = Clairvoyant()
    assert policy.clairvoyant
    policy.reset(BanditProblem(n_actions=3), np.random.default_rng(0))
    with pytest.raises(RuntimeError, match="knows the run in advance"):
        policy.choose(0)
    with pytest.raises(ValueError, match="best_arm, got 'best'"):
        earned(Clairvoyant("best"), BernoulliArms(TEN, 10), [10])
    with pytest.raises(TypeError, match="no method clairvoyant"):
        policy.advance(SimpleNamespace(clock=0), 1)
    with pytest.raises(ValueError, match="comparator must be"):
        Clairvoyant("")
