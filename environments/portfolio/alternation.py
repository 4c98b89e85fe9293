"""Cash and a stock that doubles and halves in turn: both are worth nothing in the long run, their mixes grow."""

from __future__ import annotations

import math

import numpy as np

from bandits.arguments import integer, real
from environments.portfolio.environment import GivenMarket


class Alternation(GivenMarket):
    """Asset 0 is cash, asset 1 a stock with the relatives ``factor, 1 / factor, factor, ...`` (Cover's example).

    Args:
        factor: above 1, at most 1e6.
        horizon: number of rounds.
        trading_cost: c in [0, 1), the share of each trade that it costs.
        cost_model: "exact" or "linear".
        ruin: "floor" or "error".
    """

    def __init__(
        self,
        factor: float = 2.0,
        horizon: int = 1000,
        trading_cost: float = 0.0,
        cost_model: str = "exact",
        ruin: str = "floor",
    ) -> None:
        self.factor = real("factor", factor, 1.0, 1e6, closed="high")
        step = math.log(self.factor)
        super().__init__(2, horizon, -step, step, self.factor, False, True, trading_cost, cost_model, ruin)
        self._relatives = np.ones((integer("horizon", horizon), 2))
        self._relatives[0::2, 1], self._relatives[1::2, 1] = self.factor, 1.0 / self.factor
