"""Laws of delays: how many rounds later than at once the feedback of each round arrives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, real
from bandits.registry import Registry

Ints = NDArray[np.int64]


class Law(ABC):
    """Draws delays; ``fixed`` says whether every run has the same."""

    fixed: ClassVar[bool] = False

    @abstractmethod
    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        """Delays [n] in rounds, each in 0..n; feedback that is ``n`` late never arrives."""


@dataclass(frozen=True)
class Constant(Law):
    """The same delay in every round.

    Args:
        rounds: delay, >= 0.
    """

    rounds: int
    fixed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        integer("delay", self.rounds, 0)

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        return np.full(n, min(self.rounds, n), dtype=np.int64)


@dataclass(frozen=True)
class Given(Law):
    """A delay for each round, given in advance.

    Args:
        rounds: [n_rounds] delays, >= 0; rounds beyond the horizon are left out.
    """

    rounds: tuple[int, ...]
    fixed: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for t, delay in enumerate(self.rounds):
            integer(f"delay[{t}]", delay, 0)

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        if len(self.rounds) < n:
            raise ValueError(f"delay must list a delay for each of {n} rounds, got {len(self.rounds)}")
        return np.array([min(delay, n) for delay in self.rounds[:n]], dtype=np.int64)


@dataclass(frozen=True)
class Geometric(Law):
    """Independent delays with ``P(delay = k) = p (1 - p)^k``, ``k = 0, 1, ...``, ``p = 1 / (1 + mean)``.

    Args:
        mean: mean delay in rounds, >= 0.
    """

    mean: float

    def __post_init__(self) -> None:
        real("mean", self.mean, 0.0, closed="low")

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        return np.minimum(rng.geometric(1.0 / (1.0 + self.mean), n) - 1, n)


@dataclass(frozen=True)
class Uniform(Law):
    """Independent delays, each of ``low, ..., high`` equally likely.

    Args:
        high: largest delay, >= low.
        low: smallest delay, >= 0.
    """

    high: int
    low: int = 0

    def __post_init__(self) -> None:
        integer("low", self.low, 0)
        integer("high", self.high, self.low)

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        return np.minimum(rng.integers(self.low, self.high, n, endpoint=True), n)


LAWS = Registry("law of delays", {"geometric": Geometric, "uniform": Uniform})
