"""What every policy on contexts shares: the context is checked, and a reward belongs to one choice."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, final

import numpy as np

from bandits.arguments import check_action, check_reward, is_list, not_owed, real, reals, shown
from bandits.contextual.problem import ContextualProblem, check_contexts, one_context
from bandits.contract import Array, Policy


def interval_of(value: Sequence[float] | None) -> tuple[float, float] | None:
    """Check a hyper-parameter ``interval``: None, or two finite numbers, ascending."""
    if value is None:
        return None
    if not is_list(value) or len(value) != 2:
        raise ValueError(f"interval must be two numbers, ascending, got {shown(value)}")
    low, high = reals("interval", value)
    if not low < high:
        raise ValueError(f"interval must be two numbers, ascending, got {shown(list(value))}")
    return low, high


class ContextualPolicy(Policy[ContextualProblem, Any, int, float]):
    """A policy that plays actions on contexts. Losses are ``high - reward``, and 0 where that is negative.

    Args:
        interval: where a single coordinate of context lies, in place of the interval that the problem declares, which
            must be part of it.
    """

    plays: ClassVar[tuple[type[ContextualProblem], ...]] = (ContextualProblem,)

    def __init__(self, interval: Sequence[float] | None = None) -> None:
        self.interval = interval
        self._interval = interval_of(interval)

    @abstractmethod
    def begin(self, problem: ContextualProblem, intervals: Array) -> None:
        """Forget everything; ``intervals`` [n_coordinates, 2] are the ends of the contexts' intervals."""

    @abstractmethod
    def decide(self, context: Array) -> int:
        """The action for a checked context [n_coordinates]."""

    @abstractmethod
    def learn(self, context: Array, action: int, loss: float) -> None:
        """Take in the loss (>= 0) of ``action`` in ``context`` [n_coordinates]."""

    @final
    def reset(self, problem: ContextualProblem, rng: np.random.Generator) -> None:
        """Forget everything and prepare for a run.

        Raises:
            ValueError: the problem has no largest reward, or contexts outside ``interval``.
        """
        self._intervals = self._intervals_of(problem)
        self._rng = rng
        self._high = real("the problem's largest reward", problem.high)
        self._awaits, self._n_actions = False, problem.n_actions
        self.begin(problem, self._intervals)

    @final
    def choose(self, observation: Any) -> int:
        """The action for the context ``observation`` [n_coordinates], or a number where there is one coordinate.

        Raises:
            ValueError: the context is missing, NaN, of another length, or outside its interval.
        """
        action = self.decide(self.checked(one_context(observation))[0])
        self._awaits = True
        return action

    @final
    def update(self, observation: Any, action: int, feedback: float) -> None:
        """Learn from the reward of ``action``.

        Raises:
            ValueError: as in ``choose``; no such action, or a reward that is not finite. Nothing has changed then.
            RuntimeError: no action was chosen since the last update.
        """
        check_action("action", action, self._n_actions)
        reward = check_reward(feedback)
        context = self.checked(one_context(observation))[0]
        if not self._awaits:
            raise not_owed()
        self.learn(context, int(action), max(self._high - reward, 0.0))
        self._awaits = False

    def checked(self, contexts: Array) -> Array:
        """The contexts [n_rounds, n_coordinates], if all lie in their intervals.

        Raises:
            ValueError: one does not; the message gives the first.
        """
        return check_contexts(contexts, self._intervals)

    def _intervals_of(self, problem: ContextualProblem) -> Array:
        if self._interval is None:
            return np.array(problem.contexts, dtype=np.float64)
        (low, high), *more = problem.contexts
        if more or low < self._interval[0] or high > self._interval[1]:
            raise ValueError(
                f"interval must contain the problem's contexts {list(problem.contexts)}, got {shown(self.interval)}"
            )
        return np.array([self._interval])
