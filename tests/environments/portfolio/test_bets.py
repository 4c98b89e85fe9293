"""Races, bets and prices as markets, played and compared with plain sums."""

import math
import re
from collections import Counter

import numpy as np
import pytest

from bandits import UniformMix
from bandits.portfolio.problem import FLOOR
from environments import Betting, Prices, Race
from environments.portfolio.codes import log_minimax, mean_regret

TIMES = np.array([1, 7, 40])


def begun(market, seed=5):
    market.begin(market.draw(np.random.default_rng(seed)))
    return market


def of_the_best_mix(winners):
    """Log wealth by each time in ``TIMES``: the best mix has the shares of the winners."""
    counts = [Counter(winners[:t]).values() for t in TIMES.tolist()]
    return [sum(n * math.log(n / sum(seen)) for n in seen) for seen in counts]


@pytest.mark.parametrize(("law", "n_assets"), [("nml", 3), ("bayes", 2), ("one", 4), ("nml", 1)])
def test_one_asset_pays_in_a_race(law, n_assets):
    market = Race(law, n_assets, 40)
    rows = begun(market).block(40)
    assert np.sort(rows, axis=1).tolist() == [[0.0] * (market.n_assets - 1) + [1.0]] * 40
    policy = UniformMix()
    policy.reset(market.problem, np.random.default_rng(0))
    policy.advance(market, 40)
    assert np.allclose(market.metrics(TIMES)["reward"], -TIMES * math.log(market.n_assets), rtol=1e-14, atol=1e-12)
    winners = rows.argmax(axis=1).tolist()
    assert np.allclose(market.comparators(TIMES)["best_mix"], of_the_best_mix(winners), rtol=0, atol=1e-9)
    if market.law == "one":
        assert winners == [0] * 40
    if market.n_assets > 1:
        assert "worst" not in market.comparators(TIMES)
        assert math.isinf(market.instance().ratio)


def test_what_no_learner_avoids():
    (bound,) = begun(Race("nml", 3, 40)).lower_bounds()
    assert (bound.kind, bound.time, bound.judged, bound.claim) == ("lower", "at the horizon", True, "in expectation")
    assert bound.curve(np.array([40.0]))[0] == log_minimax(3, np.array([40]))[0] - 40 * math.log1p(3 * FLOOR)
    (bound,) = begun(Race("bayes", 2, 40)).lower_bounds()
    assert (bound.kind, bound.time, bound.judged, bound.comparator_class) == ("lower", "anytime", True, "mix")
    assert np.allclose(bound.curve(TIMES.astype(float)), mean_regret(2, TIMES), rtol=0, atol=1e-10)
    assert begun(Race("one", 3, 40)).lower_bounds() == ()
    assert len(begun(Betting([2.0, 5.0], "nml", horizon=9)).lower_bounds()) == 1
    assert begun(Betting([2.0, 5.0], "nml", forecasts=[[0.5, 0.5], [0.9, 0.1]], horizon=9)).lower_bounds() == ()
    assert begun(Betting([2.0, 5.0], probabilities=[0.5, 0.5], horizon=9)).lower_bounds() == ()


def test_odds_decide_nothing_of_the_regret():
    """A mix' wealth at odds is that of a race times the odds of the winners; the winners are the same."""
    race, bets = begun(Race("bayes", 3, 40)), begun(Betting([2.0, 4.0, 7.0], "bayes", horizon=40))
    rows = bets.block(40)
    assert (rows > 0.0).tolist() == (race.block(40) > 0.0).tolist()
    assert rows.max(axis=0).tolist() == [2.0, 4.0, 7.0]
    for market in (race, bets):
        market.absorb(np.full((40, 3), 1 / 3))
    regrets = [m.comparators(TIMES)["best_mix"] - m.metrics(TIMES)["reward"] for m in (race, bets)]
    assert np.allclose(*regrets, rtol=0, atol=1e-9)


def test_forecasters_are_paid_for_what_they_staked():
    odds, forecasts = [2.0, 4.0, 4.0], [[0.5, 0.25, 0.25], [0.2, 0.3, 0.5]]
    market = begun(Betting(odds, probabilities=[0.6, 0.3, 0.1], forecasts=forecasts, horizon=400))
    paid = {tuple(q[j] * odds[j] for q in forecasts): p for j, p in enumerate([0.6, 0.3, 0.1])}
    seen = Counter(map(tuple, market.block(400).tolist()))
    assert set(seen) <= set(paid)
    for row, p in paid.items():
        assert abs(seen[row] / 400 - p) < 4.5 * math.sqrt(p * (1 - p) / 400)
    assert market.problem.n_assets == 2
    assert market.instance().ratio == 2.5
    assert np.allclose([market.problem.low, market.problem.high], np.log([0.4, 2.0]))


