"""MOTS, ExpTS, NPTS and multinomial Thompson sampling: the laws of their samples, and their rules."""

import math

import numpy as np
import pytest
from arms_runs import sequence, table
from scipy import stats
from scipy.optimize import brentq
from scipy.special import rel_entr

from bandits import MOTS, NPTS, BanditProblem, ExpTS, MultinomialTS
from bandits.arms import dirichlet, exp_ts, multinomial_ts, npts
from bandits.arms.scan import SCORE
from environments import BernoulliArms

SAMPLERS = [MOTS(), ExpTS(), ExpTS(plus=True), NPTS(), MultinomialTS(4)]


def told(policy, rewards, noise=None):
    """A policy that has seen these rewards, a list for each arm, the first of each at the start."""
    about = {} if noise is None else {"low": -math.inf, "high": math.inf, "noise": noise}
    policy.reset(BanditProblem(n_actions=len(rewards), horizon=1000, **about), np.random.default_rng(12))
    for arm, values in enumerate(rewards):
        for value in values:
            policy.update(None, arm, float(value))
    return policy


def samples(policy, n, arm=0):
    """Samples of an arm in rounds of which nothing is learned."""
    if isinstance(policy, ExpTS):
        luck = policy.luck(n)
        return np.array([exp_ts._sample(policy._rows, arm, policy._own, luck, s, -math.inf) for s in range(n)])
    found = np.empty(n)
    for k in range(n):
        policy.choose(None)
        found[k] = policy._rows[arm, SCORE]
    return found


def top(p, level):
    """The largest q with d(p, q) <= level."""
    end = 1.0 - 1e-15
    if p >= 1.0 or rel_entr(p, end) + rel_entr(1 - p, 1e-15) <= level:
        return 1.0
    return brentq(lambda q: rel_entr(p, q) + rel_entr(1 - p, 1 - q) - level, max(p, 1e-300), end, xtol=1e-15)


def as_written(policy, t, horizon, counts, sums, rng):
    """The scores [n_arms] of a round, as in the paper, with the same random numbers."""
    arms, mean = len(counts), sums / counts
    if isinstance(policy, MOTS):
        clip = np.maximum(0.0, np.log(horizon / (arms * counts)))
        sample = mean + 0.5 * rng.standard_normal(arms) / np.sqrt(policy.rho * counts)
        return np.minimum(sample, mean + 0.5 * np.sqrt(policy.alpha / counts * clip))
    uniforms, score = rng.random((arms, 2)), np.empty(arms)
    for i, (u, coin) in enumerate(uniforms):
        stay = 1 - 1 / arms if policy.plus else 0.0
        e = -math.log(1 - u) / max(counts[i] - 1, 1e-12)
        if coin < stay:
            score[i] = mean[i]
        else:
            score[i] = top(mean[i], e) if coin < (1 + stay) / 2 else 1 - top(1 - mean[i], e)
    return score


@pytest.mark.parametrize("policy", [MOTS(), MOTS(0.3, 1.0), ExpTS(), ExpTS(plus=True)])
@pytest.mark.parametrize("binary", [True, False])
def test_decisions_are_those_of_the_formula(policy, binary):
    draw, horizon, arms = np.random.default_rng(3), 300, 5
    rewards = draw.random((horizon, arms))
    if binary:
        rewards = (rewards < np.linspace(0.3, 0.8, arms)).astype(float)
    policy.reset(BanditProblem(n_actions=arms, horizon=horizon), np.random.default_rng(8))
    rng, counts, sums = np.random.default_rng(8), np.zeros(arms), np.zeros(arms)
    for t, row in enumerate(rewards, 1):
        scores = as_written(policy, t, horizon, np.maximum(counts, 1.0), sums, rng)
        arm = t - 1 if t <= arms else int(np.argmax(scores >= scores.max() - 1e-12))
        assert policy.choose(None) == arm
        if t % 5 == 0 and t > arms:
            arm = int(draw.integers(arms))
        policy.update(None, arm, float(row[arm]))
        counts[arm] += 1
        sums[arm] += row[arm]


def test_the_law_of_mots():
    """A Gaussian, what lies above the clip moved to it."""
    policy = told(MOTS(rho=0.5, alpha=0.3), [[0.2, 0.9, 0.5, 0.6], [0.4]])
    mean, deviation = 0.55, 0.5 / math.sqrt(0.5 * 4)
    clip = mean + 0.5 * math.sqrt(0.3 / 4 * math.log(1000 / 8))
    found, law = samples(policy, 20_000), stats.norm(mean, deviation)
    assert found.max() == pytest.approx(clip)
    share = law.sf(clip)
    assert abs(np.mean(found >= clip - 1e-12) - share) < 4 * math.sqrt(share / 20_000)
    assert stats.kstest(law.cdf(found[found < clip - 1e-12]) / law.cdf(clip), "uniform").pvalue > 1e-3


