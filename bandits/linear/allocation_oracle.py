"""The asymptotically optimal allocation, played by who knows theta: the picture of what optimism misses.

Each suboptimal action a is played ``ceil(alpha*(a) ln T)`` times first, in ascending order, where ``alpha*`` attains
the asymptotic lower bound c* (see ``asymptotic``); then the best action for ever. It is no learner. No algorithm based
on optimism or Thompson sampling attains c* (T. Lattimore, C. Szepesvári, *The End of Optimism?*, AISTATS 2017,
abstract).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import reals
from bandits.arms.problem import Actions
from bandits.contract import Array
from bandits.linear.asymptotic import allocation
from bandits.linear.phased import Phase, PhasedPolicy, forever, predict
from bandits.linear.problem import LinearProblem


class AllocationOracle(PhasedPolicy):
    """The optimal allocation for a known parameter, of a fixed set. Needs a horizon.

    Args:
        theta: [dimension] the parameter.
    """

    decided = True

    def __init__(self, theta: Sequence[float]) -> None:
        self.theta = reals("theta", theta)

    def begin(self, problem: LinearProblem) -> Phase:
        if problem.horizon is None:
            raise ValueError("AllocationOracle needs a horizon: the problem has horizon=None")
        if len(self.theta) != problem.dimension:
            raise ValueError(f"theta must have {problem.dimension} coordinates, got {len(self.theta)}")
        means = np.empty(problem.n_actions)
        predict(problem.features.array, np.array(self.theta), means)
        self._best = int(np.argmax(means))
        plays = allocation(problem.features.array, means, problem.sigma).plays * math.log(problem.horizon)
        plays[self._best] = 0.0
        order = np.flatnonzero(plays > 1e-9)
        if len(order) == 0:
            return forever(self._best)
        return order, np.ceil(plays[order] - 1e-9).astype(np.int64)

    def follow(self, order: Actions, plays: Actions, sums: Array) -> Phase:
        return forever(self._best)
