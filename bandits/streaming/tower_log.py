"""The log K tower: about ``ln K`` levels with batches ``1.2^l u`` and quotas of 7.

Reference: the published experiments of C. Wang, ICML 2023, arXiv 2306.02208; see ``bandits.streaming.tower``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.contract import Bound, Instance
from bandits.streaming.problem import StreamProblem
from bandits.streaming.theory import StreamInstance, at_horizon, fits, natural_scale, rewards_fit, unit
from bandits.streaming.tower import ChampionTower, Level


class TowerLog(ChampionTower):
    """The tower with ``max(1, floor(ln K))`` levels.

    Args:
        resample_champion: see ``ChampionTower``.
        final_batch: see ``ChampionTower``.
    """

    def levels(self, problem: StreamProblem) -> Sequence[Level]:
        arms = problem.n_arms
        number = max(1, math.floor(math.log(arms)))
        return [Level(math.ceil(1.2**level * unit(problem)), 7) for level in range(number)]

    def regret_bounds(self, problem: StreamProblem, instance: Instance) -> Sequence[Bound]:
        """``E R <= 15 S + 2K`` for ``K <= 10^5``, ``31 S + 2K`` for ``K <= 10^12``, at the horizon."""
        if not isinstance(instance, StreamInstance):
            return ()
        arms, horizon = problem.n_arms, problem.pulls
        value = (15.0 if arms <= 10**5 else 31.0) * natural_scale(problem) + 2.0 * arms
        assumptions = (
            *rewards_fit(problem, instance),
            fits("K <= 10^12", arms <= 10**12),
            fits("the exploration fits into the horizon", self.exploration(problem) <= horizon),
            fits("champions are not pulled anew", not self.resample_champion),
        )
        return (at_horizon("log tower bound", "upper", value, "derived; order in Wang 2023", "derived", assumptions),)
