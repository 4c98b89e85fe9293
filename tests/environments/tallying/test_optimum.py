"""The best sequence by dynamic programming, against brute force and the specification's numbers."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from environments.tallying.bandit import TallyingBandit
from environments.tallying.optimum import long_run_optimum, optimum
from environments.tallying.secret_word import SecretWord

P = dict(
    losses=[
        {"name": "practice", "parameters": {"a": 0.9, "b": 0.1}},
        {"name": "practice", "parameters": {"a": 0.45, "b": 0.4}},
        {"name": "satiation", "parameters": {"c": 0.3, "e": 0.3}},
    ],
    weights=[1.0, 0.5, 0.25],
)


def table(*losses):
    return [{"name": "table", "parameters": {"values": values}} for values in losses]


def cost(tallies, sequence):
    """Total mean loss of a sequence, by the definition."""
    total = 0.0
    for t, x in enumerate(sequence):
        y = sum(w for s, w in enumerate(tallies.weights[x]) if s <= t and sequence[t - s] == x)
        total += tallies.losses[x](y)
    return total


def brute(tallies, horizon):
    return min(cost(tallies, s) for s in itertools.product(range(tallies.n_actions), repeat=horizon))


@st.composite
def environments(draw, most_memory=3):
    """Random weights and a random loss at every attainable tally."""
    actions, memory = draw(st.integers(1, 3)), draw(st.integers(1, most_memory))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    weights = rng.choice([0.0, 0.25, 0.5, 1.0], (actions, memory))
    weights[:, 0] = rng.choice([0.5, 1.0], actions)
    losses = []
    for row in weights:
        tallies = {row[0] + sum(c) for n in range(memory) for c in itertools.combinations(row[1:], n)}
        tallies.add(float(row.sum()))
        losses.append({float(y): float(rng.random()) for y in tallies})
    return TallyingBandit(table(*losses), weights=weights.tolist(), noise="none", horizon=7)


@given(environments(), st.integers(1, 7))
@settings(max_examples=60, deadline=None)
def test_equals_brute_force_and_the_sequence_costs_it(environment, horizon):
    tallies = environment.instance().tallies
    best = optimum(tallies, horizon)
    assert best.costs[-1] == pytest.approx(brute(tallies, horizon), abs=1e-12)
    assert cost(tallies, best.sequence.tolist()) == pytest.approx(best.costs[-1], abs=1e-12)


@given(environments())
@settings(max_examples=40, deadline=None)
def test_brackets_of_the_optimum(environment):
    instance = environment.instance()
    tallies = instance.tallies
    costs, m, times = optimum(tallies, 40).costs, instance.memory, np.arange(1, 41)
    gain = long_run_optimum(tallies).value
    constant = np.min([tallies.constant_costs(x, 40) for x in range(tallies.n_actions)], axis=0)
    assert np.all(times * gain - (m - 1) <= costs + 1e-8)
    assert np.all(costs <= constant + 1e-12)
    assert np.all(np.diff(costs) >= -1e-12)
    least = min(tallies.losses[x](y) for x in range(tallies.n_actions) for y in tallies._probes(x))
    assert costs[39] >= costs[19] + 20 * least - 1e-12
    if instance.pointwise_reo:
        mu = tallies.steady.min()
        assert instance.long_run_reo
        assert gain == pytest.approx(mu, abs=1e-8)
        assert np.all(times * mu <= costs + 1e-9)
        assert np.all(costs <= times * mu + m - 1 + 1e-9)


def test_instance_p():
    environment = TallyingBandit(**P, horizon=10)
    tallies = environment.instance().tallies
    costs = optimum(tallies, 10).costs
    expected = {1: 0.4214285714, 2: 0.6571428571, 3: 0.7571428571, 4: 0.8571428571, 6: 1.0571428571, 10: 1.4571428571}
    for t, value in expected.items():
        assert costs[t - 1] == pytest.approx(value, abs=1e-9)
    assert optimum(tallies, 1).sequence.tolist() == [1]
    assert optimum(tallies, 10).sequence.tolist() == [0] * 10
    assert tallies.constant_costs(0, 1)[0] == pytest.approx(0.4428571429, abs=1e-9)
    assert tallies.steady == pytest.approx([0.1, 0.4, 0.6])
    assert environment.instance().pointwise_reo
    assert tallies.pointwise.actions == (0,)
    assert tallies.pointwise.minimum == pytest.approx(0.1)
    assert long_run_optimum(tallies).value == pytest.approx(0.1, abs=1e-9)


@pytest.mark.parametrize(
    ("first", "gain", "long_run", "optima"),
    [
        ({1: 0.5, 2: 0.2}, 0.2, True, [0.1, 0.6, 0.7, 0.9, 1.7]),
        ({1: 0.2, 2: 0.2}, 0.15, False, [0.1, 0.3, 0.4, 0.6, 1.2]),
    ],
)
def test_certificates(first, gain, long_run, optima):
    environment = TallyingBandit(table(first, {1: 0.1, 2: 0.9}), memory=2, horizon=8)
    tallies = environment.instance().tallies
    assert optimum(tallies, 8).costs[[0, 1, 2, 3, 7]] == pytest.approx(optima)
    assert long_run_optimum(tallies).value == pytest.approx(gain, abs=1e-9)
    assert environment.instance().pointwise_reo is False
    assert environment.instance().long_run_reo is long_run
    assert tallies.pointwise.minimum == pytest.approx(0.1)
    assert tallies.pointwise.actions == ()


@pytest.mark.parametrize(
    ("word", "optima", "gain"),
    [
        ((0, 0, 1), [2, 4, 6, 8, 8], 2 / 3),
        ((0, 1, 1, 1), [2, 5, 7, 9, 10], 0.75),
        ((0, 1, 0, 1), [2, 4, 5, 7, 7], 0.5),
    ],
)
def test_secret_words(word, optima, gain):
    environment = SecretWord(word, horizon=13)
    tallies = environment.instance().tallies
    assert optimum(tallies, 13).costs[[2, 5, 8, 11, 12]].tolist() == optima
    assert long_run_optimum(tallies).value == pytest.approx(gain, abs=1e-9)
    assert not environment.instance().pointwise_reo
    assert not environment.instance().long_run_reo


def test_one_play_of_memory_is_an_ordinary_bandit():
    environment = TallyingBandit(
        [{"name": "constant", "parameters": {"c": c}} for c in (0.3, 0.2, 0.7)], memory=1, horizon=50
    )
    tallies = environment.instance().tallies
    assert optimum(tallies, 50).costs == pytest.approx(0.2 * np.arange(1, 51))


def test_size_limits():
    environment = TallyingBandit(
        [{"name": "bump", "parameters": {"a": 0.1, "c": 0.5, "b": 0.2}}] * 2, memory=30, horizon=10
    )
    tallies = environment.instance().tallies
    with pytest.raises(ValueError, match=r"T K\^m = 1.07e\+10 steps, more than the limit 5e\+07"):
        optimum(tallies, 10)
    with pytest.raises(ValueError, match=r"K\^m = 1.07e\+09 edges, more than the limit"):
        long_run_optimum(tallies)
    with pytest.raises(ValueError, match="exact optimum needs"):
        TallyingBandit([{"name": "constant", "parameters": {"c": 0.1}}] * 2, memory=30, comparator="exact")
