"""Ensembles of strategies: as one policy on assets, and as a market whose assets are the strategies."""

import copy

import numpy as np
import pytest

from bandits import POLICIES, Policy
from bandits.checks import play
from bandits.contract import bounds_of
from bandits.portfolio.problem import PortfolioProblem
from environments import ENVIRONMENTS
from environments.portfolio.environment import Market
from experiments.run.identity import canonical


def of(name, **parameters):
    return {"name": name, "parameters": parameters}


def policy(name, **parameters):
    return POLICIES.build(of(name, **parameters))


def market(name, **parameters):
    return ENVIRONMENTS.build(of(name, **parameters))


def waves(**parameters):
    return of("wave", n_assets=3, amplitude=0.05, horizon=60, **parameters)


SIX = ["uniform_mix", of("olmar", window=3, epsilon=2), "anticor", "buy_and_hold", "follow_the_leader", "leader_mix"]


class Turns(Policy):
    """All on the first asset and on the last one in turn; a policy that knows nothing of this room's base."""

    plays = (PortfolioProblem,)

    def __init__(self, begin=0):
        self.begin = begin

    def reset(self, problem, rng):
        self._n, self._t, self._seen = problem.n_assets, self.begin, []

    def choose(self, observation):
        return np.eye(self._n)[-(self._t % 2)]

    def update(self, observation, action, feedback):
        self._seen.append((action.tolist(), feedback.tolist()))
        self._t += 1


def wealth(player, environment, times=None):
    return play(player, environment, 3, times=times)["reward"]


@pytest.mark.parametrize("combiner", ["buy_and_hold", "uniform_mix", "universal", "anticor"])
def test_the_market_of_strategies_and_the_policy_agree(combiner):
    rng = np.random.default_rng(8)
    wild = np.exp(0.5 * rng.standard_normal((40, 4)))
    for where, components in ((waves(), SIX[:3]), (of("table", relatives=wild.tolist()), SIX[3:])):
        strategies = market("portfolio_ensemble", market=where, components=components)
        first = wealth(POLICIES.build(combiner), strategies)
        second = wealth(policy("ensemble", components=components, combiner=combiner), ENVIRONMENTS.build(where))
        assert np.allclose(first, second, rtol=0, atol=1e-12)


def test_numbers_of_an_ensemble_of_three():
    """Wealth, and what is held at the last round, of combiners of EG, OLMAR and Anticor on the wave."""
    components = [of("exponentiated_gradient", rate=0.5), "olmar", "anticor"]
    strategies, assets = (
        market("portfolio_ensemble", market=waves(), components=components),
        ENVIRONMENTS.build(waves()),
    )
    last = np.array([60])
    for combiner, expected in (
        ("universal", 0.2714452581),
        (of("universal", prior="half"), 0.2733359222),
        ("buy_and_hold", 0.2810260591),
        (of("exponentiated_gradient", rate=0.05), 0.2689662628),
    ):
        assert np.allclose(wealth(POLICIES.build(combiner), strategies, last), expected, rtol=0, atol=1e-9)
        one = policy("ensemble", components=components, combiner=combiner)
        assert np.allclose(wealth(one, assets, last), expected, rtol=0, atol=1e-9)
    alone = [0.0604624173, 0.1842227825, 0.5358224102]
    assert np.allclose(strategies.wealth_of_components(last), alone, rtol=0, atol=1e-9)
    found = strategies.comparators(last)
    assert np.allclose([found["best_mix"], found["best_component"]], alone[2], rtol=0, atol=1e-9)  # it is Anticor
    for player, where, held in (
        (POLICIES.build("universal"), strategies, [0.31511833, 0.32715864, 0.35772302]),
        (policy("ensemble", components=components), assets, [0.78682219, 0.10505573, 0.10812209]),
    ):
        where.begin(where.draw(np.random.default_rng(0)))
        player.reset(where.problem, np.random.default_rng(0))
        player.advance(where, 59)
        assert np.allclose(player.choose(0), held, rtol=0, atol=1e-8)


