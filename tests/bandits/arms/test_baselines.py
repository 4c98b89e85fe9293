"""Uniform play, one fixed arm, and the comparator as a player."""

import math
import pickle

import numpy as np
import pytest

from bandits import Clairvoyant, FixedAction, Problem, Uniform
from bandits.arms.policy import Block
from bandits.contract import Policy, check_accepts
from environments import AdversarialArms, BernoulliArms, PiecewiseArms

KINDS = [("arms", "bandit"), ("arms", "full"), ("contextual", "bandit"), ("contextual", "full")]
TEN = [0.1 + 0.8 * i / 9 for i in range(10)]
GRID = Problem(
    "contextual", "bandit", 20, 10, low=-100.0, high=-1.0, actions=tuple(np.linspace(1.0, 1.95, 20).tolist())
)


def play(policy, world, blocks=None):
    """Ledger after playing; negative blocks are played round by round."""
    world.begin(world.draw(np.random.default_rng(3)))
    policy.reset(world.problem, np.random.default_rng(4))
    for rounds in blocks or [world.horizon]:
        policy = pickle.loads(pickle.dumps(policy))
        if rounds > 0:
            policy.advance(world, rounds)
        else:
            Policy.advance(policy, world, -rounds)
    return world.ledger(), pickle.dumps(policy)


@pytest.mark.parametrize("policy", [Uniform(), FixedAction(0), Clairvoyant()])
@pytest.mark.parametrize(("family", "feedback"), KINDS)
def test_baselines_play_every_kind_of_arms(policy, family, feedback):
    check_accepts(policy, Problem(family, feedback, 3, 10))


@pytest.mark.parametrize("feedback", ["bandit", "full"])
@pytest.mark.parametrize("policy", [Uniform(), FixedAction(3)])
def test_drivers_agree(policy, feedback):
    world = BernoulliArms(TEN, 1500, feedback)
    assert play(policy, world) == play(policy, world, [-1500]) == play(policy, world, [3, -40, 700, -1, 1, 755])


@pytest.mark.parametrize("arms", [1, 3, 7])
def test_uniform_plays_each_arm_equally_often(arms):
    policy, actions = Uniform(), np.empty(70_000, dtype=np.int64)
    policy.reset(Problem("arms", "bandit", arms), np.random.default_rng(5))
    policy.play(Block(np.zeros((1, arms)), 0, np.zeros(actions.size), False), actions)
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
        policy.reset(Problem("arms", "bandit", arms), Top())
        policy.play(Block(np.zeros((1, arms)), 0, np.zeros(1), False), actions)
        assert policy.choose(0) == actions[0] == arms - 1


def test_fixed_action_by_index_and_by_value():
    for policy, arm in [(FixedAction(4), 4), (FixedAction(value=1.95), 19), (FixedAction(value=1.15), 3)]:
        policy.reset(GRID, np.random.default_rng(0))
        assert policy.choose(np.array([0.0])) == arm
    ledger, _ = play(FixedAction(9), BernoulliArms(TEN, 100))
    assert ledger["expected_reward"] == pytest.approx(90.0)


def test_fixed_action_refuses_what_is_not_there():
    for arguments in [{}, {"arm": 1, "value": 1.0}, {"arm": -1}, {"arm": 1.5}, {"value": math.nan}]:
        with pytest.raises(ValueError, match=r"arm|value"):
            FixedAction(**arguments)
    with pytest.raises(ValueError, match=r"arm must be a whole number in 0\.\.19, got 20"):
        FixedAction(20).reset(GRID, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"value must be .* got 1\.17; the nearest is 1\.15"):
        FixedAction(value=1.17).reset(GRID, np.random.default_rng(0))
    with pytest.raises(ValueError, match="stand for no numbers"):
        FixedAction(value=1.0).reset(Problem("arms", "bandit", 3), np.random.default_rng(0))


@pytest.mark.parametrize("feedback", ["bandit", "full"])
def test_the_clairvoyant_earns_what_its_comparator_earns(feedback):
    worlds = [
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
    for world, comparator, series in worlds:
        ledger, _ = play(Clairvoyant(comparator), world, [100, 1, 199])
        assert world.clock == 300
        assert ledger[series] == pytest.approx(world.comparators(np.array([300]))[comparator][0], rel=1e-12)


def test_the_clairvoyant_says_why_it_does_not_choose():
    policy = Clairvoyant()
    assert policy.clairvoyant
    policy.reset(Problem("arms", "bandit", 3), np.random.default_rng(0))
    with pytest.raises(RuntimeError, match="knows the run in advance"):
        policy.choose(0)
    with pytest.raises(ValueError, match="best_arm, got 'best'"):
        play(Clairvoyant("best"), BernoulliArms(TEN, 10))
    with pytest.raises(TypeError, match="no method clairvoyant"):
        policy.advance(object(), 1)
    with pytest.raises(ValueError, match="comparator must be"):
        Clairvoyant("")
