"""Policies that work out few indices decide bit for bit as loops that work out the index of every arm in every round.

Ties are those of ``scan.py``: the lowest arm within ``TIE`` of the largest index.
"""

import math
import pickle

import numpy as np
import pytest
from blocks import block

from bandits import BanditProblem
from bandits.arms.anytime_kl_ucb_switch import AnytimeKLUCBSwitch
from bandits.arms.bayes_ucb import BayesUCB, beta_quantile
from bandits.arms.divergence import entropy, upper
from bandits.arms.kl_ucb_h import KLUCBH
from bandits.arms.kl_ucb_plus import KLUCBPlus
from bandits.arms.kl_ucb_pp import KLUCBPP
from bandits.arms.kl_ucb_switch import KLUCBSwitch
from bandits.arms.ucb_horizon import UCBHorizon
from bandits.kernels import inlined, kernel


@inlined
def index_of(rule, t, n, total, n_arms, horizon, a):
    """The index by a rule of an arm with n plays and that sum of rewards."""
    m = total / n
    if rule == 0:
        return m + math.sqrt(a * math.log(horizon) / n)
    p = min(max(m, 0.0), 1.0)
    if rule == 4:
        return upper(p, entropy(p), max(0.0, math.log(t) + a * math.log(math.log(t)) - math.log(n)) / n)
    if rule == 5:
        return beta_quantile(1.0 + p * n, 1.0 + (n - p * n), 1.0 / (t * a))
    if rule == 6:
        log = max(0.0, math.log(t / n_arms) - math.log(n))
        level = (log + math.log1p(log * log)) / n
        few = n <= math.floor((t / n_arms) ** 0.2 + 1e-9)
        return upper(p, entropy(p), level) if few else p + math.sqrt(level / 2.0)
    y = horizon / (n_arms * n)
    log = math.log(max(1.0, y))
    if rule == 1:
        return upper(p, entropy(p), math.log(horizon) / n)
    if rule == 2:
        return upper(p, entropy(p), (log + math.log1p(log * log)) / n)
    return upper(p, entropy(p), log / n) if n <= a else p + math.sqrt(log / (2.0 * n))


@kernel
def in_full(rule, rewards, given, chosen, horizon, a):
    """Fill in the choices [n_rounds]; in some rounds another arm is given, and played instead."""
    n_arms = rewards.shape[1]
    counts, sums, indices = np.zeros(n_arms), np.zeros(n_arms), np.empty(n_arms)
    for t in range(1, rewards.shape[0] + 1):
        best, arm = -math.inf, 0
        for i in range(n_arms):
            indices[i] = math.inf
            if counts[i] > 0.0:
                indices[i] = index_of(rule, t, counts[i], sums[i], n_arms, horizon, a)
            best = max(best, indices[i])
        while not indices[arm] >= best - 1e-12:
            arm += 1
        chosen[t - 1] = arm
        arm = given[t - 1] if given[t - 1] >= 0 else arm
        counts[arm] += 1.0
        sums[arm] += rewards[t - 1, arm]


def fifth_root(horizon, n_arms):
    """The floor of the fifth root of the rounds an arm, by whole numbers."""
    n = 0
    while (n + 1) ** 5 * n_arms <= horizon:
        n += 1
    return float(n)


RULES = {
    UCBHorizon: lambda policy, rounds, n_arms: (0, policy.alpha),
    KLUCBH: lambda policy, rounds, n_arms: (1, 0.0),
    KLUCBPP: lambda policy, rounds, n_arms: (2, 0.0),
    KLUCBSwitch: lambda policy, rounds, n_arms: (3, fifth_root(rounds, n_arms)),
    KLUCBPlus: lambda policy, rounds, n_arms: (4, policy.c),
    BayesUCB: lambda policy, rounds, n_arms: (5, max(1.0, math.log(rounds)) ** policy.c),
    AnytimeKLUCBSwitch: lambda policy, rounds, n_arms: (6, 0.0),
}
POLICIES = [
    *[UCBHorizon(), UCBHorizon(0.3), KLUCBH(), KLUCBPP(), KLUCBSwitch()],
    *[KLUCBPlus(), KLUCBPlus(1.5), BayesUCB(), BayesUCB(c=5.0), AnytimeKLUCBSwitch()],
]