def test_comparators_are_the_components_themselves():
    strategies = market("portfolio_ensemble", market=waves(), components=SIX)
    times = np.array([1, 10, 60])
    alone = np.column_stack([wealth(POLICIES.build(what), ENVIRONMENTS.build(waves()), times) for what in SIX])
    strategies.begin(strategies.draw(np.random.default_rng(0)))
    assert np.allclose(strategies.wealth_of_components(times), alone, rtol=0, atol=1e-12)
    found = strategies.comparators(times)
    assert np.allclose(found["best_component"], alone.max(axis=1), rtol=0, atol=1e-12)
    assert np.all(found["best_mix"] >= found["best_component"] - 5e-10)
    assert [regret.comparator_class for regret in strategies.regrets()][:2] == ["mix", "component"]
    assert "best component" in strategies.regrets()[1].label


def test_what_is_observed_is_what_the_components_hold():
    """Who holds the components' portfolios in its own shares earns the same on the assets."""
    strategies, assets = market("portfolio_ensemble", market=waves(), components=SIX[:3]), ENVIRONMENTS.build(waves())
    for environment in (strategies, assets):
        environment.begin(environment.draw(np.random.default_rng(0)))
    rng = np.random.default_rng(1)
    for _ in range(60):
        shares = rng.dirichlet(np.ones(3))
        seen = strategies.observe()
        assert strategies.observation_space.contains(seen)
        assert np.isclose(strategies.transition(shares)[0], assets.transition(shares @ seen)[0], rtol=0, atol=1e-12)
    assert np.array_equal(strategies.observe(), seen)


def test_ensembles_of_ensembles():
    """Equal shares of wealth, in two groups and in two of these, are shares of one flat portfolio."""
    inner = of("ensemble", components=SIX[:2], combiner="buy_and_hold")
    nested = policy("ensemble", components=[inner, SIX[2]], combiner="buy_and_hold")
    shares = of("buy_and_hold", weights=[0.25, 0.25, 0.5])
    flat = policy("ensemble", components=SIX[:3], combiner=shares)
    where = ENVIRONMENTS.build(waves())
    assert np.allclose(wealth(nested, where), wealth(flat, where), rtol=0, atol=1e-12)
    twice = market(
        "portfolio_ensemble",
        market=of("portfolio_ensemble", market=waves(), components=SIX[:3]),
        components=["buy_and_hold", "anticor"],
    )
    once = market("portfolio_ensemble", market=waves(), components=SIX[:3])
    assert np.allclose(
        wealth(POLICIES.build("buy_and_hold"), once),
        wealth(policy("fixed_mix", weights=[1.0, 0.0]), twice),
        rtol=0,
        atol=1e-12,
    )


def test_components_learn_beside_their_own_portfolio():
    player = policy("ensemble", components=[Turns(), Turns(1), "buy_and_hold"], combiner="uniform_mix")
    where = ENVIRONMENTS.build(waves())
    wealth(player, where)
    for begin in (0, 1):
        seen = player._parts[begin]._policy._seen
        assert [action for action, _ in seen] == [np.eye(3)[-((t + begin) % 2)].tolist() for t in range(60)]
        assert np.array_equal([x for _, x in seen], where._relatives)


def test_trades_are_netted():
    """Two strategies that trade all they have against each other trade nothing together."""
    still = of("table", relatives=[[1.0, 1.0]] * 10, trading_cost=0.1)
    alone = play(Turns(), ENVIRONMENTS.build(still), 0)
    both = play(
        policy("ensemble", components=[Turns(), Turns(1)], combiner="uniform_mix"), ENVIRONMENTS.build(still), 0
    )
    assert alone["turnover"][-1] == 18.0
    assert alone["reward"][-1] < -1.0
    assert both["turnover"][-1] == both["reward"][-1] == 0.0


def test_costs_change_no_decision():
    rows = []
    for cost in (0.0, 0.02):
        player, where = policy("ensemble", components=SIX[:3]), ENVIRONMENTS.build(waves(trading_cost=cost))
        where.begin(where.draw(np.random.default_rng(0)))
        player.reset(where.problem, np.random.default_rng(0))
        rows.append(player.run(where.block(60)))
    assert np.array_equal(*rows)


