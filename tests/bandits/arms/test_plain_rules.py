"""KL-UCB, D-UCB and SW-UCB decide bit for bit as loops that work out the index of every arm in every round."""

import math
import pickle

import numpy as np
import pytest
from blocks import block

from bandits import KLUCB, BanditProblem, DiscountedUCB, SlidingWindowUCB
from bandits.arms.divergence import entropy, upper
from bandits.kernels import kernel


@kernel
def kl_ucb(rewards, given, chosen, a, b):
    """Fill in the choices [n_rounds]; in some rounds another arm is given, and played instead."""
    n_arms = rewards.shape[1]
    counts, sums = np.zeros(n_arms), np.zeros(n_arms)
    for t in range(1, rewards.shape[0] + 1):
        log = math.log1p(t * math.log(t) * math.log(t))
        best, arm = -math.inf, 0
        for i in range(n_arms):
            index = math.inf
            if counts[i] > 0.0:
                index = upper(sums[i] / counts[i], entropy(sums[i] / counts[i]), log / counts[i])
            if index > best:
                best, arm = index, i
        chosen[t - 1] = arm
        arm = given[t - 1] if given[t - 1] >= 0 else arm
        counts[arm] += 1.0
        sums[arm] += rewards[t - 1, arm]


@kernel
def discounted_ucb(rewards, given, chosen, scale, discount):
    n_arms = rewards.shape[1]
    counts, sums, means = np.zeros(n_arms), np.zeros(n_arms), np.zeros(n_arms)
    unit, others, log = 1.0, -1.0, 0.0
    growth = min(1.0 / discount, 2.0**900)
    for t in range(rewards.shape[0]):
        best, arm = -math.inf, 0
        for i in range(n_arms):
            index = math.inf
            if counts[i] > 0.0:
                index = means[i] + 1.0 / math.sqrt(counts[i]) * (scale * math.sqrt(log * unit))
            if index > best:
                best, arm = index, i
        chosen[t] = arm
        arm = given[t] if given[t] >= 0 else arm
        unit *= growth
        while unit > 1.0:
            unit *= 2.0**-64
            for i in range(n_arms):
                counts[i] *= 2.0**-64
                sums[i] *= 2.0**-64
                if 0.0 < counts[i] < 2.0**-900 * unit:
                    sums[i] *= 2.0**-900 * unit / counts[i]
                    counts[i] = 2.0**-900 * unit
        others = discount * (1.0 + others)
        log = max(log, math.log1p(others))
        counts[arm] += unit
        sums[arm] += unit * rewards[t, arm]
        means[arm] = sums[arm] / counts[arm]


@kernel
def sliding_window_ucb(rewards, given, chosen, scale, window):
    n_arms = rewards.shape[1]
    played, counts, means = np.zeros(rewards.shape[0], np.int64), np.zeros(n_arms), np.zeros(n_arms)
    for t in range(rewards.shape[0]):
        best, arm, root = -math.inf, 0, scale * math.sqrt(math.log(min(t + 1, window)))
        for i in range(n_arms):
            index = means[i] + 1.0 / math.sqrt(counts[i]) * root if counts[i] > 0.0 else math.inf
            if index > best:
                best, arm = index, i
        chosen[t] = arm
        played[t] = given[t] if given[t] >= 0 else arm
        first = max(t + 1 - int(window), 0)
        begin = max(t - t % int(window), first)  # rounds of the last turn of the ring
        for i in (played[t], played[first - 1] if first > 0 else played[t]):
            counts[i] = 0.0
            old, new = 0.0, 0.0
            for s in range(begin - 1, first - 1, -1):
                if played[s] == i:
                    counts[i] += 1.0
                    old += rewards[s, i]
            for s in range(begin, t + 1):
                if played[s] == i:
                    counts[i] += 1.0
                    new += rewards[s, i]
            if counts[i] > 0.0:
                means[i] = (old + new) / counts[i]


def of(policy, problem):
    """The loop for a policy, and its numbers."""
    if isinstance(policy, KLUCB):
        return kl_ucb, 0.0, 0.0
    scale = problem.width * math.sqrt(policy.exploration)
    if isinstance(policy, DiscountedUCB):
        return discounted_ucb, 2.0 * scale, policy.discount
    return sliding_window_ucb, scale, float(policy.window)


def choices(policy, problem, rewards, given):
    loop, a, b = of(policy, problem)
    chosen = np.empty(len(rewards), dtype=np.int64)
    loop(rewards, given, chosen, a, b)
    return chosen


def own(policy, problem, rewards):
    """Assert that a policy that plays on its own chooses as the loop does."""
    chosen = choices(policy, problem, rewards, np.full(len(rewards), -1))
    actions = np.empty(len(rewards), dtype=np.int64)
    policy.reset(problem, np.random.default_rng(0))
    policy.play(block(rewards, 1, np.zeros(len(rewards)), False), actions)
    assert np.array_equal(actions, chosen), f"first in round {np.argmax(actions != chosen)}"
    return actions


