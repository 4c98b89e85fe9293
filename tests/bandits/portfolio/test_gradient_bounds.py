"""The theorems of EG, Soft-Bayes, online Newton steps, the log barrier: their figures, and runs that keep to them."""

import math

import numpy as np
import pytest

from bandits.portfolio.exponentiated_gradient import ExponentiatedGradient
from bandits.portfolio.log_barrier import LogBarrier
from bandits.portfolio.online_newton_step import OnlineNewtonStep, concavity
from bandits.portfolio.problem import PortfolioProblem
from bandits.portfolio.soft_bayes import SoftBayes
from bandits.portfolio.theory import PortfolioInstance
from environments.portfolio.table import TableMarket

EG, ONS = ExponentiatedGradient, OnlineNewtonStep


def bound(policy, T, k, ratio=math.inf):
    problem = PortfolioProblem(n_assets=k, horizon=T)
    return policy.regret_bounds(problem, PortfolioInstance(n_assets=k, ratio=ratio))[0]


def at_end(policy, T, k):
    return float(bound(policy, T, k).curve(np.array([float(T)]))[0])


@pytest.mark.parametrize(
    ("T", "k", "soft_bayes", "log_barrier"),
    [
        (10, 2, 6.8486, 11.0168),
        (100, 2, 20.9060, 47.1153),
        (1000, 2, 65.4503, 180.6593),
        (100, 3, 33.7927, 57.0681),
        (1000, 5, 171.2020, 285.4136),
        (10_000, 10, 936.8291, 1464.4768),
    ],
)
def test_figures(T, k, soft_bayes, log_barrier):
    assert at_end(SoftBayes(), T, k) == pytest.approx(soft_bayes, abs=6e-5)
    assert at_end(LogBarrier(), T, k) == pytest.approx(log_barrier, abs=6e-5)


def test_figures_with_a_ratio():
    assert at_end(EG(0.05, 2.0), 1000, 2) == pytest.approx(20.1129436, abs=6e-8)
    assert at_end(EG("tuned", 2.0), 1000, 2) == pytest.approx(18.6164871, abs=6e-8)
    assert at_end(EG("tuned", 2.0), 1000, 2) == pytest.approx(math.sqrt(1000 * math.log(2.0) / 2.0))
    assert at_end(ONS("regret", 2.0, 1.0), 1000, 2) == pytest.approx(14.1288163, abs=6e-8)
    assert at_end(ONS("regret", 2.0), 1000, 2) == pytest.approx(13.7198066, abs=6e-8)
    assert at_end(ONS("regret", 1.5, 1.0), 10_000, 10) == pytest.approx(67.0103550, abs=6e-8)
    found = [concavity(rho) for rho in (1.2, 1.5, 2.0, 4.0)]
    assert found == pytest.approx([0.8839221603, 0.7562791351, 0.6137056389, 0.3586012531], abs=1e-10)
    assert concavity(1.0) == concavity(1.0 + 1e-9) == 1.0
    for T, k, rate, weight in ((100, 2, 0.058871, 2.327440), (10_000, 10, 0.004799, 7.367918)):
        problem = PortfolioProblem(n_assets=k, horizon=T)
        assert SoftBayes()._rate_in(problem) == pytest.approx(rate, abs=6e-7)
        assert LogBarrier()._weight_in(problem) == pytest.approx(weight, abs=6e-7)


def test_what_they_assume():
    """A ratio above the declared one is told; costs void all; without a declared ratio EG goes by that of the run."""
    for policy in (EG("tuned", 2.0), ONS("regret", 2.0)):
        assert bound(policy, 100, 3, 2.0).holds
        wrong = bound(policy, 100, 3, 7.5)
        assert not wrong.holds
        assert any("2 (largest: 7.5)" in str(assumption) for assumption in wrong.assumptions)
    assert bound(EG(), 100, 3, 2.0).curve(np.array([100.0])) == bound(EG(0.05, 2.0), 100, 3).curve(np.array([100.0]))
    problem = PortfolioProblem(n_assets=2, horizon=10, trading_cost=0.1)
    costly = PortfolioInstance(n_assets=2, ratio=2.0, trading_cost=0.1)
    for policy in (EG(), SoftBayes(), ONS("regret", 2.0), LogBarrier()):
        assert [found.holds for found in policy.regret_bounds(problem, costly)] == [False]
    free = PortfolioInstance(n_assets=2, ratio=math.inf)
    for policy in (EG(), EG("tuned"), ONS()):
        assert list(policy.regret_bounds(problem, free)) == []
    for policy in (EG("tuned", 2.0), SoftBayes(), ONS("regret", 2.0), LogBarrier()):  # one asset, and no difference
        for one in (bound(policy, 10, 1, 1.0), bound(policy, 10, 2, 1.0)):
            values = one.curve(np.array([1.0, 10.0]))
            assert np.all(values >= 0.0)
            assert np.all(np.isfinite(values))


