"""KL-UCB and its relatives, UCB-H and Bayes-UCB: golden sequences, indices, theorems, bad input."""

import math
from dataclasses import replace

import numpy as np
import pytest
from arms_runs import sequence, table
from scipy.optimize import brentq
from scipy.special import betaincc, betainccinv, rel_entr
from scipy.stats import beta

from bandits import BanditProblem
from bandits.arms import kl_ucb_pp, kl_ucb_switch
from bandits.arms.anytime_kl_ucb_switch import AnytimeKLUCBSwitch
from bandits.arms.bayes_ucb import BayesUCB, beta_quantile
from bandits.arms.families import BERNOULLI
from bandits.arms.kinf import kinf
from bandits.arms.kl_ucb_h import KLUCBH
from bandits.arms.kl_ucb_plus import KLUCBPlus
from bandits.arms.kl_ucb_pp import KLUCBPP
from bandits.arms.kl_ucb_switch import KLUCBSwitch
from bandits.arms.scan import COUNT, MORE, SUM
from bandits.arms.tails import beta_tail
from bandits.arms.theory import ArmsInstance
from bandits.arms.ucb_horizon import UCBHorizon
from environments import BernoulliArms

GOLDEN = {
    UCBHorizon: "012120012121021201212200210210210222222122002001120120120122",
    KLUCBH: "012121220020011012222222222222012222222222222222222001101222",
    KLUCBPP: "012121220020011012222200112200112012012222001122001101121222",
    KLUCBSwitch: "012111222220011012222222210222112110122122222222222222222222",
    KLUCBPlus: "012121220020011012222222222222012222222222222222220122222222",
    BayesUCB: "012121222220001222222222222222222012222222222222222222222222",
}
POLICIES = [UCBHorizon(), KLUCBH(), KLUCBPP(), KLUCBSwitch(), KLUCBSwitch(empirical=True), KLUCBPlus(), BayesUCB()]


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_golden_sequence(policy):
    assert sequence(policy) == GOLDEN[type(policy)]


@pytest.mark.parametrize("policy", POLICIES, ids=repr)
def test_the_range_of_rewards_decides_nothing(policy):
    assert sequence(policy, 0.1 + 0.7 * table(), 0.1, 0.8) == GOLDEN[type(policy)]


@pytest.mark.parametrize("policy", [*POLICIES, AnytimeKLUCBSwitch()], ids=repr)
def test_the_order_of_arms_decides_nothing(policy):
    rewards, order = np.random.default_rng(5).random((4, 200)), np.array([2, 0, 3, 1])
    runs = []
    for rows in (rewards, rewards[order]):
        policy.reset(BanditProblem(n_actions=4, horizon=200), np.random.default_rng(0))
        plays, played = np.zeros(4, int), []
        for _ in range(200):
            played.append(policy.choose(None))
            policy.update(None, played[-1], float(rows[played[-1], plays[played[-1]]]))
            plays[played[-1]] += 1
        runs.append(played)
    assert [int(order[arm]) for arm in runs[1][4:]] == runs[0][4:]


def divergence(p, q):
    return rel_entr(p, q) + rel_entr(1 - p, 1 - q)


def up(p, level):
    """The largest mean within a divergence, by a root finder of its own."""
    top = 1 - 1e-16
    if divergence(p, top) <= level:
        return top
    return brentq(lambda q: divergence(p, q) - level, p, top, xtol=1e-15) if level > 0.0 else p


def ln(x):
    return max(0.0, math.log(x))


def plus(y):
    return ln(y * (1 + ln(y) ** 2))


ROUNDS, ARMS = 400, 4
INDICES = {
    UCBHorizon(0.5): lambda m, n, t: m + math.sqrt(0.5 * math.log(ROUNDS) / n),
    KLUCBH(): lambda m, n, t: up(m, math.log(ROUNDS) / n),
    KLUCBPP(): lambda m, n, t: up(m, plus(ROUNDS / (ARMS * n)) / n),
    KLUCBSwitch(): lambda m, n, t: (
        up(m, ln(ROUNDS / (ARMS * n)) / n) if n <= 2 else m + math.sqrt(ln(ROUNDS / (ARMS * n)) / (2 * n))
    ),
    KLUCBSwitch(1.0): lambda m, n, t: up(m, ln(ROUNDS / (ARMS * n)) / n),
    KLUCBPlus(2.0): lambda m, n, t: up(m, ln(t * math.log(t) ** 2 / n) / n),
    BayesUCB(2.0, 0.5, 1.0): lambda m, n, t: beta.isf(1 / (t * math.log(ROUNDS)), 2.0 + m * n, 0.5 + n - m * n),
    AnytimeKLUCBSwitch(0.5): lambda m, n, t: (
        up(m, plus(t / (ARMS * n)) / n) if n * n <= t / ARMS else m + math.sqrt(plus(t / (ARMS * n)) / (2 * n))
    ),
}


