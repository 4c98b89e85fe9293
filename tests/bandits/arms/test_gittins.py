"""Gittins indices and the Bayes-optimal play against their definitions."""

import functools
import itertools
import pickle

import numpy as np
import pytest
from arms_runs import TEN, sequence
from scipy.optimize import brentq

from bandits import BanditProblem, BayesOptimal, DiscountedGittins, FHGittins
from bandits.arms.gittins import gittins_index
from bandits.checks import check_policy
from environments import BernoulliArms

ROOM = np.zeros(700), np.zeros(700)


def index(a, b, h, discount=1.0, tail=0.0):
    return gittins_index(float(a), float(b), h, discount, tail, *ROOM)


def by_definition(a, b, h):
    """The largest E[sum of rewards] / E[plays] over all stopping times of 1..h plays: sets of (successes, plays)."""
    states = [(s, n) for n in range(1, h) for s in range(n + 1)]
    best = 0.0
    for going_on in itertools.product((False, True), repeat=len(states)):
        goes = {(0, 0)} | {state for state, on in zip(states, going_on, strict=True) if on}
        reach, rewards, plays = {(0, 0): 1.0}, 0.0, 0.0
        for n in range(h):
            for s in range(n + 1):
                chance = reach.get((s, n), 0.0) * ((s, n) in goes)
                p = (a + s) / (a + b + n)
                rewards, plays = rewards + chance * p, plays + chance
                reach[s + 1, n + 1] = reach.get((s + 1, n + 1), 0.0) + chance * p
                reach[s, n + 1] = reach.get((s, n + 1), 0.0) + chance * (1.0 - p)
        best = max(best, rewards / plays)
    return best


def by_root(a, b, h, discount=1.0, tail=0.0):
    """The price at which a first play is worth nothing."""

    def worth(price):
        @functools.cache
        def play(s, n):
            p = (a + s) / (a + b + n)
            return p - price + discount * (p * best(s + 1, n + 1) + (1.0 - p) * best(s, n + 1))

        def best(s, n):
            return max(0.0, tail * ((a + s) / (a + b + n) - price) if n == h else play(s, n))

        return play(0, 0)

    return brentq(worth, a / (a + b) - 1e-9, 1.0, xtol=1e-14)


@pytest.mark.parametrize(("a", "b"), [(1, 1), (2, 1), (1, 3), (0.5, 2.5)])
def test_the_index_is_that_of_the_definition(a, b):
    for h in (1, 2, 3, 4):
        assert index(a, b, h) == pytest.approx(by_definition(a, b, h), abs=1e-12)
    assert index(a, b, 25) == pytest.approx(by_root(a, b, 25), abs=1e-12)
    assert index(a, b, 40, 0.9, 10.0) == pytest.approx(by_root(a, b, 40, 0.9, 10.0), abs=1e-12)


def test_known_values():
    ahead = {1: 1 / 2, 2: 5 / 9, 3: 13 / 22, 4: 0.616, 5: 0.63571429, 10: 0.69807377, 50: 0.82619664, 100: 0.86845666}
    assert [index(1, 1, h) for h in ahead] == pytest.approx(list(ahead.values()), abs=6e-9)
    found = [index(2, 1, 10), index(1, 2, 10), index(5, 3, 10)]
    assert found == pytest.approx([0.7947219, 0.49439248, 0.69519651], abs=6e-9)
    found = [index(a, b, 600, 0.9, 10.0) for a, b in ((1, 1), (2, 1), (1, 2))]
    assert found == pytest.approx([0.702889, 0.800056, 0.500129], abs=6e-7)


def test_plays_looked_ahead_of_a_discounted_arm_matter_to_13_digits():
    policy = DiscountedGittins(0.9)
    policy.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
    plays = policy._own[3]
    assert plays < 400
    assert index(3, 2, plays, 0.9, 10.0) == pytest.approx(index(3, 2, 600, 0.9, 10.0), abs=1e-13)
    policy = DiscountedGittins(0.999)
    policy.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
    assert policy._own[3] == 600


