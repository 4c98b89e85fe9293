"""Small environments of recovering arms that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence

from environments.recovering.environment import RecoveringRewards

CONCAVE = {
    "name": "geometric",
    "parameters": {"a": [1, 0.9, 0.7, 0.8, 0.5], "q": [0.6, 0.8, 0.4, 0.7, 0.2], "recovery": 8},
}


def examples() -> Sequence[RecoveringRewards]:
    """Every kind of noise, both starts, one arm, all arms pulled, two periods, blocking and ordinary arms."""
    return [
        RecoveringRewards(CONCAVE, 2, horizon=300),
        RecoveringRewards(CONCAVE, 2, start="recovered", noise="uniform", planner="lp_round", horizon=200),
        RecoveringRewards(CONCAVE, 2, noise="gaussian", sigma=0.2, horizon=150),
        RecoveringRewards([[0.2, 0.5, 0.9], [0.4], [0.0, 0.8]], noise="beta", concentration=2.0, horizon=120),
        RecoveringRewards({"name": "step", "parameters": {"a": 1, "recovery": 3}}, n_arms=4, horizon=100),
        RecoveringRewards([[0.2], [0.1, 0.9], [0.5]], 3, noise="none", horizon=60),
        RecoveringRewards([[0.5]], horizon=40),
        RecoveringRewards([[0.5], [0.1, 0.4]], horizon=2),
    ]
