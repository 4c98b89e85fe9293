"""The theorems' curves against numbers worked out independently, and bad input."""

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import rel_entr

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
from bandits.arms.theory import ArmsInstance
from bandits.contract import Instance
from environments import BernoulliArms, GaussianArms

MEANS = [0.2, 0.5, 0.9]
HORIZON = 5000
ARMS = BernoulliArms(MEANS, HORIZON)
WIDE = BanditProblem(n_actions=3, horizon=HORIZON, low=-2.0, high=2.0)
WIDE_INSTANCE = ArmsInstance(  # four times the gaps, hence four times the regret
    means=4.0 * np.array(MEANS) - 2.0,
    variances=16.0 * np.array([0.16, 0.25, 0.09]),
    stationary=True,
    bounded=True,
    oblivious=True,
)
GAPS = np.array([0.7, 0.4])
CHANGING = ArmsInstance(
    dynamic_gaps=np.array([0.3, 0.2, 0.0]),
    max_gaps=np.array([0.6, 0.5, 0.0]),
    changes=2,
    oblivious=True,
    bounded=True,
)


def bound_of(policy, problem=ARMS.problem, instance=None, which=0):
    return policy.regret_bounds(problem, instance or ARMS.instance())[which]


def at(bound, t):
    (value,) = bound.curve(np.array([float(t)]))
    return value


SCALED = [
    UCB1(),
    UCBV(),
    MOSS(),
    AnytimeMOSS(),
    KLUCB(),
    ExploreThenCommit(),
    EpsilonGreedy(6.0, 0.4),
    SuccessiveElimination(),
    DiscountedUCB(),
    SlidingWindowUCB(),
    BetaThompson(),
]


@pytest.mark.parametrize("policy", SCALED)
def test_bounds_are_measured_in_reward_units(policy):
    times = np.array([1.0, 50.0, 5000.0])
    for narrow, wide in zip(
        policy.regret_bounds(ARMS.problem, ARMS.instance()), policy.regret_bounds(WIDE, WIDE_INSTANCE), strict=True
    ):
        assert np.allclose(4.0 * narrow.curve(times), wide.curve(times), rtol=1e-6)


def test_closed_forms():
    log = math.log(1000)
    expected = 8 * log * np.sum(1 / GAPS) + (1 + math.pi**2 / 3) * np.sum(GAPS)
    assert at(bound_of(UCB1()), 1000) == pytest.approx(expected)
    assert at(bound_of(UCBV()), 1000) == pytest.approx(10 * log * (0.16 / 0.7 + 0.25 / 0.4 + 4))
    assert at(bound_of(MOSS()), 1000) == pytest.approx(19.5 * math.sqrt(3 * HORIZON) + 1.1)
    assert at(bound_of(AnytimeMOSS()), 1000) == pytest.approx(113 * math.sqrt(3 * 1000) + 1.1)
    assert at(bound_of(BetaThompson()), 1000) == pytest.approx(math.sqrt(3 * 1000 * math.log(3) / 2))
    kl = [rel_entr(m, 0.9) + rel_entr(1 - m, 0.1) for m in MEANS[:2]]
    assert at(bound_of(BetaThompson(), which=1), 1000) == pytest.approx(log * np.sum(GAPS / kl))
    assert at(bound_of(GaussianThompson()), 1000) == pytest.approx(log * 0.5 * np.sum(1 / GAPS))
    proper = bound_of(GaussianThompson(0.5, noise=2.0))
    assert at(proper, 1000) == pytest.approx(math.sqrt(2 * 4.25 * 3 * 1000 * math.log(3)))


def test_explore_then_commit_bounds():
    gaps = 0.9 - np.array(MEANS)
    bound, gap_free = ExploreThenCommit(20).regret_bounds(ARMS.problem, ARMS.instance())
    for t in (1, 2, 5, 59, 60):
        assert at(bound, t) == pytest.approx(sum(gaps[s % 3] for s in range(t)))
    assert at(bound, 1000) == pytest.approx(20 * 1.1 + 940 * np.sum(gaps * np.exp(-20 * gaps**2)))
    assert at(gap_free, 1000) == pytest.approx(40 + 940 * math.sqrt(math.log(3) / 40))


