"""Mean losses as functions of an action's tally ``y``; ``full``: the tally of endless repetition, ``u = y / full``."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

from bandits.arguments import positive, real, shown
from bandits.registry import Registry

TOLERANCE = 1e-9
"""Distance below which two tallies are the same, in thresholds and tables."""


class Loss(Protocol):
    """A mean loss; ``monotone`` says that it rises nowhere or falls nowhere, so that its extremes are at the ends."""

    monotone: ClassVar[bool]

    def __call__(self, tally: float) -> float:
        """The mean loss at a tally."""


@dataclass(frozen=True)
class Practice:
    """``b + (a - b) (1 - u)^p``, ``a >= b``, ``p > 0``: repetition teaches."""

    full: float
    a: float
    b: float
    p: float = 1.0
    monotone: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _unit("a", self.a), _unit("b", self.b), positive("p", self.p)
        if self.a < self.b:
            raise ValueError(f"a must be at least b, got a = {self.a} and b = {self.b}")

    def __call__(self, tally: float) -> float:
        return self.b + (self.a - self.b) * math.pow(1.0 - tally / self.full, self.p)


@dataclass(frozen=True)
class Step:
    """``b`` from the tally ``theta`` on, ``a`` below it."""

    full: float
    a: float
    b: float
    theta: float
    monotone: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _unit("a", self.a), _unit("b", self.b), real("theta", self.theta)

    def __call__(self, tally: float) -> float:
        return self.b if tally >= self.theta - TOLERANCE else self.a


@dataclass(frozen=True)
class Satiation:
    """``c + e u``, ``e >= 0``: repetition tires, or wears out."""

    full: float
    c: float
    e: float
    monotone: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _unit("c", self.c), real("e", self.e, 0.0, math.inf, closed="low")

    def __call__(self, tally: float) -> float:
        return self.c + self.e * (tally / self.full)


@dataclass(frozen=True)
class Bump:
    """Linear from ``a`` at ``u = 0`` to ``c`` at ``u = 1/2``, and from there to ``b`` at ``u = 1``."""

    full: float
    a: float
    c: float
    b: float
    monotone: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _unit("a", self.a), _unit("c", self.c), _unit("b", self.b)

    def __call__(self, tally: float) -> float:
        u = 2.0 * (tally / self.full)
        return self.a + (self.c - self.a) * u if u <= 1.0 else self.c + (self.b - self.c) * (u - 1.0)


@dataclass(frozen=True)
class Constant:
    """``c``, whatever was played: an ordinary arm."""

    full: float
    c: float
    monotone: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _unit("c", self.c)

    def __call__(self, tally: float) -> float:
        return self.c


@dataclass(frozen=True)
class Exactly:
    """``b`` at the tally ``at`` and ``a`` at every other: with weights that tell all windows apart, a password."""

    full: float
    at: float
    a: float = 1.0
    b: float = 0.0
    monotone: ClassVar[bool] = False

    def __post_init__(self) -> None:
        real("at", self.at), _unit("a", self.a), _unit("b", self.b)

    def __call__(self, tally: float) -> float:
        return self.b if abs(tally - self.at) <= TOLERANCE else self.a


class UnknownTallyError(ValueError, KeyError):
    """A table of losses was asked at a tally that it lacks."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Table:
    """Losses given tally by tally."""

    full: float
    values: Mapping[float, float]
    monotone: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not isinstance(self.values, Mapping) or not self.values:
            raise ValueError(f"values must map tallies to losses, got {shown(self.values)}")
        pairs = sorted(
            (real("values: a tally", y), _unit(f"values: the loss at tally {y}", v)) for y, v in self.values.items()
        )
        object.__setattr__(self, "values", dict(pairs))  # what was given may change
        object.__setattr__(self, "_keys", [y for y, _ in pairs])
        object.__setattr__(self, "_losses", [v for _, v in pairs])

    def __hash__(self) -> int:
        return hash((self.full, *self.__dict__["_keys"]))

    def __call__(self, tally: float) -> float:
        keys: list[float] = self.__dict__["_keys"]
        i = bisect_left(keys, tally - TOLERANCE)
        if i == len(keys) or keys[i] > tally + TOLERANCE:
            raise UnknownTallyError(f"the table of losses has no tally {tally:g}; it has {', '.join(map(str, keys))}")
        loss: float = self.__dict__["_losses"][i]
        return loss


@dataclass(frozen=True)
class Given:
    """A Python function of the tally."""

    full: float
    function: Callable[[float], float]
    monotone: ClassVar[bool] = False

    def __call__(self, tally: float) -> float:
        return float(self.function(tally))


LOSSES = Registry(
    "loss",
    {
        "practice": Practice,
        "step": Step,
        "satiation": Satiation,
        "bump": Bump,
        "constant": Constant,
        "exactly": Exactly,
        "table": Table,
    },
    base=Loss,
)


def _unit(name: str, value: float) -> float:
    return real(name, value, 0.0, 1.0, closed="both")
