"""Policies of the arms family in tallying bandits: they play round by round, and no one beats the best sequence."""

import itertools

import numpy as np
import pytest

from bandits import POLICIES, check_plays
from bandits.arms.problem import BanditProblem
from bandits.tallying.problem import TallyingProblem
from environments.tallying.bandit import TallyingBandit
from environments.tallying.needle import Needle
from environments.tallying.secret_word import SecretWord

NAMES = ["ucb1", "exp3", "epsilon_greedy", "uniform", "successive_elimination", "explore_then_commit"]
OURS = [("repeated_exposure_elimination", {"memory": 3}), ("batched_exp3", {}), ("burn_in_then_commit", {"memory": 3})]
POLICY = [(name, {}) for name in NAMES] + OURS


def regret(environment, name, parameters, seed=0):
    """Regret to the first comparator at the horizon."""
    policy = POLICIES.load(name)(**parameters)
    check_plays(policy, environment.problem)
    environment.begin(environment.draw(np.random.default_rng([seed, 1])))
    policy.reset(environment.problem, np.random.default_rng([seed, 2]))
    policy.advance(environment, environment.horizon)
    best = environment.comparators(np.array([environment.horizon]))[environment.regrets()[0].comparator][0]
    return best - environment.metrics(np.array([environment.horizon]))["expected_reward"][0]


@pytest.mark.parametrize(("name", "parameters"), POLICY)
@pytest.mark.parametrize("seed", range(4))
def test_complete_policy_regret_is_never_negative(name, parameters, seed):
    rng = np.random.default_rng([5, seed])
    losses = [
        {"name": "bump", "parameters": {"a": float(a), "c": float(c), "b": float(b)}} for a, c, b in rng.random((3, 3))
    ]
    environment = TallyingBandit(losses, weights=rng.random((3, 4)).tolist(), noise="bernoulli", horizon=300)
    assert environment.regrets()[0].comparator == "best_sequence"
    assert regret(environment, name, parameters, seed) >= -1e-9


@pytest.mark.parametrize("comparator", ["best_sequence", "constant"])
def test_comparators_as_players(comparator):
    losses = [{"name": "satiation", "parameters": {"c": 0.1, "e": 0.8}}, {"name": "constant", "parameters": {"c": 0.4}}]
    environment = TallyingBandit(losses, 4, horizon=200)
    policy = POLICIES.load("clairvoyant")(comparator)
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy.advance(environment, 200)
    times = np.arange(1, 201)
    assert environment.metrics(times)["expected_reward"][-1] == pytest.approx(
        environment.comparators(times)[comparator][-1]
    )


@pytest.mark.parametrize(("name", "parameters"), POLICY)
def test_lower_bound_of_the_needle(name, parameters):
    positions = [regret(Needle(4, 5, x, horizon=200), name, parameters) for x in range(4)]
    assert np.mean(positions) >= 7.5


@pytest.mark.parametrize("name", ["ucb1", "exp3", "uniform", "batched_exp3"])
def test_lower_bound_without_repeated_exposure_optimality(name):
    """In the mean over all words of seven letters: (1 - t / 2^m) floor(t / m)."""
    words = list(itertools.product((0, 1), repeat=7))
    regrets = [regret(SecretWord(word, horizon=63), name, {}, seed) for seed, word in enumerate(words)]
    bound = SecretWord(words[0], horizon=63).lower_bounds()[0].curve(np.array([63.0]))[0]
    assert bound == pytest.approx((1 - 63 / 128) * 9)
    assert np.mean(regrets) >= bound


def test_memory_blind_play_where_the_memory_is_long():
    """m = 200: short runs never see the good loss of the best action, runs of M = 200 do (reference: 5000, 580)."""
    losses = [
        {"name": "step", "parameters": {"a": 0.85, "b": 0.25, "theta": 200}},
        {"name": "constant", "parameters": {"c": 0.5}},
    ]
    environment = TallyingBandit(losses, 200, horizon=20_000)
    aware = np.mean([regret(environment, "repeated_exposure_elimination", {"memory": 200}, s) for s in range(5)])
    blind = regret(environment, "ucb1", {})
    assert aware == pytest.approx(580, abs=60)
    assert blind > 4000


def test_where_the_baseline_wins():
    """When exposure helps from the first play, UCB1 pays about a third of SE-REO."""
    losses = [{"name": "practice", "parameters": {"a": 0.9, "b": b}} for b in (0.2, 0.35, 0.5, 0.6)]
    losses.append({"name": "constant", "parameters": {"c": 0.45}})
    environment = TallyingBandit(losses, 8, {"name": "exponential", "parameters": {"beta": 0.8}}, horizon=32_000)
    ucb1 = np.mean([regret(environment, "ucb1", {}, s) for s in range(3)])
    ours = np.mean([regret(environment, "repeated_exposure_elimination", {"memory": 8}, s) for s in range(10)])
    assert ucb1 < 0.6 * ours


def test_permuting_actions_permutes_the_run():
    losses = [{"name": "practice", "parameters": {"a": 0.9, "b": b}} for b in (0.2, 0.37, 0.51)]
    order = [2, 0, 1]
    first = TallyingBandit(losses, 3, noise="none", horizon=20_000)
    second = TallyingBandit([losses[i] for i in order], 3, noise="none", horizon=20_000)
    costs = [regret(w, "repeated_exposure_elimination", {"memory": 4}) for w in (first, second)]
    assert costs[0] == pytest.approx(costs[1], abs=3 * 3)
    assert first._window._last == order[second._window._last] == 0


def test_theorems_on_arms_do_not_speak_of_tallying_bandits():
    """Classical policies may play, as the problem is a bandit problem; its rewards depend on the plays all the same."""
    environment = TallyingBandit([{"name": "constant", "parameters": {"c": 0.5}}] * 2, 3, horizon=100)
    assert type(environment.problem) is TallyingProblem
    assert isinstance(environment.problem, BanditProblem)
    for name in POLICIES:
        if isinstance(POLICIES.paths[name], str) and POLICIES.paths[name].startswith("bandits.arms."):
            policy = POLICIES.load(name)(**({"arm": 0} if name == "fixed_action" else {}))
            assert list(policy.regret_bounds(environment.problem, environment.instance())) == [], name