def test_epsilon_greedy_bound_is_the_sum_over_rounds():
    c, d, total = 8.0, 0.4, np.zeros(2)
    before = 0.0  # exploration probabilities of the earlier rounds
    for t in range(1, HORIZON + 1):
        epsilon, x = min(1.0, c * 3 / (d**2 * t)), before / 6
        before += epsilon
        rate = GAPS**2 / 2
        few = math.exp(-x / 5) / (1 - np.exp(-rate))
        total += np.minimum(1, epsilon / 3 + 2 * few + 4 / GAPS**2 * np.exp(-rate * math.floor(x)))
    exact = float(total @ GAPS)
    value = at(bound_of(EpsilonGreedy(c, d)), HORIZON)
    assert exact < value < 1.01 * exact
    assert value < 0.5 * HORIZON * 0.7


def test_successive_elimination_bound_counts_phases():
    delta, phases = 1 / HORIZON, []
    for gap in GAPS:
        r = 1
        while 4 * math.sqrt(math.log(4 * 3 * r * r / delta) / (2 * r)) >= gap:
            r += 1
        phases.append(r)
    value = at(bound_of(SuccessiveElimination()), HORIZON)
    assert value == pytest.approx(float(GAPS @ np.array(phases)) + 0.7)


def test_kl_ucb_bound_is_close_to_the_infimum():
    log, infimum = math.log(1 + HORIZON * math.log(HORIZON) ** 2), 0.0
    for mean, gap in zip(MEANS[:2], GAPS, strict=True):

        def plays(e, mean=mean, gap=gap):
            if min(e) <= 0 or sum(e) >= gap:
                return math.inf
            p, q = mean + e[0], 0.9 - e[1]
            return log / (rel_entr(p, q) + rel_entr(1 - p, 1 - q)) + 0.5 / e[0] ** 2 + 2 / e[1] ** 2

        infimum += gap * minimize(plays, [gap / 4, gap / 3], method="Nelder-Mead").fun
    assert infimum * (1 - 1e-9) <= at(bound_of(KLUCB()), HORIZON) < 1.01 * infimum


@pytest.mark.parametrize("t", [1, 2, 300, 2000, 5000])
def test_sliding_window_bound_is_the_sum_of_the_proof(t):
    window, xi = 300, 0.6
    base = math.log(1 + 4 * math.sqrt(1 - 1 / (2 * xi)))
    missed = sum(min(1, max(1, math.ceil(math.log(min(s, window)) / base)) / min(s, window)) for s in range(1, t + 1))
    regret = 0.0
    for smallest, largest in [(0.3, 0.6), (0.2, 0.5)]:
        few = math.ceil(4 * xi * math.log(min(t, window)) / smallest**2)
        regret += largest * (math.ceil(t / window) * few + 2 * window + 2 * missed)
    bound = bound_of(SlidingWindowUCB(window, exploration=xi), instance=CHANGING)
    assert bound.comparator_class == "dynamic"
    assert bound.holds
    assert at(bound, t) == pytest.approx(min(regret, 0.6 * t))


@pytest.mark.parametrize("t", [1, 2, 300, 20_000, 1_000_000])
def test_discounted_bound_is_the_sum_of_the_proof(t):
    gamma, xi = 0.995, 0.6
    base, missed = math.log(1 + 4 * math.sqrt(1 - 1 / (2 * xi))), 0.0
    for s in range(1, t):
        n = (1 - gamma**s) / (1 - gamma)
        slices = math.ceil(math.log(n / (xi * math.log(n))) / base) if s > 1 else 1
        missed += min(1, max(slices, 1) / n)
    n_k, n_t = 1 + gamma + gamma**2, max(1.0, (1 - gamma**t) / (1 - gamma))
    forget = math.ceil(math.log((1 - gamma) * xi * math.log(n_k)) / math.log(gamma))
    regret = 0.0
    for smallest, largest in [(0.3, 0.6), (0.2, 0.5)]:
        few = math.ceil(16 * xi * math.log(n_t) / smallest**2 * gamma**-199)
        regret += largest * (1 + math.ceil(t / 200) * few + 2 * forget + 2 * missed)
    bound = bound_of(DiscountedUCB(gamma, exploration=xi), instance=CHANGING)
    assert bound.comparator_class == "dynamic"
    assert at(bound, t) == pytest.approx(min(regret, 0.6 * t))


