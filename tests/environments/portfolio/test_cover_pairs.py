"""Cover's pairs of stocks, on a user's copy of the prices; the specification's figures, worked out apart.

The column of 21 mixes equals the figures that are usually quoted from Cover 1991: 38.67, 78.47, 72.63, 14.18.
"""

import os
from pathlib import Path

import numpy as np
import pytest

from bandits import BuyAndHold, ExponentiatedGradient, Universal
from environments import Prices

HERE = Path(os.environ.get("REGRETLAB_DATA", ""), "prices", "nyse_o.csv")
pytestmark = [
    pytest.mark.realdata,
    pytest.mark.skipif(not HERE.is_file(), reason="needs prices/nyse_o.csv, which may not be redistributed"),
]


@pytest.mark.parametrize(
    ("pair", "assets", "best", "weight", "wealth"),
    [
        ("TW", (8.92, 4.13), 73.7012, 0.5394, (40.3065, 30.4258, 64.4291, 38.6727)),
        ("FW", (52.02, 4.13), 144.0085, 0.6520, (81.0672, 66.5633, 110.9574, 78.4742)),
        ("FZ", (52.02, 22.92), 102.9607, 0.5980, (74.4478, 64.5403, 94.2844, 72.6289)),
        ("RE", (12.21, 13.36), 15.0709, 0.4308, (14.2538, 13.8823, 14.9035, 14.1806)),
    ],
)
def test_wealth(pair, assets, best, weight, wealth):
    market = Prices(str(HERE), list(pair), values="cumulative")
    end = np.array([market.horizon])
    assert end[0] == 5651
    market.begin(None)
    assert abs(np.exp(market.comparators(end)["best_mix"][0]) - best) < 1e-3
    assert abs(market.clairvoyant("best_mix")[0] - weight) < 1e-3
    policies = [Universal(), Universal(prior="half"), ExponentiatedGradient(), Universal(lattice=20), BuyAndHold()]
    for policy, expected in zip(policies, (*wealth, sum(assets) / 2.0), strict=True):
        market.begin(None)
        policy.reset(market.problem, np.random.default_rng(0))
        policy.advance(market, market.horizon)
        assert abs(np.exp(market.metrics(end)["reward"][0]) - expected) < (6e-3 if policy is policies[-1] else 1e-3)
