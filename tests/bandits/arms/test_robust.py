"""Policies for heavy tails: their decisions, their theorem, and what they refuse."""

import math
import pickle

import numpy as np
import pytest
from blocks import block
from scipy.optimize import brentq

from bandits import BanditProblem
from bandits.arms.catoni_ucb import CatoniUCB
from bandits.arms.kept import nothing, with_room
from bandits.arms.mom_ucb import MoMUCB
from bandits.arms.truncated_ucb import TruncatedUCB
from environments import GaussianArms, ParetoArms, StudentArms

MEANS = [0.0, 0.5, 1.0]


def unbounded(n_arms, horizon, noise=None):
    return BanditProblem(n_actions=n_arms, horizon=horizon, low=-math.inf, high=math.inf, noise=noise)


def truncated(x, u, eps, log):
    limits = (u * np.arange(1, len(x) + 1) / log) ** (1 / (1 + eps))
    width = 4 * u ** (1 / (1 + eps)) * (log / len(x)) ** (eps / (1 + eps))
    return np.where(np.abs(x) <= limits, x, 0.0).mean(), width


def median_of_means(x, v, eps, log):
    n = len(x)
    if n < 2:
        return 0.0, math.inf
    k = min(math.floor(8 * (log + 0.125)), n // 2)
    means = x[: k * (n // k)].reshape(k, -1).mean(axis=1)
    return np.median(means), (12 * v) ** (1 / (1 + eps)) * (16 * (log + 0.125) / n) ** (eps / (1 + eps))


def catoni(x, v, eps, log):
    n = len(x)
    if n < 4 * log:
        return 0.0, math.inf
    a = math.sqrt(2 * log / (n * (v + 2 * v * log / (n - 2 * log))))

    def influence(m):
        y = a * (x - m)
        return np.sum(np.sign(y) * np.log1p(np.abs(y) + y**2 / 2))

    return brentq(influence, x.min() - 1, x.max() + 1, xtol=1e-13), 2 * math.sqrt(v * log / n)


def slow(estimate, rewards, moment, eps):
    """Actions on rewards [n_rounds, n_arms], each index worked out anew from all rewards of its arm."""
    seen, actions = [np.empty(0) for _ in rewards[0]], []
    indices = np.full(len(seen), math.inf)
    for row in rewards:
        arm = int(np.argmax(indices))
        actions.append(arm)
        seen[arm] = np.append(seen[arm], row[arm])
        indices[arm] = sum(estimate(seen[arm], moment, eps, 2 * math.log(len(rewards))))
    return actions


@pytest.mark.parametrize(
    ("policy", "estimate", "moment", "eps", "horizon"),
    [
        (TruncatedUCB(2.0), truncated, 2.0, 1.0, 1500),
        (TruncatedUCB(0.4, 0.4), truncated, 0.4, 0.4, 1500),
        (MoMUCB(0.05), median_of_means, 0.05, 1.0, 2500),
        (MoMUCB(0.7, 0.6), median_of_means, 0.7, 0.6, 400),
        (CatoniUCB(3.0), catoni, 3.0, 1.0, 700),
    ],
)
def test_decisions_are_those_of_the_formula(policy, estimate, moment, eps, horizon):
    """Stepwise in the first half, compiled and pickled in the second."""
    rng = np.random.default_rng(7)
    rewards = np.array(MEANS) + rng.standard_t(2.5, (horizon, 3))
    policy.reset(unbounded(3, horizon), rng)
    found, half = [], horizon // 2
    for row in rewards[:half]:
        found.append(policy.choose(None))
        policy.update(None, found[-1], float(row[found[-1]]))
    policy, rest = pickle.loads(pickle.dumps(policy)), np.empty(horizon - half, dtype=np.int64)
    policy.play(block(rewards[half:].copy(), 1, np.zeros(len(rest)), False), rest)
    assert [*found, *rest.tolist()] == slow(estimate, rewards, moment, eps)
    assert np.count_nonzero(np.diff([*found, *rest])) > 20, "the run decides nothing"


def estimates(policy, rewards):
    """An arm's estimate after each of its rewards [n], by its index less the width."""
    problem = unbounded(1, len(rewards))
    policy.reset(problem, np.random.default_rng(0))
    factor, power, least = policy.law_of_width(problem)
    found = []
    for n, reward in enumerate(rewards, 1):
        policy.update(None, policy.choose(None), float(reward))
        if n >= least:
            found.append(policy._rows[0, 0] - factor * n**-power)
    assert found
    return np.array(found)


POLICIES = [TruncatedUCB(2.0), MoMUCB(1.0), CatoniUCB(1.0)]


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_estimates_change_sign_with_the_rewards(policy):
    rewards = np.random.default_rng(2).standard_t(3, 400)
    assert np.allclose(estimates(policy, -rewards), -estimates(policy, rewards), rtol=0.0, atol=1e-8)


def test_estimates_move_with_the_rewards_but_for_truncation():
    rewards = np.random.default_rng(3).standard_t(3, 400)
    moved = {type(p): np.abs(estimates(p, rewards + 50.0) - estimates(p, rewards) - 50.0).max() for p in POLICIES}
    assert moved[MoMUCB] < 1e-10
    assert moved[CatoniUCB] < 1e-7
    assert moved[TruncatedUCB] > 10.0


def test_one_reward_beyond_measure_moves_a_median_and_the_root_a_little_and_a_truncated_mean_not_at_all():
    rewards = np.random.default_rng(4).standard_normal(600)
    spoiled = np.where(np.arange(600) == 50, 1e300, rewards)
    assert np.abs(estimates(MoMUCB(1.0), spoiled)[-1]) < 0.5
    assert np.abs(estimates(CatoniUCB(1.0), spoiled)[-1]) < 10.0
    assert estimates(TruncatedUCB(2.0), spoiled)[-1] == estimates(TruncatedUCB(2.0), rewards * (spoiled < 1e9))[-1]


def test_a_median_of_an_even_number_is_that_of_the_two_in_the_middle():
    assert estimates(MoMUCB(1.0), [1.0, 3.0, 8.0, 6.0, 9.0])[[0, 1, 2, 3]] == pytest.approx([2.0, 4.0, 4.5, 4.5])


def test_rewards_are_kept_in_order_with_room_behind():
    kept, counts, written = nothing(3), np.zeros(3), [[], [], []]
    rng = np.random.default_rng(5)
    for x in range(200):
        arm = int(rng.integers(3)) if x < 100 else 1
        kept = with_room(kept, counts, 1)
        kept.rewards[kept.starts[arm] + int(counts[arm])] = x
        counts[arm] += 1
        written[arm].append(x)
    for arm in range(3):
        start = kept.starts[arm]
        assert kept.rewards[start : start + len(written[arm])].tolist() == written[arm]
    assert len(kept.rewards) <= 2 * 200 + 3


@pytest.mark.parametrize("policy", [MoMUCB(1.0), CatoniUCB(1.0)], ids=repr)
def test_there_is_no_more_room_for_many_arms_than_for_few(policy):
    policy.reset(unbounded(20_000, 500), np.random.default_rng(0))
    policy.play(block(np.zeros((1, 20_000)), 0, np.zeros(500), False), np.empty(500, dtype=np.int64))
    assert policy._kept.rewards.size <= 2**21


def bound(policy, environment):
    environment.reset(seed=0)
    (found,) = policy.regret_bounds(environment.problem, environment.instance())
    return found


@pytest.mark.parametrize(
    ("policy", "horizon", "value"),
    [
        (TruncatedUCB(2.0), 10_000, 7078.5),
        (MoMUCB(1.0), 10_000, 42_735),
        (CatoniUCB(1.0), 10_000, 889),
        (CatoniUCB(1.0), 2_000, 735),
    ],
)
def test_the_theorem(policy, horizon, value):
    found = bound(policy, StudentArms(3.0, MEANS, horizon=horizon))
    assert found.curve(np.array([1.0, horizon])) == pytest.approx([value, value], abs=0.6)
    assert (found.time, found.evidence, found.holds) == ("at the horizon", "recalled", True)


@pytest.mark.parametrize(
    ("policy", "environment", "holds"),
    [
        (TruncatedUCB(1.9), StudentArms(3.0, MEANS), False),  # the raw moment of the best arm is 2
        (MoMUCB(0.9), StudentArms(3.0, MEANS), False),
        (CatoniUCB(1.0), ParetoArms(2.5, MEANS), True),
        (CatoniUCB(9.0), ParetoArms(1.9, MEANS, None, 1.0), False),
        (MoMUCB(50.0, 0.5), ParetoArms(1.9, MEANS, None, 1.0), True),
        (MoMUCB(), GaussianArms(MEANS, 0.5), True),
    ],
)
def test_the_theorem_asks_whether_the_moment_covers(policy, environment, holds):
    assert bound(policy, environment).holds == holds


def test_a_bound_beyond_all_numbers_is_none():
    environment = StudentArms(3.0, MEANS, horizon=100)
    environment.reset(seed=0)
    assert bound(TruncatedUCB(2.0, 0.02), environment).curve(np.array([100.0])) > 1e70
    for policy in (TruncatedUCB(2.0, 1e-3), MoMUCB(2.0, 1e-9)):
        assert policy.regret_bounds(environment.problem, environment.instance()) == ()


def test_a_moment_that_is_not_given_is_what_the_problem_leaves_possible():
    wide = BanditProblem(n_actions=2, horizon=9, low=-3.0, high=1.0)
    assert TruncatedUCB().known_moment(wide) == 9.0
    assert MoMUCB(eps=0.5).known_moment(wide) == pytest.approx(2.0**1.5)
    assert CatoniUCB().known_moment(unbounded(2, 9, 0.5)) == 0.25
    for policy, letter in ((TruncatedUCB(), "u"), (MoMUCB(), "v"), (CatoniUCB(), "v")):
        with pytest.raises(ValueError, match=f"needs {letter}, a bound on a moment.*give {letter}"):
            policy.reset(unbounded(2, 9), np.random.default_rng(0))
    with pytest.raises(ValueError, match="needs u"):
        TruncatedUCB().reset(unbounded(2, 9, 0.5), np.random.default_rng(0))


@pytest.mark.parametrize("kind", [TruncatedUCB, MoMUCB, CatoniUCB])
def test_bad_arguments(kind):
    letter = "u" if kind is TruncatedUCB else "v"
    with pytest.raises(ValueError, match=f"{letter} must be.*got 0"):
        kind(0.0)
    for eps in (0.0, 1.5) if kind is not CatoniUCB else (0.5,):
        with pytest.raises(ValueError, match=f"eps must be.*got {eps}"):
            kind(1.0, eps)
    with pytest.raises(ValueError, match=r"needs a horizon.*ucb1 needs none"):
        kind(1.0).reset(unbounded(2, None), np.random.default_rng(0))
