"""Markets against numbers that were worked out elsewhere, and against a market in plain Python."""

import math
import pickle

import numpy as np
import pytest

from bandits.portfolio.exponentiated_gradient import ExponentiatedGradient
from bandits.portfolio.fixed_mix import FixedMix
from bandits.portfolio.soft_bayes import SoftBayes
from bandits.portfolio.uniform_mix import UniformMix
from bandits.portfolio.universal import Universal
from environments import Alternation, Betting, LogNormalMarket, Prices, RegimesMarket, TableMarket, WaveMarket
from environments.portfolio.hindsight import Hindsight


def begun(market, seed=0):
    market.begin(market.draw(np.random.default_rng(seed)))
    return market


def at_end(market, name):
    return market.comparators(np.array([market.horizon]))[name][0]


def wealth(policy, market):
    """Logarithm of the wealth at the end."""
    policy.reset(market.problem, np.random.default_rng(0))
    policy.advance(begun(market), market.horizon)
    return market.metrics(np.array([market.horizon]))["reward"][0]


def kept(b, a, cost):
    """The share of wealth kept, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle + cost * sum(abs(middle * x - y) for x, y in zip(b, a, strict=True)) > 1.0:
            high = middle
        else:
            low = middle
    return low


def played(relatives, portfolios, cost=0.0, linear=False):
    """Series [n, 4] and rewards [n] of portfolios, one thing after the other."""
    total, before, series, rewards = [0.0, 0.0, 0.0, 0.0], None, [], []
    for x, b in zip(np.asarray(relatives).tolist(), np.asarray(portfolios).tolist(), strict=True):
        share, turnover = 1.0, 0.0
        if before is not None:
            turnover = sum(abs(p - q) for p, q in zip(b, before, strict=True))
            share = 1.0 - cost * turnover if linear else kept(b, before, cost)
        paid = sum(p * y for p, y in zip(b, x, strict=True))
        ruined = paid < 1e-12 * max(x)
        rewards.append(math.log(max(paid, 1e-12 * max(x))) + math.log(share))
        total = [total[0] + rewards[-1], total[1] + turnover, total[2] - math.log(share), total[3] + ruined]
        series.append(total)
        before = [p * y / paid for p, y in zip(b, x, strict=True)] if paid > 0.0 else b
    return np.array(series), rewards


@pytest.mark.parametrize(
    ("horizon", "best"),
    [
        (1, 0.6931471806),
        (2, 0.1177830357),
        (3, 0.6931471806),
        (4, 0.2355660713),
        (5, 0.7417087472),
        (10, 0.5889151783),
        (20, 1.1778303566),
        (50, 2.9445758914),
        (200, 11.7783035656),
    ],
)
def test_alternation(horizon, best):
    market = begun(Alternation(horizon=horizon))
    assert np.isclose(at_end(market, "best_mix"), best, rtol=0.0, atol=1e-9)
    assert np.isclose(at_end(market, "best_asset"), math.log(2.0) * (horizon % 2), rtol=0.0, atol=1e-12)
    assert at_end(market, "worst") == pytest.approx(-math.log(2.0) * (horizon // 2), abs=1e-12)
    assert 0.0 <= market.mix_gap <= 5e-10


def test_wave():
    market = begun(WaveMarket(horizon=60))
    relatives = market.block(60)
    assert np.allclose(relatives[0], [1.0508330605, 0.9640244474, 0.9553004035], rtol=0.0, atol=1e-9)
    assert np.isclose(relatives.sum(), 180.2539083971, rtol=0.0, atol=1e-9)
    curves = market.comparators(np.array([10, 30, 60]))
    assert np.allclose(curves["best_mix"], [0.0506662778, 0.1059206456, 0.1213118033], rtol=0.0, atol=1e-9)
    assert np.allclose(curves["uniform_mix"], [0.0116022158, 0.1044323862, 0.0719499100], rtol=0.0, atol=1e-9)
    assert np.allclose(market.clairvoyant("best_mix"), [0.0, 0.10519842, 0.89480158], rtol=0.0, atol=1e-8)
    assert at_end(begun(WaveMarket(4, horizon=60)), "best_mix") == pytest.approx(0.1420448181, abs=1e-9)


@pytest.mark.parametrize(
    ("before", "after", "cost", "model", "share"),
    [
        ((0.5, 0.5), (0.5, 0.5), 0.3, "exact", 1.0),
        ((1.0, 0.0), (0.0, 1.0), 0.01, "exact", 0.980198019802),
        ((0.5, 0.5), (1.0, 0.0), 0.01, "exact", 0.990099009901),
        ((0.7, 0.2, 0.1), (0.2, 0.3, 0.5), 0.02, "exact", 0.980237154150),
        ((0.7, 0.2, 0.1), (0.2, 0.3, 0.5), 0.02, "linear", 0.98),
        ((1.0, 0.0), (0.0, 1.0), 0.3, "exact", 0.538461538462),
    ],
)
def test_what_a_trade_leaves(before, after, cost, model, share):
    market = begun(TableMarket(np.ones((2, len(before))), trading_cost=cost, cost_model=model))
    assert abs(market.transition(before)[0]) < 1e-15  # the first purchase is free
    market.transition(after)
    series = market.metrics(np.array([2]))
    assert np.exp(-series["costs"][0]) == pytest.approx(share, abs=1e-12)
    assert series["reward"][0] == pytest.approx(-series["costs"][0], abs=1e-15)


@pytest.mark.parametrize("model", ["exact", "linear"])
@pytest.mark.parametrize("cost", [0.0, 0.001, 0.2, 0.49])
def test_series_against_a_market_in_plain_python(cost, model):
    rng = np.random.default_rng(3)
    for n in (1, 2, 5):
        relatives = np.exp(0.3 * rng.standard_normal((40, n)))
        relatives[:, 1:] *= rng.random((40, n - 1)) < 0.8
        portfolios = rng.dirichlet(np.full(n, 0.3), 40)
        portfolios[10:20] = np.eye(n)[rng.integers(0, n, 10)]
        market = begun(TableMarket(relatives, trading_cost=cost, cost_model=model))
        rewards = [market.transition(b)[0] for b in portfolios[:15]]
        market.absorb(portfolios[15:16])
        market.absorb(portfolios[16:])
        series, found = played(relatives, portfolios, cost, model == "linear")
        told = np.column_stack(list(market.metrics(np.arange(1, 41)).values()))
        assert np.allclose(told, series, rtol=0.0, atol=1e-12)
        assert np.allclose(rewards, found[:15], rtol=0.0, atol=1e-13)
        assert series[-1, 3] > 0.0 or n < 5


def test_wealth_net_of_costs():
    for cost, uniform in ((0.001, 0.0705875721), (0.01, 0.0583458670)):
        market = WaveMarket(horizon=60, trading_cost=cost)
        assert wealth(UniformMix(), market) == pytest.approx(uniform, abs=1e-9)
        assert at_end(market, "uniform_mix") == pytest.approx(uniform, abs=1e-9)
        assert at_end(market, "best_mix") == pytest.approx(0.1213118033, abs=1e-9)  # free of costs
    for cost, half in ((0.001, 1.1714959674), (0.01, 1.1143912325)):
        assert wealth(FixedMix([0.5, 0.5]), Alternation(horizon=20, trading_cost=cost)) == pytest.approx(half, abs=1e-9)


def test_best_of_a_lattice_net_of_costs():
    market = begun(WaveMarket(horizon=60, trading_cost=0.01))
    past = Hindsight(market.block(60), 0.01, False)
    lattice, times = past.lattice, np.array([20, 60])
    assert lattice.shape == (231, 3)
    tens = lattice[(np.rint(20 * lattice) % 2 == 0).all(axis=1)]
    assert len(tens) == 66
    assert past.net(tens, times)[:, 1].max() == pytest.approx(0.1205067964, abs=1e-9)
    slow = [played(market.block(60), np.tile(b, (60, 1)), 0.01)[0][[19, 59], 0] for b in lattice[::7]]
    assert np.allclose(past.net(lattice[::7], times), slow, rtol=0.0, atol=1e-12)
    assert np.allclose(market.comparators(times)["best_lattice"], past.net(lattice, times).max(axis=0))
    best = market.clairvoyant("best_lattice")
    assert wealth(FixedMix(best.tolist()), market) == pytest.approx(at_end(market, "best_lattice"), abs=1e-12)
    assert [regret.name for regret in market.regrets()] == ["mix", "component", "uniform", "lattice"]


def test_wealth_does_not_grow_with_costs():
    rng = np.random.default_rng(4)
    portfolios = rng.dirichlet(np.ones(3), 60)
    ends = []
    for cost in (0.0, 1e-6, 0.01, 0.3, 0.9):
        market = begun(WaveMarket(horizon=60, trading_cost=cost))
        rewards = [market.transition(b)[0] for b in portfolios]
        costs = np.diff(market.metrics(np.arange(61))["costs"])
        assert (costs >= 0.0).all()
        assert (costs <= math.log((1 + cost) / (1 - cost)) + 1e-15).all()
        assert market.metrics(np.array([60]))["reward"][0] == pytest.approx(sum(rewards), abs=1e-12)
        ends.append(sum(rewards))
    assert ends == sorted(ends, reverse=True)


def test_a_common_factor_adds_its_logarithm_and_nothing_else():
    rng = np.random.default_rng(5)
    relatives, factors = np.exp(0.2 * rng.standard_normal((30, 3))), 10.0 ** rng.uniform(-300.0, 300.0, 30)
    relatives[3, 1] = 0.0
    portfolios, times = rng.dirichlet(np.ones(3), 30), np.arange(1, 31)
    plain, scaled = (
        begun(TableMarket(table, trading_cost=0.01)) for table in (relatives, relatives * factors[:, None])
    )
    for market in (plain, scaled):
        market.absorb(portfolios)
    more = np.cumsum(np.log(factors))
    assert np.allclose(scaled.metrics(times)["reward"], plain.metrics(times)["reward"] + more, rtol=0.0, atol=1e-9)
    curves = plain.comparators(times)
    for name, values in scaled.comparators(times).items():
        assert np.allclose(values, curves[name] + more, rtol=1e-13, atol=1e-9), name


def test_comparators_do_not_depend_on_what_was_asked():
    market, times = begun(LogNormalMarket(n_assets=4, sigma=0.3, horizon=120)), np.arange(1, 121)
    whole = market.comparators(times)
    again = begun(LogNormalMarket(n_assets=4, sigma=0.3, horizon=120))
    for time in (120, 7, 60):
        for name, values in again.comparators(np.array([time])).items():
            assert np.isclose(values[0], whole[name][time - 1], rtol=1e-12, atol=1e-9), name
    assert 0.0 < market.mix_gap <= 5e-10
    assert (whole["best_mix"] >= whole["best_asset"] - 1e-9).all()
    assert (whole["best_mix"] >= whole["uniform_mix"] - 1e-9).all()
    assert np.allclose(whole["best_asset"], np.cumsum(np.log(market.block(120)), axis=0).max(axis=1), atol=1e-12)
    assert np.allclose(whole["worst"], np.cumsum(np.log(market.block(120)).min(axis=1)), atol=1e-12)
    with pytest.raises(RuntimeError):
        LogNormalMarket().comparators(times)


def test_assets_that_are_lost():
    race = TableMarket([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    times = np.arange(1, 5)
    curves = begun(race).comparators(times)
    assert curves["best_asset"].tolist() == [0.0, 0.0, -1e6, -1e6]
    counts = np.array([[1, 0], [2, 0], [2, 1], [2, 2]])
    likelihood = [sum(n * math.log(n / t) for n in row if n) for row, t in zip(counts.tolist(), times, strict=True)]
    assert np.allclose(curves["best_mix"], likelihood, rtol=0.0, atol=1e-9)
    assert "worst" not in curves
    race.absorb(np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    series = race.metrics(times)
    assert series["ruined"].tolist() == [1.0, 1.0, 2.0, 2.0]
    assert series["reward"][-1] == pytest.approx(2.0 * math.log(1e-12))
    assert race.instance().ratio == math.inf
    assert race.instance().zeros


def test_one_asset_and_equal_assets_leave_nothing_to_regret():
    for assets in (1, 3):
        column = np.exp(0.1 * np.sin(np.arange(1.0, 21.0)))[:, None]
        market = begun(TableMarket(np.repeat(column, assets, axis=1), trading_cost=0.1))
        for _ in range(20):
            market.transition(market.action_space.sample())
        series, times = market.metrics(np.arange(1, 21)), np.arange(1, 21)
        curves = market.comparators(times)
        free = series["reward"] + series["costs"]
        for name in ("best_mix", "best_asset", "uniform_mix"):
            assert np.allclose(curves[name], free, rtol=0.0, atol=1e-13), name
        assert market.mix_gap <= 1e-13
        assert assets > 1 or not series["costs"].any()


def test_log_normal_laws():
    """Moments of the logarithms within five standard errors; the matrix and the number agree."""
    mu, sigma, n = np.array([0.1, -0.2, 0.0]), np.array([0.2, 0.1, 0.0]), 20_000
    law = {"mu": mu.tolist(), "sigma": sigma.tolist(), "horizon": n}
    logs = np.log(begun(LogNormalMarket(correlation=0.5, **law), 6).block(n))
    assert (np.abs(logs.mean(axis=0) - mu + sigma**2 / 2) <= 5.0 * sigma / math.sqrt(n) + 1e-12).all()
    assert np.allclose(logs.std(axis=0), sigma, rtol=5.0 / math.sqrt(2.0 * n), atol=1e-12)
    assert np.corrcoef(logs[:, 0], logs[:, 1])[0, 1] == pytest.approx(0.5, abs=5.0 * 0.75 / math.sqrt(n))
    given = [[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]]
    assert np.array_equal(begun(LogNormalMarket(correlation=given, **law), 6).block(9), np.exp(logs[:9]))
    opposite = np.log(begun(LogNormalMarket(sigma=0.1, correlation=-1.0, horizon=50), 7).block(50))
    assert np.allclose(opposite[:, 0] + opposite[:, 1], -0.01)


def test_regimes():
    """Shares of the rounds that stay, and the mean of the first regime."""
    market = RegimesMarket([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], 0.0, 0.9, 20_000)
    relatives = np.log(begun(market, 8).block(20_000))
    regimes = np.rint((relatives[:, 0] - 1.0) / 2.0).astype(int)
    assert np.allclose(relatives, market._drifts[regimes])
    steps = np.diff(regimes) % 3
    for step, share in ((0, 0.9), (1, 0.05), (2, 0.05)):
        assert np.mean(steps == step) == pytest.approx(share, abs=5.0 * math.sqrt(share * (1 - share) / 20_000))
    first = [market.draw(np.random.default_rng(seed)).regimes[0] for seed in range(60)]
    assert min(np.bincount(first, minlength=3)) >= 60 / 3 - 4 * math.sqrt(60 * 2 / 9)
    steady = RegimesMarket([[0.1, 0.2]], [0.0, 0.0], 0.0, 5)
    assert np.allclose(np.log(begun(steady).block(5)), [0.1, 0.2])


def refused(market, call, match, error=ValueError):
    """A call that is refused and changes nothing."""
    before = pickle.dumps(market)
    with pytest.raises(error, match=match):
        call()
    assert pickle.dumps(market) == before


@pytest.mark.parametrize(
    "portfolio",
    [
        [0.5, 0.5],
        [0.5, 0.5, math.nan],
        [1.0 + 1e-8, -1e-8, 0.0],
        [0.5, 0.5, 1e-8],
        [0.3, 0.3, 0.3],
        ["0.5", "0.5", "0"],
        [math.inf, -math.inf, 1.0],
        None,
        1,
        [[1.0, 0.0, 0.0]],
    ],
)
def test_no_portfolio(portfolio):
    market = begun(WaveMarket(horizon=5))
    market.transition([0.5, 0.25, 0.25])
    refused(market, lambda: market.transition(portfolio), "portfolio")
    rows = np.array([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]])
    refused(market, lambda: market.absorb(rows), r"portfolio of round 2 must be .*, got \[0.0, 2.0, 0.0\]")
    refused(market, lambda: market.absorb(np.full((5, 3), 1 / 3)), r"1 to 4 rows of 3 weights, got shape \(5, 3\)")


def test_portfolios_that_are_off_by_rounding_are_made_right():
    market = begun(TableMarket([[1.0, 2.0]] * 2))
    assert market.transition([1.0 + 9e-10, -9e-10])[0] == 0.0
    assert market.transition([1.0 - 5e-10, 0.0])[0] == 0.0
    refused(market, lambda: market.transition([1.0, 0.0]), "the run is over at time 2", RuntimeError)


def test_ruin_as_an_error():
    market = begun(TableMarket([[1.0, 1.0], [0.0, 1.0], [1.0, 0.0]], ruin="error"))
    market.transition([1.0, 0.0])
    refused(market, lambda: market.transition([1.0, 0.0]), "portfolio of round 1 must hold an asset that pays")
    refused(market, lambda: market.absorb(np.array([[0.5, 0.5], [0.0, 1.0]])), "round 2 must hold an asset that pays")
    market.absorb(np.array([[0.5, 0.5], [0.5, 0.5]]))


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: TableMarket([[1.0, -0.1]]), "relatives must be finite numbers >= 0, got -0.1 at asset 1"),
        (lambda: TableMarket([[1.0, 1.0], [math.nan, 1.0]]), "got nan at round 1, asset 0"),
        (lambda: TableMarket([[1.0, math.inf]]), "got inf at asset 1"),
        (lambda: TableMarket([[1.0, 1.0], [0.0, 0.0]]), "zeros alone at round 1"),
        (lambda: TableMarket([[1.0, 1.0], [1.0]]), "relatives must be rows of numbers"),
        (lambda: TableMarket([]), "relatives must be rows of n numbers"),
        (lambda: TableMarket([[], []]), "relatives must be rows of n numbers"),
        (lambda: TableMarket([["1", "2"]]), "relatives must be rows of numbers"),
        (lambda: TableMarket([[1.0, 2.0]], 2), "horizon must be at most 1, the rounds that are there, got 2"),
        (lambda: WaveMarket(trading_cost=1.0), r"trading_cost must be a finite number in \[0, 1\), got 1.0"),
        (lambda: WaveMarket(trading_cost=-0.1), r"trading_cost must be .*, got -0.1"),
        (lambda: WaveMarket(cost_model="exakt"), "cost_model must be one of exact, linear, got 'exakt' .did you mean"),
        (lambda: WaveMarket(ruin="stop"), "ruin must be one of floor, error, got 'stop'"),
        (lambda: WaveMarket(0), "n_assets must be a whole number in 1..1000, got 0"),
        (lambda: WaveMarket(horizon=10**12), "horizon must be lower"),
        (lambda: Alternation(1.0), "factor must be"),
        (lambda: LogNormalMarket([0.1, 0.2], [0.1, 0.2, 0.3]), "mu must be a number, or 3 of them"),
        (lambda: LogNormalMarket(sigma=-0.1), "sigma must be"),
        (lambda: LogNormalMarket(sigma=[0.1, math.nan]), r"sigma\[1\] must be"),
        (lambda: LogNormalMarket(correlation=-0.6, n_assets=3), "positive semidefinite, got -0.6 for 3 assets"),
        (lambda: LogNormalMarket(correlation=[[1.0, 0.5], [0.4, 1.0]]), "correlation must be a number, or a symmetric"),
        (lambda: LogNormalMarket(correlation=[[2.0, 0.5], [0.5, 1.0]]), "ones on the diagonal"),
        (lambda: RegimesMarket(stay=1.1), r"stay must be a finite number in \[0, 1\], got 1.1"),
        (lambda: RegimesMarket([[0.1, 0.2], [0.1]]), "drifts must be rows of numbers"),
        (lambda: RegimesMarket([[0.1, 30.0]], 0.1), r"drifts must be in \[-20, 20\]"),
        (lambda: RegimesMarket(sigmas=[0.1]), "sigmas must be a number, or 3 of them"),
    ],
)
def test_bad_arguments(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_comparators_that_cannot_be_played():
    four, five = begun(WaveMarket(4, trading_cost=0.1, horizon=3)), begun(WaveMarket(5, trading_cost=0.1, horizon=3))
    assert four.clairvoyant("best_lattice").sum() == pytest.approx(1.0)
    assert "best_lattice" not in five.comparators(np.array([3]))
    with pytest.raises(
        ValueError, match=r"got 'best_lattice' .did you mean 'best_asset'.. .it needs costs and at most 4"
    ):
        five.clairvoyant("best_lattice")
    with pytest.raises(ValueError, match="comparator must be one of best_mix, best_asset, uniform_mix, got 'best_arm'"):
        five.clairvoyant("best_arm")


def test_ratios_that_are_hardly_numbers_or_none():
    table = [[1e300, 1e-300], [1.0, 1.0], [1e-320, 1.0]]
    markets = [
        TableMarket(table),
        Prices({"A": [row[0] for row in table], "B": [row[1] for row in table]}, values="relatives"),
        Betting(odds=[1.0, 1.0], forecasts=[[1.0, 1e-310], [0.0, 1.0]]),
        TableMarket([[1.7e308, 1.0]]),
    ]
    policies = ExponentiatedGradient(), SoftBayes(), Universal()
    for market in markets:
        market.begin(market.draw(np.random.default_rng(0)))
        market.transition([0.5, 0.5])
        for policy in policies:
            for bound in policy.regret_bounds(market.problem, market.instance()):
                assert np.isfinite(bound.curve(np.array([1.0, 2.0]))).all()
            assert market.problem.low < market.problem.high


def test_an_asset_that_is_hardly_worth_anything_for_a_round_is_not_lost():
    market = TableMarket([[1e200, 1e-200], [1e-200, 1e200]])
    market.begin(None)
    assert (market.instance().ratio, market.instance().zeros) == (math.inf, False)
    found = market.comparators(np.array([1, 2]))
    assert found["best_asset"] == pytest.approx([200 * math.log(10.0), 0.0], abs=1e-12)
