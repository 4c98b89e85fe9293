"""What the policies for one life without resets share: checks of what they observe, the driver of blocks."""

from __future__ import annotations

from abc import abstractmethod
from math import isfinite
from typing import Any, ClassVar, final

import numpy as np

from bandits.arguments import check_action
from bandits.contract import Array, Playable, Policy
from bandits.kernels import inlined, kernel
from bandits.mdp.model import Ints, next_state
from bandits.mdp.problem import AverageRewardProblem, Step, StepBlocks, Steps
from bandits.offers import offers


@inlined
def reward_at(steps: Steps, step: int, state: int, action: int) -> float:
    """The reward of an action at a step of a block."""
    mean = steps.means[state, action]
    if steps.noisy:
        return 1.0 if steps.luck[step] < mean else 0.0
    return float(mean)


@inlined
def moved(steps: Steps, step: int, state: int, action: int) -> int:
    """The state after an action at a step of a block."""
    row = state * steps.means.shape[1] + action
    return next_state(steps.starts, steps.states, steps.cumulative, row, steps.moves[step])


@inlined
def largest(state: int, table: Array) -> int:
    """The first action of the largest entry of a row of ``table`` [n_states, n_actions]."""
    best = 0
    for a in range(1, table.shape[1]):
        if table[state, a] > table[state, best]:
            best = a
    return best


@kernel
def _first_outside(steps: Steps, actions: Ints, low: float, high: float) -> float:
    state = steps.state
    for step in range(actions.size):
        reward = reward_at(steps, step, state, actions[step])
        if reward < low or reward > high:
            return reward
        state = moved(steps, step, state, actions[step])
    return low


class AveragePolicy(Policy[AverageRewardProblem, int, int, Step]):
    """A policy for one life, with a compiled loop over blocks of steps. It learns from any step, asked for or not."""

    plays: ClassVar[tuple[type[AverageRewardProblem], ...]] = (AverageRewardProblem,)

    @abstractmethod
    def start(self, problem: AverageRewardProblem) -> None:
        """Forget everything; ``_problem``, ``_rng``, ``_n_states`` and ``_n_actions`` are set afterwards.

        Raises:
            ValueError: the problem lacks something that the policy needs, or is too large for it; nothing has changed
                then.
        """

    @abstractmethod
    def pick(self, state: int) -> int:
        """The action in a state."""

    @abstractmethod
    def take(self, state: int, action: int, reward: float, following: int) -> None:
        """Learn from a step that led to the state ``following``, all checked."""

    @abstractmethod
    def play(self, steps: Steps, actions: Ints) -> None:
        """Play ``len(actions)`` steps of a block, writing the action of each into ``actions``.

        The decisions and the state afterwards must equal those of ``pick`` and ``take`` bit for bit.
        """

    @final
    def reset(self, problem: AverageRewardProblem, rng: np.random.Generator) -> None:
        self.start(problem)
        self._problem, self._rng = problem, rng
        self._n_states, self._n_actions = problem.n_states, problem.n_actions

    @final
    def choose(self, observation: Any) -> int:
        """The action in the state ``observation``.

        Raises:
            NotResetError: before ``reset``.
            ValueError: there is no such state.
        """
        return self.pick(self._checked(observation))

    @final
    def update(self, observation: Any, action: int, feedback: Step) -> None:
        """Learn from a step.

        Raises:
            NotResetError: before ``reset``.
            ValueError: no such state or action, a reward that is no finite number; nothing has changed then.
        """
        state = self._checked(observation)
        if type(action) is not int or not 0 <= action < self._n_actions:
            check_action("action", action, self._n_actions)
        if type(feedback) is not Step or type(feedback[0]) is not float or not isfinite(feedback[0]):
            feedback = self._problem.checked_feedback(feedback)
        self.take(state, int(action), feedback[0], self._checked(feedback[1]))

    def _checked(self, state: Any) -> int:
        if type(state) is int and 0 <= state < self._n_states:
            return state
        return self._problem.checked_observation(state)

    @final
    def leap(self, environment: Playable[int, int, Step], most: int) -> int:
        if not offers(environment, StepBlocks):
            return 0
        steps = environment.block(most)
        actions = np.empty(len(steps.moves), dtype=np.int64)
        self.play(steps, actions)
        environment.absorb(actions)
        self._look_at(steps, actions)
        return len(actions)

    def _look_at(self, steps: Steps, actions: Ints) -> None:
        """Tell, once a run, of a reward outside the declared range."""
        watch = self._declared
        if watch is None or watch.told:
            return
        low, high = (0.0, 1.0) if steps.noisy else (steps.means.min(), steps.means.max())
        if low < watch.low or high > watch.high:
            reward = _first_outside(steps, actions, watch.low, watch.high)
            watch.see(self, reward, reward)


def needed_rewards(policy: object, problem: AverageRewardProblem) -> Array:
    """The mean rewards [n_states, n_actions] that a policy plans with.

    Raises:
        ValueError: the problem does not tell them.
    """
    if problem.rewards is None:
        raise ValueError(
            f"{type(policy).__name__} needs the mean rewards, the problem has rewards=None: have the environment tell "
            "them, or take a policy that learns them (UCRL2, UCRL2B, OptimisticQ, DifferentialQ)"
        )
    return problem.rewards.array
