"""Laws of delays: how many rounds later than at once the feedback of each round arrives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import did_you_mean, integer, real

Ints = NDArray[np.int64]


class Law(Protocol):
    """Draws delays."""

    fixed: ClassVar[bool]
    """Whether every run has the same delays."""

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        """Delays [n] in rounds, each in 0..n; feedback that is ``n`` late never arrives."""


@dataclass(frozen=True)
class Constant:
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
class Given:
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
class Geometric:
    """Independent delays with ``P(delay = k) = p (1 - p)^k``, ``k = 0, 1, ...``, ``p = 1 / (1 + mean)``.

    Args:
        mean: mean delay in rounds, >= 0.
    """

    mean: float
    fixed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        real("delay.mean", self.mean, 0.0, closed="low")

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        return np.minimum(rng.geometric(1.0 / (1.0 + self.mean), n) - 1, n)


@dataclass(frozen=True)
class Uniform:
    """Independent delays, each of ``low, ..., high`` equally likely.

    Args:
        high: largest delay, >= low.
        low: smallest delay, >= 0.
    """

    high: int
    low: int = 0
    fixed: ClassVar[bool] = False

    def __post_init__(self) -> None:
        integer("delay.low", self.low, 0)
        integer("delay.high", self.high, self.low)

    def draw(self, rng: np.random.Generator, n: int) -> Ints:
        return np.minimum(rng.integers(self.low, self.high, n, endpoint=True), n)


LAWS: Mapping[str, type[Any]] = {"geometric": Geometric, "uniform": Uniform}


def law_of(delay: int | Sequence[int] | Mapping[str, Any]) -> Law:
    """The law that a parameter describes.

    Args:
        delay: rounds, a list of rounds, or ``{"law": "geometric", "mean": ...}`` or
            ``{"law": "uniform", "low": ..., "high": ...}``.

    Raises:
        ValueError: not a description of a law, or a value out of its domain.
    """
    if isinstance(delay, Mapping):
        return _described(dict(delay))
    if isinstance(delay, Sequence | np.ndarray) and not isinstance(delay, str):
        return Given(tuple(delay))
    return Constant(delay)


def _described(delay: dict[str, Any]) -> Law:
    name = delay.pop("law", None)
    if not isinstance(name, str) or name not in LAWS:
        hint = did_you_mean(name, LAWS) if isinstance(name, str) else ""
        raise ValueError(f"delay.law must be one of {', '.join(LAWS)}, got {name!r}{hint}")
    known = [field.name for field in fields(LAWS[name])]
    for key in delay:
        if key not in known:
            raise ValueError(f"delay.{key} is not known: {name} takes {', '.join(known)}{did_you_mean(key, known)}")
    if known[0] not in delay:
        raise ValueError(f"delay.{known[0]} must be given with the law {name!r}")
    law: Law = LAWS[name](**delay)
    return law