@pytest.mark.parametrize("plus", [False, True])
def test_the_law_of_exp_ts(plus):
    """Above the mean m the chance of more than x is half of exp(-(n - 1) d(m, x)), and likewise below."""
    rewards = [1, 1, 0, 1, 0.5]
    policy, m = told(ExpTS(plus), [rewards, [0.0, 0.0]]), 0.7
    found = samples(policy, 20_000)
    moved = found[found != found[0]] if plus and found[0] == pytest.approx(m) else found
    moved = moved[np.abs(moved - m) > 1e-12]
    assert len(moved) / len(found) == pytest.approx(0.5 if plus else 1.0, abs=0.015)
    tail = np.exp(-4 * (rel_entr(m, moved) + rel_entr(1 - m, 1 - moved))) / 2
    assert stats.kstest(np.where(moved > m, 1 - tail, tail), "uniform").pvalue > 1e-3


def test_the_law_of_exp_ts_on_gaussian_rewards():
    """With mean m and noise s: |sample - m|^2 (n - 1) / (2 s^2) is exponential, and the sign fair."""
    policy = told(ExpTS(), [[1.0, 3.0, 2.5], [-9.0]], noise=2.0)
    away = 4.0 * samples(policy, 10_000) - 6.5 / 3  # scores are in units of the width, twice the noise
    assert stats.kstest(away**2 * 2 / 8.0, "expon").pvalue > 1e-3
    assert abs(np.mean(away > 0) - 0.5) < 0.02


def test_one_play_says_nothing_to_exp_ts():
    found = samples(told(ExpTS(), [[0.3], [0.6]]), 2000, arm=1)
    assert set(found) == {0.0, 1.0}
    assert abs(found.mean() - 0.5) < 0.05


def test_what_exp_ts_passes_over_is_no_decision():
    """Against all samples of the same rounds, worked out."""
    rng = np.random.default_rng(2)
    rows, own = np.zeros((6, 3)), (0.0, 0.0)
    for _ in range(3000):
        rows[:, 1] = rng.integers(1, 30, 6)
        rows[:, 2] = np.round(rng.random(6) * rows[:, 1])
        luck = rng.random((1, 12))
        arm = exp_ts._pick(rows, 9, own, luck, 0)
        scores = np.array([exp_ts._sample(rows, i, own, luck, 0, -math.inf) for i in range(6)])
        assert arm == np.argmax(scores >= scores.max() - 1e-12)


def drawn(policy, n, arm=0):
    """Samples of an arm of NPTS or multinomial Thompson sampling."""
    if isinstance(policy, NPTS):
        return np.array([npts._sample(policy._rows, arm, policy._own, policy._rng) for _ in range(n)])
    rng, points, _ = policy._own
    return np.array([multinomial_ts._sample(policy._rows, arm, points, rng) for _ in range(n)])


@pytest.mark.parametrize(
    ("shapes", "values", "rest", "level"),
    [
        ([3.0, 5.0], [0.0, 1.0], [], 0.7),
        ([20.0, 4.0], [0.0, 1.0], [], 0.4),
        ([2.0, 1.0, 0.0, 3.0], [0.0, 1.0, 0.7, 0.25], [0.3, 0.31, 0.9], 0.55),
        ([0.0, 1.0], [0.0, 1.0], [0.1] * 30, 0.2),
    ],
    ids=["often", "rarely", "all kinds", "kept alone"],
)
def test_a_mean_above_a_level_has_its_law(shapes, values, rest, level):
    rng = np.random.default_rng(9)
    shapes, values, rest = np.array(shapes), np.array(values), np.array(rest)
    alpha, x = np.append(shapes, np.ones(rest.size)), np.append(values, rest)
    mean = alpha @ x / alpha.sum()
    waits, n = rng.standard_exponential(10_000), 10_000
    found = np.array([dirichlet.above(values, shapes, rest, mean, level, wait, rng) for wait in waits])
    sure = np.array([dirichlet.cannot_exceed(alpha.sum(), mean, level, wait) for wait in waits])
    assert np.all(found[sure] == -1.0)
    plain = rng.dirichlet(alpha[alpha > 0], 20 * n) @ x[alpha > 0]
    chance = np.mean(plain > level)
    assert 0.003 < chance < 0.5
    assert abs(np.mean(found > level) - chance) < 4.0 * math.sqrt(1.05 * chance / n)
    assert np.all((found == -1.0) | (found > level))
    assert stats.ks_2samp(found[found > level], plain[plain > level]).pvalue > 1e-3