POLICIES = [
    KLUCB(),
    *[DiscountedUCB(gamma) for gamma in (1e-300, 1e-12, 0.5, 0.9, 0.999, 0.999999, 1.0 - 2.0**-53)],
    *[SlidingWindowUCB(window) for window in (1, 2, 7, 60, 10**5)],
]
FORGETFUL = POLICIES[1:]


def bernoulli(rng, rounds, means):
    return (rng.random((rounds, len(means))) < means).astype(float)


def instances(rng):
    """Rewards in [0, 1], by name."""
    yield "equal means", bernoulli(rng, 3000, np.full(7, 0.5))
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
    yield "many equal", bernoulli(rng, 3000, np.full(500, 0.2))
    yield "outside the range", rng.uniform(-0.5, 1.5, (2000, 12)) + rng.choice([-0.5, 0.0, 0.5], 12)
    yield "nearly equal", 0.5 + 1e-15 * rng.integers(-3, 4, (2000, 9))


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_every_decision_is_that_of_the_plain_rule(policy):
    for name, rewards in instances(np.random.default_rng(1)):
        problem = BanditProblem(n_actions=rewards.shape[1], horizon=len(rewards))
        try:
            own(policy, problem, rewards)
        except AssertionError as error:
            raise AssertionError(f"{name}: {error}") from None


@pytest.mark.parametrize("policy", FORGETFUL, ids=repr)
@pytest.mark.parametrize("noise", [1e-150, 1e-8, 1.0, 1e9, 1e140])
def test_gaussian_rewards_of_any_scale(policy, noise):
    rng = np.random.default_rng(2)
    for n_arms, scale, gap in ((1, 1.0, 0.0), (5, 1.0, 0.0), (23, 1.0, 0.3), (6, 1e6, 1.0), (6, 1e-6, 1e3)):
        rewards = noise * (scale * rng.standard_normal((1500, n_arms)) + gap * np.arange(n_arms))
        own(policy, BanditProblem(n_actions=n_arms, low=-math.inf, high=math.inf, noise=noise), rewards)


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
@pytest.mark.parametrize("seed", range(6))
def test_with_foreign_updates_cuts_and_pickles(policy, seed):
    rng = np.random.default_rng([3, seed])
    n_arms, rounds = int(rng.choice([1, 2, 3, 9, 40])), 1200
    gaussian = seed % 2 == 0 and not isinstance(policy, KLUCB)
    means = rng.random(n_arms)
    rewards = means + rng.standard_normal((rounds, n_arms)) if gaussian else bernoulli(rng, rounds, means)
    problem = BanditProblem(n_actions=n_arms, horizon=rounds)
    if gaussian:
        problem = BanditProblem(n_actions=n_arms, horizon=rounds, low=-math.inf, high=math.inf, noise=1.0)
    given, parts, t = np.full(rounds, -1), [], 0
    while t < rounds:
        parts.append((min(int(rng.integers(1, 80)), rounds - t), rng.choice(["play", "steps", "foreign", "one arm"])))
        part = slice(t, t + parts[-1][0])
        if parts[-1][1] in ("foreign", "one arm"):
            given[part] = rng.integers(n_arms, size=parts[-1][0] if parts[-1][1] == "foreign" else 1)
        t = part.stop
    chosen, t = choices(policy, problem, rewards, given), 0
    policy.reset(problem, np.random.default_rng(0))
    for length, kind in parts:
        policy = pickle.loads(pickle.dumps(policy))
        if kind == "play":
            actions = np.empty(length, dtype=np.int64)
            policy.play(block(rewards[t : t + length], 1, np.zeros(length), False), actions)
            assert np.array_equal(actions, chosen[t : t + length]), t
        else:
            for s in range(t, t + length):
                if kind != "foreign" or s % 3:
                    assert policy.choose(None) == chosen[s], s
                arm = int(given[s] if given[s] >= 0 else chosen[s])
                policy.update(None, arm, float(rewards[s, arm]))
        t += length


def test_ten_million_rounds_of_kl_ucb():
    problem = BanditProblem(n_actions=2, horizon=10**7)
    rewards = bernoulli(np.random.default_rng(4), 10**7, np.array([0.5, 0.499]))
    actions = own(KLUCB(), problem, rewards)
    assert 0 < np.count_nonzero(actions) < len(actions) / 2


@pytest.mark.parametrize("policy", [DiscountedUCB(0.999999), SlidingWindowUCB(1000), KLUCB()], ids=repr)
def test_a_thousand_arms(policy):
    rewards = bernoulli(np.random.default_rng(5), 20_000, np.linspace(0.1, 0.9, 1000))
    own(policy, BanditProblem(n_actions=1000, horizon=20_000), rewards)


def test_a_large_reward_leaves_nothing_behind_in_the_window():
    rewards = np.random.default_rng(6).standard_normal(300)
    problem = BanditProblem(n_actions=2, low=-math.inf, high=math.inf, noise=1.0)
    with_it, without = SlidingWindowUCB(20), SlidingWindowUCB(20)
    for policy in (with_it, without):
        policy.reset(problem, np.random.default_rng(0))
    for t, reward in enumerate(rewards):
        with_it.update(None, t % 2, 1e20 if t == 5 else float(reward))
        without.update(None, t % 2, float(reward))
        assert t < 26 or with_it.choose(None) == without.choose(None), t
