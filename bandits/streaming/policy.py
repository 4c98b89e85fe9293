"""What the streaming policies share: the script of actions between two observed pulls, and the drivers.

Only an observed pull tells a learner something, so a policy is a rule that answers the mean of a batch with the
actions up to the next pull.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar, NoReturn, final

import numpy as np

from bandits.arguments import check_reward, not_owed
from bandits.contract import Array, Playable, Policy
from bandits.defaults import default
from bandits.offers import offers
from bandits.streaming.problem import (
    CURRENT,
    Action,
    Advance,
    ArrivalBlocks,
    Drop,
    Feedback,
    Pull,
    Store,
    StreamProblem,
    View,
)

_ADVANCE = Advance()


class StreamingPolicy(Policy[StreamProblem, View, Action, Feedback]):
    """A policy that reads a stream of K arms once and then commits to one of them.

    Such a policy keeps its own books on slots and arrivals, so it does not look at the observation. Common rules: every
    pull is clipped to what is left of the horizon; ties keep the stored arm; a single arm is stored and pulled
    throughout.
    """

    plays: ClassVar[tuple[type[StreamProblem], ...]] = (StreamProblem,)
    _fresh = False
    """Whether the next pull is the first of an arrival, and ``_skim`` can say which arrivals are let pass after it."""

    @abstractmethod
    def slots_required(self, problem: StreamProblem) -> int:
        """The number of arms that must be stored at once."""

    @abstractmethod
    def memory_words(self, problem: StreamProblem) -> int:
        """Numbers kept: for each stored arm its identity and statistics, and a few scalars."""

    @abstractmethod
    def _begin(self, problem: StreamProblem, rng: np.random.Generator) -> list[Action]:
        """Forget everything; returns the actions up to and with the first pull, while the first arm is arriving."""

    @abstractmethod
    def _respond(self, mean: float) -> list[Action]:
        """The actions after a batch with that mean, up to and with the next pull."""

    @default
    def _skim(self, means: Array) -> int:
        """How many of the next arms, whose first batches have these means [n], are let pass; counts them in."""
        return 0

    @final
    def reset(self, problem: StreamProblem, rng: np.random.Generator) -> None:
        """Forget everything and prepare for a run.

        Raises:
            ValueError: no horizon, or more arms to store than the problem's memory holds.
        """
        arms, horizon = problem.n_arms, problem.pulls
        if (need := self.slots_required(problem)) > problem.memory:
            raise ValueError(
                f"{type(self).__name__} stores {need} arms of {arms}, but the memory holds {problem.memory}"
            )
        self._arms, self._memory, self._horizon, self._left = arms, problem.memory, horizon, horizon
        self._arrived = 1
        self._step = 0
        self._chosen: Action | None = None
        self._script: list[Action] = self._begin(problem, rng)
        if arms == 1:
            self._script = [Store(0), self._commit(0)]

    @final
    def choose(self, observation: View | None) -> Action:
        """The next action of the script.

        Raises:
            NotResetError: before ``reset``.
            RuntimeError: all pulls are used.
        """
        if self._left < 1:
            refuse_to_choose()
        self._chosen = action = self._script[self._step]
        return action

    @final
    def update(self, observation: View | None, action: Action, feedback: Feedback) -> None:
        """Go on in the script, or answer a batch by a new one.

        Raises:
            NotResetError: before ``reset``.
            ValueError, RuntimeError: what ``check_answer`` refuses; nothing has changed then.
        """
        action, feedback = check_answer(self._chosen, action, feedback, self._memory)
        self._chosen = None
        self._go_on(action, feedback)

    def _go_on(self, action: Action, feedback: Feedback) -> None:
        self._step += 1
        if type(action) is Pull:
            self._left -= action.n
            if feedback is not None and self._left > 0:
                self._script, self._step = self._respond(feedback[0] / feedback[1]), 0

    @final
    def leap(self, environment: Playable[Any, Any, Any], most: int) -> int:
        """Play without looking at the stream, by whole stretches of arrivals where these are let pass."""
        declared = self._declared
        start, end = environment.clock, min(environment.clock + most, self._horizon)
        blocks = environment if offers(environment, ArrivalBlocks) else None
        while environment.clock < end:
            action = self._script[self._step]
            if self._fresh and blocks is not None and type(action) is Pull and self._let_pass(blocks, action.n, end):
                continue
            _, feedback = environment.transition(action)
            self._go_on(action, feedback)
            if declared is not None and feedback is not None:
                total, n = feedback
                if not declared.low * n <= total <= declared.high * n:
                    declared.look(self, feedback)
        return environment.clock - start

    def _let_pass(self, environment: ArrivalBlocks, n: int, end: int) -> bool:
        """Where a pull of ``n`` is due: let arms pass that it decides nothing about, before ``end``; whether it did."""
        most = min((end - environment.clock - 1) // n, self._arms - self._arrived)
        if most < 2:
            return False
        means = environment.block_of_arrivals(n)[:most] / n
        count = self._skim(means) if len(means) > 1 else 0
        if count:
            environment.absorb_arrivals(count)
            if self._declared is not None:
                self._declared.look_through(self, means[:count], means[:count], lambda i: (means.item(i) * n, n))
            self._arrived += count
            self._left -= count * n
            self._script, self._step = [self._pull(CURRENT, n)], 0
        return count > 0

    def _pull(self, where: int, n: int) -> Pull:
        return Pull(where, n if n < self._left else self._left)

    def _commit(self, slot: int) -> Pull:
        return Pull(slot, self._left, False)

    def _next(self, n: int) -> list[Action]:
        """Let the next arm arrive and pull it ``n`` times."""
        self._arrived += 1
        return [_ADVANCE, self._pull(CURRENT, n)]


def refuse_to_choose() -> NoReturn:
    """Say that no pulls are left."""
    raise RuntimeError("all pulls are used: call reset(problem, rng) for another run")


def check_answer(chosen: Action | None, action: Action, feedback: Feedback, memory: int) -> tuple[Action, Feedback]:
    """Check what a policy is told of an action, and return both as plain numbers.

    Args:
        chosen: the action that ``choose`` gave since the last update, if it was called.
        action: the action that was carried out.
        feedback: the sum of its pulls and their number, where they are observed; else None.
        memory: number of slots.

    Raises:
        ValueError: an action that does not exist, or a feedback that does not fit it.
        RuntimeError: another action than the one chosen, or none was chosen.
    """
    if chosen is None or type(action) is not type(chosen) or action != chosen:
        _refuse(chosen, action, memory)
    if type(chosen) is not Pull or not chosen.observe:
        if feedback is not None:
            raise ValueError(f"feedback must be None after {chosen}, got {feedback!r}")
        return chosen, None
    if not isinstance(feedback, tuple) or len(feedback) != 2 or np.size(feedback[1]) != 1 or feedback[1] != chosen.n:
        raise ValueError(f"feedback must be a sum of rewards and their number, {chosen.n}, got {feedback!r}")
    if type(feedback[0]) is float and math.isfinite(feedback[0]):
        return chosen, (feedback[0], chosen.n)
    try:
        return chosen, (check_reward(feedback[0]), chosen.n)
    except ValueError:
        raise ValueError(f"the sum of rewards must be a finite number, got {feedback[0]!r}") from None


def _refuse(chosen: Action | None, action: Action, memory: int) -> NoReturn:
    exists = type(action) in (Pull, Store, Drop, Advance)
    if exists and not isinstance(action, Advance):
        low = CURRENT if isinstance(action, Pull) else 0
        exists = type(action[0]) is int and low <= action[0] < memory
    if exists and isinstance(action, Pull):
        exists = type(action.n) is int and action.n >= 1
    if not exists:
        raise ValueError(f"action must be a Pull, Store, Drop or Advance with places below {memory}, got {action!r}")
    raise not_owed(f"update takes the action chosen, once: got {action}, chosen was {chosen}")
