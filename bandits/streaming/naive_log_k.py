"""The log K rule: explore-then-commit with one stored arm and ``ceil(u ln K)`` pulls of each arm.

The regret is ``O(K^(1/3) T^(2/3) log K)`` with no ``log T``; yet it stays above that of uniform exploration unless
``ln T > (ln K)^3``.

Reference: C. Wang, ICML 2023, arXiv 2306.02208 (order from the abstract, the number of pulls from the paper's published
experiments: ``ln K / eps^2`` with ``eps = (K / T)^(1/3)``). The explicit bound is derived.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bandits.contract import Bound, Problem
from bandits.streaming.explore import StreamExploration
from bandits.streaming.policy import stream_of
from bandits.streaming.theory import at_horizon, natural_scale, rewards_fit, unit


class NaiveLogK(StreamExploration):
    """Explore-then-commit with ``ceil((T / K)^(2/3) ln K)`` pulls of each arm."""

    def _wanted(self, problem: Problem) -> int:
        arms, _ = stream_of(problem)
        return math.ceil(unit(problem) * math.log(arms))

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """``E R <= S (ln K + 2) + K`` at the horizon."""
        arms, _ = stream_of(problem)
        value = natural_scale(problem) * (math.log(arms) + 2.0) + arms
        assumptions = (*rewards_fit(problem, facts), *self._sizes(problem))
        return (at_horizon("log K bound", "upper", value, "derived; order in the abstract of Wang 2023", assumptions),)