def test_prices_are_one_run():
    table = {"date": ["2020-01-01", "2020-01-02", "2020-01-03"], "A": [2.0, 3.0, 2.4], "B": [5.0, 4.0, 4.0]}
    market = Prices(table, ["B", "A"])
    assert (market.assets, market.dates, market.horizon) == (("B", "A"), ("2020-01-02", "2020-01-03"), 2)
    assert begun(market).transition([0.5, 0.5])[0] == pytest.approx(math.log(0.5 * 0.8 + 0.5 * 1.5))
    held = market.comparators(np.array([2]))["best_asset"]
    assert held[0] == pytest.approx(math.log(1.2))
    assert begun(market, 9).block(2).tolist() == begun(market, 1).block(2).tolist()
    assert Prices(market.source, horizon=1).dates == ("2020-01-02",)
    lost = Prices({"A": [0.0, 1.0], "B": [1.0, 1.0]}, values="relatives")
    lost.begin(None)
    assert lost.instance().zeros


def test_a_ratio_of_prices_beyond_doubles_is_infinite():
    market = Prices({"A": [1.0, 1e200], "B": [1.0, 1e-200]})
    market.begin(None)
    assert market.instance().ratio == math.inf


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: Race("nlm"), "law must be one of nml, bayes, one, got 'nlm' (did you mean 'nml'?)"),
        (lambda: Race("nml", 0), "n_assets must be a whole number >= 1, got 0"),
        (lambda: Race("nml", 10**6), "n_assets must be lower, got too much"),
        (lambda: Betting([2.0, 0.0]), "odds[1] must be a finite number in (0, inf), got 0.0"),
        (lambda: Betting([2.0, math.nan]), "odds[1] must be a finite number in (0, inf), got nan"),
        (lambda: Betting([]), "odds must be of at least one outcome, got []"),
        (lambda: Betting([2.0, 2.0], "luck"), "law must be one of nml, bayes, one, got 'luck'"),
        (lambda: Betting([2.0, 2.0], "one", [0.5, 0.5]), "law must be None where probabilities are given, got 'one'"),
        (lambda: Betting([2.0, 2.0], None, [0.5, 0.4]), "probabilities must be 2 finite weights >= 0 with sum 1"),
        (lambda: Betting([2.0, 2.0], None, None, []), "forecasts must be a list of at least one forecast, got []"),
        (lambda: Betting([2.0, 2.0], None, None, 3), "forecasts must be a list of at least one forecast, got 3"),
        (lambda: Betting([2.0, 2.0], None, None, [[0.5, 0.6]]), "forecasts[0] must be 2 finite weights >= 0"),
        (lambda: Betting([2.0, 2.0], None, None, [[1.0, 0.0]]), "a stake on each outcome, got none on outcome 1"),
        (lambda: Prices({"A": [1.0, 2.0]}, values="returns"), "values must be one of prices, relatives, cumulative"),
        (lambda: Prices({"A": [1.0, 2.0]}, horizon=2), "horizon must be at most 1, the rounds that are there, got 2"),
        (lambda: Prices({"A": [1.0, 2.0]}, most_days=0), "most_days must be a whole number >= 1, got 0"),
        (lambda: Prices({"A": [1.0, 2.0]}, trading_cost=1.0), "trading_cost must be a finite number in [0, 1), got 1"),
        (lambda: Prices(3), "source must be the path of a file, or a table whose columns have names, got 3"),
    ],
)
def test_bad_parameters_are_refused_with_name_domain_and_value(make, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        make()


def test_ruin_may_be_an_error():
    market = begun(Race("one", 2, 5, ruin="error"))
    with pytest.raises(ValueError, match="the portfolio of round 0 must hold an asset that pays"):
        market.transition([0.0, 1.0])
    assert market.clock == 0
    floored = begun(Race("one", 2, 5))
    assert floored.transition([0.0, 1.0])[0] == math.log(FLOOR)
