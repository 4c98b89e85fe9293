"""What every groupwise policy shares: decisions and feedback in turn, and checks of what it is given."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, TypeVar, final

import numpy as np

from bandits.arguments import check_action, check_rewards, not_owed, one_of
from bandits.contract import Array, Policy
from bandits.defaults import default
from bandits.frozen import read_only
from bandits.groupwise.problem import GroupwiseProblem, Mask, Round
from bandits.strays import look_at_contexts

P = TypeVar("P", bound=GroupwiseProblem)
Act = TypeVar("Act")
Fbk = TypeVar("Fbk")


class GroupwisePolicy(Policy[P, Round, Act, Fbk]):
    """A policy on grouped rounds, each of which it learns from in full.

    ``update`` learns of the round that ``choose`` saw last; it does not look at its observation, which is the same, and
    of an action only sees that there is such a one.
    """

    @final
    def reset(self, problem: P, rng: np.random.Generator) -> None:
        self._problem, self._rng = problem, rng
        self._n_actions: int = getattr(problem, "n_actions", 0)  # 0 where actions have no numbers
        self._seen: tuple[Array, Mask] | None = None
        type(self).start(self, problem)  # of an object, it may be a parameter

    @default
    def start(self, problem: P) -> None:
        """Forget everything; ``_problem``, ``_rng`` and ``_n_actions`` are set. Here: there is nothing else.

        Raises:
            ValueError: the problem lacks something that the policy needs, or a parameter does not fit it.
        """

    @abstractmethod
    def _decide(self, context: Array, groups: Mask) -> Act:
        """The action in a round with ``context``, to be checked here, and ``groups`` [n_groups], checked."""

    @abstractmethod
    def _learn(self, context: Array, groups: Mask, feedback: Fbk) -> None:
        """Learn the feedback, to be checked here, of the round decided last."""

    @final
    def choose(self, observation: Round) -> Act:
        """The action in a round with these groups.

        Raises:
            NotResetError: before ``reset``.
            ValueError: groups or a context of another shape than declared, or values that cannot be; nothing has
                changed then.
        """
        seen = self._problem.checked_observation(observation)
        context, groups = read_only(seen.context), read_only(seen.groups)
        action = self._decide(context, groups)
        look_at_contexts(self, context)
        self._seen = context, groups
        return action

    @final
    def update(self, observation: Round, action: Act, feedback: Fbk) -> None:
        """Learn the feedback of the round decided last.

        Raises:
            NotResetError: before ``reset``.
            RuntimeError: no decision was made since the last update.
            ValueError: no such action, or feedback of another shape than declared or that is not finite; nothing has
                changed then.
        """
        seen = self._seen
        if seen is None:
            raise not_owed()
        if self._n_actions and np.ndim(action) == 0:  # type: ignore[arg-type]
            check_action("action", action, self._n_actions)  # type: ignore[arg-type]
        self._learn(*seen, feedback)
        self._seen = None


def check_context(context: Array, n_contexts: int) -> int:
    """The number of a context [1], checked.

    Raises:
        ValueError: no such context.
    """
    if context.shape != (1,) or not 0 <= context[0] < n_contexts or context[0] != int(context[0]):
        raise ValueError(f"the context must be [a whole number in 0..{n_contexts - 1}], got {context!r}")
    return int(context[0])


def losses_of(rewards: Array, number: int) -> Array:
    """The losses [number] that full feedback reveals: minus the rewards, checked.

    Raises:
        ValueError: another shape, or a reward that is not finite.
    """
    return -check_rewards(rewards, number)


def check_play(play: str) -> str:
    """How to play where decisions have no average: "expected" or "sample".

    Raises:
        ValueError: another word.
    """
    if isinstance(play, str) and play == "mixture":
        raise ValueError("play must be expected or sample: decisions of this kind have no average, got 'mixture'")
    return one_of("play", play, ("expected", "sample"))


def draw(q: Array, u: float) -> int:
    """The number drawn by the probabilities ``q`` [n] with the uniform ``u``."""
    return int(min(np.searchsorted(np.cumsum(q), u, side="right"), np.flatnonzero(q)[-1]))


def played(q: Array, play: str, rng: np.random.Generator) -> Any:
    """The play by probabilities ``q`` [n]: these themselves, or with "sample" a number drawn by them.

    Takes one uniform of ``rng`` in either case.
    """
    u = rng.random()
    return q if play == "expected" else draw(q, u)
