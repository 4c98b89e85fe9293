"""Gymnasium's toy-text environments as models: known optima, every trap of their tables, and what is refused."""

import re

import gymnasium
import numpy as np
import pytest

from bandits.mdp.episodic_psrl import EpisodicPSRL
from bandits.mdp.gain import action_values
from bandits.mdp.planning import best_policy
from bandits.mdp.ucbvi import UCBVI
from bandits.mdp.uniform_policy import UniformPolicy
from environments import AverageMDP, EpisodicMDP
from environments.mdp.models import tables_of

NAMES = ("FrozenLake-v1", "CliffWalking-v1", "CliffWalkingSlippery-v1", "Taxi-v4")


def component(name, ends="absorb", **arguments):
    return {"name": "gymnasium", "parameters": {"id": name, "arguments": arguments, "ends": ends}}


def read(name, ends="absorb", **arguments):
    return tables_of(component(name, ends, **arguments))


def paid(tables):
    """Rewards as gymnasium's."""
    return tables.shift + tables.scale * tables.rewards


def discounted(tables, discount):
    """Best values [n_states] by value iteration, in gymnasium's rewards."""
    values = np.zeros(tables.model.n_states)
    for _ in range(3000):
        values = (paid(tables) + discount * action_values(tables.model, np.zeros_like(tables.rewards), values)).max(1)
    return values


def within(tables, n_stages):
    return float(tables.start @ best_policy(tables.model, tables.rewards, n_stages)[0][0])


def test_the_frozen_lake_within_its_limits_of_time_and_without():
    small, large, long = read("FrozenLake-v1"), read("FrozenLake-v1", map_name="8x8"), read("FrozenLake8x8-v1")
    assert (small.n_stages, large.n_stages, long.n_stages) == (100, 100, 200)
    assert large.model == long.model
    assert within(small, 100) == pytest.approx(0.7442, abs=5e-5)
    assert within(small, 5000) == pytest.approx(14.0 / 17.0, abs=1e-12)
    assert within(large, 100) == pytest.approx(0.6407, abs=5e-5)
    assert within(large, 200) == pytest.approx(0.9132, abs=5e-5)
    assert within(large, 5000) == pytest.approx(1.0, abs=1e-12)
    episodes = EpisodicMDP(component("FrozenLake-v1"), horizon=5)
    assert episodes.problem.n_stages == 100
    episodes.reset(seed=1)
    assert episodes.comparators(np.array([1]))["optimal"] == pytest.approx([0.7442], abs=5e-5)
    assert read("FrozenLake-v1", max_episode_steps=7).n_stages == 7


def test_an_end_is_an_end_even_where_the_table_goes_on():
    """With the flag ignored the cliff's walker would walk for ever, and the taxi be paid again and again."""
    cliff, taxi = read("CliffWalking-v1"), read("Taxi-v4")
    assert (cliff.n_stages, taxi.n_stages) == (None, 200)
    assert (cliff.model.n_states, taxi.model.n_states) == (48, 500)
    assert discounted(cliff, 0.99)[36] == pytest.approx(-12.25, abs=5e-3)
    assert discounted(taxi, 0.99)[314] == pytest.approx(4.25, abs=5e-3)
    for name, state, wrong in (("CliffWalking-v1", 36, -100.0), ("Taxi-v4", 314, 816.8)):
        table = gymnasium.make(name).unwrapped.P
        rows = [[table[s][a][0] for a in range(len(table[0]))] for s in range(len(table))]
        to, rewards = np.array([[[r[1], r[2]] for r in row] for row in rows]).transpose(2, 0, 1)
        values = np.zeros(len(table))
        for _ in range(3000):
            values = (rewards + 0.99 * values[to.astype(int)]).max(axis=1)
        assert values[state] == pytest.approx(wrong, abs=0.05)
    with pytest.raises(ValueError, match="n_stages must be given"):
        EpisodicMDP(component("CliffWalking-v1"), horizon=5)


@pytest.mark.parametrize("name", NAMES)
def test_against_the_table_entry_by_entry(name):
    """Probabilities of one next state add up, rewards are their mean, whichever way they are listed."""
    found, table = read(name), gymnasium.make(name).unwrapped.P
    over = sorted({to for s in table.values() for a in s.values() for _, to, _, end in a if end})
    dense, rewards = np.zeros((len(table), len(table[0]), len(table))), np.zeros((len(table), len(table[0])))
    for s in range(len(table)):
        for a in range(len(table[s])):
            for p, to, reward, _ in table[s][a]:
                dense[s, a, to] += p
                rewards[s, a] += p * reward
    dense[over], rewards[over] = 0.0, 0.0
    dense[over, :, over] = 1.0
    assert np.allclose(found.model.dense()[0], dense, rtol=0.0, atol=1e-12)
    assert np.allclose(paid(found), rewards, rtol=0.0, atol=1e-12)


