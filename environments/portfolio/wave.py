"""Relatives from sines: no luck, and no law to be learnt."""

from __future__ import annotations

import numpy as np

from bandits.arguments import integer, real
from environments.portfolio.environment import GivenMarket


class WaveMarket(GivenMarket):
    """Relatives ``exp(A sin(.7 i t + i^2) + .002 (i - 1) cos(.01 t i))`` of asset i in round t, both from 1.

    Args:
        n_assets: number of assets, at most 1000.
        amplitude: A, in [0, 10].
        horizon: number of rounds.
        trading_cost: c in [0, 1), the share of each trade that it costs.
        cost_model: "exact" or "linear".
        ruin: "floor" or "error".
    """

    def __init__(
        self,
        n_assets: int = 3,
        amplitude: float = 0.05,
        horizon: int = 1000,
        trading_cost: float = 0.0,
        cost_model: str = "exact",
        ruin: str = "floor",
    ) -> None:
        self.n_assets = integer("n_assets", n_assets, 1, 1000)
        self.amplitude = real("amplitude", amplitude, 0.0, 10.0, closed="both")
        reach = self.amplitude + 0.002 * (self.n_assets - 1)
        super().__init__(
            self.n_assets, horizon, -reach, reach, np.exp(2.0 * reach), False, True, trading_cost, cost_model, ruin
        )
        i, t = np.arange(1.0, self.n_assets + 1.0), np.arange(1.0, self.horizon + 1.0)[:, None]
        waves = self.amplitude * np.sin(0.7 * i * t + i**2) + 0.002 * (i - 1.0) * np.cos(0.01 * t * i)
        self._relatives = np.exp(waves)
