"""Bets on what comes true in a round: on outcomes themselves, or on forecasters who spread their stakes over them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import one_of, reals, shown
from bandits.contract import Array
from bandits.portfolio.problem import checked_portfolio
from environments.portfolio.laws import LAWS
from environments.portfolio.outcomes import OutcomeMarket


class Betting(OutcomeMarket):
    """Bets at fixed odds. Who spreads ``b`` over outcomes gets ``b[J] odds[J]`` where J comes true (Kelly's setting).

    With forecasters, they are what is held: forecaster i, who spreads its stakes as ``forecasts[i]``, has the relative
    ``forecasts[i][J] odds[J]``. Buy-and-hold is then Bayes' mixture of the forecasters.

    Args:
        odds: [n_outcomes] > 0, what a stake of 1 on the outcome that comes true pays.
        law: of the outcomes, see ``Race``; None for "bayes", or for ``probabilities``.
        probabilities: [n_outcomes] on the simplex, of independent outcomes, in place of a law.
        forecasts: [n_forecasters][n_outcomes], each on the simplex, and no outcome without a stake; None where bets are
            on outcomes.
        horizon: number of rounds.
        trading_cost: c in [0, 1), the share of each trade that it costs.
        cost_model: "exact" or "linear".
        ruin: "floor" or "error".
    """

    def __init__(
        self,
        odds: Sequence[float] = (3.0, 3.0, 3.0),
        law: str | None = None,
        probabilities: Sequence[float] | None = None,
        forecasts: Sequence[Sequence[float]] | None = None,
        horizon: int = 1000,
        trading_cost: float = 0.0,
        cost_model: str = "exact",
        ruin: str = "floor",
    ) -> None:
        self.odds, self.law, self.probabilities, self.forecasts = odds, law, probabilities, forecasts
        paid = np.array(reals("odds", odds, 0.0))
        if len(paid) == 0:
            raise ValueError(f"odds must be of at least one outcome, got {shown(odds)}")
        if law is not None and probabilities is not None:
            raise ValueError(f"law must be None where probabilities are given, got {shown(law)}")
        chances = None if probabilities is None else checked_portfolio("probabilities", probabilities, len(paid))
        known = "" if chances is not None else one_of("law", "bayes" if law is None else law, LAWS)
        stakes = np.eye(len(paid)) if forecasts is None else _stakes(forecasts, len(paid))
        payoffs = np.ascontiguousarray(stakes.T * paid[:, None])
        super().__init__(payoffs, known, chances, forecasts is None, horizon, trading_cost, cost_model, ruin)


def _stakes(forecasts: Sequence[Sequence[float]], n_outcomes: int) -> Array:
    """Forecasts as a table [n_forecasters, n_outcomes]."""
    try:
        rows = list(forecasts)
    except TypeError:
        rows = []
    if not rows:
        raise ValueError(f"forecasts must be a list of at least one forecast, got {shown(forecasts)}")
    found = np.array([checked_portfolio(f"forecasts[{i}]", row, n_outcomes) for i, row in enumerate(rows)])
    if not found.any(axis=0).all():
        outcome = int(np.argmin(found.any(axis=0)))
        raise ValueError(f"forecasts must have a stake on each outcome, got none on outcome {outcome}")
    return found
