"""Regret of the policies for arms: uniform play, growth, bounds, extremes."""

import math

import numpy as np
import pytest
from blocks import block

from bandits import (
    FTPL,
    KLUCB,
    MOSS,
    UCB1,
    UCBV,
    AnytimeMOSS,
    BanditProblem,
    BetaThompson,
    DiscountedUCB,
    EpsilonGreedy,
    Exp3,
    Exp3IX,
    ExploreThenCommit,
    GaussianThompson,
    Hedge,
    SlidingWindowUCB,
    SuccessiveElimination,
    TsallisINF,
)
from bandits.arms.theory import ArmsInstance
from environments import AdversarialArms, BernoulliArms

TEN = [0.1 + 0.8 * i / 9 for i in range(10)]


def mean_and_error(curves):
    return curves.mean(axis=0), curves.std(axis=0, ddof=1) / math.sqrt(len(curves))


UNIFORM = 0.4 * 10_000  # mean gap times rounds
STOCHASTIC = [
    (UCB1, 0.12),
    (UCBV, 0.16),
    (MOSS, 0.035),
    (AnytimeMOSS, 0.035),
    (KLUCB, 0.035),
    (DiscountedUCB, 0.6),
    (SlidingWindowUCB, 0.3),
    (ExploreThenCommit, 0.16),
    (EpsilonGreedy, 0.1),
    (SuccessiveElimination, 0.4),
    (BetaThompson, 0.02),
    (GaussianThompson, 0.03),
]
ADVERSARIAL = [  # the fixed steps 0.3 and 0.2 are large
    *((policy, 0.4) for policy in (Exp3(), Exp3(0.3))),
    *((policy, 0.35) for policy in (Exp3IX(), Exp3IX("anytime"), Exp3IX(0.2))),
    *((policy, 0.1) for policy in (Hedge(), Hedge("anytime"), Hedge(0.2), FTPL(), FTPL(0.2))),
    *((policy, 0.12) for policy in (TsallisINF(), TsallisINF(estimator="rv"))),
    (TsallisINF("theory"), 0.25),
    (TsallisINF("theory_opt"), 0.15),
    (TsallisINF(scale="running_mean"), 0.36),
    (TsallisINF(scale=2.0, on_exceed="clip"), 0.36),
    (TsallisINF("theory_opt", scale=3.0), 0.45),
]


def feedback_of(policy):
    return "full" if isinstance(policy, Hedge | FTPL) else "bandit"


def under_the_bounds(policy, environment, times, curves):
    """Whatever is handed out; whether all of them hold."""
    mean, error = mean_and_error(curves)
    bounds = [b for b in policy.regret_bounds(environment.problem, environment.instance()) if b.kind == "upper"]
    for bound in bounds:
        assert bound.comparator_class == "fixed"
        if bound.holds:
            at = slice(-1, None) if bound.time == "at the horizon" else slice(None)
            limit = bound.curve(np.array(times[at], dtype=float))
            assert np.all(mean[at] <= limit + 4 * error[at]), bound.name
    return [bound.holds for bound in bounds]


@pytest.mark.parametrize(("policy", "share"), STOCHASTIC)
def test_stochastic_policies(policy, share, regrets):
    """Regret a stated share of that of uniform play, and under the bounds."""
    times, environment = [1, 10, 100, 1000, 10_000], BernoulliArms(TEN, 10_000)
    curves = regrets(policy(), environment, 100, times)
    mean, error = mean_and_error(curves)
    assert mean[-1] + 4 * error[-1] < share * UNIFORM
    assert under_the_bounds(policy(), environment, times, curves) or policy is GaussianThompson


@pytest.mark.parametrize(("policy", "share"), ADVERSARIAL, ids=str)
def test_adversarial_policies(policy, share, regrets):
    """As well, and against rewards that change."""
    times, options = [1, 10, 100, 1000, 10_000], {"horizon": 10_000, "feedback": feedback_of(policy)}
    switching = {"name": "switching", "parameters": {"period": 1500}}
    for environment in (
        BernoulliArms(TEN, **options),
        AdversarialArms(switching, n_arms=5, **options),
        AdversarialArms("bursts", low=-1.0, high=1.0, n_arms=3, **options),
    ):
        curves = regrets(policy, environment, 60, times)
        if isinstance(environment, BernoulliArms):
            mean, error = mean_and_error(curves[:, -1])
            assert mean + 4 * error < share * UNIFORM
        hold = under_the_bounds(policy, environment, times, curves)
        assert hold
        assert set(hold) == {getattr(policy, "scale", None) != "running_mean"}


@pytest.mark.parametrize(
    "policy",
    [
        UCB1(),
        UCBV(),
        MOSS(),
        KLUCB(),
        DiscountedUCB(0.9995),
        SlidingWindowUCB(2000),
        ExploreThenCommit(),
        EpsilonGreedy(6.0, 0.8),
        SuccessiveElimination(),
    ],
    ids=str,
)
def test_bounds_say_something_and_hold_with_a_wide_gap(policy, regrets):
    times, environment = [2, 30, 1000, 30_000], BernoulliArms([0.1, 0.9], 30_000)
    mean, error = mean_and_error(regrets(policy, environment, 40, times))
    bound = policy.regret_bounds(environment.problem, environment.instance())[0]
    curve = bound.curve(np.array(times, dtype=float))
    assert bound.holds
    assert np.all(mean <= curve + 4 * error)
    assert curve[-1] < 0.6 * 0.4 * 30_000  # 0.6 of uniform play