def test_one_next_state_twice_with_different_rewards():
    """Beside the cliff the walker slips back to the start, for -100, or stays there, for -1."""
    found, table = read("CliffWalkingSlippery-v1"), gymnasium.make("CliffWalkingSlippery-v1").unwrapped.P
    twice = [
        (s, a)
        for s in table
        for a in table[s]
        if len({(t, r) for _, t, r, _ in table[s][a]}) > len({t for _, t, _, _ in table[s][a]})
    ]
    assert twice
    assert (36, 1) in twice
    states, shares = found.model.row(36, 1)
    assert dict(zip(states.tolist(), shares.tolist(), strict=True)) == pytest.approx({24: 1 / 3, 36: 2 / 3})
    assert paid(found)[36, 1] == pytest.approx((-1 - 1 - 100) / 3)


def test_outcomes_of_probability_zero_are_none():
    """On ice that never slips: one way each, and ends that only a zero leads to are no ends."""
    found = read("FrozenLake-v1", success_rate=1.0)
    assert found.model.support == 1
    assert (found.model.probabilities == 1.0).all()
    assert within(found, 6) == 1.0
    assert within(found, 5) == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_runs_are_those_of_step(name):
    """Every step leads where the model says, and pays in the mean what it says."""
    environment = gymnasium.make(name, max_episode_steps=10**9)
    inner, found, g = environment.unwrapped, read(name), np.random.default_rng(0)
    state, _ = environment.reset(seed=1)
    totals, counts = np.zeros((2, *found.rewards.shape))
    assert found.start[state] > 0.0
    for _ in range(20_000):
        action = int(g.integers(found.model.n_actions))
        following, reward, terminated, _, _ = environment.step(action)
        assert following in found.model.row(state, action)[0]
        totals[state, action] += reward
        counts[state, action] += 1
        if terminated:
            assert found.model.row(following, 0)[0].tolist() == [following]
            following, _ = environment.reset()
        state = following
    assert inner.observation_space.n == found.model.n_states
    often = counts >= 200 if "Taxi" not in name else counts >= 20
    spread = found.scale / np.sqrt(np.maximum(counts, 1))
    assert often.any()
    assert (np.abs(totals - counts * paid(found))[often] <= (5.0 * spread * counts)[often]).all()


@pytest.mark.parametrize("name", NAMES)
def test_a_sum_of_rewards_is_that_of_gymnasium_shifted_and_scaled(name):
    found = read(name)
    assert 0.0 <= found.rewards.min() <= found.rewards.max() <= 1.0
    low, high = {"FrozenLake-v1": (0, 1), "Taxi-v4": (-10, 20)}.get(name, (-100, 0))
    assert (found.shift, found.scale) == (low, high - low)
    assert within(found, 9) * found.scale + 9 * found.shift == pytest.approx(
        found.start @ best_policy(found.model, paid(found), 9)[0][0], abs=1e-12
    )


@pytest.mark.parametrize("name", NAMES)
def test_one_life_that_begins_anew_after_every_end(name):
    """Ends lead to first states; the best policy has no gaps, and on the cliff pays 13 times -1 in 14 steps."""
    found = read(name, "restart")
    environment = AverageMDP(component(name, "restart"), horizon=3000)
    environment.reset(seed=3)
    known = environment.instance()
    for _ in range(500):
        environment.transition(environment.clairvoyant("gain"))
    assert not environment.metrics(np.array([500]))["minus_gaps"].any()
    over = np.flatnonzero((read(name).model.dense()[0][:, 0].diagonal() == 1.0) & (paid(found)[:, 0] == 0.0))
    ends = [s for s in over if found.model.row(s, 0)[0].tolist() == np.flatnonzero(found.start).tolist()]
    assert ends
    if name == "CliffWalking-v1":  # thirteen steps of -1, and one from the end to the start
        assert found.shift + found.scale * known.gain == pytest.approx(-13.0 / 14.0)
    if name == "FrozenLake-v1":
        assert known.communicating
    else:
        assert known.unreachable == {"Taxi-v4": 96}.get(name, 10)


