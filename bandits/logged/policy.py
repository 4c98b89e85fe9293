"""What policies on logs have in common: those that let another one play, and those that do not learn."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np

from bandits.arms.problem import BanditProblem
from bandits.contract import Array, Policy
from bandits.logged.problem import Decision, Logged, LoggedBlocks, LoggedProblem, over_offered
from bandits.offers import offers
from bandits.registry import POLICIES, Component

AnyPolicy = Policy[Any, Any, int, float]

MOST = 4096
"""Rows that are taken at a time."""


def wrapped_policy(policy: Component) -> AnyPolicy:
    """The policy that knows of no log.

    Args:
        policy: for arms with or without contexts: a registered name, ``{"name": ..., "parameters": {...}}``, or a
            policy, which is copied.

    Raises:
        ValueError: no such policy or arguments, no policy, or one that knows the run in advance.
    """
    made: AnyPolicy = POLICIES.build(policy, "policy", of=Policy, playing=BanditProblem)
    if made.clairvoyant:
        raise ValueError(f"policy must choose from what it has seen, got {policy!r}, which knows the run in advance")
    return made


class Target(Policy[LoggedProblem, Decision, Array, Logged]):
    """A policy that does not learn: a subclass has its plan for a context."""

    plays = (LoggedProblem,)
    decided = True
    _problem: LoggedProblem

    @abstractmethod
    def _plan(self, context: Array) -> Array:
        """The distribution [n_actions] in a context, before arms that are not offered are left out."""

    def choose(self, observation: Decision) -> Array:
        seen = self._problem.checked_observation(observation)
        return over_offered(self._plan(seen.context), seen.offered)

    def update(self, observation: Decision, action: Array, feedback: Logged) -> None:
        self._problem.checked_feedback(feedback)

    def leap(self, environment: Any, most: int) -> int:
        """Rows in blocks."""
        if not offers(environment, LoggedBlocks):
            return 0
        block = environment.block(min(most, MOST))
        table = np.array([self._plan(context) for context in block.contexts])
        environment.absorb(over_offered(table, block.offered))
        return len(table)
