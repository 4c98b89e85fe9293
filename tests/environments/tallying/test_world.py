"""Tallying worlds: the contract, tallies by definition, runs of one action against single plays, comparators."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.checks import check_environment
from environments.tallying.bandit import TallyingBandit
from environments.tallying.needle import Needle
from environments.tallying.secret_word import SecretWord
from environments.tallying.world import BLOCK

LOSSES = [
    {"family": "practice", "a": 0.9, "b": 0.2},
    {"family": "bump", "a": 0.3, "c": 0.8, "b": 0.4},
    {"family": "satiation", "c": 0.1, "e": 0.8},
]
WEIGHTS = ["uniform", "linear", {"family": "exponential", "beta": 0.7}, {"family": "uniform", "normalise": True}]


@pytest.mark.parametrize(
    "make",
    [
        lambda: TallyingBandit(LOSSES, 4, horizon=200),
        lambda: TallyingBandit(LOSSES, 4, {"family": "exponential", "beta": 0.6}, horizon=200),
        lambda: TallyingBandit(LOSSES, 3, "linear", "gaussian", 0.3, horizon=200),
        lambda: TallyingBandit(LOSSES, 30, noise="none", horizon=200),
        lambda: Needle(4, 5, horizon=200),
        lambda: SecretWord(memory=6, horizon=200),
        lambda: SecretWord(memory=18, horizon=200),
        lambda: SecretWord([0, 1, 1], horizon=200),
    ],
)
def test_contract(make):
    check_environment(make)


@pytest.mark.parametrize("weights", WEIGHTS)
@given(actions=st.lists(st.integers(0, 2), min_size=1, max_size=40), memory=st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_tallies_follow_the_definition(weights, actions, memory):
    world = TallyingBandit(LOSSES, memory, weights, "none", horizon=40)
    world.begin(world.draw(np.random.default_rng(1)))
    w = world.instance.weights
    for t, x in enumerate(actions):
        y = sum(w[x, s] for s in range(min(memory, t + 1)) if actions[t - s] == x)
        assert w[x, 0] <= y + 1e-12 <= w[x].sum() + 2e-12
        reward, feedback = world.transition(x)
        assert reward == feedback == pytest.approx(-world.instance.losses[x](min(y, w[x].sum())), abs=1e-12)


@pytest.mark.parametrize("noise", [{}, {"noise": "gaussian", "sigma": 0.4}, {"noise": "none"}])
@pytest.mark.parametrize("weights", WEIGHTS)
def test_runs_equal_single_plays_bit_for_bit(weights, noise):
    single, runs = (TallyingBandit(LOSSES, 7, weights, **noise, horizon=3000) for _ in range(2))
    for world in (single, runs):
        world.begin(world.draw(np.random.default_rng(5)))
    rng = np.random.default_rng(7)
    while runs.clock < 3000:
        action, n = int(rng.integers(3)), int(min(rng.integers(1, 30), 3000 - runs.clock))
        assert runs.hold(action, n).tolist() == [single.transition(action)[0] for _ in range(n)]
        assert runs.ledger() == single.ledger()
        runs = pickle.loads(pickle.dumps(runs))


def test_runs_cross_the_blocks_of_noise():
    world = TallyingBandit(LOSSES, 7, horizon=2 * BLOCK + 10)
    other = TallyingBandit(LOSSES, 7, horizon=2 * BLOCK + 10)
    for w in (world, other):
        w.begin(w.draw(np.random.default_rng(5)))
    whole = world.hold(1, 2 * BLOCK + 10)
    parts = [other.hold(1, n) for n in (BLOCK - 3, 10, BLOCK + 3)]
    assert whole.tolist() == np.concatenate(parts).tolist()
    assert world.ledger() == other.ledger()
    assert np.mean(whole == -1.0) == pytest.approx(0.4, abs=4 * 0.5 / np.sqrt(2 * BLOCK))


def test_every_play_from_the_mth_in_a_row_on_has_the_steady_loss():
    world = TallyingBandit(LOSSES, 5, {"family": "exponential", "beta": 0.3}, "none", horizon=400)
    world.begin(world.draw(np.random.default_rng(0)))
    rng = np.random.default_rng(1)
    for _ in range(20):
        for a in rng.integers(0, 3, 6):
            world.transition(int(a))
        rewards = world.hold(a := int(rng.integers(3)), 8)
        assert rewards[4:].tolist() == [-world.instance.steady[a]] * 4


def test_comparators_and_notions():
    world = TallyingBandit(LOSSES, 3, horizon=300)
    times = np.array([1, 7, 300])
    curves = world.comparators(times)
    constant = np.min([world.instance.constant_costs(x, 300) for x in range(3)], axis=0)
    assert curves["constant"] == pytest.approx(-constant[times - 1])
    assert np.all(curves["best_sequence"] >= curves["constant"] - 1e-12)
    assert np.all(curves["worst"] <= curves["constant"])
    assert [n.name for n in world.notions()] == ["complete", "policy", "steady", "realized"]
    assert world.notions()[0].comparator == "best_sequence"


@pytest.mark.parametrize(
    ("parameters", "comparator", "words"),
    [
        ({"memory": 3}, "best_sequence", "complete policy regret"),
        ({"memory": 3, "comparator": "steady"}, "steady", "up to m - 1 (steady)"),
        ({"memory": 3, "comparator": "constant"}, "constant", "up to m - 1 (constant)"),
        ({"memory": 40}, "constant", "constant comparator (no REO)"),
    ],
)
def test_the_label_says_what_stands_for_the_best_sequence(parameters, comparator, words):
    notion = TallyingBandit(LOSSES, **parameters, horizon=300).notions()[0]
    assert (notion.name, notion.comparator, notion.against) == ("complete", comparator, "sequence")
    assert words in notion.label
    certified = TallyingBandit(LOSSES[:1], 40, horizon=300, comparator="constant").notions()[0]
    assert "up to m - 1 (constant)" in certified.label


def played(world, comparator, horizon):
    world.begin(world.draw(np.random.default_rng(3)))
    for _ in range(horizon):
        world.transition(world.clairvoyant(comparator))
    return world.ledger()["expected_reward"]


def test_comparators_that_can_be_played_earn_what_they_say():
    world = TallyingBandit(LOSSES, 3, "linear", horizon=100)
    for name in ("best_sequence", "constant"):
        assert played(world, name, 100) == pytest.approx(world.comparators(np.array([100]))[name][0])
    with pytest.raises(ValueError, match="best_sequence or constant"):
        world.clairvoyant("best_arm")
    secret = SecretWord([0, 1, 1, 0, 1], horizon=100)
    assert played(secret, "word", 100) == -80.0
    assert played(secret, "best_sequence", 100) >= -80.0


def test_the_word_stands_in_where_the_optimum_is_too_large():
    world = SecretWord(memory=16, horizon=5000)
    assert world.notions()[0].comparator == "word"
    assert "secret word" in world.notions()[0].label
    assert SecretWord(memory=8, horizon=5000).notions()[0].comparator == "best_sequence"


def test_drawn_instances():
    needle, word = Needle(5, 3, horizon=50), SecretWord(memory=6, horizon=50)
    positions, words = set(), set()
    for seed in range(60):
        needle.begin(needle.draw(np.random.default_rng(seed)))
        positions.add(needle.facts()["best_actions"])
        word.begin(word.draw(np.random.default_rng(seed)))
        words.add(tuple(word._word))
    assert positions == {(x,) for x in range(5)}
    assert len(words) > 30
    fixed = Needle(5, 3, 2, horizon=50)
    fixed.begin(fixed.draw(np.random.default_rng(0)))
    assert fixed.facts()["best_actions"] == (2,)


def test_lower_bounds():
    bound = Needle(4, 5, horizon=400).lower_bounds()[0]
    assert bound.kind == "lower"
    assert bound.curve(np.array([1.0, 19.0, 20.0, 400.0])).tolist() == [0, 0, 7.5, 7.5]
    bound = SecretWord(memory=8, horizon=400).lower_bounds()[0]
    assert bound.curve(np.array([128.0, 256.0, 400.0])).tolist() == [8.0, 0, 0]
    assert TallyingBandit(LOSSES, 3, horizon=300).lower_bounds()[0].kind == "order"


@pytest.mark.parametrize("action", [-1, 3, 1.0, "0", None])
def test_illegal_actions_change_nothing(action):
    world = TallyingBandit(LOSSES, 3, horizon=300)
    world.begin(world.draw(np.random.default_rng(3)))
    world.transition(1)
    before = pickle.dumps(world)
    for play in (world.transition, lambda a: world.hold(a, 2)):
        with pytest.raises(ValueError, match=r"action must be a whole number in 0\.\.2"):
            play(action)
    assert pickle.dumps(world) == before


def test_no_play_after_the_end():
    world = TallyingBandit(LOSSES, 3, horizon=10)
    with pytest.raises(RuntimeError, match="no run was begun"):
        world.hold(0, 1)
    world.begin(world.draw(np.random.default_rng(3)))
    with pytest.raises(RuntimeError, match="10 rounds are left, not 11"):
        world.hold(0, 11)
    world.hold(0, 10)
    with pytest.raises(RuntimeError, match="over after 10 rounds"):
        world.transition(0)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Needle(4, 0), "memory"),
        (lambda: Needle(4, 5, 4), "position"),
        (lambda: Needle(0, 5), "number of actions"),
        (lambda: SecretWord([0, 2]), r"word\[1\]"),
        (lambda: SecretWord([]), "length of word"),
        (lambda: SecretWord(memory=30), "memory"),
    ],
)
def test_bad_families(make, text):
    with pytest.raises(ValueError, match=text):
        make()
