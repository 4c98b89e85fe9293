"""A policy that is told when means change: how well it could do if it detected every change at once.

It resets another policy in the first round of each segment, in which means differ from those of the round before.
"""

from __future__ import annotations

import copy
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.contract import Playable, Policy, check_plays
from bandits.offers import offers
from bandits.registry import POLICIES, Component


class Changing(Playable[Any, Any, Any], Protocol):
    """An environment that tells when its means change."""

    def change_rounds(self) -> Sequence[int]:
        """The rounds, from 1 and increasing, whose means are not those of the round before."""


class OracleRestart(Policy[Any, Any, Any, Any]):
    """Resets a policy in the first round of each segment; through ``advance`` only, for arms without contexts.

    The policy is told the whole horizon each time, and goes on with the same generator. Where nothing changes, it plays
    as it does alone. Of rewards in a table no change is known.

    Args:
        policy: a registered name, ``{"name": ..., "parameters": {...}}``, or a policy, which is copied.
    """

    plays = (BanditProblem, FullFeedbackProblem)
    clairvoyant = True

    def __init__(self, policy: Component = "kl_ucb") -> None:
        self.policy = policy
        self._inner: Policy[Any, Any, Any, Any] = POLICIES.build(policy, "policy", of=Policy)

    def reset(self, problem: Any, rng: np.random.Generator) -> None:
        """Prepare the policy for a run.

        Raises:
            ValueError: the problem is not one of arms without contexts, or one that the policy refuses.
        """
        if type(problem) not in self.plays:
            raise ValueError(f"OracleRestart plays BanditProblem and FullFeedbackProblem, got {type(problem).__name__}")
        check_plays(self._inner, problem, name="policy")
        copy.deepcopy(self._inner).reset(problem, np.random.default_rng(0))  # what it refuses, it refuses now
        self._problem, self._rng, self._segments = problem, rng, 0

    def choose(self, observation: Any) -> Any:
        """Not possible: the observation does not tell of changes.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(f"{self!r} knows the changes and cannot choose from an observation: play it with advance()")

    def update(self, observation: Any, action: Any, feedback: Any) -> None:
        return

    def leap(self, environment: Playable[Any, Any, Any], most: int) -> int:
        """Play ``most`` rounds.

        Raises:
            TypeError: the environment does not tell when its means change.
        """
        if not offers(environment, Changing):
            raise TypeError(f"{type(environment).__name__} has no method change_rounds() to restart by")
        starts, start = environment.change_rounds(), environment.clock
        while (now := environment.clock) < start + most:
            begun = bisect_right(starts, now + 1)
            if self._segments != 1 + begun:
                self._inner.reset(self._problem, self._rng)
                self._segments = 1 + begun
            end = starts[begun] - 1 if begun < len(starts) else start + most
            self._inner.advance(environment, min(end, start + most) - now)
        return environment.clock - start