@pytest.mark.parametrize(("policy", "index"), INDICES.items(), ids=[repr(policy) for policy in INDICES])
def test_decisions_are_those_of_the_formula(policy, index):
    rewards = np.random.default_rng(3).random((ROUNDS, ARMS)) ** np.array([1.0, 1.2, 1.4, 3.0])
    counts, sums, indices, expected = np.zeros(ARMS), np.zeros(ARMS), np.full(ARMS, math.inf), ""
    for t, row in enumerate(rewards, 1):
        if t > ARMS:
            indices = np.array([index(s / n, n, t) for s, n in zip(sums, counts, strict=True)])
        arm = int(np.argmax(indices >= indices.max() - 1e-12)) if t > ARMS else t - 1
        counts[arm] += 1
        sums[arm] += row[arm]
        expected += str(arm)
    assert sequence(policy, rewards) == expected


def test_the_empirical_index_is_the_largest_mean_within_kinf():
    rng, weights = np.random.default_rng(4), np.ones(8)
    for n in (1, 2, 5, 8):
        values, level = rng.choice([0.0, 0.2, 0.7, 1.0], n), float(rng.uniform(0.05, 1.0))
        mu = kl_ucb_switch.upper_empirical(values, weights[:n], level)
        if values.min() < 1.0:
            assert kinf(values, weights[:n], mu - 1e-9) <= level <= kinf(values, weights[:n], mu + 1e-9)
        assert values.mean() <= mu <= up(values.mean(), level) + 1e-9
    assert kl_ucb_switch.upper_empirical(np.full(3, 0.4), np.ones(3), 0.5) == pytest.approx(1 - 0.6 * math.exp(-0.5))


def test_the_empirical_index_keeps_the_first_rewards():
    policy, rewards = KLUCBSwitch(empirical=True), [0.3, 0.9, 1.7, 0.2]
    policy.reset(BanditProblem(n_actions=2, horizon=2 * 3**5), np.random.default_rng(0))
    for reward in rewards:
        policy.learn(1, reward)
    assert policy._rows[1, MORE:].tolist() == [0.3, 0.9, 1.0]


@pytest.mark.parametrize(("share", "most"), [(1024.0, 4), (1023.0, 3), (243.0, 3), (100_000.0, 10), (1.0, 1), (0.5, 0)])
def test_fifth_roots_do_not_fall_by_rounding(share, most):
    assert kl_ucb_switch.switch_at(share, 0.2) == most


def test_the_index_of_pp_is_not_below_that_of_switch_up_to_its_threshold():
    rng = np.random.default_rng(6)
    for _ in range(200):
        n, rows, share = int(rng.integers(1, 8)), np.zeros((1, MORE)), float(10 ** rng.uniform(0, 5))
        rows[0, COUNT], rows[0, SUM] = n, rng.uniform(0, n)
        at_most = kl_ucb_switch._index(rows, 0, (share, 8.0, np.ones(0)))
        assert at_most <= kl_ucb_pp._index(rows, 0, (share, BERNOULLI, math.nan)) + 1e-12
        assert at_most <= kl_ucb_switch._index(rows, 0, (share, 0.0, np.ones(0))) + 1e-12


def test_tails_of_beta_laws():
    rng = np.random.default_rng(0)
    for _ in range(600):
        n, mass = 10 ** rng.uniform(0, 9), 10 ** rng.uniform(-12, -0.1)
        a = max(n * (rng.random() if rng.random() < 0.7 else 10 ** rng.uniform(-9, 0)), 0.3)
        b = max(n - a, 0.3)
        level = float(betainccinv(a, b, mass))
        assert beta_quantile(a, b, mass) == pytest.approx(level, abs=1e-10)
        if 0.0 < level < 1.0 - 1e-9:
            assert beta_tail(a, b, level, 1.0 - level)[0] == pytest.approx(float(betaincc(a, b, level)), rel=3e-10)


def test_the_index_of_bayes_ucb_rises_with_rounds_and_successes():
    for n in (1, 30, 10**8):
        for total in (0.0, 0.3 * n, n - 0.5):
            indices = [beta_quantile(1 + total, 1 + n - total, 1 / t) for t in (2, 3, 100, 10**8)]
            assert indices == sorted(set(indices))
            assert beta_quantile(1 + total + 0.4, 1 + n - total - 0.4, 0.01) > indices[2]
    one = beta_quantile(1 + 3e7, 1 + 7e7, 1e-8)  # a complement of 1e-8 of a cdf would have half of its digits
    assert one == pytest.approx(0.3 + 5.6120012 * math.sqrt(0.21e-8), abs=1e-7)


MEANS, HORIZON = [0.2, 0.5, 0.9], 5000
ENVIRONMENT = BernoulliArms(MEANS, HORIZON)
WIDE = BanditProblem(n_actions=3, horizon=HORIZON, low=-2.0, high=2.0)
WIDE_INSTANCE = ArmsInstance(means=4.0 * np.array(MEANS) - 2.0, stationary=True, bounded=True, oblivious=True)
GAPS = np.array([0.7, 0.4])


RATE = sum(gap / divergence(p, 0.9) for gap, p in zip(GAPS, MEANS, strict=False)) * math.log(HORIZON)


