"""The log K rule: explore-then-commit with one stored arm and ``ceil(u ln K)`` pulls of each arm.

The regret is ``O(K^(1/3) T^(2/3) log K)`` with no ``log T``; yet it stays above that of uniform exploration unless
``ln T > (ln K)^3``.

Reference: C. Wang, ICML 2023, arXiv 2306.02208 (order from the abstract, the number of pulls from the paper's published
experiments: ``ln K / eps^2`` with ``eps = (K / T)^(1/3)``). The explicit bound is derived.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.contract import Bound, Instance
from bandits.streaming.explore import StreamExploration
from bandits.streaming.problem import StreamProblem
from bandits.streaming.theory import StreamInstance, at_horizon, natural_scale, rewards_fit, unit


class NaiveLogK(StreamExploration):
    """Explore-then-commit with ``ceil((T / K)^(2/3) ln K)`` pulls of each arm."""

    def _wanted(self, problem: StreamProblem) -> int:
        arms = problem.n_arms
        return math.ceil(unit(problem) * math.log(arms))

    def regret_bounds(self, problem: StreamProblem, instance: Instance) -> Sequence[Bound]:
        """``E R <= S (ln K + 2) + K`` at the horizon."""
        if not isinstance(instance, StreamInstance):
            return ()
        arms = problem.n_arms
        value = natural_scale(problem) * (math.log(arms) + 2.0) + arms
        assumptions = (*rewards_fit(problem, instance), *self._sizes(problem))
        return (
            at_horizon(
                "log K bound", "upper", value, "derived; order in the abstract of Wang 2023", "derived", assumptions
            ),
        )
