"""Speed of policies on portfolios: a run from ``reset`` to its end, the market's accounts included."""

import numpy as np
import pytest
from games import LOOP, loop, within
from timing import measure

from bandits import POLICIES
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