def choices(policy, rewards, given):
    rounds, n_arms = rewards.shape
    chosen = np.empty(rounds, dtype=np.int64)
    rule, a = RULES[type(policy)](policy, rounds, n_arms)
    in_full(rule, rewards, given, chosen, float(rounds), float(a))
    return chosen


def bernoulli(rng, rounds, means):
    return (rng.random((rounds, len(means))) < means).astype(float)


def instances(rng):
    """Rewards in [0, 1], by name."""
    yield "equal means", bernoulli(rng, 3000, np.full(7, 0.5))
    yield "two means", bernoulli(rng, 20_000, np.array([0.48, 0.5]))
    yield "means 0 and 1", bernoulli(rng, 1000, np.array([0.0, 1.0, 0.0, 1.0, 1.0, 0.0]))
    yield "all 0", np.zeros((1000, 7))
    yield "all 1", np.ones((1000, 7))
    yield "all a third", np.full((1000, 11), 1.0 / 3.0)
    yield "spread", bernoulli(rng, 4000, np.linspace(0.1, 0.9, 60))
    yield "huge gaps", bernoulli(rng, 3000, np.array([1e-6, 1.0 - 1e-6, 0.5, 1e-9]))
    yield "one arm", bernoulli(rng, 300, np.array([0.3]))
    yield "more arms than rounds", bernoulli(rng, 40, np.full(100, 0.5))
    yield "near 1", 1.0 - 10.0 ** rng.uniform(-12, 0, (2000, 40))
    yield "near 0", 10.0 ** rng.uniform(-12, 0, (2000, 13))
    yield "beta", rng.beta(2.0, 1.0, (2000, 30))
    yield "halves", rng.integers(0, 3, (2000, 8)) / 2.0
    yield "many equal", bernoulli(rng, 1500, np.full(300, 0.2))
    yield "outside the range", rng.uniform(-0.5, 1.5, (2000, 12)) + rng.choice([-0.5, 0.0, 0.5], 12)
    yield "nearly equal", 0.5 + 1e-15 * rng.integers(-3, 4, (2000, 9))
    yield "equal up to the tie", 0.5 + 4e-13 * rng.integers(-3, 4, (2000, 9))


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_every_decision_is_that_of_the_plain_rule(policy):
    for name, rewards in instances(np.random.default_rng(1)):
        rounds, n_arms = rewards.shape
        chosen, actions = choices(policy, rewards, np.full(rounds, -1)), np.empty(rounds, dtype=np.int64)
        policy.reset(BanditProblem(n_actions=n_arms, horizon=rounds), np.random.default_rng(0))
        policy.play(block(rewards, 1, np.zeros(rounds), False), actions)
        assert np.array_equal(actions, chosen), f"{name}: first in round {np.argmax(actions != chosen)}"


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@pytest.mark.parametrize("seed", range(4))
def test_with_foreign_updates_cuts_and_pickles(policy, seed):
    rng = np.random.default_rng([3, seed])
    n_arms, rounds, t = int(rng.choice([1, 2, 5, 40])), 1200, 0
    rewards = bernoulli(rng, rounds, rng.random(n_arms))
    given = np.where(rng.random(rounds) < 0.03, rng.integers(n_arms, size=rounds), -1)
    given[: n_arms // 2] = np.arange(n_arms)[::-1][: n_arms // 2]
    chosen = choices(policy, rewards, given)
    policy.reset(BanditProblem(n_actions=n_arms, horizon=rounds), np.random.default_rng(0))
    while t < rounds:
        policy, stop = pickle.loads(pickle.dumps(policy)), min(rounds, t + int(rng.integers(1, 80)))
        if np.all(given[t:stop] < 0):
            actions = np.empty(stop - t, dtype=np.int64)
            policy.play(block(rewards[t:stop], 1, np.zeros(stop - t), False), actions)
            assert np.array_equal(actions, chosen[t:stop]), t
        else:
            for s in range(t, stop):
                assert policy.choose(None) == chosen[s], s
                arm = int(chosen[s] if given[s] < 0 else given[s])
                policy.update(None, arm, float(rewards[s, arm]))
        t = stop