def markets():
    rng, T = np.random.default_rng(17), 120
    up = np.where(np.arange(T)[:, None] % 2 == 0, [2.0, 1.0], [1.0, 2.0])
    for rho in (2.0, 20.0, 1000.0):
        for k in (2, 4):
            yield np.exp(rng.uniform(0.0, math.log(rho), (T, k)))
        yield np.where(np.arange(T)[:, None] % 40 < 20, [1.0, rho], [rho, 1.0])
        yield np.where(up == 2.0, rho, 1.0)
        yield np.tile([1.0, 1.0, rho], (T, 1))
    yield np.eye(3)[rng.integers(0, 3, T)]
    yield np.eye(2)[np.arange(T) // 30 % 2]
    yield np.tile([1.0, 0.0, 0.0], (T, 1))


def test_no_run_exceeds_them():
    """At no time, on random, switching, alternating and constant markets and on races; nor are all far away."""
    closest = {}
    for relatives in markets():
        market = TableMarket(relatives)
        T, times = len(relatives), np.arange(1, len(relatives) + 1)
        market.begin(None)
        ratio = market.instance().ratio
        best = market.comparators(times)["best_mix"]
        policies = [EG(0.05), EG(0.5), SoftBayes(), SoftBayes(0.4), LogBarrier(), LogBarrier(1.0), LogBarrier(4.0)]
        if ratio < math.inf:
            policies += [EG("tuned", ratio), ONS("regret", ratio), ONS("regret", ratio, 1.0)]
        for policy in policies:
            market.begin(None)
            policy.reset(market.problem, np.random.default_rng(0))
            policy.advance(market, T)
            regret = best - market.metrics(times)["reward"]
            for found in policy.regret_bounds(market.problem, market.instance()):
                assert found.holds
                share = regret / found.curve(times.astype(float))
                assert np.all(share <= 1.0), (policy, found.name, relatives[:3])
                closest[found.name] = max(closest.get(found.name, 0.0), float(share[-1]))
    assert set(closest) == {
        "EG bound",
        "Soft-Bayes bound",
        "ONS bound",
        "log-barrier bound",
        "log-barrier bound, of the run",
    }
    assert min(closest.values()) > 0.1


def test_bound_of_the_run_is_below_that_of_all_runs():
    market = TableMarket(np.exp(np.random.default_rng(5).normal(0.0, 0.05, (300, 3))))
    policy, times = LogBarrier(2.0), np.arange(1.0, 301.0)
    market.begin(None)
    policy.reset(market.problem, np.random.default_rng(0))
    policy.advance(market, 300)
    all_runs, own = policy.regret_bounds(market.problem, market.instance())
    assert own.data_dependent
    assert np.all(own.curve(times) <= all_runs.curve(times))
    assert np.all(np.diff(own.curve(times)) >= 0.0)
    assert own.curve(times)[-1] < 0.6 * all_runs.curve(times)[-1]


def test_bound_of_the_run_where_the_barrier_is_all_there_is():
    market, policy, times = TableMarket(np.full((20, 2), [1.0, 2.0])), LogBarrier(1e100), np.arange(1.0, 21.0)
    policy.reset(market.problem, np.random.default_rng(0))
    market.begin(None)
    policy.leap(market, 20)
    of_all, of_run = (b.curve(times) for b in policy.regret_bounds(market.problem, market.instance()))
    assert (of_run > 0.0).all()
    assert (of_run <= of_all * (1.0 + 1e-12)).all()
