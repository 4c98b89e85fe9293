"""Parameters ``theta_t`` that an oblivious adversary chooses for all rounds before the first action."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bandits.arguments import integer, positive, real, reals, shaped
from bandits.contract import Array
from bandits.normals import standard_normal
from bandits.registry import Registry


class Adversary(ABC):
    """Makes parameters of all rounds.

    Attributes:
        random: whether they are drawn.
    """

    random: bool = False

    def check(self, dimension: int, horizon: int) -> None:
        """See that the parameters fit. Here: they do.

        Raises:
            ValueError: they do not.
        """
        return

    @abstractmethod
    def largest_norm(self, dimension: int) -> float:
        """What no norm of a ``theta_t`` exceeds."""

    @abstractmethod
    def table(self, rng: np.random.Generator, n_rounds: int, dimension: int) -> Array:
        """Parameters [n_rounds, dimension]."""


@dataclass(frozen=True)
class Switching(Adversary):
    """``amplitude`` on one coordinate after the other, ``period`` rounds each, then minus that; ``bias`` on the first.

    In round t from 0: coordinate ``(t // period) mod d``, with the sign + while ``(t // period) mod 2d < d``.

    Args:
        period: rounds, >= 1.
        amplitude: >= 0.
        bias: added to coordinate 0.
    """

    period: int = 500
    amplitude: float = 0.6
    bias: float = 0.3

    def __post_init__(self) -> None:
        integer("period", self.period)
        real("amplitude", self.amplitude, 0.0, closed="low")
        real("bias", self.bias)

    def largest_norm(self, dimension: int) -> float:
        return self.amplitude + abs(self.bias)

    def table(self, rng: np.random.Generator, n_rounds: int, dimension: int) -> Array:
        turn = np.arange(n_rounds) // self.period
        thetas = np.zeros((n_rounds, dimension))
        signs = np.where(turn % (2 * dimension) < dimension, 1.0, -1.0)
        thetas[np.arange(n_rounds), turn % dimension] = self.amplitude * signs
        thetas[:, 0] += self.bias
        return thetas


@dataclass(frozen=True)
class Rotating(Adversary):
    """A parameter that turns in the plane of the first two coordinates, once in ``period`` rounds; d = 1: its first.

    Args:
        period: rounds, >= 1.
        norm: > 0.
    """

    period: int = 1000
    norm: float = 1.0

    def __post_init__(self) -> None:
        integer("period", self.period)
        positive("norm", self.norm)

    def largest_norm(self, dimension: int) -> float:
        return self.norm

    def table(self, rng: np.random.Generator, n_rounds: int, dimension: int) -> Array:
        angles = 2.0 * np.pi * (np.arange(n_rounds) % self.period) / self.period
        thetas = np.zeros((n_rounds, dimension))
        thetas[:, 0] = self.norm * np.cos(angles)
        if dimension > 1:
            thetas[:, 1] = self.norm * np.sin(angles)
        return thetas


@dataclass(frozen=True)
class Trap(Adversary):
    """``1 - e_((t - 1) mod d)``, t from 1: on unit vectors, what plays them in turn always meets reward 0.

    With all rewards 0 every estimate stays 0, so that deterministic index policies (UCB1, and what plays the largest
    upper bound of a ridge regression) take turns: their regret is exactly ``T (d - 1) / d`` (derived in this project).
    """

    def largest_norm(self, dimension: int) -> float:
        return math.sqrt(dimension - 1.0)

    def table(self, rng: np.random.Generator, n_rounds: int, dimension: int) -> Array:
        thetas = np.ones((n_rounds, dimension))
        rounds = np.arange(n_rounds)
        thetas[rounds, rounds % dimension] = 0.0
        return thetas


@dataclass(frozen=True)
class Stochastic(Adversary):
    """Independent parameters: a mean, and a uniform direction of length ``radius`` from it.

    Args:
        mean: [dimension]; None for ``(1/2, 0, ..., 0)``.
        radius: >= 0.
    """

    mean: Sequence[float] | None = None
    radius: float = 0.5
    random = True

    def __post_init__(self) -> None:
        if self.mean is not None:
            object.__setattr__(self, "mean", reals("mean", self.mean))
        real("radius", self.radius, 0.0, closed="low")

    def check(self, dimension: int, horizon: int) -> None:
        if self.mean is not None and len(self.mean) != dimension:
            raise ValueError(f"mean must have {dimension} coordinates, as actions have features, got {len(self.mean)}")

    def largest_norm(self, dimension: int) -> float:
        return (0.5 if self.mean is None else float(np.linalg.norm(self.mean))) + self.radius

    def table(self, rng: np.random.Generator, n_rounds: int, dimension: int) -> Array:
        thetas = standard_normal(rng, np.empty((n_rounds, dimension)))
        thetas *= self.radius / np.linalg.norm(thetas, axis=1, keepdims=True)
        if self.mean is None:
            thetas[:, 0] += 0.5
        else:
            thetas += np.array(self.mean)
        return thetas


@dataclass(frozen=True)
class Table(Adversary):
    """Given parameters.

    Args:
        values: [n_rounds, dimension], of at least as many rounds as the horizon has; further ones are cut.
    """

    values: Sequence[Sequence[float]]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", shaped("values", self.values, (None, None)))

    @property
    def _table(self) -> Array:
        return np.asarray(self.values)

    def check(self, dimension: int, horizon: int) -> None:
        rounds, columns = self._table.shape
        if columns != dimension:
            raise ValueError(f"thetas must have {dimension} coordinates, as actions have features, got {columns}")
        if horizon > rounds:
            raise ValueError(f"horizon must be at most {rounds}, the rounds of thetas, got {horizon}")

    def largest_norm(self, dimension: int) -> float:
        return float(np.linalg.norm(self._table, axis=1).max())

    def table(self, rng: np.random.Generator, n_rounds: int, dimension: int) -> Array:
        return self._table[:n_rounds]


SEQUENCES = Registry(
    "sequence of parameters",
    {"switching": Switching, "rotating": Rotating, "trap": Trap, "stochastic": Stochastic, "table": Table},
    base=Adversary,
)
