"""Regret of the stochastic policies: published or independent numbers, uniform play, growth, extremes."""

import math

import numpy as np
import pytest

from bandits import (
    KLUCB,
    MOSS,
    UCB1,
    UCBV,
    AnytimeMOSS,
    BanditProblem,
    BetaThompson,
    DiscountedUCB,
    EpsilonGreedy,
    ExploreThenCommit,
    GaussianThompson,
    SlidingWindowUCB,
    SuccessiveElimination,
)
from bandits.arms.problem import Block
from bandits.arms.theory import ArmsInstance
from environments import BernoulliArms

TEN = [0.1 + 0.8 * i / 9 for i in range(10)]
ALL = [
    UCB1,
    UCBV,
    MOSS,
    AnytimeMOSS,
    KLUCB,
    DiscountedUCB,
    SlidingWindowUCB,
    ExploreThenCommit,
    EpsilonGreedy,
    SuccessiveElimination,
    BetaThompson,
    GaussianThompson,
]


def regrets(policy, means, times, replicates, seed=0):
    """Pseudo-regrets [replicates, times]."""
    environment = BernoulliArms(means, times[-1])
    curves = np.empty((replicates, len(times)))
    for i in range(replicates):
        environment.begin(environment.draw(np.random.default_rng([seed, i, 0])))
        policy.reset(environment.problem, np.random.default_rng([seed, i, 1]))
        policy.advance(environment, times[-1])
        curves[i] = np.array(times) * max(means) - environment.metrics(np.array(times))["expected_reward"]
    return curves


def mean_and_error(curves):
    return curves.mean(axis=0), curves.std(axis=0, ddof=1) / math.sqrt(len(curves))


@pytest.mark.parametrize(("policy", "value", "tolerance"), [(UCB1(), 375.26, 0.1), (BetaThompson(), 47.62, 0.2)])
def test_mean_regret_on_ten_arms(policy, value, tolerance):
    mean, error = mean_and_error(regrets(policy, TEN, [10_000], 2000))
    assert abs(mean[0] - value) < 4 * error[0] + tolerance


UNIFORM = 0.4 * 10_000  # mean gap times rounds
SHARES = {
    UCB1: 0.12,
    UCBV: 0.16,
    MOSS: 0.035,
    AnytimeMOSS: 0.035,
    KLUCB: 0.035,
    DiscountedUCB: 0.6,
    SlidingWindowUCB: 0.3,
    ExploreThenCommit: 0.16,
    EpsilonGreedy: 0.1,
    SuccessiveElimination: 0.4,
    BetaThompson: 0.02,
    GaussianThompson: 0.03,
}


@pytest.mark.parametrize("policy", ALL)
def test_regret_is_a_stated_share_of_uniform_play_and_under_the_bounds(policy):
    learner, times = policy(), [1, 10, 100, 1000, 10_000]
    mean, error = mean_and_error(regrets(learner, TEN, times, 100))
    assert mean[-1] + 4 * error[-1] < SHARES[policy] * UNIFORM
    environment = BernoulliArms(TEN, 10_000)
    uppers = [b for b in learner.regret_bounds(environment.problem, environment.instance()) if b.kind == "upper"]
    assert uppers or policy is GaussianThompson
    for bound in uppers:
        if bound.holds:
            assert np.all(mean <= bound.curve(np.array(times, dtype=float)) + 4 * error), bound.name


INFORMATIVE = [
    UCB1(),
    UCBV(),
    MOSS(),
    KLUCB(),
    DiscountedUCB(0.9995),
    SlidingWindowUCB(2000),
    ExploreThenCommit(),
    EpsilonGreedy(6.0, 0.8),
    SuccessiveElimination(),
]


@pytest.mark.parametrize("policy", INFORMATIVE)
def test_bounds_say_something_and_hold_with_a_wide_gap(policy):
    times = [2, 30, 1000, 30_000]
    mean, error = mean_and_error(regrets(policy, [0.1, 0.9], times, 40))
    environment = BernoulliArms([0.1, 0.9], 30_000)
    bound = policy.regret_bounds(environment.problem, environment.instance())[0]
    curve = bound.curve(np.array(times, dtype=float))
    assert bound.holds
    assert np.all(mean <= curve + 4 * error)
    assert curve[-1] < 0.6 * 0.4 * 30_000  # 0.6 of uniform play


