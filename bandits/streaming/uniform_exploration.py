"""Uniform exploration: the benchmark of single-pass streaming bandits, with one stored arm.

Pulls of each arm: ``n = ceil(u (ln T)^(1/3))`` with ``u = (T / K)^(2/3)``.

Reference: C. Wang, *Tight Regret Bounds for Single-pass Streaming Multi-armed Bandits*, ICML 2023, arXiv 2306.02208
(the rate from the abstract, the number of pulls from the paper's published experiments). The explicit bounds are
derived.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.contract import Bound, Instance
from bandits.streaming.explore import StreamExploration
from bandits.streaming.problem import StreamProblem
from bandits.streaming.theory import StreamInstance, at_horizon, fits, natural_scale, rewards_fit, unit


class UniformExploration(StreamExploration):
    """Explore-then-commit with ``ceil((T / K)^(2/3) (ln T)^(1/3))`` pulls of each arm."""

    def _wanted(self, problem: StreamProblem) -> int:
        horizon = problem.pulls
        return math.ceil(unit(problem) * math.cbrt(math.log(horizon)))

    def regret_bounds(self, problem: StreamProblem, instance: Instance) -> Sequence[Bound]:
        """In expectation and with probability ``1 - 1/T``, at the horizon.

        ``E R <= S ((ln T)^(1/3) + sqrt(2 ln 2K) / (ln T)^(1/6)) + K``; by Hoeffding's inequality with radius
        ``sqrt(ln(2KT) / (2n))``, ``R <= 3.45 S (ln T)^(1/3) + K + 1`` where ``2K <= T^2``.
        """
        if not isinstance(instance, StreamInstance):
            return ()
        arms, horizon = problem.n_arms, problem.pulls
        if horizon < 2:
            return ()
        scale, log = natural_scale(problem), math.log(horizon)
        mean = scale * (math.cbrt(log) + math.sqrt(2.0 * math.log(2.0 * arms)) / log ** (1.0 / 6.0)) + arms
        sure = 3.45 * scale * math.cbrt(log) + arms + 1.0
        common = (*rewards_fit(problem, instance), *self._sizes(problem))
        wide = fits("2K <= T^2", 2 * arms <= horizon**2)
        source = "derived; order in the abstract of Wang 2023"
        return (
            at_horizon("bound on the mean", "upper", mean, source, "derived", common),
            at_horizon("high-probability bound", "upper", sure, "derived", "derived", (*common, wide), 1.0 / horizon),
        )
