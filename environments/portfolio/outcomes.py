"""Markets in which one outcome comes true each round, and decides what every asset pays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import within
from bandits.contract import Array, Bound
from environments.portfolio.codes import at_all_times, at_the_horizon
from environments.portfolio.environment import Market, extent
from environments.portfolio.laws import Winners, independent, winners


class OutcomeMarket(Market[Winners]):
    """A market in which one outcome comes true each round, and decides what every asset pays.

    Args:
        payoffs: [n_outcomes, n_assets] relatives where that outcome comes true; in no row all are 0.
        law: of the outcomes, one of ``laws.LAWS``; empty where ``probabilities`` are given.
        probabilities: [n_outcomes], of independent outcomes.
        sequences: whether assets are the outcomes, each paying alone: then nobody escapes a mean regret.
        horizon: number of rounds.
        trading_cost: c in [0, 1), the share of each trade that it costs.
        cost_model: "exact" or "linear".
        ruin: "floor" or "error".
    """

    def __init__(
        self,
        payoffs: Array,
        law: str,
        probabilities: Array | None,
        sequences: bool,
        horizon: int,
        trading_cost: float,
        cost_model: str,
        ruin: str,
    ) -> None:
        self._payoffs, self._law, self._probabilities, self._sequences = payoffs, law, probabilities, sequences
        super().__init__(payoffs.shape[1], horizon, *extent(payoffs), law == "one", trading_cost, cost_model, ruin)

    def draw(self, rng: np.random.Generator) -> Winners:
        if self._probabilities is not None:
            return independent(self._probabilities, self.horizon, rng)
        return winners(self._law, len(self._payoffs), self.horizon, rng)

    def check_tape(self, tape: Winners) -> None:
        within("winners of tape", tape, 0, len(self._payoffs) - 1)

    def begin(self, tape: Winners) -> None:
        self._open(self._payoffs[tape])

    def lower_bounds(self) -> Sequence[Bound]:
        """Where assets are the outcomes: of the laws "nml", at the horizon, and "bayes", at every time."""
        if self._sequences and self._law == "nml":
            return (at_the_horizon(len(self._payoffs), self.horizon),)
        if self._sequences and self._law == "bayes":
            return (at_all_times(len(self._payoffs)),)
        return ()
