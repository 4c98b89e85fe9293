"""UCBVI on a mixture, as if all episodes were of one model: contexts are not looked at, nor is the past of an episode.

What it learns, transitions and rewards, are averages over contexts, of which those at a later stage depend on what was
played before: the mixture is no Markov decision process, and nothing is claimed. A baseline.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bandits.contract import Policy
from bandits.mdp.model import Ints
from bandits.mdp.problem import EpisodicProblem, LatentProblem, Trajectory
from bandits.mdp.ucbvi import UCBVI
from bandits.watch import reset_within


class LatentBlind(Policy[LatentProblem, int, Ints, Trajectory]):
    """UCBVI, which knows of no contexts and learns rewards, too. Needs the horizon.

    Args:
        bonus: "hoeffding" or "bernstein", as of ``UCBVI``.
        bonus_scale: multiplies the bonus, >= 0; 1 is theory's.
        delta: as of ``UCBVI``, in (0, 1).
    """

    plays = (LatentProblem,)

    def __init__(self, bonus: str = "hoeffding", bonus_scale: float = 1.0, delta: float = 0.05) -> None:
        made = UCBVI(bonus, bonus_scale=bonus_scale, delta=delta)
        self.bonus, self.bonus_scale, self.delta = made.bonus, made.bonus_scale, made.delta

    def reset(self, problem: LatentProblem, rng: np.random.Generator) -> None:
        one = EpisodicProblem(
            horizon=problem.horizon,
            n_states=problem.n_states,
            n_actions=problem.n_actions,
            n_stages=problem.n_stages,
            start=problem.start,
        )
        learner = UCBVI(self.bonus, bonus_scale=self.bonus_scale, delta=self.delta)
        reset_within(learner, one, rng)
        self._learner = learner

    def choose(self, observation: Any) -> Ints:
        """A table of actions [n_stages, n_states] for the coming episode, read-only."""
        table: Ints = self._learner.choose(observation)
        return table

    def update(self, observation: Any, action: Any, feedback: Trajectory) -> None:
        """Learn from an episode.

        Raises:
            ValueError: there is no such trajectory. Nothing has changed then.
        """
        self._learner.update(observation, action, feedback)
