"""Speed of policies on portfolios: a run from ``reset`` to its end, the market's accounts included."""

import numpy as np
import pytest
from games import LOOP, loop, within
from timing import growth, measure

from bandits import POLICIES
from environments.portfolio.table import TableMarket
from environments.portfolio.wave import WaveMarket


def run(name, market, **arguments):
    policy = POLICIES.build(name, **arguments)

    def game():
        market.begin(market.draw(np.random.default_rng(1)))
        policy.reset(market.problem, np.random.default_rng(2))
        policy.advance(market, market.horizon)
        return market.metrics(np.array([market.horizon]))["reward"][0]

    return game


def relatives_of(market):
    market.begin(market.draw(np.random.default_rng(1)))
    return market.block(market.horizon)


def with_logs(relatives, samples):
    """Cover's universal portfolio as it is written in numpy: logarithms of wealth, drawn mixes, a loop over rounds."""
    mixes = np.random.default_rng(2).dirichlet(np.ones(relatives.shape[1]), samples)
    wealth, total = np.zeros(samples), 0.0
    for x in relatives:
        weights = np.exp(wealth - wealth.max())
        total += np.log(weights @ mixes / weights.sum() @ x)
        wealth += np.log(mixes @ x)
    return total


def test_sampled_universal(record):
    """Five halves of what a loop in numpy does in the same time, with the same result."""
    market, samples = WaveMarket(10, 0.02, horizon=1000), 20_000
    relatives = relatives_of(market)
    ours = run("universal", market, method="sampled", samples=samples)
    assert ours() == pytest.approx(with_logs(relatives, samples), abs=1e-10)
    pairs = measure(ours, lambda: with_logs(relatives, samples), "round", (1000, 1000))
    record("`universal`, 20,000 samples, k = 10", pairs, "loop in numpy with logarithms", 1 / 2.5)


@pytest.mark.filterwarnings("ignore")  # of the library's own
def test_sampled_universal_against_a_library(record):
    """Four times the rounds of universal-portfolios in the same time."""
    UP = pytest.importorskip("universal.algos", reason="needs universal-portfolios").UP
    pandas = pytest.importorskip("pandas")
    market, samples = WaveMarket(10, 0.02, horizon=1000), 20_000
    prices = pandas.DataFrame(np.cumprod(np.vstack([np.ones(10), relatives_of(market)]), axis=0))
    ours, theirs = run("universal", market, method="sampled", samples=samples), UP(eval_points=samples)
    pairs = measure(ours, lambda: theirs.run(prices), "round", (1000, 1000), repeats=3)
    record("`universal`, 20,000 samples, k = 10", pairs, "universal-portfolios", 1 / 4)


def test_exact_universal(record):
    """Ten thousand rounds of two assets with 1024 nodes within a second."""
    ours = run("universal", WaveMarket(2, 0.02, horizon=10_000), method="exact")
    record("`universal`, exact, k = 2, T = 10,000", measure(ours, loop, "run"), LOOP, within(1.0))


def by_hand(relatives, growth):
    """A policy as it is written in numpy: weights multiplied by something of the gradient, a loop over rounds."""
    b, total = np.full(relatives.shape[1], 1.0 / relatives.shape[1]), 0.0
    for x in relatives:
        paid = b @ x
        total += np.log(paid)
        b = b * growth(x / paid)
        b /= b.sum()
    return total


@pytest.mark.parametrize(
    ("name", "growth"),
    [("exponentiated_gradient", lambda r: np.exp(0.05 * r)), ("soft_bayes", lambda r: 0.95 + 0.05 * r)],
)
def test_multiplied_weights(record, name, growth):
    """Twenty times the rounds of a loop in numpy in the same time, with the same result."""
    rounds = 100_000
    relatives = np.exp(np.random.default_rng(3).normal(0.0, 0.02, (rounds, 10)))
    ours = run(name, TableMarket(relatives), rate=0.05)
    assert ours() == pytest.approx(by_hand(relatives, growth), abs=1e-7)
    pairs = measure(ours, lambda: by_hand(relatives, growth), "round", (rounds, rounds), repeats=3)
    record(f"`{name}`, k = 10", pairs, "loop in numpy", 1 / 20)