REWARDS = {
    "0 and 1": [[1, 1, 0], [1, 0, 0, 1], [0, 0, 0], [1, 1, 1, 1, 1, 0, 0]],
    "all kinds": [[0.5, 0.5, 1.0], [0.0, 0.25, 0.25], [0.75] * 9, [0.0, 1.0, 1.0]],
    "kept": [np.linspace(0.2, 0.9, 100), np.linspace(0.1, 0.7, 80), [0.4, 0.5]],
    "outside": [[0.5, 1.5, 0.0], [0.2, 0.9], [1.0, -0.25, 1.0]],
}


@pytest.mark.parametrize("rewards", REWARDS.values(), ids=REWARDS)
@pytest.mark.parametrize("policy", [NPTS(), MultinomialTS(1), MultinomialTS(4)], ids=repr)
@pytest.mark.filterwarnings("ignore:.*outside the range")
def test_an_arm_is_played_as_often_as_its_sample_is_the_largest(policy, rewards):
    policy, n = told(policy, rewards), 4000
    arms = len(rewards)
    counts = np.bincount([policy.choose(None) for _ in range(n)], minlength=arms)
    plain = np.argmax([drawn(policy, n, arm) for arm in range(arms)], axis=0)
    table = np.array([counts, np.bincount(plain, minlength=arms)])
    assert stats.chi2_contingency(table[:, table.sum(axis=0) > 10]).pvalue > 1e-3


@pytest.mark.parametrize("successes", [1, 3, 9])
def test_npts_on_rewards_0_and_1(successes):
    found = drawn(told(NPTS(), [[1.0] * successes + [0.0] * 3, [0.0]]), 20_000)
    assert stats.kstest(found, stats.beta(successes + 1, 3).cdf).pvalue > 1e-3


def weighted(rewards, n, rng):
    """What NPTS samples, as written: uniform weights of all rewards and of 1."""
    weights = rng.dirichlet(np.ones(len(rewards) + 1), n)
    return weights @ np.append(rewards, 1.0)


@pytest.mark.parametrize(
    "rewards",
    [[0.3], [0.5, 0.5, 0.0, 0.2], np.round(np.random.default_rng(1).random(90), 1), np.linspace(0.0, 1.0, 150) ** 2],
    ids=["one", "few", "counted", "kept"],
)
def test_npts_weighs_all_rewards(rewards):
    policy = told(NPTS(), [rewards, [0.0]])
    assert (policy._rows[0, npts.OTHERS] > 0) == (len(set(rewards)) > 64)
    found = drawn(policy, 8000)
    assert stats.ks_2samp(found, weighted(rewards, 40_000, np.random.default_rng(5))).pvalue > 1e-3


def test_npts_holds_the_lowest_arm_until_it_fails():
    rewards = np.ones((40, 3))
    rewards[20, 0] = 0.0
    played = sequence(NPTS(), rewards)
    assert played[:21] == "012" + "0" * 18
    assert played[21] == "1"


def test_npts_keeps_nothing_where_rewards_repeat():
    policy = NPTS()
    policy.reset(BanditProblem(n_actions=2), np.random.default_rng(0))
    for k in range(3000):
        policy.update(None, k % 2, (k % 31) / 31)
    assert policy._own[1].size < 100
    for k in range(3000):
        policy.update(None, k % 2, (k % 997) / 1009 + 1e-3)
    assert 2800 < policy._rows[:, npts.OTHERS].sum() < 3000 < policy._own[1].size < 4 * 3000


@pytest.mark.parametrize("levels", [1, 4])
def test_multinomial_thompson_sampling_draws_from_the_posterior(levels):
    policy = told(MultinomialTS(levels), [[0.0, 1.0, 1.0, 0.5, 0.25, 0.25], [0.0]])
    parameters = policy._rows[0, -levels - 1 :]
    if levels == 4:
        assert parameters.tolist() == [2.0, 3.0, 2.0, 1.0, 3.0]
    means = np.random.default_rng(3).dirichlet(parameters, 40_000) @ (np.arange(levels + 1) / levels)
    assert stats.ks_2samp(drawn(policy, 10_000), means).pvalue > 1e-3


