"""Follow the leader: the best policy for the losses so far, with full feedback.

It is hard to beat where losses settle, and has linear regret where the leader is always wrong.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.mdp.losses_policy import LossesPolicy
from bandits.mdp.planning import best_policy
from bandits.mdp.problem import BanditLossProblem, FullLossProblem, Trajectory


class FollowLeader(LossesPolicy):
    """Plays what was best in hindsight; of equal actions the first."""

    plays = (FullLossProblem,)

    def start(self, problem: BanditLossProblem) -> None:
        self._losses = np.zeros((problem.n_stages, problem.n_states, problem.n_actions))

    def pick(self) -> NDArray[Any]:
        return best_policy(self._problem.model, -self._losses, len(self._losses))[1]

    def take(self, played: NDArray[Any], trajectory: Trajectory) -> None:
        assert trajectory.losses is not None  # of a FullLossProblem
        self._losses += trajectory.losses
