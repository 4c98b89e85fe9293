"""Bounds: exact numbers of samples, the sums over phases, and Chernoff's bound, on the setups of papers."""

import math

import numpy as np
import pytest
from scipy.stats import norm

from bandits.contract import bounds_of
from bandits.identification.action_elimination import ActionElimination
from bandits.identification.apt import APT
from bandits.identification.kl_lucb import KLLUCB
from bandits.identification.lil_ucb import LilUCB
from bandits.identification.lucb import LUCB
from bandits.identification.problem import Stop
from bandits.identification.racing import Racing
from bandits.identification.sequential_halving import SequentialHalving
from bandits.identification.successive_rejects import SuccessiveRejects, phases
from bandits.identification.theory import binary_divergence, log_bar
from bandits.identification.thresholds import radius_of
from bandits.identification.times import time_of
from bandits.identification.top_two import TopTwo
from bandits.identification.track_and_stop import TrackAndStop
from bandits.identification.ucb_e import UCBE
from bandits.identification.ugape import UGapE
from bandits.identification.uniform_sampling import UniformSampling
from environments.identification.environment import Identification
from environments.identification.means import SETUPS as MEANS


def bounds(policy, environment):
    environment.begin(environment.draw(np.random.default_rng(0)))
    return {b.name: b for b in policy.regret_bounds(environment.problem, environment.instance())}


def at_the_end(bound, environment):
    return float(bound.curve(np.array([float(environment.problem.horizon)]))[0])


BUDGETS = {"ab1": 2000, "ab2": 2000, "ab3": 2000, "ab4": 600, "ab5": 4000, "ab6": 6000, "ab7": 6000}
SETUPS = [
    ("ab1", 2000, 2000, 3.09773966, (32, 34, 36, 320), 138.025, 73.2721, 6.98971),
    ("ab2", 1909.722222, 1388.888889, 3.09773966, (32, 34, 36, 320), 119.919, 55.8950, 5.95345),
    ("ab3", 6137.093863, 5693.983484, 1.58333333, (316, 421, 631, 631), 4.80839, 1.34191, 1.11626),
    ("ab4", 601.388889, 400, 1.95, (51, 61, 77, 153), 7.00421, 3.43644, 1.47385),
    ("ab5", 1328.704454, 800, 2.81822899, (95, 102, 109, 708), 17.9295, 0.326697, 0.826688),
    ("ab6", 6065.088757, 5000, 3.09773966, (97, 102, 108, 966), 129.145, 7.22370, 1.00000),
    ("ab7", 5951.587302, 4081.632653, 3.49498713, (57, 59, 62, 855), 286.245, 102.959, 8.84836),
]


