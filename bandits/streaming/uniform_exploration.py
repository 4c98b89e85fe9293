"""Uniform exploration: the benchmark of single-pass streaming bandits, with one stored arm.

Pulls of each arm: ``n = ceil(u (ln T)^(1/3))`` with ``u = (T / K)^(2/3)``.

Reference: C. Wang, *Tight Regret Bounds for Single-pass Streaming Multi-armed Bandits*, ICML 2023, arXiv 2306.02208
(the rate from the abstract, the number of pulls from the paper's published experiments). The explicit bounds are
derived.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from bandits.contract import Bound, Problem
from bandits.streaming.explore import StreamExploration
from bandits.streaming.policy import stream_of
from bandits.streaming.theory import at_horizon, fits, natural_scale, rewards_fit, unit


class UniformExploration(StreamExploration):
    """Explore-then-commit with ``ceil((T / K)^(2/3) (ln T)^(1/3))`` pulls of each arm."""

    def _wanted(self, problem: Problem) -> int:
        _, horizon = stream_of(problem)
        return math.ceil(unit(problem) * math.cbrt(math.log(horizon)))

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """In expectation and with probability ``1 - 1/T``, at the horizon.

        ``E R <= S ((ln T)^(1/3) + sqrt(2 ln 2K) / (ln T)^(1/6)) + K``; by Hoeffding's inequality with radius
        ``sqrt(ln(2KT) / (2n))``, ``R <= 3.45 S (ln T)^(1/3) + K + 1`` where ``2K <= T^2``.
        """
        arms, horizon = stream_of(problem)
        if horizon < 2:
            return ()
        scale, log = natural_scale(problem), math.log(horizon)
        mean = scale * (math.cbrt(log) + math.sqrt(2.0 * math.log(2.0 * arms)) / log ** (1.0 / 6.0)) + arms
        sure = 3.45 * scale * math.cbrt(log) + arms + 1.0
        common = (*rewards_fit(problem, facts), *self._sizes(problem))
        wide = fits("2K <= T^2", 2 * arms <= horizon**2)
        return (
            at_horizon("bound on the mean", "upper", mean, "derived; order in the abstract of Wang 2023", common),
            at_horizon("bound with probability 1 - 1/T", "upper", sure, "derived", (*common, wide)),
        )
