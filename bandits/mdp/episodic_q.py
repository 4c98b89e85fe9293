"""Q-learning in episodes with epsilon-greedy exploration: what exploration without a purpose achieves.

Values and step sizes are those of UCB-H (``ucb_h``) without a bonus, from 0 on; the policy played takes the best action
with probability ``1 - epsilon + epsilon / A``, any other one with probability ``epsilon / A``.
"""

from __future__ import annotations

import numpy as np

from bandits.arguments import real
from bandits.contract import Array
from bandits.mdp.policy import EpisodicPolicy
from bandits.mdp.problem import EpisodesProblem, Trajectory
from bandits.mdp.ucb_h import QTable


class EpisodicQ(EpisodicPolicy):
    """Epsilon-greedy Q-learning.

    Args:
        epsilon: probability of a uniform action, in [0, 1].
    """

    def __init__(self, epsilon: float = 0.1) -> None:
        self.epsilon = real("epsilon", epsilon, 0.0, 1.0, closed="both")

    def start(self, problem: EpisodesProblem) -> None:
        self._table = QTable(problem, np.zeros((problem.n_stages, problem.n_states, problem.n_actions)))

    def plan(self) -> Array:
        A = self._problem.n_actions
        policy: Array = np.eye(A)[self._table.best] * (1.0 - self.epsilon) + self.epsilon / A
        return policy

    def learn(self, trajectory: Trajectory) -> bool:
        return self._table.learn(trajectory, 0.0)