def test_the_index_rises_with_successes_and_with_time_and_falls_with_failures():
    for a, b, h in itertools.product((0.7, 1.0, 4.0), (0.7, 1.0, 4.0), (1, 6, 30)):
        here = index(a, b, h)
        assert a / (a + b) <= here <= 1.0
        assert index(a + 1, b, h) > here > index(a, b + 1, h)
        assert index(a, b, h + 1) > here


def decisions(rewards, score):
    """The actions of the rule that plays the largest ``score(successes, failures, rounds left)`` on a table."""
    played, n_arms = "", rewards.shape[1]
    wins, losses = [0] * n_arms, [0] * n_arms
    for t, row in enumerate(rewards):
        scores = np.array([score(s, f, len(rewards) - t) for s, f in zip(wins, losses, strict=True)])
        arm = int(np.argmax(scores >= scores.max() - 1e-12))
        (wins if row[arm] else losses)[arm] += 1
        played += str(arm)
    return played


def test_the_lazy_rule_plays_what_working_out_every_index_plays():
    for seed in range(2):
        rewards = (np.random.default_rng(seed).random((50, 4)) < (0.3, 0.5, 0.55, 0.6)).astype(float)
        assert sequence(FHGittins(), rewards) == decisions(rewards, lambda s, f, h: index(1 + s, 1 + f, h))
        assert sequence(FHGittins(2.0, 0.5), rewards) == decisions(rewards, lambda s, f, h: index(2 + s, 0.5 + f, h))
        known = decisions(rewards, lambda s, f, h: index(1 + s, 1 + f, 600, 0.95, 20.0))
        assert sequence(DiscountedGittins(0.95), rewards) == known


def test_the_range_of_rewards_decides_nothing():
    rewards = (np.random.default_rng(5).random((40, 2)) < (0.4, 0.6)).astype(float)
    for policy in (FHGittins(), DiscountedGittins(), BayesOptimal()):
        assert sequence(policy, rewards) == sequence(policy, 3.0 * rewards - 2.0, -2.0, 1.0)


def test_with_one_round_left_the_index_is_the_posterior_mean():
    rewards = (np.random.default_rng(6).random((30, 3)) < (0.4, 0.6, 0.5)).astype(float)
    greedy = decisions(rewards, lambda s, f, h: (1 + s) / (2 + s + f))
    assert sequence(FHGittins(horizon=1), rewards) == greedy


def value(horizon, arm_of):
    """Expected reward of a rule on two arms with uniform priors; None for the best one."""

    @functools.cache
    def best(s, f, r, g):
        h = horizon - s - f - r - g
        if h == 0:
            return 0.0
        p, q = (1 + s) / (2 + s + f), (1 + r) / (2 + r + g)
        arms = (
            lambda: p * (1.0 + best(s + 1, f, r, g)) + (1.0 - p) * best(s, f + 1, r, g),
            lambda: q * (1.0 + best(s, f, r + 1, g)) + (1.0 - q) * best(s, f, r, g + 1),
        )
        return max(arm() for arm in arms) if arm_of is None else arms[arm_of(s, f, r, g, h)]()

    return best(0, 0, 0, 0)


def by_index(s, f, r, g, h):
    return int(index(1 + r, 1 + g, h) > index(1 + s, 1 + f, h) + 1e-12)


@pytest.mark.parametrize(
    ("horizon", "optimum", "of_the_index"),
    [
        (2, 1.08333333, 1.08333333),
        (3, 1.66666667, 1.66666667),
        (5, 2.88888889, 2.88888889),
        (10, 6.02178571, 6.02152116),
        (20, 12.43126491, 12.42939836),
    ],
)
def test_bayesian_values(horizon, optimum, of_the_index):
    best, near = value(horizon, None), value(horizon, by_index)
    assert (best, near) == pytest.approx((optimum, of_the_index), abs=6e-9)
    assert near <= best + 1e-12

    policy = BayesOptimal()
    policy.reset(BanditProblem(n_actions=2, horizon=horizon), np.random.default_rng(0))

    def by_policy(s, f, r, g, h):
        policy._rows[:, 1:3] = [(s + f, s), (r + g, r)]
        policy._t = horizon - h + 1
        return policy.choose(None)

    if horizon <= 10:
        assert value(horizon, by_policy) == pytest.approx(optimum, abs=6e-9)