def test_each_component_has_a_stream_of_its_own():
    sampled = of("universal", method="sampled", samples=20)
    strategies = market("portfolio_ensemble", market=waves(), components=[sampled, sampled])
    tapes = [strategies.draw(np.random.default_rng(seed)) for seed in (0, 0, 1)]
    seen = []
    for tape in (*tapes, tapes[0]):
        strategies.begin(tape)
        seen.append(strategies._portfolios.copy())
    assert np.array_equal(seen[0], seen[1])
    assert np.array_equal(seen[0], seen[3])
    assert not np.allclose(seen[0], seen[2])
    assert not np.allclose(seen[0][:, 0], seen[0][:, 1])
    lucky = of("log_normal", mu=[0.0, 0.0], sigma=0.1, horizon=5)
    inner = ENVIRONMENTS.build(lucky)
    inner.begin(inner.draw(np.random.default_rng(4)))
    outer = market("portfolio_ensemble", market=lucky, components=["uniform_mix"])
    outer.begin(outer.draw(np.random.default_rng(4)))  # the same luck as without components
    assert np.allclose(outer._past.relatives[:, 0], inner._past.relatives.mean(axis=1), rtol=1e-12)


def test_ruined_components_are_floored():
    """FTL holds the asset that pays nothing; a component's wealth falls to the floor and not below."""
    where = of("table", relatives=[[2.0, 1.0], [0.0, 1.0], [1.0, 1.0]])
    strategies = market("portfolio_ensemble", market=where, components=["follow_the_leader", "uniform_mix"])
    strategies.begin(strategies.draw(np.random.default_rng(0)))
    assert np.allclose(strategies._past.relatives, [[1.5, 1.5], [1e-12, 0.5], [1.0, 1.0]], rtol=1e-12, atol=0)
    assert strategies.problem.low <= np.log(1e-12)


def test_bounds_add_up():
    components = ["buy_and_hold", of("universal", prior="half", method="exact"), "anticor"]
    player, times = policy("ensemble", components=components), np.arange(1, 61)
    where = ENVIRONMENTS.build(waves())
    earned = wealth(player, where)
    bounds = {bound.comparator_class: bound for bound in player.regret_bounds(where.problem, where.instance())}
    assert set(bounds) == {"component", "mix"}
    t = times.astype(float)
    outer = np.log((t + 1) * (t + 2) / 2)  # of the universal combiner of 3 components
    (own,) = POLICIES.build(components[1]).regret_bounds(where.problem, where.instance())
    assert np.allclose(bounds["component"].curve(t), outer + np.log(3.0))
    assert np.allclose(bounds["mix"].curve(t), outer + own.curve(t))
    curves = where.comparators(times)
    for kind, name in (("component", "best_asset"), ("mix", "best_mix")):
        assert bounds[kind].holds
        assert bounds[kind].evidence == "recalled"  # as that of universal portfolios is
        assert np.all(curves[name] - earned <= bounds[kind].curve(t))
    paid = ENVIRONMENTS.build(waves(trading_cost=0.01))
    paid.begin(paid.draw(np.random.default_rng(0)))
    told = player.regret_bounds(paid.problem, paid.instance())
    assert [(b.comparator_class, b.holds) for b in told] == [("component", False), ("mix", False)]


def test_no_bound_that_holds_is_broken():
    """On markets that move by factors of up to a thousand a round, and where one asset alone pays."""
    rng = np.random.default_rng(9)
    markets = [
        rng.uniform(1e-3, 1.0, (30, 2)),
        np.exp(rng.uniform(-3.4, 3.4, (30, 2))),
        np.eye(2)[rng.integers(0, 2, 30)],
    ]
    half = of("universal", prior="half", method="exact")
    players = [
        POLICIES.build("buy_and_hold"),
        policy("ensemble", components=["buy_and_hold", half], combiner="buy_and_hold"),
        policy("ensemble", components=[half, "follow_the_leader"], combiner=half),
    ]
    times, held = np.arange(1, 31), 0
    for relatives in markets:
        where = market("table", relatives=relatives.tolist())
        for player in players:
            earned = wealth(player, where)
            curves = where.comparators(times)
            for bound in bounds_of(player, where.problem, where.instance()):
                against = curves["best_mix" if bound.comparator_class == "mix" else "best_asset"]
                if bound.holds and bound.kind == "upper":
                    held += 1
                    assert np.all(against - earned <= bound.curve(times.astype(float)) + 1e-9), bound.name
    assert held == 13


