"""Every stochastic policy, decision by decision, against its rule from the paper applied to the whole history.

Thompson sampling, whose rule is a law, is in ``test_thompson.py``.
"""

import math

import numpy as np
import pytest
from blocks import block
from scipy.optimize import brentq
from scipy.special import rel_entr

from bandits import (
    KLUCB,
    MOSS,
    UCB1,
    UCBV,
    AnytimeMOSS,
    BanditProblem,
    DiscountedUCB,
    EpsilonGreedy,
    ExploreThenCommit,
    SlidingWindowUCB,
    SuccessiveElimination,
)

ROUNDS = 400
BINARY = BanditProblem(n_actions=4, horizon=ROUNDS)
WIDE = BanditProblem(n_actions=3, horizon=ROUNDS, low=-1.0, high=3.0)
GAUSSIAN = BanditProblem(n_actions=3, horizon=ROUNDS, low=-math.inf, high=math.inf, noise=0.7)


def table(problem, seed):
    """Rewards [ROUNDS, n_arms] of all arms."""
    rng = np.random.default_rng([seed, 5])
    shape, slope = (ROUNDS, problem.n_actions), np.linspace(0.2, 0.6, problem.n_actions)
    if problem is BINARY:
        return (rng.random(shape) < slope).astype(float)
    if problem is WIDE:
        return problem.low + 4.0 * rng.beta(2.0 * slope, 2.0 - 2.0 * slope, shape)
    return slope + 0.7 * rng.standard_normal(shape)


def played(policy, problem, rewards, seed):
    actions = np.empty(ROUNDS, dtype=np.int64)
    policy.reset(problem, np.random.default_rng(seed))
    policy.play(block(rewards, 1, np.zeros(ROUNDS), False), actions)
    return actions


def best_of(indices):
    """Lowest arm whose index is the largest up to rounding."""
    indices = np.array(indices)
    return int(np.flatnonzero(indices >= np.max(indices) - 1e-10)[0])


def ucb1(t, x, problem):
    def index(r):
        return np.mean(r) + math.sqrt(2 * math.log(t) / len(r)) * problem.width if r else math.inf

    return [index(r) for r in x]


def ucb_v(t, x, problem):
    def index(r):
        if not r:
            return math.inf
        e, b = 1.2 * math.log(t), problem.high - problem.low
        return np.mean(r) + math.sqrt(2 * np.var(r) * e / len(r)) + 3 * b * e / len(r)

    return [index(r) for r in x]


def moss(t, x, problem):
    def index(r):
        if not r:
            return math.inf
        return np.mean(r) + problem.width * math.sqrt(max(0, math.log(ROUNDS / (len(x) * len(r)))) / len(r))

    return [index(r) for r in x]


def anytime_moss(t, x, problem):
    def index(r):
        if not r:
            return math.inf
        return np.mean(r) + problem.width * math.sqrt(2.35 / 2 * max(0, math.log(t / (len(x) * len(r)))) / len(r))

    return [index(r) for r in x]


def kl_ucb(t, x, problem):
    def index(r):
        if not r:
            return math.inf
        p, level = np.mean([(v - problem.low) / (problem.high - problem.low) for v in r]), math.log(f) / len(r)
        if p >= 1 - 1e-14:
            return 1.0

        def excess(q):
            return rel_entr(p, q) + rel_entr(1 - p, 1 - q) - level

        return brentq(excess, p, 1 - 1e-16, xtol=1e-15) if excess(1 - 1e-16) > 0 else 1.0

    f = 1 + t * math.log(t) ** 2
    return [index(r) for r in x]


RULES = [(UCB1(), ucb1), (MOSS(), moss), (AnytimeMOSS(), anytime_moss), (UCBV(), ucb_v), (KLUCB(), kl_ucb)]
CASES = [(*rule, p) for rule in RULES for p in (BINARY, WIDE)] + [(*rule, GAUSSIAN) for rule in RULES[:3]]


