"""Information-directed sampling against a slow reference that follows the paper."""

import pickle

import numpy as np
import pytest
from scipy.special import rel_entr

from bandits import IDS, BanditProblem
from bandits.arms.ids import law
from bandits.checks import check_policy
from environments import BernoulliArms


def weights(a, b, points):
    """The grid, mass and midpoint cdf of Beta posteriors, and the law of the best arm and its mean."""
    k, x = len(a), (np.arange(points) + 0.5) / points
    logs = np.log(x)[:, None] * (a - 1.0) + np.log1p(-x)[:, None] * (b - 1.0)
    f = np.exp(logs - logs.max(axis=0))
    f /= f.sum(axis=0)
    F = np.cumsum(f, axis=0) - f / 2.0
    w = np.stack([f[:, i] * np.prod(np.delete(F, i, axis=1), axis=1) for i in range(k)], axis=1)
    return x, f, F, w / w.sum()


def slow(a, b, points):
    """alpha, means given the best arm, D, g, and the smallest ratio with its law, of Beta posteriors on a grid."""
    k, (x, f, F, w) = len(a), weights(a, b, points)
    below = (np.cumsum(x[:, None] * f, axis=0) - x[:, None] * f / 2.0) / F
    alpha, means = w.sum(axis=0), x @ f
    given = np.array([[np.sum(w[:, i] * (x if i == j else below[:, j])) for j in range(k)] for i in range(k)])
    given /= alpha[:, None]
    D = np.maximum(0.0, np.sum(w * x[:, None]) - means)
    d = rel_entr(given, means) + rel_entr(1.0 - given, 1.0 - means)
    g = alpha @ d
    best = (np.inf, None)
    for i in range(k):
        for j in range(i, k):
            q = np.linspace(0.0, 1.0, 2001)
            with np.errstate(divide="ignore", invalid="ignore"):
                ratios = (q * D[i] + (1 - q) * D[j]) ** 2 / (q * g[i] + (1 - q) * g[j])
            ratios = np.where(q * g[i] + (1 - q) * g[j] > 1e-15, ratios, np.inf)
            if ratios.min() < best[0]:
                best = (ratios.min(), (i, j, q[np.argmin(ratios)]))
    return alpha, given, means, D, g, best


def ready(k, points=300, plays=0, seed=0):
    """A policy that has seen rewards of Bernoulli arms."""
    rng = np.random.default_rng(seed)
    policy = IDS(grid=points)
    policy.reset(BanditProblem(n_actions=k), rng)
    means = rng.random(k)
    for _ in range(plays):
        arm = policy.choose(None)
        policy.update(None, arm, float(rng.random() < means[arm]))
    return policy


@pytest.mark.parametrize(
    ("k", "plays", "seed"), [(2, 0, 0), (3, 0, 0), (2, 7, 1), (3, 25, 2), (5, 60, 3), (10, 200, 4)]
)
def test_the_law_is_that_of_the_paper(k, plays, seed):
    policy = ready(k, 300, plays, seed)
    n, s = policy._rows[:, 1], policy._rows[:, 2]
    alpha, given, means, D, g, (ratio, _) = slow(1.0 + s, 1.0 + n - s, 300)
    i, j, q, found = law(policy._rows, policy._own)
    sums = policy._own[2]
    assert sums[0] == pytest.approx(alpha, abs=1e-10)
    assert sums[1] == pytest.approx(D, abs=1e-10)
    assert sums[2] == pytest.approx(g, abs=1e-10)
    likely = alpha > 1e-6
    assert sums[3:][likely] == pytest.approx(given[likely], abs=1e-7)
    assert sums[0].sum() == pytest.approx(1.0, abs=1e-12)
    assert alpha @ given == pytest.approx(means, abs=1e-3)
    assert ratio * (1.0 - 1e-4) - 1e-12 <= found <= ratio + 1e-12
    attained = (q * D[i] + (1 - q) * D[j]) ** 2 / (q * g[i] + (1 - q) * g[j]) if found > 0.0 else 0.0
    assert found == pytest.approx(attained, rel=1e-6, abs=1e-12)
    with np.errstate(divide="ignore", invalid="ignore"):
        single = np.where(g > 1e-15, D**2 / g, np.inf)
    assert found <= single.min() + 1e-12


@pytest.mark.parametrize(("k", "points", "prior"), [(200, 2, 1.0), (300, 3, 1.0), (90, 101, 1e8)])
def test_many_arms_may_share_few_points(k, points, prior):
    """All weights are tiny then, and equal for arms with one posterior."""
    policy = IDS(prior, prior, grid=points)
    policy.reset(BanditProblem(n_actions=k), np.random.default_rng(0))
    law(policy._rows, policy._own)
    assert policy._own[2][0] == pytest.approx(np.full(k, 1.0 / k), rel=1e-9)
    policy.update(None, 7, 1.0)
    law(policy._rows, policy._own)
    alpha, a, b = policy._own[2][0], np.full(k, prior), np.full(k, prior)
    a[7] += 1.0
    assert alpha == pytest.approx(weights(a, b, points)[3].sum(axis=0), rel=1e-6)


def test_equal_arms_are_told_apart_by_nothing_but_their_indices():
    i, j, q, _ = law(ready(4)._rows, ready(4)._own)
    assert (i, j, q) == (0, 0, 1.0)


def test_an_arm_that_is_surely_the_best_is_played():
    policy = ready(2)
    for _ in range(60):
        policy.update(None, 0, 0.0)
        policy.update(None, 1, 1.0)
    assert all(policy.choose(None) == 1 for _ in range(20))


@pytest.mark.parametrize("policy", [IDS(grid=50), IDS([2.0, 1.0, 3.0], 1.5, grid=50)])
def test_contract(policy):
    check_policy(lambda: pickle.loads(pickle.dumps(policy)), lambda: BernoulliArms("beta", horizon=60, n_arms=3))


def test_one_arm_is_played():
    assert ready(1, plays=5).choose(None) == 0


@pytest.mark.parametrize(
    ("policy", "problem", "text"),
    [
        (IDS(), {"n_actions": 1001}, "n_arms times grid of at most 1000000, got 1001 times 1000; lower grid"),
        (
            IDS([1.0, 2.0]),
            {"n_actions": 3},
            "alpha must be one number or a list of 3, one for each arm, got \\[1.0, 2.0\\]",
        ),
        (IDS(grid=2), {"n_actions": 3000}, "IDS needs more points for 3000 arms, got grid=2"),
        (IDS(), {"n_actions": 2, "binary": False}, "got a problem with binary=False"),
        (IDS(), {"n_actions": 2, "low": -np.inf}, "finite range"),
    ],
)
def test_problems_that_are_refused(policy, problem, text):
    with pytest.raises(ValueError, match=text):
        policy.reset(BanditProblem(**problem), np.random.default_rng(0))


def test_a_reward_inside_the_range_is_refused_and_changes_nothing():
    policy = ready(2, 20)
    before = pickle.dumps(policy)
    with pytest.raises(ValueError, match=r"IDS needs rewards that are 0 or 1, got 0\.25"):
        policy.update(None, 1, 0.25)
    assert pickle.dumps(policy) == before


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: IDS(0.0), "alpha must be .*, got 0"),
        (lambda: IDS(beta=[1.0, -2.0]), "beta\\[1\\] must be .*, got -2"),
        (lambda: IDS(grid=1), "grid must be a whole number >= 2, got 1"),
    ],
)
def test_parameters_that_are_refused(make, text):
    with pytest.raises(ValueError, match=text):
        make()
