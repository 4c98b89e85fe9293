"""The log* K tower: batches and quotas grow as towers of powers, with ``r_1 = 4`` and ``r_(l+1) = 2^(r_l)``.

Presets: "code", batches ``u, 4u, 16u, 65536u`` and quotas 5, 5, 4097, as in the published experiments of C. Wang, ICML
2023, arXiv 2306.02208. "theory", with ``eps_l = eps / (10 * 2^(l-1))``: ``s_l = 4 (ln(1/delta) + 3 r_l) / eps_l^2``
pulls of champion and challenger on level ``l = 1, 2, ...`` and quotas ``2^(r_l) / 2^(l-1)``, on ``ceil(log* K) + 1``
levels, from memory of S. Assadi, C. Wang, STOC 2020, arXiv 2004.04666, whose wording was not checked. Its first level
alone takes more than ``9600 u`` pulls of each arm, which fits only where ``T / K`` is beyond ``10^12``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arguments import flag, one_of, probability
from bandits.contract import Bound, Instance
from bandits.streaming.problem import StreamProblem
from bandits.streaming.theory import StreamInstance, at_horizon, fits, natural_scale, rewards_fit, unit
from bandits.streaming.tower import ChampionTower, Level


class TowerLogStar(ChampionTower):
    """The log* tower.

    Args:
        preset: "code" or "theory".
        delta: probability of failure in (0, 1), for the preset "theory".
        resample_champion: see ``ChampionTower``; always so with the preset "theory".
        final_batch: see ``ChampionTower``.
    """

    def __init__(
        self, preset: str = "code", delta: float = 0.1, resample_champion: bool = False, final_batch: str = "b0"
    ) -> None:
        self.preset = one_of("preset", preset, ("code", "theory"))
        self.delta = probability("delta", delta)
        super().__init__(flag("resample_champion", resample_champion) or preset == "theory", final_batch)

    def levels(self, problem: StreamProblem) -> Sequence[Level]:
        """All levels that can be reached."""
        u = unit(problem)
        if self.preset == "code":
            return [Level(math.ceil(r * u), quota) for r, quota in ((1, 5), (4, 5), (16, 4097), (65536, 0))]
        arms = problem.n_arms
        levels, group, r = [], 1, 4
        for index in range(iterated_log2(arms) + 1):
            pulls = math.ceil(400.0 * 4.0**index * u * (math.log(1.0 / self.delta) + 3.0 * r))
            levels.append(Level(pulls, 2**r // 2**index))
            group *= levels[-1].quota
            if group > arms:
                break
            r = 2**r
        return levels

    def check(self, problem: StreamProblem) -> None:
        arms, horizon = problem.n_arms, problem.pulls
        first = self.levels(problem)[0].batch
        if self.preset == "theory" and 2 * arms * first > horizon:
            raise ValueError(
                f"preset 'theory' needs 2 K s_1 = {2 * arms * first:.3g} pulls on its first level, and the horizon is "
                f"{horizon:.3g}: use preset 'code', or a horizon above 10^12 K"
            )

    def regret_bounds(self, problem: StreamProblem, instance: Instance) -> Sequence[Bound]:
        """``E R <= 10 S + 3K`` at the horizon, for the preset "code"."""
        if not isinstance(instance, StreamInstance):
            return ()
        arms, horizon = problem.n_arms, problem.pulls
        value = 10.0 * natural_scale(problem) + 3.0 * arms
        assumptions = (
            *rewards_fit(problem, instance),
            fits("the exploration fits into the horizon", self.exploration(problem) <= horizon),
            fits("preset is 'code' and champions are not pulled anew", not self.resample_champion),
        )
        return (at_horizon("log* tower bound", "upper", value, "derived; order in Wang 2023", "derived", assumptions),)


def iterated_log2(value: float) -> int:
    """``log* value``: how often the binary logarithm must be taken until the result is at most 1."""
    count = 0
    while value > 1.0:
        value, count = math.log2(value), count + 1
    return count
