"""Lower bounds of arms: closed forms, the hardest instances, and what is said of a policy below one."""

import math

import numpy as np
import pytest
from arms_runs import FIFTY, TEN, TWO
from scipy.optimize import minimize_scalar
from scipy.special import rel_entr

from bandits import MOSS, FixedAction, Uniform
from bandits.contract import Bound
from environments import BernoulliArms, HardestArms
from environments.arms.hardest import means_of
from environments.arms.lower_bounds import hardest_gap, minimax_bounds
from environments.checks import check_environment
from regretlab import compare

ALL = ["lai_robbins", "minimax", "small_horizon", "consistent"]


def by_name(environment):
    environment.begin(environment.draw(np.random.default_rng(0)))
    return {bound.name: bound for bound in environment.lower_bounds()}


def kl(p, q):
    return rel_entr(p, q) + rel_entr(1.0 - p, 1.0 - q)


@pytest.mark.parametrize(
    ("k", "t", "gap", "value"),
    [
        (2, 10_000, 0.0024998749, 1.8953609),
        (10, 10_000, 0.0074966272, 5.6849461),
        (50, 10_000, 0.0174572827, 13.2516415),
        (10, 1000, 0.0236110704, 1.7941130),
    ],
)
def test_the_hardest_bernoulli_arms(k, t, gap, value):
    found = hardest_gap(k, t)
    assert found == pytest.approx((gap, value), rel=1e-7)

    def bound(d):
        return t * d / 8.0 * math.exp(-t / (k - 1) * kl(0.5, 0.5 + 2.0 * d))

    best = minimize_scalar(lambda d: -bound(d), bounds=(gap / 5.0, min(5.0 * gap, 0.2499)), method="bounded")
    assert found[0] == pytest.approx(best.x, abs=2e-5)
    assert found[1] == pytest.approx(-best.fun, rel=1e-5)
    assert by_name(HardestArms(k, t))["minimax bound"].curve(np.array([1.0, t])) == pytest.approx([found[1]] * 2)


def test_minimax_bounds_in_closed_form():
    for k, book, old in ((2, 1.8518519, 7.0710678), (10, 5.5555556, 15.8113883), (50, 12.9629630, 35.3553391)):
        gaussian = {b.name: float(b.curve(np.array([1e4]))[0]) for b in minimax_bounds(k, 10_000, 0.5, False)}
        assert gaussian["minimax bound of the book"] == pytest.approx(book, abs=6e-8)
        derived = 0.5 * math.sqrt((k - 1) * 1e4) / (16.0 * math.sqrt(math.e))
        assert gaussian["minimax bound"] == pytest.approx(derived, rel=1e-12)
        bernoulli = {b.name: float(b.curve(np.array([1e4]))[0]) for b in minimax_bounds(k, 10_000, None, False)}
        assert bernoulli["minimax bound of Auer et al."] == pytest.approx(old, abs=6e-8)
    assert minimax_bounds(1, 10, None, True) == ()
    assert [b.name for b in minimax_bounds(9, 3, 1.0, True)] == ["minimax bound"]


def test_of_given_means_a_minimax_bound_claims_nothing():
    found = by_name(BernoulliArms(TEN.tolist(), 1000, lower=ALL))
    assert not any(found[name].holds or found[name].judged for name in found if "minimax" in name)
    assert not by_name(HardestArms(5, 100, raised=0))["minimax bound"].judged
    assert by_name(HardestArms(5, 100))["minimax bound"].judged


def test_what_is_derived_says_where():
    found = [*by_name(BernoulliArms(TEN.tolist(), 1000, lower=ALL)).values(), *minimax_bounds(9, 100, 1.0, True)]
    derived = [b for b in found if b.evidence == "derived"]
    assert len(derived) == 4
    assert all(b.source.startswith("derived in this project") for b in derived)


@pytest.mark.parametrize(
    ("means", "small", "consistent", "slope"),
    [
        (TEN, [0.3993143, 0.4305431, 0.4344740], [0.0, 5.3083, 25.0585], 8.6984617521),
        (TWO, [0.6720433, 3.0329379, 5.5714793], [0.3653, 8.5280, 48.1190], 24.9933308426),
        (FIFTY, [1.6733979, 2.3196717, 2.4215002], [0.0, 54.1850, 386.7409], 243.3511312076),
    ],
)
def test_bounds_at_finite_times(means, small, consistent, slope):
    environment = BernoulliArms(means.tolist(), 100, lower=ALL, assume=["consistent"])
    found = by_name(environment)
    assert found["small-horizon bound"].curve(np.array([1e2, 1e3, 1e4])) == pytest.approx(small, abs=6e-8)
    assert found["consistent-rate bound"].curve(np.array([1e4, 1e6, 1e8])) == pytest.approx(consistent, abs=6e-5)
    assert environment.instance().lai_robbins == pytest.approx(slope, abs=1e-9)
    assert not found["small-horizon bound"].holds
    assert found["consistent-rate bound"].holds
    assert (found["consistent-rate bound"].curve(np.array([1.0, 2.0, 10.0])) == 0.0).all()