@pytest.mark.parametrize("arguments", [{}, {"variant": "regret", "rho": 1.1}], ids=["practice", "regret"])
def test_newton_steps(record, arguments):
    """A thousand rounds in 0.07 seconds: a tenth of what universal-portfolios 0.4.17 takes, with a general solver."""
    ours = run("online_newton_step", WaveMarket(10, 0.02, horizon=1000), **arguments)
    what = arguments.get("variant", "practice")
    record(f"`online_newton_step`, {what}, k = 10", measure(ours, loop, "1000 rounds"), LOOP, within(0.07))


@pytest.mark.filterwarnings("ignore")  # of the library's own
def test_newton_steps_against_a_library(record):
    """Ten times the rounds of universal-portfolios in the same time; its general solver's result is near."""
    ONS = pytest.importorskip("universal.algos", reason="needs universal-portfolios").ONS
    pandas = pytest.importorskip("pandas")
    market = WaveMarket(10, 0.02, horizon=300)
    prices = pandas.DataFrame(np.cumprod(np.vstack([np.ones(10), relatives_of(market)]), axis=0))
    ours = run("online_newton_step", market)
    assert ours() == pytest.approx(np.log(ONS().run(prices).equity.iloc[-1]), abs=1e-3)
    pairs = measure(ours, lambda: ONS().run(prices), "round", (300, 300), repeats=3)
    record("`online_newton_step`, practice, k = 10", pairs, "universal-portfolios", 1 / 10)


def test_log_barrier(record):
    """Two thousand rounds within 30 seconds. A run is quadratic: a round has Newton steps over all rounds before."""
    ours = run("log_barrier", WaveMarket(10, 0.02, horizon=2000))
    record("`log_barrier`, k = 10, T = 2000", measure(ours, loop, "run", repeats=2), LOOP, within(30.0))


def bought_by_hand(relatives):
    """Buy and hold as it is written in numpy, with logarithms of wealth."""
    logs, wealth = np.zeros(relatives.shape[1]), 0.0
    for x in relatives:
        b = np.exp(logs - logs.max())
        b /= b.sum()
        wealth += np.log(b @ x)
        logs += np.log(x)
    return wealth


def test_buy_and_hold(record):
    """Twenty times what a loop in numpy does in the same time."""
    rounds = 30_000
    relatives = np.exp(np.random.default_rng(3).normal(0.0, 0.02, (rounds, 10)))
    ours = run("buy_and_hold", TableMarket(relatives))
    assert ours() == pytest.approx(bought_by_hand(relatives), abs=1e-9)
    pairs = measure(ours, lambda: bought_by_hand(relatives), "round", (rounds, rounds))
    record("`buy_and_hold`, k = 10", pairs, "loop in numpy", 1 / 20)


def test_the_best_mix(record):
    """At 154 times of ten thousand rounds of ten assets within five seconds; all gaps are certified."""
    relatives = np.exp(0.06 * np.random.default_rng(1).standard_normal((10_000, 10)))
    times = np.unique(np.round(np.geomspace(1, 10_000, 200)).astype(np.int64))

    def game():
        market = TableMarket(relatives)  # a new one, that knows no mix yet
        market.begin(None)
        market.comparators(times)
        return market.mix_gap

    assert len(times) == 154
    assert game() <= 5e-10
    record("comparators, 154 times, k = 10, T = 10,000", measure(game, loop, "run"), LOOP, within(5.0))


def test_comparators_grow_with_the_rounds(record_growth):
    """The best mix at one time, at growing horizons."""

    def game(rounds):
        relatives = np.exp(0.06 * np.random.default_rng(1).standard_normal((rounds, 10)))

        def best():
            market = TableMarket(relatives)
            market.begin(None)
            market.comparators(np.array([rounds]))

        return best

    record_growth(
        "portfolio", "comparators at one time, k = 10", "rounds", growth([3_000, 10_000, 30_000, 100_000], game), 1.0
    )
