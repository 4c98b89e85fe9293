"""The log log K tower: about ``ln ln K`` levels with batches ``1.2^l u``, the last ``u ln K``, and quotas of 11.

Reference: the published experiments of C. Wang, ICML 2023, arXiv 2306.02208; see ``bandits.streaming.tower``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.contract import Bound, Instance
from bandits.streaming.problem import StreamProblem
from bandits.streaming.theory import StreamInstance, at_horizon, fits, natural_scale, rewards_fit, unit
from bandits.streaming.tower import ChampionTower, Level


class TowerLogLog(ChampionTower):
    """The tower with ``max(1, floor(ln ln K) + 1)`` levels, one for ``K <= 2``.

    Args:
        resample_champion: see ``ChampionTower``.
        final_batch: see ``ChampionTower``.

    Example:
        >>> import numpy as np
        >>> from bandits import TowerLogLog
        >>> from environments import Stream
        >>> environment, policy = Stream("mixed", n_arms=50, horizon=10**9, memory=3), TowerLogLog()
        >>> environment.begin(environment.draw(np.random.default_rng(0)))
        >>> policy.reset(environment.problem, np.random.default_rng(1))
        >>> policy.slots_required(environment.problem)
        2
        >>> policy.advance(environment, 10**9)
        >>> environment.clock
        1000000000
    """

    def levels(self, problem: StreamProblem) -> Sequence[Level]:
        arms = problem.n_arms
        number = max(1, math.floor(math.log(math.log(arms))) + 1) if arms >= 3 else 1
        batches = [math.ceil(1.2**level * unit(problem)) for level in range(number - 1)]
        last = max(1, math.ceil(unit(problem) * math.log(arms)))
        return [Level(batch, 11) for batch in [*batches, last]]

    def regret_bounds(self, problem: StreamProblem, instance: Instance) -> Sequence[Bound]:
        """``E R <= 13 S + 2K`` for ``3 <= K <= 10^23``, at the horizon."""
        if not isinstance(instance, StreamInstance):
            return ()
        arms, horizon = problem.n_arms, problem.pulls
        value = 13.0 * natural_scale(problem) + 2.0 * arms
        assumptions = (
            *rewards_fit(problem, instance),
            fits("3 <= K <= 10^23", 3 <= arms <= 10**23),
            fits("the exploration fits into the horizon", self.exploration(problem) <= horizon),
            fits("champions are not pulled anew", not self.resample_champion),
        )
        return (
            at_horizon("log log tower bound", "upper", value, "derived; order in Wang 2023", "derived", assumptions),
        )
