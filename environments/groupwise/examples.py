"""Small environments of grouped rounds that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.groupwise.contexts import GroupedContexts
from environments.groupwise.environment import GroupedEnvironment
from environments.groupwise.experts import GroupedExperts
from environments.groupwise.paths import GroupedPaths
from environments.groupwise.synthetic import SyntheticGroups


def examples() -> Sequence[GroupedEnvironment[Any, Any, Any]]:
    """All four kinds of problems; every comparator, order and alignment of regressions; two rounds, one hypothesis."""
    ball = {"name": "bounded_ols", "parameters": {"radius": 0.5}}
    ridge = {"name": "ridge", "parameters": {"penalty": 1.0}}
    whole = {"kind": {"whole": 1.0}}  # both groups have all rounds, whose number is known in advance
    three = [[0, 1, 2], [2, 1, 0], [1, 1, 1], [0, 0, 2]]
    return [
        SyntheticGroups(horizon=150, features=3),
        SyntheticGroups("dperm", horizon=120, order="ascending", sort_by="green", features=2, comparator=ridge),
        SyntheticGroups("min", rows=200, horizon=90, rng="legacy", quadratic=[0.0, 0.1], features=2, comparator=ball),
        SyntheticGroups("max", rows=60, horizon=40, regret_alignment="published", report_groups=["red"], features=2),
        SyntheticGroups(rows=50, horizon=2, features=1, always_on=False),
        GroupedExperts(6, horizon=120),
        GroupedExperts(1, horizon=20, report_groups=["always_on", "red"], instance_seed=1),
        GroupedExperts(4, whole, horizon=80),
        GroupedPaths(3, horizon=100),
        GroupedPaths(edges=[(0, 1), (0, 1), (0, 2), (1, 2)], attributes=whole, horizon=80, instance_seed=2),
        GroupedContexts(3, horizon=100),
        GroupedContexts(2, attributes=whole, horizon=80),
        GroupedContexts(policies=three, noise=0.1, horizon=60, report_groups=["south", "always_on"]),
    ]