def test_the_form_of_the_small_horizon_bound_is_the_root_of_its_inequality():
    found = by_name(BernoulliArms([0.4, 0.6], 100, lower=["small_horizon"]))["small-horizon bound"]
    for t in (1.0, 50.0, 5000.0):
        u = found.curve(np.array([t]))[0] / 0.2 / (t / 2.0)
        assert (1.0 - u) ** 2 == pytest.approx(2.0 * t * kl(0.4, 0.6) * u, rel=1e-9)


def test_uniform_play_is_above_the_small_horizon_bound():
    found = by_name(BernoulliArms(TEN.tolist(), 100, lower=["small_horizon"]))["small-horizon bound"]
    times = np.arange(1.0, 101.0)
    assert (found.curve(times) <= times * np.mean(TEN.max() - TEN)).all()


def test_arms_of_which_one_always_pays():
    found = by_name(BernoulliArms([0.5, 1.0], 100, lower=ALL))
    assert found["consistent-rate bound"].curve(np.array([100.0])) == [0.0]
    assert found["small-horizon bound"].curve(np.array([100.0])) == [0.0]


@pytest.mark.parametrize("distribution", ["bernoulli", "gaussian"])
def test_in_the_mean_over_the_hardest_arms_no_fixed_arm_is_below_the_bound(distribution):
    """The mean regret of playing one arm throughout, from the law of the means."""
    for k, t in ((2, 50), (5, 400)):
        gap, value = hardest_gap(k, t, None if distribution == "bernoulli" else 1.0)
        laws = [(0.5, means_of(k, gap, 0)), *((0.5 / (k - 1), means_of(k, gap, i)) for i in range(1, k))]
        for arm in range(k):
            assert t * sum(p * (means.max() - means[arm]) for p, means in laws) >= value
    environment = HardestArms(5, 400, distribution=distribution)
    drawn = []
    for seed in range(400):
        environment.begin(environment.draw(np.random.default_rng(seed)))
        drawn.append(int(np.argmax(environment.instance().means)))
        assert environment.instance().hard_for == 400
    counts = np.bincount(drawn, minlength=5)
    assert abs(counts[0] - 200) < 40 + 1
    assert (abs(counts[1:] - 50) < 30).all()


def test_hardest_arms_keep_the_contract():
    check_environment(lambda: HardestArms(4, 60))
    check_environment(lambda: HardestArms(3, 50, 2, "gaussian", 0.5))


class Wronged(HardestArms):
    """Hardest arms of which something is claimed that is not so."""

    def _lower_bounds(self):
        return (
            Bound(
                "wrong", "lower", lambda t: 0.1 * t, "fixed", "nowhere", "derived", (), "at the horizon", judged=True
            ),
        )


def verdicts_of(arms):
    found = compare({"moss": MOSS(), "uniform": Uniform()}, arms, horizon=400, replicates=60, seed=1, jobs=1)
    return {(v.policy, v.bound): v for v in found.check()}


def test_the_bound_on_the_mean_over_the_hardest_arms_is_judged():
    found = verdicts_of(HardestArms(2, 400))
    for label in ("moss", "uniform"):
        verdict = found[label, "minimax bound"]
        assert verdict.result in ("holds", "undecided")
        assert verdict.typical == "holds"
        assert verdict.mean > verdict.limit == pytest.approx(hardest_gap(2, 400)[1])
        assert "at least" in verdict.text
        assert not verdict.failed
        assert (label, "minimax bound of Auer et al.") not in found


def test_a_policy_below_a_lower_bound_for_every_policy_contradicts_it():
    found = verdicts_of(Wronged(2, 400))
    assert found["moss", "wrong"].result == found["moss", "wrong"].typical == "violated"
    assert found["moss", "wrong"].failed


def test_only_lower_bounds_on_the_mean_can_be_judged():
    with pytest.raises(ValueError, match="judged is for lower bounds on the mean regret, got the bound 'mine'"):
        Bound("mine", "upper", lambda t: t, "fixed", "nowhere", "derived", judged=True)


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: HardestArms(1), "n_arms must be a whole number >= 2, got 1"),
        (lambda: HardestArms(3, raised=3), r"raised must be a whole number in 0..2, got 3"),
        (lambda: HardestArms(3, raised="all"), "raised must be 'drawn' or the number of an arm, got 'all'"),
        (lambda: BernoulliArms([0.5], lower="minimax"), "lower must be a list of some of lai_robbins, minimax, "),
        (
            lambda: BernoulliArms([0.5], lower=["minmax"]),
            r"lower\[0\] must be one of .* 'minmax' \(did you mean 'minimax'",
        ),
        (
            lambda: BernoulliArms([0.5], assume=["minimax"]),
            r"assume\[0\] must be one of small_horizon, consistent, got",
        ),
    ],
)
def test_what_cannot_be(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_a_fixed_action_may_be_below_on_one_of_the_hardest_instances():
    environment = HardestArms(3, 50, raised=0)
    environment.begin(environment.draw(np.random.default_rng(0)))
    policy = FixedAction(0)
    policy.reset(environment.problem, np.random.default_rng(0))
    policy.advance(environment, 50)
    times = np.array([50])
    assert environment.metrics(times)["expected_reward"] == pytest.approx(environment.comparators(times)["best_arm"])
