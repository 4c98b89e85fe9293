"""What policies for delayed feedback share: the policy that they are built on, and an account of what is owed."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from bandits.arguments import check_action, integer
from bandits.arms.problem import ActionsProblem
from bandits.contract import NotResetError, Policy
from bandits.defaults import default
from bandits.delayed.problem import Arrival, Arrivals, Delayed
from bandits.registry import POLICIES, Component


def base_policy(policy: Component) -> Policy[Any, Any, int, Any]:
    """The policy that knows of no delays.

    Args:
        policy: a registered name, ``{"name": ..., "parameters": {...}}``, or a policy, which is copied.

    Raises:
        ValueError: no such policy or arguments, no policy, or one that does not learn from feedback.
    """
    base: Policy[Any, Any, int, Any] = POLICIES.build(policy, "policy", of=Policy)
    if base.clairvoyant:
        raise ValueError(f"policy must choose from what it has seen, got {policy!r}, which knows the run in advance")
    return base


class Owed:
    """The rounds of a run whose feedback has not arrived, each with its action.

    Args:
        problem: the problem without delays.
    """

    def __init__(self, problem: ActionsProblem) -> None:
        self.problem, self.round = problem, 0
        self._actions: dict[int, int] = {}

    def settle(self, action: int, feedback: Arrivals) -> Arrivals:
        """End a round: its feedback is owed from now on, and that of all that arrives, returned checked, no longer is.

        Raises:
            ValueError: no such action, feedback that is not a tuple of arrivals, or one that is not what a round
                reveals; nothing has changed then, and the round can be ended again.
            RuntimeError: feedback that is not owed; likewise.
        """
        check_action("action", action, self.problem.n_actions)
        came = self._checked(feedback, {self.round: int(action)})
        self._actions[self.round] = int(action)
        self.round += 1
        for time in came:
            del self._actions[time]
        return tuple(came.values())

    def arrive(self, feedback: Arrivals) -> Arrivals:
        """Feedback that arrives between rounds, returned checked, is owed no longer.

        Raises:
            ValueError: feedback that is not a tuple of arrivals, or one that is not what a round reveals; nothing has
                changed then.
            RuntimeError: feedback that is not owed; likewise.
        """
        came = self._checked(feedback, {})
        for time in came:
            del self._actions[time]
        return tuple(came.values())

    def forget(self, time: int) -> None:
        """The feedback of a round is owed no longer: it never arrives.

        Raises:
            RuntimeError: it is not owed.
        """
        if self._actions.pop(time, None) is None:
            raise RuntimeError(f"feedback of round {time} must be owed to be forgotten, and it is not")

    def _checked(self, feedback: Arrivals, now: dict[int, int]) -> dict[int, Arrival]:
        """Arrivals by their rounds; ``now`` is the action of the round that ends, if one does."""
        if not isinstance(feedback, tuple) or not all(isinstance(arrival, Arrival) for arrival in feedback):
            raise ValueError(
                "feedback must be a tuple of Arrival(time, action, feedback), () where nothing arrives, "
                f"got {feedback!r}"
            )
        came: dict[int, Arrival] = {}
        for arrival in feedback:
            time = integer("time of an arrival", arrival.time, 0, max(self.round - (not now), 0))
            revealed = self.problem.checked_feedback(arrival.feedback)
            owed = now.get(time, self._actions.get(time))
            if owed is None or time in came:
                raise RuntimeError(f"feedback of round {time} must arrive once, but it arrives again: {arrival!r}")
            if arrival.action != owed:
                raise RuntimeError(f"feedback of round {time} must be of its action {owed}, got {arrival!r}")
            came[time] = Arrival(time, int(owed), revealed)
        return came


class DelayedPolicy(Policy[Delayed, Any, int, Arrivals]):
    """A policy for delayed feedback, which may arrive at the end of any round, or between two.

    ``reset`` sets ``_owed``.
    """

    plays = (Delayed,)
    _owed: Owed

    @abstractmethod
    def take(self, arrivals: Arrivals) -> None:
        """Take in feedback, checked and owed until now."""

    def arrive(self, time: int, action: int, feedback: Any) -> None:
        """Learn from the feedback of an earlier round that arrives now, between two rounds.

        Args:
            time: the round, counted from 0.
            action: its action.
            feedback: what it reveals, as without delay.

        Raises:
            NotResetError: before ``reset``.
            ValueError: feedback that cannot be; nothing has changed then.
            RuntimeError: feedback that is not owed; nothing has changed then.
        """
        if not hasattr(self, "_owed"):
            raise NotResetError.of(self)
        arrivals = self._owed.arrive((Arrival(time, action, feedback),))
        self.take(arrivals)
        if self._declared is not None:
            self._declared.look(self, arrivals)

    def forget(self, time: int) -> None:
        """The feedback of round ``time``, counted from 0, never arrives.

        Raises:
            NotResetError: before ``reset``.
            RuntimeError: it is not owed; nothing has changed then.
        """
        if not hasattr(self, "_owed"):
            raise NotResetError.of(self)
        self._owed.forget(time)
        self.release(time)

    @default
    def release(self, time: int) -> None:
        """The feedback of round ``time``, owed until now, never arrives. Here: nothing waits for it."""