@pytest.mark.parametrize("reward", [0.0, 0.1, 0.55, 0.75, 0.97, 1.0])
def test_rewards_are_rounded_to_the_next_points_with_their_mean(reward):
    policy = told(MultinomialTS(4), [[reward] * 4000])
    seen = policy._rows[0, -5:] - 1
    assert seen.sum() == 4000
    assert np.all(seen[np.abs(np.arange(5) / 4 - reward) >= 0.25] == 0)
    assert abs(seen @ (np.arange(5) / 4) / 4000 - reward) < 4 * 0.125 / math.sqrt(4000)


@pytest.mark.parametrize("policy", SAMPLERS, ids=repr)
def test_the_range_of_rewards_decides_nothing(policy):
    rewards = np.random.default_rng(5).random((200, 4))
    for given in (table(), rewards, np.round(rewards * 4) / 4):
        assert sequence(policy, given) == sequence(policy, 0.1 + 0.7 * given, 0.1, 0.1 + 0.7)
    assert sequence(policy, rewards[:, :1]) == "0" * 200


def test_exp_ts_on_gaussian_rewards_finds_the_best_arm():
    """Against the rate of Lai and Robbins for the noise, and uniform play."""
    noise, means = 0.5, np.array([0.0, 0.5, 1.0])
    about = {"low": -math.inf, "high": math.inf, "noise": noise}
    policy, rng, regret = ExpTS(), np.random.default_rng(4), []
    for seed in range(20):
        policy.reset(BanditProblem(n_actions=3, horizon=1000, **about), np.random.default_rng(seed))
        arms = []
        for _ in range(1000):
            arms.append(policy.choose(None))
            policy.update(None, arms[-1], float(rng.normal(means[arms[-1]], noise)))
        regret.append(np.sum(1.0 - means[arms]))
    rate = 2 * noise**2 * (1 / 0.5 + 1 / 1.0) * math.log(1000)
    assert 0.3 * rate < np.mean(regret) < 4 * rate < 0.1 * 500


@pytest.mark.parametrize(
    ("make", "wrong", "what"),
    [
        (MOTS, {"rho": 0.0}, r"rho must be a finite number in \(0, 1\), got 0.0"),
        (MOTS, {"rho": 1.0}, r"rho must be a finite number in \(0, 1\), got 1.0"),
        (MOTS, {"alpha": -1.0}, r"alpha must be a finite number in \(0, inf\), got -1.0"),
        (MOTS, {"horizon": 0}, "horizon must be a whole number >= 1, got 0"),
        (ExpTS, {"plus": 1}, "plus must be true or false, got 1"),
        (MultinomialTS, {"levels": 0}, "levels must be a whole number >= 1, got 0"),
    ],
)
def test_arguments_are_checked(make, wrong, what):
    with pytest.raises(ValueError, match=what):
        make(**wrong)


def test_problems_are_checked():
    unbounded = BanditProblem(n_actions=2, horizon=10, low=-math.inf, high=math.inf)
    for policy in SAMPLERS:
        with pytest.raises(ValueError, match="noise"):
            policy.reset(unbounded, np.random.default_rng(0))
    silent = BanditProblem(n_actions=2, horizon=10, low=-math.inf, high=math.inf, noise=0.0)
    with pytest.raises(ValueError, match="ExpTS needs noise > 0"):
        ExpTS().reset(silent, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"MOTS needs a horizon: .*gaussian_thompson needs none"):
        MOTS().reset(BanditProblem(n_actions=2), np.random.default_rng(0))
    with pytest.raises(ValueError, match="levels must be lower"):
        MultinomialTS(10**9).reset(BanditProblem(n_actions=2), np.random.default_rng(0))


def test_orders_of_regret():
    environment = BernoulliArms([0.2, 0.5, 0.9], 1000)
    about = environment.problem, environment.instance()
    (bound,) = MOTS().regret_bounds(*about)
    assert (bound.kind, bound.evidence, bound.holds) == ("order", "convention", True)
    assert bound.curve(np.array([1000.0])) == pytest.approx(math.sqrt(3000))
    assert not MOTS(rho=0.5).regret_bounds(*about)[0].holds
    assert not MOTS(alpha=3.9).regret_bounds(*about)[0].holds
    divergences = [rel_entr(m, 0.9) + rel_entr(1 - m, 0.1) for m in (0.2, 0.5)]
    rate = 0.7 / divergences[0] + 0.4 / divergences[1]
    for policy in (ExpTS(), NPTS(), MultinomialTS(1)):
        (bound,) = policy.regret_bounds(*about)
        assert (bound.kind, bound.time, bound.holds) == ("order", "asymptotic", True)
        assert bound.curve(np.array([1000.0])) == pytest.approx(rate * math.log(1000))
