"""UCB with the horizon in its width (UCB-H of Audibert, Munos and Szepesvári; ``ucb_h`` is that of Jin et al.).

After playing every arm once, play the arm with the largest

    mean_i + width sqrt( alpha ln T / n_i ),

where ``n_i`` counts the plays of arm ``i`` before and ``T`` is the horizon. Ties go to the lowest index. An arm's index
changes only when it is played (``cached.py``).

Reference: J.-Y. Audibert, R. Munos, C. Szepesvári, *Exploration-exploitation trade-off using variance estimates in
multi-armed bandits*, Theoretical Computer Science 410, 2009 [recall].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import integer, positive
from bandits.arms.cached import CachedPolicy, follow, rounds
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, SUM, count, horizon_of, width_of
from bandits.arms.theory import STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import inlined, kernel

Own = tuple[float]
"""``width^2 alpha ln T`` of mapped rewards."""


@inlined
def _index(rows: Array, arm: int, own: Own) -> float:
    n = rows[arm, COUNT]
    return float(rows[arm, SUM] / n + math.sqrt(own[0] / n))


@inlined
def _above(rows: Array, arm: int, level: float, own: Own) -> bool:
    return _index(rows, arm, own) > level


@kernel
def _follow(arm: int, reward: float, rows: Array, tree: Array, lead: Array, own: Own) -> int:
    return follow(_index, _above, count, arm, reward, rows, tree, lead, own)


@kernel
def _rounds(
    block: Block, actions: Actions, rows: Array, tree: Array, lead: Array, own: Own, low: float, span: float
) -> None:
    rounds(_index, _above, count, block, actions, rows, tree, lead, own, low, span)


class UCBHorizon(CachedPolicy):
    """UCB whose width is tuned to the horizon, of Audibert, Munos and Szepesvári (2009).

    Args:
        alpha: factor of ``ln T / n`` under the root, > 0; 2 is that of UCB1, 0.5 the sharp value. Rewards are measured
            in units of ``problem.width``.
        horizon: the ``T`` of the index, >= 1; None takes the problem's.
    """

    decided = True
    follow, rounds = staticmethod(_follow), staticmethod(_rounds)
    by_arm = True

    def __init__(self, alpha: float = 2.0, horizon: int | None = None) -> None:
        self.alpha = positive("alpha", alpha)
        self.horizon = None if horizon is None else integer("horizon", horizon)

    def _horizon_of(self, problem: BanditProblem) -> int:
        return horizon_of("UCBHorizon", self.horizon, problem, "ucb1 needs none")

    def constants(self, problem: BanditProblem) -> Own:
        return (self.alpha * math.log(self._horizon_of(problem)) * width_of(problem) ** 2,)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """For alpha >= 1: ``sum over suboptimal arms of 4 alpha width^2 ln T / gap + 3 gap``, derived here.

        With probability at most ``T^(-2 alpha)`` the mean of n rewards is more than ``w(n) = width sqrt(alpha ln T /
        n)`` off to one side (Hoeffding): at most ``2 T^(1 - 2 alpha)`` for the means that an arm and the best one have
        in T rounds. Else a play of the arm needs ``2 w(n) >= gap``, that is ``n <= 4 alpha width^2 ln T / gap^2``. So
        it is played at most that often, once more, and T times with that probability.
        """
        if not isinstance(instance, ArmsInstance) or not self.alpha >= 1.0:
            return ()
        gaps, horizon = gaps_of(instance), self._horizon_of(problem)
        if gaps is None:
            return ()
        gaps = gaps[gaps > 0.0]
        value = float(np.sum(4.0 * self.alpha * problem.width**2 * math.log(horizon) / gaps + 3.0 * gaps))
        return (
            Bound(
                "UCB-H bound",
                "upper",
                lambda t: np.full(np.shape(t), value),
                "fixed",
                "derived in this project, for the index of Audibert, Munos, Szepesvári 2009",
                "derived",
                (
                    *holds(instance, STATIONARY, problem=problem),
                    Assumption("the horizon of the index is that of the run", horizon == problem.horizon),
                ),
                time="at the horizon",
            ),
        )
