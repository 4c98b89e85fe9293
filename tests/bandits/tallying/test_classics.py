"""All policies that play them in tallying bandits, those for arms among them: no one beats the best sequence."""

import itertools

import numpy as np
import pytest

from bandits import UCB1, Exp3, Uniform
from bandits.arms import FAMILY as ARMS
from bandits.arms.problem import BanditProblem
from bandits.clairvoyant import Clairvoyant
from bandits.tallying.batched_exp3 import BatchedExp3
from bandits.tallying.problem import TallyingProblem
from bandits.tallying.repeated_exposure import RepeatedExposureElimination
from environments.checks import players
from environments.tallying.bandit import TallyingBandit
from environments.tallying.needle import Needle
from environments.tallying.secret_word import SecretWord


@pytest.mark.parametrize("seed", range(4))
def test_complete_policy_regret_is_never_negative(seed, regrets):
    rng = np.random.default_rng([5, seed])
    losses = [
        {"name": "bump", "parameters": {"a": float(a), "c": float(c), "b": float(b)}} for a, c, b in rng.random((3, 3))
    ]
    environment = TallyingBandit(losses, weights=rng.random((3, 4)).tolist(), noise="bernoulli", horizon=300)
    assert environment.regrets()[0].comparator == "best_sequence"
    for _, policy in players(environment):
        assert regrets(policy, environment, 1, seed=seed)[0] >= -1e-9, policy


@pytest.mark.parametrize("comparator", ["best_sequence", "constant"])
def test_comparators_as_players(comparator):
    losses = [{"name": "satiation", "parameters": {"c": 0.1, "e": 0.8}}, {"name": "constant", "parameters": {"c": 0.4}}]
    environment = TallyingBandit(losses, 4, horizon=200)
    policy = Clairvoyant(comparator)
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy.advance(environment, 200)
    times = np.arange(1, 201)
    assert environment.metrics(times)["expected_reward"][-1] == pytest.approx(
        environment.comparators(times)[comparator][-1]
    )


def test_lower_bound_of_the_needle(regrets):
    """Whoever plays by fixed luck is a deterministic policy, which the mean over all positions binds without error."""
    needles = [Needle(4, 5, x, horizon=200) for x in range(4)]
    for _, policy in players(needles[0]):
        assert np.mean([regrets(policy, needle, 1) for needle in needles]) >= 7.5, policy


@pytest.mark.parametrize("policy", [UCB1(), Exp3(), Uniform(), BatchedExp3()], ids=str)
def test_lower_bound_without_repeated_exposure_optimality(policy, regrets):
    """In the mean over all words of seven letters: (1 - t / 2^m) floor(t / m)."""
    words = list(itertools.product((0, 1), repeat=7))
    mean = np.mean([regrets(policy, SecretWord(word, horizon=63), 1, seed=i) for i, word in enumerate(words)])
    bound = SecretWord(words[0], horizon=63).lower_bounds()[0].curve(np.array([63.0]))[0]
    assert bound == pytest.approx((1 - 63 / 128) * 9)
    assert mean >= bound


def test_memory_blind_play_where_the_memory_is_long(regrets):
    """m = 200: short runs never see the good loss of the best action, runs of M = 200 do (reference: 5000, 580)."""
    losses = [
        {"name": "step", "parameters": {"a": 0.85, "b": 0.25, "theta": 200}},
        {"name": "constant", "parameters": {"c": 0.5}},
    ]
    environment = TallyingBandit(losses, 200, horizon=20_000)
    assert regrets(RepeatedExposureElimination(200), environment, 5).mean() == pytest.approx(580, abs=60)
    assert regrets(UCB1(), environment, 1)[0] > 4000


def test_where_the_baseline_wins(regrets):
    """When exposure helps from the first play, UCB1 pays about a third of SE-REO."""
    losses = [{"name": "practice", "parameters": {"a": 0.9, "b": b}} for b in (0.2, 0.35, 0.5, 0.6)]
    losses.append({"name": "constant", "parameters": {"c": 0.45}})
    environment = TallyingBandit(losses, 8, {"name": "exponential", "parameters": {"beta": 0.8}}, horizon=32_000)
    ucb1, ours = regrets(UCB1(), environment, 3), regrets(RepeatedExposureElimination(8), environment, 10)
    assert ucb1.mean() < 0.6 * ours.mean()


def test_permuting_actions_permutes_the_run(regrets):
    losses = [{"name": "practice", "parameters": {"a": 0.9, "b": b}} for b in (0.2, 0.37, 0.51)]
    order = [2, 0, 1]
    first = TallyingBandit(losses, 3, noise="none", horizon=20_000)
    second = TallyingBandit([losses[i] for i in order], 3, noise="none", horizon=20_000)
    costs = [regrets(RepeatedExposureElimination(4), environment, 1)[0] for environment in (first, second)]
    assert costs[0] == pytest.approx(costs[1], abs=3 * 3)
    last = [environment._window.plays[environment._window.plays[0]] for environment in (first, second)]
    assert last[0] == order[last[1]] == 0


def test_theorems_on_arms_do_not_speak_of_tallying_bandits():
    """Classical policies may play, as the problem is a bandit problem; its rewards depend on the plays all the same."""
    environment = TallyingBandit([{"name": "constant", "parameters": {"c": 0.5}}] * 2, 3, horizon=100)
    assert type(environment.problem) is TallyingProblem
    assert isinstance(environment.problem, BanditProblem)
    for name in ARMS.policies:
        for policy in ARMS.example_policies(name):
            assert list(policy.regret_bounds(environment.problem, environment.instance())) == [], policy
