"""Small logs that every policy of the room is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from environments.logged.environment import LoggedEnvironment
from environments.logged.log import Log
from environments.logged.rows import LoggedRows
from environments.logged.synthetic import SyntheticLog

WEIGHTS = [[0.9, 0.1], [0.2, 0.7], [0.5, 0.5]]


def small_log(n: int, uniform: bool, contexts: bool, some_offered: bool = False, seed: int = 5) -> Log:
    """A log of three arms with rewards in [-1, 1], of which the last is best."""
    rng = np.random.default_rng(seed)
    offered = rng.random((n, 3)) < 0.6 if some_offered else np.ones((n, 3), dtype=np.bool_)
    offered[np.arange(n), rng.integers(3, size=n)] = True
    chances = offered * (np.ones(3) if uniform else np.array([0.2, 0.3, 0.5]))
    chances = chances / chances.sum(axis=1, keepdims=True)
    actions = np.array([rng.choice(3, p=row) for row in chances])
    return Log(
        actions=actions,
        rewards=np.clip(0.3 * actions - 0.2 + 0.3 * rng.normal(size=n), -1.0, 1.0),
        probabilities=chances[np.arange(n), actions],
        contexts=rng.random((n, 2)) if contexts else None,
        offered=offered if some_offered else None,
        names=("a", "b", "c"),
        low=-1.0,
        high=1.0,
    )


def examples() -> Sequence[LoggedEnvironment[Any]]:
    """Each logging policy, rows in each way, with contexts and without, with arms that are not always offered."""
    return [
        SyntheticLog(WEIGHTS, horizon=40),
        SyntheticLog(WEIGHTS, "softmax", beliefs=[[0.5, 0.1], [0.1, 0.6], [0.4, 0.4]], horizon=30),
        LoggedRows(small_log(40, uniform=True, contexts=False)),
        LoggedRows(small_log(36, uniform=False, contexts=True), rows="bootstrap", horizon=30),
        LoggedRows(small_log(30, uniform=False, contexts=True, some_offered=True), rows="order"),
        LoggedRows(small_log(3, uniform=True, contexts=False, seed=2), rows="order", horizon=2),
    ]