@pytest.mark.parametrize("policy", [FHGittins(horizon=50), DiscountedGittins(), BayesOptimal(horizon=20)])
def test_contract(policy):
    def make():
        return pickle.loads(pickle.dumps(policy))

    check_policy(make, lambda: BernoulliArms("beta", horizon=60, n_arms=2))


def test_another_run_is_not_the_first_one_remembered():
    policy, rng = FHGittins(), np.random.default_rng(0)
    rewards = (np.random.default_rng(8).random((30, 2)) < (0.2, 0.8)).astype(float)
    first = sequence(policy, rewards)
    assert sequence(policy, 1.0 - rewards) != first
    assert sequence(policy, rewards) == first
    policy.reset(BanditProblem(n_actions=10, horizon=20), rng)
    assert policy.choose(None) == 0


@pytest.mark.parametrize(
    ("policy", "problem", "text"),
    [
        (FHGittins(), {"horizon": 401}, "FHGittins needs a horizon of at most 400, got 401; DiscountedGittins"),
        (FHGittins(), {}, "FHGittins needs a horizon: the problem has horizon=None .* DiscountedGittins needs none"),
        (BayesOptimal(), {"horizon": 41}, "at most 40, got 41; FHGittins takes more"),
        (BayesOptimal(), {"horizon": 9, "n_actions": 3}, "at most 2 arms, got 3; FHGittins takes more"),
        (BayesOptimal(), {}, "BayesOptimal needs a horizon"),
        (DiscountedGittins(), {"high": np.inf}, "finite range, got \\[0.0, inf\\]; .* declared noise"),
        (DiscountedGittins(), {"binary": False}, "rewards that are 0 or 1, got a problem with binary=False"),
    ],
)
def test_problems_that_are_refused(policy, problem, text):
    with pytest.raises(ValueError, match=text):
        policy.reset(BanditProblem(**{"n_actions": 2, **problem}), np.random.default_rng(0))


@pytest.mark.parametrize("policy", [FHGittins(), DiscountedGittins(), BayesOptimal()])
def test_a_reward_inside_the_range_is_refused_and_changes_nothing(policy):
    policy.reset(BanditProblem(n_actions=2, horizon=5), np.random.default_rng(0))
    policy.update(None, 0, 1.0)
    before = pickle.dumps(policy)
    with pytest.raises(
        ValueError, match=rf"{type(policy).__name__} needs rewards that are 0 or 1, got 0.5; BetaThompson"
    ):
        policy.update(None, 0, 0.5)
    assert pickle.dumps(policy) == before


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: DiscountedGittins(1.0), "gamma must be a finite number in \\(0, 1\\), got 1"),
        (lambda: DiscountedGittins(alpha=0.0), "alpha must be .*, got 0"),
        (lambda: FHGittins(beta=-1.0), "beta must be .*, got -1"),
        (lambda: FHGittins(horizon=0), "horizon must be a whole number >= 1, got 0"),
        (lambda: BayesOptimal(horizon=2.5), "horizon must be a whole number >= 1, got 2.5"),
    ],
)
def test_parameters_that_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_indices_beat_uniform_play_by_far():
    environment = BernoulliArms(TEN.tolist(), horizon=200)
    found = []
    for seed in range(40):
        environment.begin(environment.draw(np.random.default_rng(seed)))
        policy = FHGittins()
        policy.reset(environment.problem, np.random.default_rng(seed))
        policy.advance(environment, 200)
        found.append(float(environment.metrics(np.array([200]))["expected_reward"][0]))
    assert np.mean(found) > 200 * 0.5 + 50
