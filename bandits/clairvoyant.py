"""A comparator as a player: what the best arm earns, drawn beside the learners.

In every round it plays the action that the environment names as its comparator's. So it knows the run in advance, and
its regret against that comparator is zero up to the luck of the rewards.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from bandits.arguments import shown
from bandits.contract import Playable, Policy, Problem
from bandits.offers import offers


class Seer(Playable[Any, Any, Any], Protocol):
    """An environment that tells the action of a comparator."""

    def clairvoyant(self, comparator: str) -> Any:
        """The action that ``comparator`` takes now."""


class Clairvoyant(Policy[Problem, Any, Any, Any]):
    """Plays a comparator of the environment.

    Args:
        comparator: name of a comparator of the environment that can be played, such as "best_arm".
    """

    plays = ()
    clairvoyant = True

    def __init__(self, comparator: str = "best_arm") -> None:
        if not isinstance(comparator, str) or not comparator:
            raise ValueError(f"comparator must be the name of a comparator, got {shown(comparator)}")
        self.comparator = comparator

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        return

    def choose(self, observation: Any) -> Any:
        """Not possible: the observation does not tell the comparator's action.

        Raises:
            RuntimeError: always.
        """
        raise RuntimeError(
            f"Clairvoyant({self.comparator!r}) knows the run in advance and cannot choose from an observation: "
            "play it with advance(environment, rounds)"
        )

    def update(self, observation: Any, action: Any, feedback: Any) -> None:
        return

    def leap(self, environment: Playable[Any, Any, Any], most: int) -> int:
        """Play the comparator for ``most`` units of time, or past that in the last action.

        Raises:
            TypeError: the environment names no comparator's actions.
            ValueError: the environment has no such comparator that can be played.
        """
        if not offers(environment, Seer):
            raise TypeError(f"{type(environment).__name__} has no method clairvoyant(comparator) to play by")
        start = environment.clock
        while environment.clock < start + most:
            environment.transition(environment.clairvoyant(self.comparator))
        return environment.clock - start
