"""Uniform play in episodes: every action with equal probability, at every stage; the baseline of all others."""

from __future__ import annotations

import numpy as np

from bandits.contract import Array
from bandits.mdp.policy import EpisodicPolicy
from bandits.mdp.problem import BanditLossProblem, EpisodesProblem, EpisodicProblem, Trajectory


class UniformPolicy(EpisodicPolicy):
    """Uniform play."""

    plays = (EpisodicProblem, BanditLossProblem)

    def start(self, problem: EpisodesProblem) -> None:
        return

    def plan(self) -> Array:
        problem = self._problem
        return np.full((problem.n_stages, problem.n_states, problem.n_actions), 1.0 / problem.n_actions)

    def learn(self, trajectory: Trajectory) -> bool:
        return False