def test_ends_that_stay_are_no_single_life():
    with pytest.raises(ValueError, match="must be weakly communicating: states 5 and 7 cannot reach each other"):
        AverageMDP(component("FrozenLake-v1"), horizon=3000)


@pytest.mark.parametrize("make", [EpisodicPSRL, lambda: UCBVI("bernstein", bonus_scale=1e-4)], ids=["psrl", "ucbvi"])
@pytest.mark.parametrize(("name", "n_stages"), [("FrozenLake-v1", None), ("CliffWalkingSlippery-v1", 60)])
def test_learners_of_ours_learn_in_what_is_read(make, name, n_stages):
    """Of what uniform play loses, they lose less than a quarter after 300 episodes."""
    environment, times = EpisodicMDP(component(name), n_stages, horizon=400), np.array([300, 400])
    lost = []
    for policy in (make(), UniformPolicy()):
        environment.reset(seed=2)
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, 400)
        lost.append(np.diff(environment.comparators(times)["optimal"] - environment.metrics(times)["value"])[0])
    assert lost[0] < 0.25 * lost[1]


class Both(gymnasium.Env):
    """A state that ends the episode when entered by action 0, and is passed through by action 1."""

    def __init__(self, P=None):
        self.P = P or {
            0: {0: [(1.0, 1, 2.0, True)], 1: [(0.5, 1, -1.0, False), (0.5, 0, 0.0, False), (0.0, 0, 99.0, True)]},
            1: {0: [(1.0, 0, 0.0, False)], 1: [(1.0, 0, 1.0, False)]},
        }
        self.initial_state_distrib = np.array([1.0, 0.0])
        self.observation_space = gymnasium.spaces.Discrete(2)
        self.action_space = gymnasium.spaces.Discrete(2)


@pytest.fixture
def both():
    gymnasium.register("test_toy_text/Both-v0", Both)
    yield "test_toy_text/Both-v0"
    del gymnasium.registry["test_toy_text/Both-v0"]


def test_a_state_that_is_an_end_for_some_has_a_twin(both):
    found = read(both)
    assert found.model.dense()[0, :, 0].tolist() == [[0, 0, 1], [1, 0, 0], [0, 0, 1]]
    assert found.model.dense()[0, :, 1].tolist() == [[0.5, 0.5, 0], [1, 0, 0], [0, 0, 1]]
    assert (found.shift, found.scale) == (-1.0, 3.0)
    assert paid(found) == pytest.approx(np.array([[2.0, -0.5], [0.0, 1.0], [0.0, 0.0]]))
    again = read(both, "restart")
    assert again.model.row(2, 1)[0].tolist() == [0]
    assert found.n_stages is None


def test_rows_of_different_lengths_are_refused(both):
    table = {0: {0: [(1.0, 0, 0.0, False)]}, 1: {0: [(1.0, 0, 0.0, False)], 1: [(1.0, 0, 0.0, False)]}}
    with pytest.raises(ValueError, match=r"must have the same actions in all states, got \[1, 2\]"):
        read(both, P=table)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"id": "FrozenLike-v1"}, "id must be that of an environment of gymnasium, and arguments what it takes, got"),
        (
            {"id": "FrozenLake-v1", "arguments": {"map": "8x8"}},
            "arguments what it takes, got 'FrozenLake-v1' and {'map'",
        ),
        (
            {"id": "FrozenLake-v1", "arguments": "8x8"},
            "arguments must be a mapping of names to values, or absent, got '8x8'",
        ),
        (
            {"id": "Blackjack-v1"},
            "id must be that of an environment which exposes P and initial_state_distrib, such as",
        ),
        ({"id": "Taxi-v4", "arguments": {"fickle_passenger": True}}, "fickle_passenger must be false, got true"),
        ({"id": "Taxi-v4", "ends": "stop"}, "ends must be one of absorb, restart, got 'stop'"),
    ],
)
def test_what_is_refused(parameters, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        tables_of({"name": "gymnasium", "parameters": parameters})


def test_rain_is_in_the_table_of_the_taxi():
    dry, wet = read("Taxi-v4"), read("Taxi-v4", is_rainy=True)
    assert dry.model.support == 1
    assert wet.model.support == 3
    assert discounted(wet, 0.99)[314] < discounted(dry, 0.99)[314]