@pytest.mark.parametrize(
    "policy",
    [UCB1(), KLUCB(), UCBV(), BetaThompson(), GaussianThompson(), AnytimeMOSS(), TsallisINF()],
    ids=str,
)
def test_regret_grows_like_the_logarithm(policy, regrets):
    curves = regrets(policy, BernoulliArms([0.3, 0.5, 0.7], 100_000), 60, [1000, 10_000, 100_000])
    early, late = np.diff(curves.mean(axis=0))
    assert late / early < 2.0  # 1 for ln t, sqrt(10) for the square root


def hard(factor, power):
    """The two arms that are hardest for a horizon."""
    return lambda t: BernoulliArms([0.5 - factor / t**power / 2, 0.5 + factor / t**power / 2], t)


def noise(feedback):
    return lambda t: AdversarialArms("uniform", n_arms=2, horizon=t, feedback=feedback)


@pytest.mark.parametrize(
    ("policy", "environment", "horizons", "runs", "power", "within"),
    [
        (MOSS(), hard(3.0, 1 / 2), 4, 600, 1 / 2, 0.06),
        (ExploreThenCommit(), hard(1.0, 1 / 3), 4, 600, 2 / 3, 0.06),
        (TsallisINF(), hard(2.0, 1 / 2), 3, 300, 1 / 2, 0.06),
        (Exp3(), noise("bandit"), 3, 300, 1 / 2, 0.1),
        (Exp3IX(), noise("bandit"), 3, 300, 1 / 2, 0.1),
        (Hedge(), noise("full"), 3, 300, 1 / 2, 0.1),
        (FTPL(), noise("full"), 3, 300, 1 / 2, 0.1),
    ],
    ids=lambda value: str(value) if hasattr(value, "plays") else "",
)
def test_regret_grows_like_a_power(policy, environment, horizons, runs, power, within, regrets):
    """At the horizon, of the horizon."""
    ends = [(t := 2000 * 4**i, regrets(policy, environment(t), runs).mean()) for i in range(horizons)]
    assert abs(np.polyfit(*np.log(ends).T, 1)[0] - power) < within


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
        learner.play(block(levels, 1, noise, True), actions)
        lost[learner] = np.mean(actions[rounds // 2 :] == 0)
    assert lost[policy] < 0.25 < 0.4 < lost[learner]


def test_beta_thompson_obeys_the_bayesian_bound(regrets):
    rng, arms, rounds, total = np.random.default_rng(2), 5, 1000, []
    for i in range(300):
        total += regrets(BetaThompson(), BernoulliArms(rng.random(arms).tolist(), rounds), 1, seed=i).tolist()
    (bound, _) = BetaThompson().regret_bounds(
        BanditProblem(n_actions=arms, horizon=rounds), ArmsInstance(means=np.full(arms, 0.1))
    )
    assert np.mean(total) < bound.curve(np.array([float(rounds)]))[0]


INFINITE = (MOSS, AnytimeMOSS, UCB1, UCBV, KLUCB, DiscountedUCB, SlidingWindowUCB, GaussianThompson)
"""Policies whose state has infinite indices of arms that were never played, or times of matches that stand for ever."""


@pytest.mark.parametrize("policy", [policy for policy, _ in STOCHASTIC])
@pytest.mark.parametrize(
    "means", [[0.0, 1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.5], [0.0], [1.0], [1e-12, 1 - 1e-12]], ids=str
)
@pytest.mark.parametrize("horizon", [1, 2, 700])
def test_extreme_instances(policy, means, horizon, regrets):
    environment, learner = BernoulliArms(means, horizon), policy()
    with np.errstate(all="raise"):
        (end,) = regrets(learner, environment, 1)
    assert 0.0 <= end <= horizon + 1e-9
    for value in vars(learner).values():
        if isinstance(value, np.ndarray):
            assert not np.any(np.isnan(value))
            assert policy in INFINITE or np.all(np.isfinite(value))
    times = np.unique(np.geomspace(1, horizon, 40).round())
    for bound in policy().regret_bounds(environment.problem, environment.instance()):
        values = bound.curve(times)
        assert values.shape == times.shape
        assert np.all(np.isfinite(values))
        assert np.all(values >= 0)
        assert np.all(np.diff(values) >= 0)


@pytest.mark.parametrize("policy", [policy for policy, _ in ADVERSARIAL], ids=str)
def test_one_arm_and_one_round(policy, regrets):
    for means, horizon in (([0.5], 1), ([0.5], 500), ([0.0], 500), ([0.2, 0.8], 1), ([1.0, 1.0], 500)):
        environment = BernoulliArms(means, horizon, feedback_of(policy))
        (end,) = regrets(policy, environment, 1)
        assert 0.0 <= end < 0.7
        for bound in policy.regret_bounds(environment.problem, environment.instance()):
            values = bound.curve(np.array([1.0, float(horizon)]))
            assert np.all(np.isfinite(values))
            assert np.all(values >= 0.0)
