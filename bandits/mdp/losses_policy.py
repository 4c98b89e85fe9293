"""What the policies against losses that change have in common: a policy is chosen, played, and learned from."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import not_owed, shown
from bandits.contract import Array, Policy, Problem
from bandits.kernels import kernel
from bandits.mdp.model import Ints, law_sums, next_state
from bandits.mdp.problem import BanditLossProblem, Trajectory


class LossesPolicy(Policy[BanditLossProblem, int, NDArray[Any], Trajectory]):
    """A policy for episodes with losses, which chooses the same whatever the first state is."""

    plays: ClassVar[tuple[type[Problem], ...]] = (BanditLossProblem,)

    @abstractmethod
    def start(self, problem: BanditLossProblem) -> None:
        """Forget everything. ``_rng`` is set when this returns, and may be used from ``pick`` on.

        Raises:
            ValueError: the problem lacks something that the policy needs.
        """

    @abstractmethod
    def pick(self) -> NDArray[Any]:
        """A policy for the coming episode, a new array: actions [H, S] or probabilities [H, S, A]."""

    @abstractmethod
    def take(self, played: NDArray[Any], trajectory: Trajectory) -> None:
        """Learn from an episode, checked; ``trajectory.losses`` is there in a ``FullLossProblem``."""

    @final
    def reset(self, problem: BanditLossProblem, rng: np.random.Generator) -> None:
        self.start(problem)
        self._problem, self._rng = problem, rng
        self._played: NDArray[Any] | None = None

    @final
    def choose(self, observation: int) -> NDArray[Any]:
        played = self.pick()
        played.flags.writeable = False
        self._played = played
        return played

    @final
    def update(self, observation: int, action: NDArray[Any], feedback: Trajectory) -> None:
        """Learn from an episode of the policy that was chosen.

        Raises:
            ValueError: another action, or no trajectory. Nothing has changed then.
            RuntimeError: no policy was chosen since the last update.
        """
        trajectory = self._problem.checked_feedback(feedback)
        if (played := self._played) is None:
            raise not_owed()
        if action is not played and not np.array_equal(action, played):
            raise ValueError(f"action must be the policy that choose has given last, got {shown(action)}")
        self.take(played, trajectory)
        self._played = None


def simulated_visits(problem: BanditLossProblem, policy: Array, n_episodes: int, rng: np.random.Generator) -> Array:
    """Shares [H, S, A] of simulated episodes that are in a state at a stage and take an action there."""
    model, visits = problem.model, np.zeros(policy.shape)
    luck = rng.random((n_episodes, 2 * len(policy) + 1))
    sums = np.cumsum(policy, axis=2)
    sums[:, :, -1] = 1.0
    start = law_sums(problem.start_law)
    _simulate(model.n_stages, model.starts, model.states, model.cumulative, start, sums, luck, visits)
    return visits


@kernel
def _simulate(
    own: int, starts: Ints, states: Ints, cumulative: Array, start: Array, policy: Array, luck: Array, visits: Array
) -> None:
    """``start`` and ``policy`` hold running sums."""
    n_stages, n_states, n_actions = policy.shape
    for i in range(luck.shape[0]):
        s = np.searchsorted(start, luck[i, 0], side="right")
        for h in range(n_stages):
            a = np.searchsorted(policy[h, s], luck[i, 2 * h + 1], side="right")
            visits[h, s, a] += 1.0 / luck.shape[0]
            row = ((h if own > 1 else 0) * n_states + s) * n_actions + a
            s = next_state(starts, states, cumulative, row, luck[i, 2 * h + 2])
