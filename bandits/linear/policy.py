"""What the policies on a shared parameter have in common: features are at hand, and a reward belongs to one choice."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, final

import numpy as np

from bandits.arguments import check_action, check_reward, not_owed, positive
from bandits.arms.policy import look_at
from bandits.arms.problem import Actions, Block, Blocks
from bandits.contract import Array, Playable, Policy, Problem
from bandits.defaults import default
from bandits.linear.problem import ChangingLinearProblem, FeatureBlocks, LinearActionsProblem, LinearProblem
from bandits.linear.ridge import Ridge, learn, look, new_ridge
from bandits.offers import offers
from bandits.strays import look_at_contexts


class LinearPolicy(Policy[LinearActionsProblem, Any, int, float]):
    """A policy on features of actions, with a compiled loop over blocks of rounds.

    It plays fixed sets and changing ones; one for fixed sets alone has ``plays = (LinearProblem,)``. Features are
    always handed over as read-only ``rows`` [n_actions, dimension]; on a fixed set they are the same array each time.
    """

    plays: ClassVar[tuple[type[Problem], ...]] = (LinearProblem, ChangingLinearProblem)

    @abstractmethod
    def start(self, problem: LinearActionsProblem) -> None:
        """Forget everything. ``_rng``, ``_fixed`` and, on a fixed set, ``_rows`` [n_actions, dimension] are set.

        Raises:
            ValueError: the problem lacks something that the policy needs.
        """

    @abstractmethod
    def pick(self, rows: Array) -> int:
        """The action of this round, whose features are ``rows``."""

    @abstractmethod
    def take(self, rows: Array, action: int, reward: float) -> None:
        """Learn from the reward of ``action``, checked."""

    @abstractmethod
    def play(self, block: Block, features: Array, actions: Actions) -> None:
        """Play ``len(actions)`` rounds of ``block``, writing the action of each into ``actions``.

        The decisions and the state afterwards must equal those of ``pick`` and ``take`` bit for bit.

        Args:
            block: outcomes of the rounds.
            features: [1 or n_rounds, n_actions, dimension]: one table for all rounds, on a fixed set, or one a round.
            actions: [n_rounds], to be filled.
        """

    @final
    def reset(self, problem: LinearActionsProblem, rng: np.random.Generator) -> None:
        self._problem, self._rng = problem, rng
        self._fixed = isinstance(problem, LinearProblem)
        self._awaits = False
        if isinstance(problem, LinearProblem):
            self._rows = problem.features.array
        self.start(problem)

    @final
    def choose(self, observation: Any) -> int:
        """The action for the features ``observation`` [n_actions, dimension]; a fixed set has nothing to observe.

        Raises:
            ValueError: features of another shape, or one that is not finite.
        """
        action = self.pick(self._rows if self._fixed else self._seen(observation))
        self._awaits = True
        return action

    @final
    def update(self, observation: Any, action: int, feedback: float) -> None:
        """Learn from the reward of ``action``.

        Raises:
            ValueError: as in ``choose``; no such action, or a reward that is not finite. Nothing has changed then.
            RuntimeError: no action was chosen since the last update.
        """
        if type(action) is not int or not 0 <= action < self._problem.n_actions:
            check_action("action", action, self._problem.n_actions)
        reward = check_reward(feedback)
        rows = self._rows if self._fixed else self._seen(observation)
        if not self._awaits:
            raise not_owed()
        self.take(rows, int(action), reward)
        self._awaits = False

    @final
    def leap(self, environment: Playable[Any, int, float], most: int) -> int:
        if self._fixed and offers(environment, Blocks):
            block, features = environment.block(most), self._rows[None]
        elif not self._fixed and offers(environment, FeatureBlocks):
            block = environment.block(most)
            features = environment.features(len(block.noise))
            look_at_contexts(self, features)
        else:
            return 0
        actions = np.empty(len(block.noise), dtype=np.int64)
        self.play(block, features, actions)
        environment.absorb(actions)
        look_at(self, block, actions)
        return len(actions)

    def _seen(self, observation: Any) -> Array:
        rows: Array = self._problem.checked_observation(observation).view()
        rows.flags.writeable = False
        look_at_contexts(self, rows)
        return rows


class RidgePolicy(LinearPolicy):
    """A policy on one ridge regression of the rewards on the features.

    Args:
        ridge: lambda, the weight of the squared norm of theta, > 0.
    """

    def __init__(self, ridge: float = 1.0) -> None:
        self.ridge = positive("ridge", ridge)

    def start(self, problem: LinearActionsProblem) -> None:
        self._ridge: Ridge = new_ridge(problem.n_actions, problem.dimension, self.ridge)
        if self._fixed:
            look(self._rows, self._ridge)
        self.begin(problem)

    @default
    def begin(self, problem: LinearActionsProblem) -> None:
        """Forget everything, as in ``start``; ``_ridge`` is set, too. Here: there is nothing else."""

    @default
    def take(self, rows: Array, action: int, reward: float) -> None:
        learn(rows, action, reward, self._ridge, self._fixed)