@pytest.mark.parametrize(("name", "h1", "h2", "lbar", "lengths", "theorem", "rejects", "uniform"), SETUPS)
def test_of_setups(name, h1, h2, lbar, lengths, theorem, rejects, uniform):
    environment = Identification(name, horizon=BUDGETS[name] + 1, shuffled=False)
    instance, n = environment.instance(), environment.problem.n_actions
    assert instance.h1 == pytest.approx(h1, rel=1e-8)
    assert instance.h2 == pytest.approx(h2, rel=1e-8)
    assert instance.h1 / math.log(2 * n) <= instance.h2 <= instance.h1 * (1.0 + 1e-12)
    assert log_bar(n) == pytest.approx(lbar, abs=1e-8)
    found = phases(n, BUDGETS[name])
    assert (*found[:3], found[-1]) == lengths
    assert found[-1] + sum(found) <= BUDGETS[name]
    gaps = np.sort(instance.gaps)
    assert n * (n - 1) / 2 * math.exp(-(BUDGETS[name] - n) / (lbar * h2)) == pytest.approx(theorem, rel=1e-5)
    sums = math.fsum(math.exp(-found[k - 1] * gaps[i - 1] ** 2) for k in range(1, n) for i in range(n + 1 - k, n + 1))
    assert sums == pytest.approx(rejects, rel=1e-5)
    each = math.fsum(math.exp(-(BUDGETS[name] // n) * gap**2) for gap in gaps[1:])
    assert each == pytest.approx(uniform, rel=1e-5)
    of = bounds(SuccessiveRejects(), environment)
    assert at_the_end(of["successive rejects, phases"], environment) == pytest.approx(min(rejects, 1.0), rel=1e-5)
    assert at_the_end(of["successive rejects, Theorem 2"], environment) == pytest.approx(min(theorem, 1.0), rel=1e-5)
    (chernoff,) = bounds(UniformSampling(), environment).values()
    assert at_the_end(chernoff, environment) == pytest.approx(min(uniform, 1.0), rel=1e-5)


@pytest.mark.parametrize(("budget", "total"), [(200, 0.146448), (100, 0.475209)])
def test_uniform_sampling_of_gaussian_arms(budget, total):
    environment = Identification("g4", horizon=budget + 1)
    (chernoff,) = bounds(UniformSampling(), environment).values()
    assert at_the_end(chernoff, environment) == pytest.approx(total, abs=1e-6)


@pytest.mark.parametrize(("name", "hardness"), [("lgc1", 144.888889), ("lgc2", 231.548420)])
def test_above_a_threshold(name, hardness):
    environment = Identification(name, question="above", threshold=0.5, epsilon=0.1, horizon=100_001)
    assert environment.instance().h1 == pytest.approx(hardness, rel=1e-8)
    found = bounds(APT(), environment)["APT, Theorem 2"]
    value = math.exp(-100_000 / (16.0 * hardness) + 2.0 * math.log((math.log(100_000) + 1.0) * 10))
    assert 0.0 < at_the_end(found, environment) < 1.0
    assert at_the_end(found, environment) == pytest.approx(value, rel=1e-3)


def test_samples_of_gaussian_arms():
    for means, of_lucb, of_elimination in (
        ("g4", (6684, 8948), (3758, 5033)),
        ("l6", (15260, 19990), (9390, 12298)),
    ):
        for delta, lucb, elimination in zip((0.1, 0.01), of_lucb, of_elimination, strict=True):
            environment = Identification(means, delta=delta, horizon=10**6 + 1)
            assert at_the_end(bounds(LUCB(), environment)["LUCB bound"], environment) == lucb
            found = bounds(ActionElimination(), environment)["elimination bound"]
            assert at_the_end(found, environment) == elimination
            assert found.delta == delta


def test_samples_of_bernoulli_arms():
    for delta, lucb, kl, elimination in ((0.1, 57367, 44649, 33241), (0.01, 74215, 56877, 42944)):
        environment = Identification("gk2", delta=delta, horizon=10**6 + 1)
        assert at_the_end(bounds(LUCB(), environment)["LUCB bound"], environment) == lucb
        assert at_the_end(bounds(KLLUCB(), environment)["KL-LUCB bound"], environment) == kl
        found = bounds(ActionElimination(), environment)["elimination bound"]
        assert at_the_end(found, environment) == elimination


def test_samples_arm_by_arm():
    """The same numbers with every N tried: the last one at which an interval reaches the middle, or a gap."""
    widths = np.array([radius_of(1.0, math.log(4 / 0.1), n) for n in range(1, 2001)])
    last = lambda factor, distance: int(np.flatnonzero(factor * widths >= distance)[-1]) + 1  # noqa: E731
    in_lucb = [last(2.0, abs(mean - 0.8)) for mean in MEANS["g4"][1]]
    assert in_lucb == [1468, 1468, 330, 74]
    assert 4 + 2 * sum(in_lucb) == 6684
    in_elimination = [last(4.0, gap) + 1 for gap in (0.4, 0.6, 1.0)]
    assert in_elimination == [1469, 615, 205]
    assert sum(in_elimination) + 1469 == 3758


RATES = {"g4": 65.111111111, "l6": 149.163265306, "gk1": 1099.400744131, "gk2": 372.464330150}


@pytest.mark.parametrize("name", RATES)
def test_rates(name):
    environment, logarithm = Identification(name, delta=0.01, horizon=10**6 + 1), math.log(100.0)
    found = bounds(Racing(), environment)["racing, asymptotically"]
    assert at_the_end(found, environment) / logarithm == pytest.approx(RATES[name], rel=1e-9)
    assert (found.time, found.kind) == ("asymptotic", "order")
    instance = environment.instance()
    for policy, time in ((TrackAndStop(), instance.time), (TopTwo(), instance.half_time)):
        (rate,) = (b for b in bounds(policy, environment).values() if b.comparator_class == "effort")
        assert at_the_end(rate, environment) / logarithm == pytest.approx(time, rel=1e-9)


def test_a_bernoulli_arm_as_sub_gaussian_has_the_gaussian_time():
    environment = Identification([0.6, 0.4], family="bernoulli", delta=0.1, horizon=1001)
    (rate,) = [b for b in bounds(TrackAndStop(threshold="mixture"), environment).values() if b.kind == "order"]
    assert at_the_end(rate, environment) == pytest.approx(8.0 * 0.25 / 0.04 * math.log(10.0))
    assert environment.instance().time == pytest.approx(49.663496165, rel=1e-9)


def test_the_lower_bound():
    values = [binary_divergence(delta) for delta in (0.2, 0.1, 0.05, 0.01)]
    assert values == pytest.approx([0.8317766167, 1.7577796619, 2.6499950812, 4.5032174531], abs=1e-10)
    assert binary_divergence(0.5) == binary_divergence(0.9) == 0.0
    environment = Identification("g4", delta=0.1, horizon=10_000 + 1)
    environment.begin(environment.draw(np.random.default_rng(0)))
    (bound,) = environment.lower_bounds()
    assert at_the_end(bound, environment) == pytest.approx(59.292213537 * 1.7577796619, rel=1e-9)
    without = Identification("g4", horizon=101)
    without.begin(without.draw(np.random.default_rng(0)))
    (rate,) = without.lower_bounds()
    assert (rate.kind, rate.comparator_class) == ("order", "answer")
    assert at_the_end(rate, without) == pytest.approx(math.exp(-400.0 * 100 / (math.log(4) * 16.2777778)), rel=1e-6)


def test_no_least_number_of_samples_where_nothing_need_be_told_apart():
    """An arm within the tolerance may be answered either way, without a sample; at the threshold, T* is infinite."""
    named = {"question": "above", "threshold": 0.0, "delta": 0.1, "horizon": 1001}
    assert at_the_end(Identification([0.1], **named).lower_bounds()[0], Identification([0.1], **named)) > 300.0
    environment = Identification([0.1], epsilon=0.2, **named)
    assert environment.lower_bounds() == ()
    environment.begin(environment.draw(np.random.default_rng(0)))
    environment.transition(Stop(set()))
    assert environment.metrics(np.array([1001]))["correct"][0] == 1.0
    for delta in (0.1, 0.6):
        assert Identification([0.0, 1.0], **{**named, "delta": delta}).lower_bounds() == ()


def test_times_of_equal_shares():
    """Twice over: the least rate of all pairs, or arms."""
    for name in ("g4", "gk2"):
        family, means = MEANS[name]
        n = len(means)
        assert Identification(name).instance().uniform_time == pytest.approx(
            time_of(family, np.array(means), np.full(n, 1.0 / n)), rel=1e-12
        )
        for m in range(1, n):
            rates = [
                1.0 / time_of(family, np.array([high, low]), np.full(2, 1.0 / n))
                for high in sorted(means)[-m:]
                for low in sorted(means)[:-m]
            ]
            found = Identification(name, question="top", m=m).instance()
            assert found.uniform_time == pytest.approx(1.0 / min(rates), rel=1e-12)
            assert found.uniform_time >= found.time * (1.0 - 1e-9)
    above = Identification("g4", question="above", threshold=0.5).instance()
    assert above.uniform_time == pytest.approx(4.0 * 2.0 / 0.1**2)
    for tied in ({"means": [1.0, 1.0]}, {"means": [0.0, 1.0], "question": "above", "threshold": 0.0}):
        assert Identification(**tied).instance().uniform_time == math.inf


def test_the_least_error_of_two_gaussian_arms():
    """Whatever is sampled: the best test of two labellings has it, and uniform sampling attains it for even n."""
    environment = Identification([0.5, 0.0], sigma=2.0, horizon=65)
    environment.begin(environment.draw(np.random.default_rng(0)))
    (bound,) = environment.lower_bounds()
    assert bound.kind == "lower"
    assert bound.holds
    times = np.array([1.0, 16.0, 64.0, 65.0])
    assert bound.curve(times) == pytest.approx(norm.cdf(-0.5 * np.sqrt(times - 1.0) / 4.0), rel=1e-12)
    errors, policy, times = np.zeros(32), UniformSampling(), np.arange(3, 66, 2)
    for i in range(2000):
        environment.begin(environment.draw(np.random.default_rng(i)))
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, 65)
        errors += 1.0 - environment.metrics(times)["correct"]
    assert np.abs(errors / 2000 - bound.curve(times)).max() <= 4.0 * math.sqrt(0.25 / 2000)
    fixed = Identification([0.5, 0.0], shuffled=False, horizon=65)
    fixed.begin(fixed.draw(np.random.default_rng(0)))
    assert not fixed.lower_bounds()[0].holds


def test_errors_priced():
    """A wrong answer costs at most the worst one's: a bound on the error gives one on simple regret."""
    for named, most in (
        ({"means": "ab4"}, 0.15),
        ({"means": "lgc1", "question": "above", "threshold": 0.5, "epsilon": 0.1}, 8.0),
    ):
        environment = Identification(horizon=60_001, **named)
        environment.begin(environment.draw(np.random.default_rng(0)))
        policy = APT() if "question" in named else SuccessiveRejects()
        found = bounds_of(policy, environment.problem, environment.instance())
        by_class = {kind: [b for b in found if b.comparator_class == kind] for kind in ("answer", "value")}
        assert len(by_class["answer"]) == len(by_class["value"]) > 0
        for one, other in zip(by_class["answer"], by_class["value"], strict=True):
            assert 0.0 < at_the_end(one, environment) < 1.0
            assert at_the_end(other, environment) == pytest.approx(most * at_the_end(one, environment))
            assert other.assumptions == one.assumptions


def test_a_tolerance_may_make_the_answer_wrong():
    environment = Identification("g4", delta=0.1, horizon=1001)
    for policy, holds in ((LUCB(0.3), True), (LUCB(0.4), False), (UGapE(0.5), False), (UGapE(), True)):
        assert bounds(policy, environment)["delta"].holds == holds
    wrong, policy = 0, LUCB(3.0)
    for i in range(200):
        environment.begin(environment.draw(np.random.default_rng(i)))
        policy.reset(environment.problem, np.random.default_rng(0))
        policy.advance(environment, 1001)
        wrong += int(environment.metrics(np.array([1001]))["mistake"][0] < 0.0)
    assert wrong > 20, "the bound must not be claimed here"


def test_intervals_of_the_paper_carry_no_number_of_samples():
    environment = Identification("gk2", delta=0.1, horizon=10**6 + 1)
    assert list(bounds(KLLUCB(rate="paper"), environment)) == ["delta"]
    assert bounds(KLLUCB(rate="paper"), environment)["delta"].evidence == "recalled"
    assert bounds(KLLUCB(), environment)["delta"].evidence == "derived"


def test_rates_are_of_the_family_that_is_compared():
    environment = Identification([0.6, 0.4], family="bernoulli", delta=0.1, horizon=1001)
    for policy, time in ((Racing("mixture"), 50.0), (UniformSampling("mixture"), 50.0), (Racing(), 49.663496165)):
        (rate,) = [b for b in bounds(policy, environment).values() if b.kind == "order"]
        assert at_the_end(rate, environment) == pytest.approx(time * math.log(10.0), rel=1e-8), policy


def test_assumptions():
    environment = Identification("ab1", horizon=2001)
    assert bounds(UCBE(h1=2000.0, a="theory"), environment)["UCB-E, Theorem 1"].holds
    assert not bounds(UCBE(h1=2000.0), environment)["UCB-E, Theorem 1"].holds
    above = Identification("lgc1", question="above", threshold=0.5, epsilon=0.1, horizon=501)
    assert bounds(APT(), above)["APT, Theorem 2"].holds
    assert not bounds(APT(0.0), above)["APT, Theorem 2"].holds
    confident = Identification("g4", delta=0.1, horizon=1001)
    assert not bounds(Racing("heuristic"), confident)["delta"].holds
    assert bounds(Racing(), confident)["delta"].holds
    drawn = Identification({"name": "normal", "parameters": {"n_arms": 3}}, horizon=101)
    assert not any(b.holds for b in bounds(SequentialHalving(), drawn).values())
    with pytest.warns(UserWarning, match="several answers are right"):
        tied = Identification([0.5, 0.5, 0.0], delta=0.1, horizon=101)
    assert tied.instance().time == math.inf
    assert list(bounds(LUCB(), tied)) == ["delta"]
    lil = [b for b in bounds(LilUCB("heuristic"), confident).values() if b.comparator_class == "effort"]
    assert [b.holds for b in lil] == [False]