@pytest.mark.parametrize(("policy", "indices", "problem"), CASES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_index_policies_play_the_largest_index(policy, indices, problem, seed):
    rewards = table(problem, seed)
    history = [[] for _ in range(problem.n_actions)]
    for t, arm in enumerate(played(policy, problem, rewards, seed), start=1):
        assert arm == best_of(indices(t, history, problem)), t
        history[arm].append(rewards[t - 1, arm])


@pytest.mark.parametrize("problem", [BINARY, WIDE, GAUSSIAN], ids=["binary", "wide", "gaussian"])
@pytest.mark.parametrize("discount", [0.5, 0.9, 0.995])
def test_discounted_ucb(problem, discount):
    rewards, xi = table(problem, 3), 0.6
    actions = played(DiscountedUCB(discount), problem, rewards, 0)
    for t in range(ROUNDS):
        weight = discount ** np.arange(t - 1.0, -1.0, -1.0)
        past = actions[:t]
        n = [np.sum(weight[past == i]) for i in range(problem.n_actions)]
        if min(n) == 0:
            expected = int(np.argmin(n))
        else:
            x = [np.sum((weight * rewards[np.arange(t), past])[past == i]) / n[i] for i in range(problem.n_actions)]
            expected = best_of(
                [x[i] + 2 * problem.width * math.sqrt(xi * math.log(sum(n)) / n[i]) for i in range(len(n))]
            )
        assert actions[t] == expected, t


@pytest.mark.parametrize("problem", [BINARY, WIDE, GAUSSIAN], ids=["binary", "wide", "gaussian"])
@pytest.mark.parametrize("window", [1, 2, 17, 100, 10_000])
def test_sliding_window_ucb(problem, window):
    rewards, xi = table(problem, 4), 0.6
    actions = played(SlidingWindowUCB(window), problem, rewards, 0)
    for t in range(1, ROUNDS + 1):
        rounds = np.arange(max(0, t - 1 - window), t - 1)
        seen = [rewards[rounds, i][actions[rounds] == i] for i in range(problem.n_actions)]
        wide = problem.width * math.sqrt(xi * math.log(min(t, window)))
        assert actions[t - 1] == best_of(
            [np.mean(r) + wide / math.sqrt(len(r)) if len(r) else math.inf for r in seen]
        ), t


@pytest.mark.parametrize("problem", [BINARY, WIDE, GAUSSIAN], ids=["binary", "wide", "gaussian"])
@pytest.mark.parametrize("trials", [1, 7, 90, 1000])
def test_explore_then_commit(problem, trials):
    rewards, k = table(problem, 5), problem.n_actions
    actions = played(ExploreThenCommit(trials), problem, rewards, 0)
    explored = np.arange(min(ROUNDS, trials * k))
    assert np.array_equal(actions[explored], explored % k)
    if trials * k < ROUNDS:
        means = [np.mean(rewards[i : trials * k : k, i]) for i in range(k)]
        assert np.all(actions[trials * k :] == best_of(means))


@pytest.mark.parametrize("problem", [BINARY, WIDE, GAUSSIAN], ids=["binary", "wide", "gaussian"])
def test_epsilon_greedy(problem):
    rewards, k, c, d = table(problem, 6), problem.n_actions, 0.5, 0.25
    actions = played(EpsilonGreedy(c, d), problem, rewards, 11)
    uniforms = np.random.default_rng(11)
    history, explored = [[] for _ in range(k)], 0
    for t, arm in enumerate(actions, start=1):
        u, epsilon = uniforms.random(), min(1.0, c * k / (d**2 * t))
        if u < epsilon:
            explored += 1
            assert arm == math.floor(u / epsilon * k)
        else:
            assert arm == best_of([np.mean(r) if r else math.inf for r in history])
        history[arm].append(rewards[t - 1, arm])
    assert c * k / d**2 < explored < ROUNDS / 2


@pytest.mark.parametrize("problem", [BINARY, WIDE, GAUSSIAN], ids=["binary", "wide", "gaussian"])
def test_successive_elimination(problem):
    rewards, k, delta = 1.0 * table(problem, 7), problem.n_actions, 0.9
    rewards[:, 0] -= 0.3 * problem.width  # so that arms do drop out
    rewards[:, 1] += 0.1 * problem.width
    actions = played(SuccessiveElimination(delta), problem, rewards, 0)
    active, history, t, r = list(range(k)), [[] for _ in range(k)], 0, 0
    while t + len(active) <= ROUNDS:
        r += 1
        for i in active:
            assert actions[t] == i
            history[i].append(rewards[t, i])
            t += 1
        radius = problem.width * math.sqrt(math.log(4 * k * r * r / delta) / (2 * r))
        top = max(np.mean(history[i]) for i in active)
        active = [i for i in active if np.mean(history[i]) >= top - 2 * radius]
    assert len(active) < k


def test_every_policy_prefers_the_lowest_of_equal_arms():
    rewards = np.zeros((ROUNDS, 4))
    for policy, _ in RULES:
        actions = played(policy, BINARY, rewards, 0)
        assert np.array_equal(actions[:8], [0, 1, 2, 3] * 2), policy  # equal indices whenever the counts are equal