@pytest.mark.parametrize("policy", [UCB1(), KLUCB(), UCBV(), BetaThompson(), GaussianThompson(), AnytimeMOSS()])
def test_regret_grows_like_the_logarithm(policy):
    mean, _ = mean_and_error(regrets(policy, [0.3, 0.5, 0.7], [1000, 10_000, 100_000], 60))
    assert (mean[2] - mean[1]) / (mean[1] - mean[0]) < 2.0  # 1 for ln t, sqrt(10) for the square root


def exponent(policy, gap_of_horizon):
    """Fitted growth of the regret at the horizon, on the two-armed instance that is hardest for that horizon."""
    horizons, ends = [2000, 8000, 32_000, 128_000], []
    for horizon in horizons:
        gap = gap_of_horizon(horizon)
        ends.append(regrets(policy, [0.5 - gap / 2, 0.5 + gap / 2], [horizon], 600)[:, 0].mean())
    return np.polyfit(np.log(horizons), np.log(ends), 1)[0]


def test_moss_has_the_minimax_exponent():
    assert abs(exponent(MOSS(), lambda t: 3.0 / math.sqrt(t)) - 1 / 2) < 0.06


def test_explore_then_commit_has_exponent_two_thirds():
    assert abs(exponent(ExploreThenCommit(), lambda t: t ** (-1 / 3)) - 2 / 3) < 0.06


@pytest.mark.parametrize("policy", [DiscountedUCB(), SlidingWindowUCB()])
def test_forgetting_follows_a_change(policy):
    rounds, rng = 20_000, np.random.default_rng(1)
    levels = np.tile([0.9, 0.5], (rounds, 1))
    levels[rounds // 2 :, 0] = 0.1
    noise, lost = -rng.random(rounds), {}
    problem = BanditProblem(n_actions=2, horizon=rounds)
    for learner in (policy, UCB1()):
        actions = np.empty(rounds, dtype=np.int64)
        learner.reset(problem, rng)
        learner.play(Block(levels, 1, noise, True), actions)
        lost[learner] = np.mean(actions[rounds // 2 :] == 0)
    assert lost[policy] < 0.25 < 0.4 < lost[learner]


def test_beta_thompson_obeys_the_bayesian_bound():
    rng, arms, rounds, total = np.random.default_rng(2), 5, 1000, []
    for i in range(300):
        total.append(regrets(BetaThompson(), rng.random(arms).tolist(), [rounds], 1, seed=i)[0, 0])
    (bound, _) = BetaThompson().regret_bounds(
        BanditProblem(n_actions=arms, horizon=rounds), ArmsInstance(means=np.full(arms, 0.1))
    )
    assert np.mean(total) < bound.curve(np.array([float(rounds)]))[0]


@pytest.mark.parametrize("policy", ALL)
@pytest.mark.parametrize(
    "means", [[0.0, 1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.5], [0.0], [1.0], [1e-12, 1 - 1e-12]], ids=str
)
@pytest.mark.parametrize("horizon", [1, 2, 700])
def test_extreme_instances(policy, means, horizon):
    environment = BernoulliArms(means, horizon)
    for learner in (policy(), policy()):
        with np.errstate(all="raise"):
            (curve,) = regrets(learner, means, [horizon], 1)
        assert 0.0 <= curve[0] <= horizon + 1e-9
        for value in vars(learner).values():
            if isinstance(value, np.ndarray) and policy is not MOSS and policy is not GaussianThompson:
                assert np.all(np.isfinite(value))
    times = np.unique(np.geomspace(1, horizon, 40).round())
    for bound in policy().regret_bounds(environment.problem, environment.instance()):
        values = bound.curve(times)
        assert values.shape == times.shape
        assert np.all(np.isfinite(values))
        assert np.all(values >= 0)
        assert np.all(np.diff(values) >= 0)
