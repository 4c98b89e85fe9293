"""What a round with delayed feedback reveals, and what the theorems about delays ask of the facts.

Facts that worlds with delays give: ``outstanding`` [n_rounds], the largest number so far of feedbacks that had not
arrived when an action was chosen (of rounds ``1..t``, at index ``t - 1``), and ``oblivious_delays`` (bool).
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from bandits.contract import Array, Assumption, Policy, Problem
from bandits.arguments import integer
from bandits.registry import POLICIES

PREFIX = "delayed-"
"""Kinds of feedback are named ``delayed-bandit`` and ``delayed-full``."""


class Arrival(NamedTuple):
    """Feedback that has arrived.

    Attributes:
        time: the round it belongs to; the first round of a run is 0.
        action: the action of that round.
        feedback: what that round reveals, as without delay.
    """

    time: int
    action: int
    feedback: Any


Arrivals = tuple[Arrival, ...]
"""The feedback of a round: all that arrives at its end, earlier rounds first. Without delay, its own feedback alone."""


class Owed:
    """The rounds of a run whose feedback has not arrived, each with its action.

    Args:
        n_actions: number of actions.
    """

    def __init__(self, n_actions: int) -> None:
        self.n_actions, self.round = n_actions, 0
        self._actions: dict[int, int] = {}

    def settle(self, action: int, feedback: Arrivals) -> None:
        """End a round: its feedback is owed from now on, and that of all that arrives no longer is.

        Raises:
            ValueError: no such action, or feedback that is not a tuple of arrivals each of which is owed; nothing has
                changed then, and the round can be ended again.
        """
        integer("action", action, 0, self.n_actions - 1)
        if not isinstance(feedback, tuple) or not all(isinstance(arrival, Arrival) for arrival in feedback):
            raise ValueError(
                "feedback must be a tuple of Arrival(time, action, feedback), () where nothing arrives, "
                f"got {feedback!r}"
            )
        came: set[int] = set()
        for arrival in feedback:
            time = integer("time of an arrival", arrival.time, 0, self.round)
            owed = action if time == self.round else self._actions.get(time)
            if owed is None or time in came:
                raise ValueError(f"feedback of round {time} must arrive once, but it arrives again: {arrival!r}")
            if arrival.action != owed:
                raise ValueError(f"feedback of round {time} must be of its action {owed}, got {arrival!r}")
            came.add(time)
        self._actions[self.round] = action
        self.round += 1
        for time in came:
            del self._actions[time]


def build(
    policy: str | Policy[Any, int, Any], parameters: Mapping[str, Any] | None, accepted: frozenset[tuple[str, str]]
) -> Any:
    """The policy that is to be wrapped.

    Args:
        policy: registered name or ``module:Class``, or a policy object, which is copied.
        parameters: its constructor's arguments, with a name.
        accepted: pairs (family, delayed feedback) of which it must play one without delay.

    Raises:
        ValueError: no such policy or arguments, or a policy that plays none of these.
    """
    if isinstance(policy, str):
        cls = POLICIES.load(policy)
        try:
            inspect.signature(cls).bind(**(parameters or {}))
        except TypeError as error:
            raise ValueError(f"parameters of policy {policy!r}: {error}") from error
        made = cls(**(parameters or {}))
    elif parameters:
        raise ValueError(f"parameters are for a policy given by name, got {dict(parameters)!r} with {policy!r}")
    else:
        made = copy.deepcopy(policy)
    plain = {(family, feedback.removeprefix(PREFIX)) for family, feedback in accepted}
    if not isinstance(made, Policy) or not plain & made.accepts:
        pairs = " or ".join(f"{family}/{feedback}" for family, feedback in sorted(plain))
        raise ValueError(f"policy must play {pairs}, got {policy!r}")
    return made


def undelayed(problem: Problem) -> Problem:
    """The same problem as a policy that knows of no delays is told it."""
    return replace(problem, feedback=problem.feedback.removeprefix(PREFIX), delay=None)


def outstanding(facts: Mapping[str, Any], t: Array) -> Array:
    """Largest number [n] of outstanding feedbacks up to times ``t`` [n]."""
    most = np.asarray(facts["outstanding"], dtype=np.float64)
    so_far: Array = most[np.minimum(t.astype(np.int64), len(most)) - 1]
    return so_far


def oblivious(facts: Mapping[str, Any]) -> Assumption:
    """The assumption that both theorems need."""
    return Assumption("delays depend neither on the actions nor on the rewards", bool(facts.get("oblivious_delays")))
