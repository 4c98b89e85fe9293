"""Relatives that are given in full."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.contract import Array
from bandits.portfolio.problem import checked_relatives
from environments.portfolio.environment import GivenMarket, extent, rounds_of


class TableMarket(GivenMarket):
    """A market whose relatives are given.

    Args:
        relatives: [n_rounds][n_assets] >= 0, not all 0 in a round.
        horizon: number of rounds, at most the number of rows; None for all.
        trading_cost: c in [0, 1), the share of each trade that it costs.
        cost_model: "exact" or "linear".
        ruin: "floor" or "error".

    Example:
        >>> from environments import TableMarket
        >>> market = TableMarket([[1.0, 2.0], [1.0, 0.5]])
        >>> market.begin(None)
        >>> reward, relatives = market.transition([0.5, 0.5])
        >>> round(reward, 6), relatives.tolist()
        (0.405465, [1.0, 2.0])
    """

    def __init__(
        self,
        relatives: Sequence[Sequence[float]] | Array,
        horizon: int | None = None,
        trading_cost: float = 0.0,
        cost_model: str = "exact",
        ruin: str = "floor",
    ) -> None:
        self.relatives = relatives
        table = checked_relatives("relatives", relatives)
        rounds = rounds_of(horizon, len(table))
        self._relatives = table = np.array(table[:rounds])
        super().__init__(table.shape[1], rounds, *extent(table), True, trading_cost, cost_model, ruin)
