"""Tuned explore-then-commit with one stored arm: ``ceil(u (ln(2K) / 2)^(1/3))`` pulls of each arm.

This number minimises the bound ``K n + T sqrt(2 ln(2K) / n)`` of all such rules (derived).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.contract import Bound, Instance
from bandits.streaming.explore import StreamExploration
from bandits.streaming.problem import StreamProblem
from bandits.streaming.theory import StreamInstance, at_horizon, natural_scale, rewards_fit, unit


class TunedExploration(StreamExploration):
    """Explore-then-commit with ``ceil((T / K)^(2/3) (ln(2K) / 2)^(1/3))`` pulls of each arm."""

    def _wanted(self, problem: StreamProblem) -> int:
        arms = problem.n_arms
        return math.ceil(unit(problem) * math.cbrt(math.log(2.0 * arms) / 2.0))

    def regret_bounds(self, problem: StreamProblem, instance: Instance) -> Sequence[Bound]:
        """``E R <= 2.381 S (ln 2K)^(1/3) + K`` at the horizon; the constant is ``2^(-1/3) + 2^(2/3)``."""
        if not isinstance(instance, StreamInstance):
            return ()
        arms = problem.n_arms
        value = 2.381 * natural_scale(problem) * math.cbrt(math.log(2.0 * arms)) + arms
        assumptions = (*rewards_fit(problem, instance), *self._sizes(problem))
        return (at_horizon("tuned bound", "upper", value, "derived", "derived", assumptions),)
