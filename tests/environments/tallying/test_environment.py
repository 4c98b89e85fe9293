"""Tallying environments: the contract, tallies by definition, runs of one action against single plays, comparators."""

import gc
import pickle
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.checks import check_environment
from environments.tallying.bandit import TallyingBandit
from environments.tallying.environment import BLOCK
from environments.tallying.needle import Needle
from environments.tallying.secret_word import SecretWord

LOSSES = [
    {"name": "practice", "parameters": {"a": 0.9, "b": 0.2}},
    {"name": "bump", "parameters": {"a": 0.3, "c": 0.8, "b": 0.4}},
    {"name": "satiation", "parameters": {"c": 0.1, "e": 0.8}},
]
WEIGHTS = [
    "uniform",
    "linear",
    {"name": "exponential", "parameters": {"beta": 0.7}},
    {"name": "uniform", "parameters": {"normalise": True}},
]


@pytest.mark.parametrize(
    "make",
    [lambda: TallyingBandit(LOSSES, 30, noise="none", horizon=200), lambda: SecretWord(memory=18, horizon=200)],
)
def test_contract_with_a_long_memory(make):
    check_environment(make)


@pytest.mark.parametrize("weights", WEIGHTS)
@given(actions=st.lists(st.integers(0, 2), min_size=1, max_size=40), memory=st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_tallies_follow_the_definition(weights, actions, memory):
    environment = TallyingBandit(LOSSES, memory, weights, "none", horizon=40)
    environment.begin(environment.draw(np.random.default_rng(1)))
    tallies = environment.instance().tallies
    w = tallies.weights
    for t, x in enumerate(actions):
        y = sum(w[x, s] for s in range(min(memory, t + 1)) if actions[t - s] == x)
        assert w[x, 0] <= y + 1e-12 <= w[x].sum() + 2e-12
        reward, feedback = environment.transition(x)
        assert reward == feedback == pytest.approx(-tallies.losses[x](min(y, w[x].sum())), abs=1e-12)


@pytest.mark.parametrize("noise", [{}, {"noise": "gaussian", "sigma": 0.4}, {"noise": "none"}])
@pytest.mark.parametrize("weights", WEIGHTS)
def test_runs_equal_single_plays_bit_for_bit(weights, noise):
    single, several = (TallyingBandit(LOSSES, 7, weights, **noise, horizon=3000) for _ in range(2))
    for environment in (single, several):
        environment.begin(environment.draw(np.random.default_rng(5)))
    rng = np.random.default_rng(7)
    while several.clock < 3000:
        runs = np.column_stack([rng.integers(3, size=4), rng.integers(1, 20, 4)])[: rng.integers(1, 5)]
        paid = several.block_of(runs, int(rng.integers(1, 60)))
        if rng.random() < 0.5:  # not all that was asked for need be played
            paid = paid[: rng.integers(1, paid.size + 1)]
        actions = np.repeat(*runs.T)[: paid.size].tolist()
        assert paid.tolist() == [single.transition(action)[0] for action in actions]
        several.absorb(runs, paid.size)
        if rng.random() < 0.5 and several.clock < 3000:
            assert several.transition(1) == single.transition(1)
        several = pickle.loads(pickle.dumps(several))
    times = np.arange(1, 3001)
    for name, values in single.metrics(times).items():
        assert np.array_equal(values, several.metrics(times)[name])


def test_what_the_actions_earn_is_worked_out_from_them():
    """Whatever was looked at before, any actions are accounted for as if played one by one, across blocks of noise."""
    n = BLOCK + 500
    first, second = (TallyingBandit(LOSSES, 7, WEIGHTS[2], horizon=n) for _ in range(2))
    for environment in (first, second):
        environment.begin(environment.draw(np.random.default_rng(5)))
    rng = np.random.default_rng(7)
    actions = np.repeat(rng.integers(0, 3, n), rng.integers(1, 12, n))[:n]
    for a in actions.tolist():
        first.transition(a)
    while second.clock < n:
        second.block_of(np.array([[2, 50]]), 50)
        at_hand = (BLOCK if second.clock < BLOCK else n) - second.clock
        rounds = min(int(rng.integers(1, 3000)), at_hand)
        second.absorb(np.column_stack([actions[second.clock :][:rounds], np.ones(rounds, dtype=np.int64)]), rounds)
    times = np.arange(1, n + 1)
    for name, values in first.metrics(times).items():
        assert np.array_equal(values, second.metrics(times)[name])


def test_runs_stop_at_the_blocks_of_noise():
    environment = TallyingBandit(LOSSES, 7, horizon=2 * BLOCK + 10)
    environment.begin(environment.draw(np.random.default_rng(5)))
    paid = []
    runs = np.array([[1, 1 << 40]])
    for length in (BLOCK, BLOCK, 10):
        paid.append(environment.block_of(runs, 2 * BLOCK + 10))
        assert paid[-1].size == length
        environment.absorb(runs, length)
    assert np.mean(np.concatenate(paid) == -1.0) == pytest.approx(0.4, abs=4 * 0.5 / np.sqrt(2 * BLOCK))


def test_every_play_from_the_mth_in_a_row_on_has_the_steady_loss():
    environment = TallyingBandit(LOSSES, 5, {"name": "exponential", "parameters": {"beta": 0.3}}, "none", horizon=400)
    environment.begin(environment.draw(np.random.default_rng(0)))
    rng = np.random.default_rng(1)
    for _ in range(20):
        for a in rng.integers(0, 3, 6):
            environment.transition(int(a))
        rewards = environment.block_of(np.array([[a := int(rng.integers(3)), 8]]), 8)
        assert rewards[4:].tolist() == [-environment.instance().steady_losses[a]] * 4


def test_comparators_and_regrets():
    environment = TallyingBandit(LOSSES, 3, horizon=300)
    times = np.array([1, 7, 300])
    curves = environment.comparators(times)
    constant = np.min([environment.instance().tallies.constant_costs(x, 300) for x in range(3)], axis=0)
    assert curves["constant"] == pytest.approx(-constant[times - 1])
    assert np.all(curves["best_sequence"] >= curves["constant"] - 1e-12)
    assert np.all(curves["worst"] <= curves["constant"])
    assert [n.name for n in environment.regrets()] == ["complete", "policy", "steady", "realized"]
    assert environment.regrets()[0].comparator == "best_sequence"


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
    definition = TallyingBandit(LOSSES, **parameters, horizon=300).regrets()[0]
    assert (definition.name, definition.comparator, definition.comparator_class) == ("complete", comparator, "sequence")
    assert words in definition.label
    certified = TallyingBandit(LOSSES[:1], 40, horizon=300, comparator="constant").regrets()[0]
    assert "up to m - 1 (constant)" in certified.label


def played(environment, comparator, horizon):
    environment.begin(environment.draw(np.random.default_rng(3)))
    for _ in range(horizon):
        environment.transition(environment.clairvoyant(comparator))
    return environment.metrics(np.array([horizon]))["expected_reward"][0]


def test_comparators_that_can_be_played_earn_what_they_say():
    environment = TallyingBandit(LOSSES, 3, "linear", horizon=100)
    for name in ("best_sequence", "constant"):
        assert played(environment, name, 100) == pytest.approx(environment.comparators(np.array([100]))[name][0])
    with pytest.raises(ValueError, match="best_sequence or constant"):
        environment.clairvoyant("best_arm")
    secret = SecretWord([0, 1, 1, 0, 1], horizon=100)
    assert played(secret, "word", 100) == -80.0
    assert played(secret, "best_sequence", 100) >= -80.0


def test_the_word_stands_in_where_the_optimum_is_too_large():
    environment = SecretWord(memory=16, horizon=5000)
    assert environment.regrets()[0].comparator == "word"
    assert "secret word" in environment.regrets()[0].label
    assert SecretWord(memory=8, horizon=5000).regrets()[0].comparator == "best_sequence"


def test_environments_of_one_kind_share_their_instance():
    """So that what hangs on it is worked out once, not in every job; functions may do something else each time."""
    table = {"name": "table", "parameters": {"values": {1: 0.2, 2: 0.3, 3: 0.1}}}
    for losses in (LOSSES, [*LOSSES, table]):
        first, second, other = (
            TallyingBandit(losses, 3, horizon=h, noise=n).instance()
            for h, n in ((9, "none"), (5, "bernoulli"), (9, "none"))
        )
        assert first is second is other
        assert TallyingBandit(losses, 3, {"name": "uniform", "parameters": {"normalise": False}}).instance() is first
    assert TallyingBandit(LOSSES, 4).instance() is not TallyingBandit(LOSSES, 3).instance()
    assert TallyingBandit(LOSSES, 3, "linear").instance() is not TallyingBandit(LOSSES, 3).instance()
    given = [lambda tally: 0.1 * tally]
    assert TallyingBandit(given, 3).instance() is not TallyingBandit(given, 3).instance()


def test_drawn_instances():
    needle, word = Needle(5, 3, horizon=50), SecretWord(memory=6, horizon=50)
    positions, words = set(), set()
    for seed in range(60):
        needle.begin(needle.draw(np.random.default_rng(seed)))
        positions.add(needle.instance().tallies.pointwise.actions)
        word.begin(word.draw(np.random.default_rng(seed)))
        words.add(tuple(word._word))
    assert positions == {(x,) for x in range(5)}
    assert len(words) > 30
    fixed = Needle(5, 3, 2, horizon=50)
    fixed.begin(fixed.draw(np.random.default_rng(0)))
    assert fixed.instance().tallies.pointwise.actions == (2,)


def test_lower_bounds():
    bound = Needle(4, 5, horizon=400).lower_bounds()[0]
    assert bound.kind == "lower"
    assert bound.curve(np.array([1.0, 19.0, 20.0, 400.0])).tolist() == [0, 0, 7.5, 7.5]
    bound = SecretWord(memory=8, horizon=400).lower_bounds()[0]
    assert bound.curve(np.array([128.0, 256.0, 400.0])).tolist() == [8.0, 0, 0]
    assert TallyingBandit(LOSSES, 3, horizon=300).lower_bounds()[0].kind == "order"


@pytest.mark.parametrize("action", [-1, 3, 1.0, "0", None])
def test_illegal_actions_change_nothing(action):
    environment = TallyingBandit(LOSSES, 3, horizon=300)
    environment.begin(environment.draw(np.random.default_rng(3)))
    environment.transition(1)
    before = pickle.dumps(environment)
    with pytest.raises(ValueError, match=r"action must be a whole number in 0\.\.2"):
        environment.transition(action)
    assert pickle.dumps(environment) == before


@pytest.mark.parametrize("wrong", [(3, 5), (-1, 5), (2, 0), (2, -4)])
def test_runs_that_cannot_be_change_nothing(wrong):
    environment = TallyingBandit(LOSSES, 3, horizon=300)
    environment.begin(environment.draw(np.random.default_rng(3)))
    environment.transition(1)
    environment.block_of(np.array([[0, 5]]), 5)
    before = pickle.dumps(environment)
    text = rf"runs must be of an action in 0\.\.2 and of a number of rounds >= 1, got \[{wrong[0]}, {wrong[1]}\]"
    for play in (environment.block_of, environment.absorb):
        with pytest.raises(ValueError, match=text):
            play(np.array([(0, 2), wrong]), 2)
    assert pickle.dumps(environment) == before


@pytest.mark.parametrize(("runs", "rounds", "told"), [([[0, 400]], 301, 300), ([[0, 4], [1, 3]], 8, 7)])
def test_more_rounds_than_there_are_cannot_be_played(runs, rounds, told):
    environment = TallyingBandit(LOSSES, 3, horizon=300)
    environment.begin(environment.draw(np.random.default_rng(3)))
    with pytest.raises(ValueError, match=f"rounds must be at most {told}, what the runs have and noise is at hand for"):
        environment.absorb(np.array(runs), rounds)
    assert environment.clock == 0


def test_no_play_before_the_beginning_and_after_the_end():
    environment = TallyingBandit(LOSSES, 3, horizon=10)
    runs = np.array([[0, 20]])
    for play in (lambda: environment.block_of(runs, 1), lambda: environment.absorb(runs, 10)):
        with pytest.raises(RuntimeError, match="no run was begun"):
            play()
    environment.begin(environment.draw(np.random.default_rng(3)))
    assert environment.block_of(runs, 11).size == 10
    environment.absorb(runs, 10)
    for play in (
        lambda: environment.block_of(runs, 1),
        lambda: environment.absorb(runs, 10),
        lambda: environment.transition(0),
    ):
        with pytest.raises(RuntimeError, match="the run is over at time 10"):
            play()


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Needle(4, 0), "memory"),
        (lambda: Needle(4, 5, 4), "position"),
        (lambda: Needle(0, 5), "n_actions must be a whole number >= 1"),
        (lambda: SecretWord([0, 2]), r"word\[1\]"),
        (lambda: SecretWord([]), "length of word"),
        (lambda: SecretWord(memory=30), "memory"),
    ],
)
def test_bad_families(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_what_was_given_may_change_and_what_is_shared_may_not():
    def environment(losses):
        return TallyingBandit(losses, 2, noise="none", horizon=20)

    def table(values):
        return [{"name": "table", "parameters": {"values": values}}] * 2

    values = {1.0: 0.5, 2.0: 0.25}
    made = environment(table(values))
    values[2.0] = 0.75
    assert environment(table(values)).instance().steady_losses.tolist() == [0.75, 0.75]
    assert made.instance().steady_losses.tolist() == [0.25, 0.25]
    tallies = environment(LOSSES).instance().tallies
    for array in (tallies.weights, tallies.steady, tallies.repeated, tallies.counted, tallies.no_plays):
        assert not array.flags.writeable


def test_python_functions_are_not_kept_after_their_environment():
    def loss(tally):
        return 0.5

    kept = weakref.ref(loss)
    TallyingBandit([loss], 2, horizon=20)
    del loss
    gc.collect()
    assert kept() is None