def test_bounds_name_what_does_not_hold():
    assert not bound_of(BetaThompson()).holds  # given means are not drawn from the prior
    assert bound_of(BetaThompson(), instance=replace(ARMS.instance(), prior=("beta", 1.0, 1.0))).holds
    assert not bound_of(BetaThompson(2.0), instance=replace(ARMS.instance(), prior=("beta", 1.0, 1.0))).holds
    assert not bound_of(MOSS(10)).holds
    assert bound_of(MOSS()).holds
    assert bound_of(MOSS()).time == "at the horizon"
    assert bound_of(UCB1()).time == "anytime"
    rate = bound_of(EpsilonGreedy(4.0, 0.3), which=1)
    assert [a.holds for a in rate.assumptions] == [True, True, False, True]
    assert bound_of(EpsilonGreedy(6.0, 0.3), which=1).holds
    assert not bound_of(EpsilonGreedy(6.0, 0.5), which=1).holds
    assert not bound_of(UCB1(), instance=replace(ARMS.instance(), stationary=False)).holds


@pytest.mark.parametrize(
    "policy", [UCB1(), UCBV(), MOSS(), KLUCB(), EpsilonGreedy(), SuccessiveElimination(), GaussianThompson()]
)
def test_no_gaps_no_bound(policy):
    assert list(policy.regret_bounds(ARMS.problem, ArmsInstance(oblivious=True))) == []


@pytest.mark.parametrize("policy", SCALED)
def test_theorems_about_arms_speak_of_arms(policy):
    assert list(policy.regret_bounds(ARMS.problem, Instance())) == []


def test_how_far_bounds_can_be_trusted():
    """Statements and constants as printed, worked out here, from memory, or known up to a constant."""
    assert bound_of(KLUCB()).evidence == "exact"
    assert bound_of(KLUCB(), WIDE, WIDE_INSTANCE).evidence == "derived"  # the theorem is about Bernoulli rewards
    assert {bound_of(p).evidence for p in (UCB1(), MOSS(), ExploreThenCommit(), BetaThompson())} == {"exact"}
    assert {bound_of(p).evidence for p in (UCBV(), AnytimeMOSS())} == {"recalled"}
    derived = (EpsilonGreedy(), SuccessiveElimination(), DiscountedUCB(), SlidingWindowUCB(), GaussianThompson(1.0))
    assert {bound_of(p).evidence for p in derived} == {"derived"}
    for policy in SCALED:
        for bound in policy.regret_bounds(ARMS.problem, ARMS.instance()):
            assert (bound.kind == "order") == (bound.evidence == "convention")
            assert bound.delta is None


@pytest.mark.parametrize("policy", [DiscountedUCB(), SlidingWindowUCB()])
def test_changing_means_need_their_gaps(policy):
    assert list(policy.regret_bounds(ARMS.problem, ArmsInstance(oblivious=True, changes=3))) == []
    assert bound_of(policy).comparator_class == "fixed"
    assert list(type(policy)(exploration=0.5).regret_bounds(ARMS.problem, CHANGING)) == []