@pytest.mark.parametrize(
    ("policy", "kind", "evidence", "value"),
    [
        (UCBHorizon(), "upper", "derived", np.sum(8 * math.log(HORIZON) / GAPS + 3 * GAPS)),
        (UCBHorizon(1.0), "upper", "derived", np.sum(4 * math.log(HORIZON) / GAPS + 3 * GAPS)),
        (KLUCBPP(), "upper", "recalled", 76 * math.sqrt(3 * HORIZON / 4) + 3),
        (KLUCBSwitch(), "upper", "recalled", 23 * math.sqrt(3 * HORIZON) + 2),
        (KLUCBH(), "order", "recalled", RATE),
        (KLUCBPlus(), "order", "recalled", RATE),
        (BayesUCB(c=5.0), "order", "recalled", RATE),
    ],
)
def test_bounds(policy, kind, evidence, value):
    (bound,) = policy.regret_bounds(ENVIRONMENT.problem, ENVIRONMENT.instance())
    assert (bound.kind, bound.evidence, bound.holds) == (kind, evidence, True)
    assert bound.curve(np.array([float(HORIZON)])) == pytest.approx(value)
    (wide,) = policy.regret_bounds(WIDE, WIDE_INSTANCE)
    assert wide.curve(np.array([float(HORIZON)])) == pytest.approx(4.0 * value)
    assert wide.holds == (kind == "upper")  # rates are of Bernoulli rewards
    (changing,) = policy.regret_bounds(WIDE, replace(WIDE_INSTANCE, stationary=False))
    assert not changing.holds


@pytest.mark.parametrize("policy", [UCBHorizon(), KLUCBPP(), KLUCBSwitch(), KLUCBH(), BayesUCB(c=5.0)])
def test_bounds_ask_for_the_horizon_of_the_run(policy):
    policy = type(policy)(**{**vars(policy), "horizon": 100})
    (bound,) = policy.regret_bounds(ENVIRONMENT.problem, ENVIRONMENT.instance())
    assert [a.holds for a in bound.assumptions if "horizon" in a.text] == [False]


@pytest.mark.parametrize(
    "policy", [UCBHorizon(0.9), KLUCBSwitch(0.3), BayesUCB(), BayesUCB(c=4.9), AnytimeKLUCBSwitch()], ids=repr
)
def test_other_parameters_have_no_bound(policy):
    assert list(policy.regret_bounds(ENVIRONMENT.problem, ENVIRONMENT.instance())) == []


@pytest.mark.parametrize(
    ("policy", "way_out"),
    [
        (UCBHorizon(), "ucb1"),
        (KLUCBH(), "kl_ucb"),
        (KLUCBPP(), "kl_ucb"),
        (KLUCBSwitch(), "anytime_kl_ucb_switch"),
        (BayesUCB(c=5.0), "c = 0"),
    ],
)
def test_a_horizon_is_asked_for(policy, way_out):
    problem, given = BanditProblem(n_actions=2), type(policy)(**{**vars(policy), "horizon": 9})
    with pytest.raises(ValueError, match=f"{type(policy).__name__}.* needs a horizon.*horizon=None.*{way_out}"):
        policy.reset(problem, np.random.default_rng(0))
    given.reset(problem, np.random.default_rng(0))
    BayesUCB().reset(problem, np.random.default_rng(0))


@pytest.mark.parametrize("policy", [*POLICIES[1:], AnytimeKLUCBSwitch()], ids=repr)
def test_a_range_is_asked_for(policy):
    problem = BanditProblem(n_actions=2, horizon=9, low=-math.inf, high=math.inf, noise=1.0)
    with pytest.raises(ValueError, match=f"{type(policy).__name__} needs rewards in a finite range"):
        policy.reset(problem, np.random.default_rng(0))
    UCBHorizon().reset(problem, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UCBHorizon(0.0), r"alpha must be .*\(0, inf\), got 0"),
        (lambda: KLUCBH(0), "horizon must be a whole number >= 1, got 0"),
        (lambda: KLUCBPP(1.5), "horizon must be a whole number >= 1, got 1.5"),
        (lambda: KLUCBSwitch(1.1), r"threshold must be .*\[0, 1\], got 1.1"),
        (lambda: KLUCBSwitch(empirical=1), "empirical must be .*, got 1"),
        (lambda: KLUCBPlus(-1.0), r"c must be .*, got -1"),
        (lambda: BayesUCB(a=0.0), r"a must be .*, got 0"),
        (lambda: BayesUCB(b=math.inf), r"b must be .*, got inf"),
        (lambda: BayesUCB(c=101.0), r"c must be .*\[0, 100\], got 101"),
        (lambda: AnytimeKLUCBSwitch(-0.1), r"threshold must be .*\[0, 1\], got -0.1"),
    ],
)
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_more_rewards_than_memory_are_refused():
    with pytest.raises(ValueError, match="threshold must be lower"):
        KLUCBSwitch(1.0, True).reset(BanditProblem(n_actions=2, horizon=10**10), np.random.default_rng(0))