def test_one_ensemble_however_it_is_written():
    short = canonical(POLICIES, of("ensemble", components=["olmar", "bandits.portfolio.anticor:Anticor"]))
    long = of("ensemble", components=[of("olmar", epsilon=10, window=5), of("anticor", window=5)], combiner="universal")
    assert short == canonical(POLICIES, long)
    objects = POLICIES.build(of("ensemble", components=[policy("olmar"), policy("anticor")]))
    assert canonical(POLICIES, objects, of=Policy) == short
    there = canonical(ENVIRONMENTS, of("portfolio_ensemble", market="wave", components=["olmar"]))
    assert there["parameters"]["components"] == [of("olmar", epsilon=10, window=5)]


NO_POLICIES = "components must be a list of at least one policy on portfolios, got"


@pytest.mark.parametrize(
    ("components", "message"),
    [
        ([], NO_POLICIES),
        ("olmar", NO_POLICIES),
        (None, NO_POLICIES),
        (["olmar", "ucb1"], r"components\[1\] must be a policy on portfolios, got UCB1"),
        (["clairvoyant"], r"components\[0\]"),
        (["olmer"], r"components\[0\]: unknown policy 'olmer' \(did you mean 'olmar'"),
        ([of("olmar", window=1)], r"components\[0\]: window must be a whole number >= 2, got 1"),
        ([of("ensemble", components=["ucb1"])], r"components\[0\]: components\[0\] must be a policy on portfolios"),
        ([3], r"components\[0\] must be a name"),
    ],
)
def test_no_components(components, message):
    with pytest.raises(ValueError, match=message):
        policy("ensemble", components=components)
    with pytest.raises(ValueError, match=message):
        market("portfolio_ensemble", market="wave", components=components)


def test_other_bad_input():
    with pytest.raises(ValueError, match="combiner must be a policy on portfolios, got UCB1"):
        policy("ensemble", components=["olmar"], combiner="ucb1")
    with pytest.raises(ValueError, match=r"market must be one without costs, got trading_cost=0\.01"):
        market("portfolio_ensemble", market=waves(trading_cost=0.01), components=["olmar"])
    with pytest.raises(ValueError, match="market must be Market"):
        market("portfolio_ensemble", market=of("bernoulli", means=[0.2, 0.7]), components=["olmar"])
    with pytest.raises(ValueError, match="horizon must be None or the market's own, 60, got 50"):
        market("portfolio_ensemble", market=waves(), components=["olmar"], horizon=50)
    assert market("portfolio_ensemble", market="wave", components=["olmar"], horizon=50).problem.horizon == 50
    short = policy("ensemble", components=["olmar", of("universal", method="exact")])
    with pytest.raises(ValueError, match=r"components\[1\]: .*horizon"):
        short.reset(PortfolioProblem(n_assets=2), np.random.default_rng(0))
    wrong = policy("ensemble", components=[of("fixed_mix", weights=[0.5, 0.5])])
    where = ENVIRONMENTS.build(waves())
    with pytest.raises(ValueError, match=r"components\[0\]: weights must be 3 finite weights"):
        wrong.reset(where.problem, np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"components\[0\]: weights must be 3 finite weights"):
        market("portfolio_ensemble", market=waves(), components=[of("fixed_mix", weights=[0.5, 0.5])])


def test_objects_are_copied():
    mine = policy("anticor")
    before = copy.deepcopy(vars(mine))
    wealth(policy("ensemble", components=[mine], combiner="uniform_mix"), ENVIRONMENTS.build(waves()))
    assert vars(mine) == before
    there: Market = ENVIRONMENTS.build(waves())
    strategies = market("portfolio_ensemble", market=there, components=["olmar"])
    strategies.begin(strategies.draw(np.random.default_rng(0)))
    assert not hasattr(there, "clock")