@pytest.mark.parametrize("policy", [UCB1(1.0), UCBV(2.0), UCBV(c=0.5), AnytimeMOSS(1.0)])
def test_other_parameters_have_no_theorem(policy):
    assert list(policy.regret_bounds(ARMS.problem, ARMS.instance())) == []


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: UCB1(0.0), "exploration must be a finite number in (0, inf), got 0.0"),
        (lambda: UCBV(zeta=-1.0), "zeta must be a finite number in (0, inf), got -1.0"),
        (lambda: UCBV(c=math.nan), "c must be a finite number in (0, inf), got nan"),
        (lambda: MOSS(0), "horizon must be a whole number >= 1, got 0"),
        (lambda: AnytimeMOSS(0), "alpha must be a finite number in (0, inf), got 0"),
        (lambda: ExploreThenCommit(1.5), "trials must be a whole number >= 1, got 1.5"),
        (lambda: EpsilonGreedy(c=0.0), "c must be a finite number in (0, inf), got 0.0"),
        (lambda: EpsilonGreedy(d=1.5), "d must be a finite number in (0, 1], got 1.5"),
        (lambda: SuccessiveElimination(1.0), "delta must be a finite number in (0, 1), got 1.0"),
        (lambda: DiscountedUCB(1.0), "discount must be a finite number in (0, 1), got 1.0"),
        (lambda: DiscountedUCB(changes=0), "changes must be a whole number >= 1, got 0"),
        (lambda: SlidingWindowUCB(0), "window must be a whole number >= 1, got 0"),
        (lambda: SlidingWindowUCB(exploration=-1), "exploration must be a finite number in (0, inf), got -1"),
        (lambda: BetaThompson(alpha=0.0), "alpha must be a finite number in (0, inf), got 0.0"),
        (lambda: BetaThompson(beta=math.inf), "beta must be a finite number in (0, inf), got inf"),
        (lambda: GaussianThompson(0.0), "prior_deviation must be a finite number in (0, inf), got 0.0"),
        (lambda: GaussianThompson(noise="1"), "noise must be a finite number in (0, inf), got '1'"),
    ],
)
def test_bad_parameters(make, message):
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole message is compared
        make()
    assert str(error.value) == message


@pytest.mark.parametrize("policy", [UCBV(), KLUCB(), BetaThompson()])
def test_a_finite_range_is_asked_for(policy):
    problem = BanditProblem(n_actions=2, horizon=10, low=-math.inf, high=math.inf, noise=1.0)
    with pytest.raises(
        ValueError, match=rf"{type(policy).__name__} needs rewards in a finite range, got \[-inf, inf\]"
    ):
        policy.reset(problem, np.random.default_rng(0))
    assert list(policy.regret_bounds(problem, ArmsInstance(means=np.array([0.0, 1.0]), stationary=True))) == []


@pytest.mark.parametrize(
    ("policy", "given"),
    [
        (MOSS(), MOSS(10)),
        (ExploreThenCommit(), ExploreThenCommit(3)),
        (SuccessiveElimination(), SuccessiveElimination(0.1)),
        (DiscountedUCB(), DiscountedUCB(0.9)),
        (SlidingWindowUCB(), SlidingWindowUCB(5)),
    ],
)
def test_a_horizon_is_asked_for(policy, given):
    problem = BanditProblem(n_actions=2)
    with pytest.raises(ValueError, match=f"{type(policy).__name__} needs a horizon.*horizon=None"):
        policy.reset(problem, np.random.default_rng(0))
    given.reset(problem, np.random.default_rng(0))


def test_default_tuning():
    problem = BanditProblem(n_actions=10, horizon=100_000)
    rng = np.random.default_rng(0)
    policies = [DiscountedUCB(changes=4), SlidingWindowUCB(changes=4), ExploreThenCommit()]
    for policy in policies:
        policy.reset(problem, rng)
    assert policies[0]._discount == 1 - math.sqrt(4 / 100_000) / 4
    assert policies[1]._arms.size == math.ceil(2 * math.sqrt(100_000 * math.log(100_000) / 4))
    m = np.arange(1, 10_000)
    best = m[np.argmin(m * 10 + 100_000 * np.sqrt(math.log(10) / (2 * m)))]
    assert abs(policies[2]._trials - best) <= 1


def test_the_least_sub_gaussian_parameter():
    for means in ([0.5, 0.9], [0.02, 0.1], [0.97]):
        slopes = np.array([s for s in np.linspace(-40.0, 40.0, 80_001) if s != 0.0])
        logs = [np.log(p * np.exp(slopes * (1 - p)) + (1 - p) * np.exp(-slopes * p)) for p in means]
        least = max(np.sqrt(np.max(2.0 * log / slopes**2)) for log in logs)
        assert BernoulliArms(means).instance().minimax_noise == pytest.approx(least, rel=1e-6)
    assert BernoulliArms([0.0, 1.0]).instance().minimax_noise == 0.0
    assert GaussianArms([0.1, 0.7], 0.3).instance().minimax_noise == pytest.approx(0.3)
