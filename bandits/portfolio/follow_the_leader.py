"""Follow the leader: all on the asset that has grown most so far. It has no theorem, and fails by design.

Where two assets take turns, the leader of yesterday is the loser of today, and regret is linear.
"""

from __future__ import annotations

import numpy as np

from bandits.contract import Array
from bandits.portfolio.policy import RoundByRound
from bandits.portfolio.problem import PortfolioProblem


class FollowTheLeader(RoundByRound):
    """All on the asset with the largest wealth so far, of equal ones the first; uniform in the first round."""

    def start(self, problem: PortfolioProblem) -> None:
        self._logs = np.zeros(problem.n_assets)

    def learn(self, relatives: Array) -> Array:
        self._logs += np.log(relatives, out=np.full(relatives.shape, -np.inf), where=relatives > 0.0)
        leader = np.zeros(relatives.shape)
        leader[self._logs.argmax()] = 1.0  # where all are lost, too, the first
        return leader
