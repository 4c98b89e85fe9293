"""What the learners of episodes share: one policy an episode, counts of what was seen, and how theory counts."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Policy, Problem
from bandits.kernels import inlined, kernel
from bandits.mdp.model import Ints
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


class Counts:
    """How often each next state was seen, in rows of the order of ``bandits.mdp.model.Model``.

    Memory grows with the next states seen, not with the square of the number of states.

    Args:
        problem: rows are those of one stage, or of each stage where it has ``own_stages``.

    Attributes:
        visits: [n_rows].
        paid: [n_rows] sums of rewards.
        sizes: [n_rows] number of different next states seen.
        states: [n_rows, width] those states, increasing.
        times: [n_rows, width] how often each was seen.
        at: [n_stages, n_states] visits of a state at a stage.
    """

    def __init__(self, problem: EpisodesProblem) -> None:
        self.own = problem.n_stages if problem.own_stages else 1
        rows = self.own * problem.n_states * problem.n_actions
        self.visits, self.sizes = np.zeros((2, rows), dtype=np.int64)
        self.paid = np.zeros(rows)
        self.states, self.times = (np.zeros((rows, min(4, problem.n_states)), dtype=np.int64) for _ in range(2))
        self.at = np.zeros((problem.n_stages, problem.n_states), dtype=np.int64)

    def add(self, trajectory: Trajectory, n_actions: int) -> None:
        """Count the steps of an episode."""
        H, h = len(trajectory.actions), 0
        while (h := self._add(h, trajectory, n_actions)) < H:
            self.states, self.times = widened(self.states), widened(self.times)

    def _add(self, h: int, trajectory: Trajectory, n_actions: int) -> int:
        seen, did, paid = trajectory[:3]
        return int(
            _count(
                h, self.own, seen, did, paid, n_actions,
                self.visits, self.paid, self.sizes, self.states, self.times, self.at,
            )
        )  # fmt: skip


def widened(table: Ints) -> Ints:
    """``table`` [n, width] with twice as many columns, zeros."""
    return np.concatenate([table, np.zeros_like(table)], axis=1)


@inlined
def insert(states: Ints, times: Ints, size: int, state: int) -> int:
    """Count ``state`` in a row of increasing states of which ``size`` are there; how many then are, or -1: no room."""
    place = 0
    while place < size and states[place] < state:
        place += 1
    if place < size and states[place] == state:
        times[place] += 1
        return size
    if size == states.size:
        return -1
    for i in range(size, place, -1):
        states[i], times[i] = states[i - 1], times[i - 1]
    states[place], times[place] = state, 1
    return size + 1


@kernel
def _count(
    first: int,
    own: int,
    seen: Ints,
    did: Ints,
    rewards: Array,
    n_actions: int,
    visits: Ints,
    paid: Array,
    sizes: Ints,
    states: Ints,
    times: Ints,
    at: Ints,
) -> int:
    """Count steps from ``first`` on; returns the step that finds no room, or their number."""
    for h in range(first, did.size):
        row = ((h if own > 1 else 0) * at.shape[1] + seen[h]) * n_actions + did[h]
        size = insert(states[row], times[row], sizes[row], seen[h + 1])
        if size < 0:
            return h
        sizes[row] = size
        visits[row] += 1
        paid[row] += rewards[h]
        at[h, seen[h]] += 1
    return int(did.size)
