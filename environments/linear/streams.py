"""Features that are new in every round."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bandits.arguments import positive, real
from bandits.contract import Array
from bandits.linear.problem import Features
from bandits.normals import standard_normal
from bandits.registry import Component, Registry
from environments.linear.actions import action_set, check_size, clipped


class Stream(ABC):
    """Features of one round after the other. Numbers are drawn round by round, action by action."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, int]:
        """Number of actions, and dimension."""

    @property
    @abstractmethod
    def norm(self) -> float:
        """What no norm of an action's features exceeds."""

    @abstractmethod
    def following(self, rng: np.random.Generator, n: int, before: Any) -> tuple[Array, Any]:
        """Features [n, n_actions, dimension] of the next rounds.

        Args:
            rng: to draw from.
            n: number of rounds, >= 1.
            before: what the call for the rounds before returned as second; None for the first rounds.
        """


def _directions(rows: Array) -> Array:
    return np.asarray(rows / np.sqrt(np.einsum("...j,...j->...", rows, rows))[..., None])


@dataclass(frozen=True)
class RedrawnSphere(Stream):
    """Uniform directions, new for each action and round.

    Args:
        n_actions: K >= 1.
        dimension: d >= 1.
    """

    n_actions: int = 10
    dimension: int = 5

    def __post_init__(self) -> None:
        check_size(self.n_actions, self.dimension)

    @property
    def shape(self) -> tuple[int, int]:
        return self.n_actions, self.dimension

    @property
    def norm(self) -> float:
        return 1.0

    def following(self, rng: np.random.Generator, n: int, before: Any) -> tuple[Array, Any]:
        return _directions(standard_normal(rng, np.empty((n, *self.shape)))), None


@dataclass(frozen=True)
class RedrawnGaussian(Stream):
    """N(0, norm^2 / d I), clipped to the norm, new for each action and round.

    Args:
        n_actions: K >= 1.
        dimension: d >= 1.
        norm: > 0.
    """

    n_actions: int = 10
    dimension: int = 5
    norm: float = 1.0

    def __post_init__(self) -> None:
        check_size(self.n_actions, self.dimension)
        positive("norm", self.norm)

    @property
    def shape(self) -> tuple[int, int]:
        return self.n_actions, self.dimension

    def following(self, rng: np.random.Generator, n: int, before: Any) -> tuple[Array, Any]:
        rows = standard_normal(rng, np.empty((n, *self.shape))) * (self.norm / math.sqrt(self.dimension))
        return clipped(rows, self.norm), None


@dataclass(frozen=True, init=False)
class Shuffled(Stream):
    """The rows of a fixed set, in a new order every round: features matter, numbers of actions say nothing.

    Args:
        actions: the set, as of ``LinearBandit``.
    """

    actions: Features

    def __init__(self, actions: Component | Sequence[Sequence[float]] | Array = "sphere") -> None:
        object.__setattr__(self, "actions", Features(action_set(actions).table()))

    @property
    def shape(self) -> tuple[int, int]:
        return self.actions.n_actions, self.actions.dimension

    @property
    def norm(self) -> float:
        return self.actions.largest_norm

    def following(self, rng: np.random.Generator, n: int, before: Any) -> tuple[Array, Any]:
        order = np.argsort(rng.random((n, self.actions.n_actions)), axis=1, kind="stable")
        return self.actions.array[order], None


@dataclass(frozen=True)
class Drift(Stream):
    """Directions that change slowly: each row is that of the round before times rho, plus normals, scaled to norm 1.

    The process underneath is ``x = rho x + sqrt(1 - rho^2) z``, stationary from the first round on.

    Args:
        n_actions: K >= 1.
        dimension: d >= 1.
        rho: in [0, 1).
    """

    n_actions: int = 10
    dimension: int = 5
    rho: float = 0.99

    def __post_init__(self) -> None:
        check_size(self.n_actions, self.dimension)
        real("rho", self.rho, 0.0, 1.0, closed="low")

    @property
    def shape(self) -> tuple[int, int]:
        return self.n_actions, self.dimension

    @property
    def norm(self) -> float:
        return 1.0

    def following(self, rng: np.random.Generator, n: int, before: Any) -> tuple[Array, Any]:
        rows, fresh = standard_normal(rng, np.empty((n, *self.shape))), math.sqrt(1.0 - self.rho**2)
        for t in range(n):
            last = before if t == 0 else rows[t - 1]
            if last is not None:
                rows[t] = self.rho * last + fresh * rows[t]
        return _directions(rows), rows[-1].copy()


STREAMS = Registry(
    "kind of changing features",
    {
        "redrawn_sphere": RedrawnSphere,
        "redrawn_gaussian": RedrawnGaussian,
        "shuffled": Shuffled,
        "drift": Drift,
    },
    base=Stream,
)
