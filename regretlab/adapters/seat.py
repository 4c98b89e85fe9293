"""A policy at play in another program: its rounds stay in turn, and arms have the names that the program gives them."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bandits import Policy, Problem
from bandits.arguments import shown

_NO_CHOICE = object()


class Seat:
    """A copy of a policy, reset, of which choices and feedback are asked in whatever order another program has.

    A policy learns after a choice for the same observation. Where there was none (the action is another player's, or
    feedback comes again, or after other choices), it makes one, which nobody plays: a round of its own all the same.

    Args:
        policy: is not changed.
        problem: what it is told.
        rng: of its random choices.
    """

    def __init__(self, policy: Policy[Any, Any, Any, Any], problem: Problem, rng: np.random.Generator) -> None:
        self.policy, self.problem = copy.deepcopy(policy), problem
        self.policy.reset(problem, rng)
        self._seen: Any = _NO_CHOICE

    def choose(self, observation: Any) -> int:
        """The policy's action."""
        action = int(self.policy.choose(observation))
        self._seen = observation
        return action

    def learn(self, observation: Any, action: int, reward: Any) -> None:
        """Have the policy learn from the reward of an action, its own or another player's."""
        if self._seen is not observation and (self._seen is _NO_CHOICE or not np.array_equal(self._seen, observation)):
            self.choose(observation)
        self.policy.update(observation, action, reward)
        self._seen = _NO_CHOICE


class Names:
    """Numbers 0..n - 1 of arms that another program calls by names, in the order in which they are seen first.

    Names that are equal are one arm (0, 0.0 and False are); lists, mappings and arrays may be names, too.

    Args:
        n: number of arms.

    Example:
        >>> names = Names(2)
        >>> names.numbers(["b", "a"]), names.numbers(["a", "b"]), names.number("a")
        ([0, 1], [1, 0], 1)
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self._numbers: dict[Hashable, int] = {}

    def numbers(self, names: Sequence[Any]) -> list[int]:
        """The numbers of all arms, whose names come in any order.

        Raises:
            ValueError: more or fewer names, one twice, or other ones than before.
        """
        try:  # quick, where all are known
            found = [self._numbers[name] for name in names]
        except (KeyError, TypeError):
            found = []
        if len(found) == self.n == len(set(found)):
            return found
        keys = [key_of(name) for name in names]
        if len(keys) != self.n or len(set(keys)) != self.n:
            raise ValueError(
                f"the actions offered must be {self.n} different ones, all in every round, got {shown(names)}"
            )
        self._with(keys)
        return [self._numbers[key] for key in keys]

    def number(self, name: Any) -> int:
        """The number of one arm.

        Raises:
            ValueError: there are ``n`` others already.
        """
        key = key_of(name)
        if key not in self._numbers:
            self._with([key])
        return self._numbers[key]

    def _with(self, keys: Iterable[Hashable]) -> None:
        new = [key for key in keys if key not in self._numbers]
        if len(self._numbers) + len(new) > self.n:
            raise ValueError(
                f"actions must be the same {self.n} in every round, {shown(list(self._numbers))}, got {shown(new[0])}: "
                "declare as many as there are, or play a policy on features of actions"
            )
        self._numbers |= {key: len(self._numbers) + i for i, key in enumerate(new)}


def key_of(name: Any) -> Hashable:
    """What tells a name from others: itself, where it can be the key of a dictionary, else its entries."""
    try:
        hash(name)
    except TypeError:
        if isinstance(name, Mapping):
            return frozenset((key, key_of(value)) for key, value in name.items())
        return tuple(map(key_of, name.tolist() if isinstance(name, np.ndarray) else name))
    return name  # type: ignore[no-any-return]
