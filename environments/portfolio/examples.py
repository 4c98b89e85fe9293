"""Small markets that every policy on portfolios is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.portfolio.alternation import Alternation
from environments.portfolio.betting import Betting
from environments.portfolio.ensemble import PortfolioEnsemble
from environments.portfolio.log_normal import LogNormalMarket, RegimesMarket
from environments.portfolio.prices import Prices
from environments.portfolio.race import Race
from environments.portfolio.table import TableMarket
from environments.portfolio.wave import WaveMarket


def examples() -> Sequence[Any]:
    """All kinds of markets, with costs and without, relatives of 0, one asset, two rounds."""
    return [
        Alternation(horizon=30),
        WaveMarket(3, 0.05, horizon=40, trading_cost=0.01),
        WaveMarket(5, 0.3, horizon=30, trading_cost=0.02, cost_model="linear"),
        LogNormalMarket(sigma=[0.05, 0.1, 0.02, 0.05], correlation=0.3, horizon=50),
        RegimesMarket(horizon=30),
        TableMarket([[1.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.5, 0.5, 0.1], [1e-9, 0.0, 1e9]] * 4),
        TableMarket([[0.75], [1.25], [1.5]]),
        TableMarket([[1.5, 0.5], [0.5, 1.25]]),
        PortfolioEnsemble(
            {"name": "wave", "parameters": {"n_assets": 3, "amplitude": 0.1}},
            ["uniform_mix", "follow_the_leader", "soft_bayes"],
            horizon=30,
        ),
        Race("nml", 3, horizon=40),
        Race("bayes", 2, horizon=40, trading_cost=0.01),
        Betting([2.0, 4.0, 4.0], None, [0.5, 0.3, 0.2], [[0.5, 0.25, 0.25], [0.2, 0.3, 0.5]], horizon=40),
        Prices({"date": ["2020-01-01", "2020-01-02", "2020-01-03"], "A": [2.0, 3.0, 2.5], "B": [5.0, 4.0, 4.5]}),
    ]
