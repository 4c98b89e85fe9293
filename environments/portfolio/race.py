"""The hardest markets there are: one asset pays, and all others are lost."""

from __future__ import annotations

import numpy as np

from bandits.arguments import affordable, integer, one_of, shown
from environments.portfolio.laws import LAWS
from environments.portfolio.outcomes import OutcomeMarket


class Race(OutcomeMarket):
    """One asset pays 1 in each round, and the others 0: wealth is the probability given to the sequence of winners.

    Args:
        law: "nml", sequences with probabilities proportional to the best mix' wealth, against which no learner's mean
            regret is below the minimax regret; "bayes", winners independent, of probabilities drawn once in a run from
            Dirichlet(1/2), against which none is below ``codes.mean_regret`` at any time; "one", asset 0 throughout,
            the worst case of universal portfolios.
        n_assets: number of assets, >= 1.
        horizon: number of rounds.
        trading_cost: c in [0, 1), the share of each trade that it costs.
        cost_model: "exact" or "linear".
        ruin: "floor" or "error".
    """

    def __init__(
        self,
        law: str = "bayes",
        n_assets: int = 2,
        horizon: int = 1000,
        trading_cost: float = 0.0,
        cost_model: str = "exact",
        ruin: str = "floor",
    ) -> None:
        self.law, self.n_assets = one_of("law", law, LAWS), integer("n_assets", n_assets)
        affordable("n_assets", f"a table of the payoffs of {shown(n_assets)} assets", n_assets**2)
        payoffs = np.eye(self.n_assets)
        super().__init__(payoffs, law, None, True, horizon, trading_cost, cost_model, ruin)
