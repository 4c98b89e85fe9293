"""What the learners of episodes share: one policy an episode, what they are told, and how theory counts."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Policy, Problem
from bandits.mdp.problem import EpisodesProblem, EpisodicProblem, Trajectory


class EpisodicPolicy(Policy[EpisodesProblem, Any, NDArray[Any], Trajectory]):
    """A learner of episodes: it plans before an episode, and learns from its trajectory.

    A plan holds until something new was learnt. Feedback may come without a choice, as from somebody else's play.
    """

    plays: ClassVar[tuple[type[Problem], ...]] = (EpisodicProblem,)

    @abstractmethod
    def start(self, problem: EpisodesProblem) -> None:
        """Forget everything. ``_problem`` and ``_rng`` are set.

        Raises:
            ValueError: the problem lacks something that the policy needs.
        """

    @abstractmethod
    def plan(self) -> NDArray[Any]:
        """A new policy for an episode, see ``bandits.mdp.problem.checked_policy``."""

    @abstractmethod
    def learn(self, trajectory: Trajectory) -> bool:
        """Learn from an episode, checked; whether there is something to plan anew."""

    @final
    def reset(self, problem: EpisodesProblem, rng: np.random.Generator) -> None:
        self._problem, self._rng, self._due = problem, rng, True
        self.start(problem)

    @final
    def choose(self, observation: Any) -> NDArray[Any]:
        """The policy for the coming episode, read-only; it is one for all states, so the first one is not looked at."""
        if self._due:
            self._policy = self.plan()
            self._policy.flags.writeable = False
            self._due = False
        return self._policy

    @final
    def update(self, observation: Any, action: Any, feedback: Trajectory) -> None:
        """Learn from the trajectory of an episode, whatever policy it was played with.

        Raises:
            ValueError: no trajectory, states or actions that are not there, rewards that are not finite. Nothing has
                changed then.
        """
        trajectory = self._problem.checked_feedback(feedback)
        self._due = self.learn(trajectory) or self._due


def told_rewards(problem: EpisodesProblem) -> Array | None:
    """Mean rewards [1 or n_stages, n_states, n_actions] that the learner is told, or None."""
    table = problem.rewards if isinstance(problem, EpisodicProblem) else None
    return None if table is None else np.atleast_3d(table.array).reshape(-1, problem.n_states, problem.n_actions)


def known_horizon(policy: Any, problem: EpisodesProblem) -> int:
    """The number of episodes that a policy is tuned to.

    Raises:
        ValueError: the problem does not tell it.
    """
    if problem.horizon is None:
        raise ValueError(f"horizon must be told: {type(policy).__name__} is tuned to the number of episodes, got None")
    return problem.horizon


def logarithm(problem: EpisodesProblem, factor: float, episodes: int, delta: float) -> float:
    """``ln(factor S A K H / delta)``: the steps of all episodes are in it, not the number of the episode."""
    steps = episodes * problem.n_stages
    return math.log(factor * problem.n_states * problem.n_actions * steps) - math.log(delta)
