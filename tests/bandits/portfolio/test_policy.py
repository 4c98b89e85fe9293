"""What all registered policies on portfolios have in common, whoever wrote them."""

import pickle

import numpy as np
import pytest

from bandits.families import families
from bandits.portfolio.exponentiated_gradient import ExponentiatedGradient
from bandits.portfolio.policy import PortfolioPolicy
from bandits.portfolio.problem import PortfolioProblem
from environments import LogNormalMarket, TableMarket
from environments.checks import players

FAMILY = next(family for family in families() if family.name == "portfolio")


def ours(market):
    return players(market, [FAMILY])


def test_a_foreign_play_is_the_markets_and_changes_no_decision():
    """Rounds with a portfolio of somebody else's, blocks and pickling, against one whole block."""
    market, rng = LogNormalMarket(n_assets=3, sigma=0.2, horizon=40), np.random.default_rng(1)
    tape, names = market.draw(rng), set()
    market.begin(tape)
    relatives = market.block(40)
    for name, policy in ours(market):
        names.add(name)
        assert isinstance(policy, PortfolioPolicy), name
        policy.reset(market.problem, np.random.default_rng(2))
        whole = policy.run(relatives.copy())
        assert np.allclose(whole.sum(axis=1), 1.0, rtol=0.0, atol=1e-9), name
        assert whole.min() >= 0.0, name
        policy.reset(market.problem, np.random.default_rng(2))
        market.begin(tape)
        foreign, paid = rng.dirichlet(np.ones(3), 40), 0.0
        for t in range(9):
            chosen = policy.choose(np.int64(0))
            assert np.array_equal(chosen, whole[t]), (name, t)
            chosen[...] = np.nan  # is a copy
            reward, x = market.transition(foreign[t])
            paid += np.log(foreign[t] @ x)
            assert reward == pytest.approx(np.log(foreign[t] @ x), abs=1e-14), name
            policy.update(np.int64(0), foreign[t], x)
        policy = pickle.loads(pickle.dumps(policy))
        policy.advance(market, 20)
        assert np.array_equal(policy.choose(np.int64(0)), whole[29]), name
        paid += np.log((whole[9:29] * relatives[9:29]).sum(axis=1)).sum()
        assert market.metrics(np.array([29]))["reward"][0] == pytest.approx(paid, abs=1e-12), name
    assert {"uniform_mix", "universal", "exponentiated_gradient", "buy_and_hold", "ensemble"} <= names


@pytest.mark.parametrize("n_assets", [1, 4])
def test_where_all_assets_are_equal_nothing_is_regretted(n_assets):
    column = np.exp(0.3 * np.sin(np.arange(1.0, 31.0)))[:, None]
    market, played = TableMarket(np.repeat(column, n_assets, axis=1)), 0
    for name, policy in ours(market):
        policy.reset(market.problem, np.random.default_rng(3))
        market.begin(None)
        policy.advance(market, 30)
        earned = market.metrics(np.array([10, 30]))["reward"]
        for comparator, values in market.comparators(np.array([10, 30])).items():
            assert np.allclose(values, earned, rtol=0.0, atol=1e-12), (name, comparator)
        played += 1
    assert played > 10


def test_what_cannot_be_is_refused_and_changes_nothing():
    policy, problem = ExponentiatedGradient(), PortfolioProblem(n_assets=3, horizon=9)
    policy.reset(problem, np.random.default_rng(0))
    uniform = policy.choose(np.int64(0))
    for action, feedback, match in (
        (uniform, [1.0, 2.0], "relatives must be rows of 3 numbers"),
        (uniform, [1.0, -2.0, 1.0], "got -2.0 at asset 1"),
        (uniform, [1.0, np.nan, 1.0], "got nan at asset 1"),
        (uniform, [1.0, np.inf, 1.0], "got inf at asset 1"),
        (uniform, [0.0, 0.0, 0.0], "zeros alone"),
        (uniform, ["1", "1", "1"], "relatives must be numbers >= 0"),
        (uniform, None, "relatives must be rows of 3 numbers"),
        (uniform[:2], [1.0, 1.0, 1.0], "the action must be 3 finite weights >= 0 with sum 1"),
        (2.0 * uniform, [1.0, 1.0, 1.0], "the action must be 3 finite weights"),
        (0, [1.0, 1.0, 1.0], "the action must be 3 finite weights"),
    ):
        before = pickle.dumps(policy)
        with pytest.raises(ValueError, match=match):
            policy.update(np.int64(0), action, feedback)
        assert pickle.dumps(policy) == before
    policy.update(np.int64(0), uniform, [1.0, 2.0, 3.0])
    with pytest.raises(RuntimeError, match="not owed"):
        policy.update(np.int64(0), uniform, [1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"n_assets": 0}, "n_assets must be a whole number >= 1, got 0"),
        ({"n_assets": 2.0}, "n_assets must be a whole number"),
        ({"n_assets": 2, "trading_cost": 1.0}, r"trading_cost must be a finite number in \[0, 1\), got 1.0"),
        ({"n_assets": 2, "low": 1.0, "high": 0.0}, "low must be below high"),
    ],
)
def test_problems_that_cannot_be(arguments, match):
    with pytest.raises(ValueError, match=match):
        PortfolioProblem(**arguments)


def test_relatives_beyond_the_declared_range_are_told_once():
    problem = PortfolioProblem(n_assets=2, low=-0.1, high=0.1)
    policy = ExponentiatedGradient()
    policy.reset(problem, np.random.default_rng(0))

    def learn(*rounds):
        for relatives in rounds:
            policy.update(0, policy.choose(0), relatives)

    learn([1.05, 0.95], [1.0, 1.1])
    with pytest.warns(RuntimeWarning, match=r"relatives that pay some portfolio a reward of -0\.69") as told:
        learn([1.0, 0.5], [3.0, 1.0])
    assert len(told) == 1
