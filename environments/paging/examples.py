"""Small environments of paging that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.contract import Environment
from environments.paging.adaptive import AdaptivePaging
from environments.paging.environment import PagingEnvironment


def examples() -> Sequence[Environment[Any, Any, Any, Any]]:
    """All kinds of predictions and none, one slot, more slots than pages, bypassing, no optimum, an adversary."""
    zipf = {"name": "zipf", "parameters": {"N": 30}}
    flip = {"name": "flip", "parameters": {"kind": "discard", "p": 0.1}}
    phase = {"name": "flip", "parameters": {"kind": "phase", "p": 0.2}}
    reuse = {"name": "noisy_reuse", "parameters": {"kind": "reuse", "sigma": 3.0}}
    zeros = {"name": "constant", "parameters": {"kind": "discard", "value": 0}}
    drifting = {"name": "working_set", "parameters": {"N": 30, "w": 8}}
    return [
        PagingEnvironment(5, zipf, horizon=200),
        PagingEnvironment(5, zipf, flip, horizon=300),
        PagingEnvironment(4, "uniform", zeros, horizon=150),
        PagingEnvironment(1, [0, 1, 1, 2, 0, 0, 2, 1] * 5, flip),
        PagingEnvironment(9, [0, 1, 1, 2, 0, 0, 2, 1] * 5, phase),
        PagingEnvironment(6, "loop_scan", phase, horizon=200, eta_counting="all"),
        PagingEnvironment(5, drifting, phase, horizon=150, allow_bypass=True),
        PagingEnvironment(5, "markov", reuse, horizon=200),
        PagingEnvironment(3, "ratio2", horizon=2),
        PagingEnvironment(5, zipf, horizon=100, optimum=False),
        AdaptivePaging(4, 100, zeros),
    ]
