"""Recovery curves: the mean reward ``R_i(d)`` of an arm after ``d`` idle periods, nondecreasing, in [0, 1].

A curve is a list of means for d = 1, 2, ..., or a component of the table ``CURVES``. All are held constant after their
end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bandits.arguments import affordable, check_seed, integer, is_list, positive, real, reals, shown
from bandits.contract import Array
from bandits.registry import Component, Registry, named

Curves = Component | Sequence[Sequence[float] | Component]
TOLERANCE = 1e-12

LONGEST = 10**6
"""Longest recovery time: curves are tables, and an arm is looked at for every idle time that it may have."""


class Curve(ABC):
    """A kind of recovery curve."""

    @abstractmethod
    def means(self, arm: int) -> Array:
        """Mean rewards [recovery time] of an arm of this number."""


class Shape(Curve):
    """A curve by a formula in d.

    Args:
        a: height, in [0, 1].
        recovery: recovery time D, from which on the curve is constant.
    """

    def __init__(self, a: float, recovery: int) -> None:
        self.a = real("a", a, 0.0, 1.0, closed="both")
        self.recovery = integer("recovery", recovery, most=LONGEST)

    @property
    def idle(self) -> Array:
        """Idle times [D]."""
        return np.arange(1.0, self.recovery + 1.0)


class Table(Curve):
    """Given means.

    Args:
        values: [D] means at idle times 1, 2, ...
    """

    def __init__(self, values: Sequence[float]) -> None:
        self.values = _numbers("values", values)

    def means(self, arm: int) -> Array:
        return self.values


class Geometric(Shape):
    """``a (1 - q^d)``: strictly concave.

    Args:
        a: as in ``Shape``.
        q: in [0, 1).
        recovery: as in ``Shape``.
    """

    def __init__(self, a: float, q: float, recovery: int) -> None:
        super().__init__(a, recovery)
        self.q = real("q", q, 0.0, 1.0, closed="low")

    def means(self, arm: int) -> Array:
        return np.asarray(self.a * (1.0 - self.q**self.idle))


class Step(Shape):
    """``a 1[d >= D]``: blocking arms."""

    def means(self, arm: int) -> Array:
        return np.where(self.idle == self.recovery, self.a, 0.0)


class Linear(Shape):
    """``a min(d / D, 1)``."""

    def means(self, arm: int) -> Array:
        return np.asarray(self.a * (self.idle / self.recovery))


class Logistic(Shape):
    """``a / (1 + exp(-(d - c) / s))``: not concave.

    Args:
        a: as in ``Shape``.
        c: idle time at which half of the height is reached.
        s: how slowly, in periods, > 0.
        recovery: as in ``Shape``.
    """

    def __init__(self, a: float, c: float, s: float, recovery: int) -> None:
        super().__init__(a, recovery)
        self.c, self.s = real("c", c), positive("s", s)

    def means(self, arm: int) -> Array:
        return np.asarray(self.a / (1.0 + np.exp(-(self.idle - self.c) / self.s)))


class Constant(Shape):
    """``a``: an ordinary arm."""

    def __init__(self, a: float) -> None:
        super().__init__(a, 1)

    def means(self, arm: int) -> Array:
        return np.array([self.a])


class RandomMonotone(Shape):
    """``a`` times D sorted uniforms, of the seed and the arm's number.

    Args:
        recovery: as in ``Shape``.
        seed: a whole number >= 0.
        a: as in ``Shape``.
    """

    def __init__(self, recovery: int, seed: int, a: float = 1.0) -> None:
        super().__init__(a, recovery)
        self.seed = check_seed("seed", seed)

    def means(self, arm: int) -> Array:
        return np.asarray(self.a * np.sort(np.random.default_rng([self.seed, arm]).random(self.recovery)))


class Function(Curve):
    """Any function of d; in Python only.

    Args:
        function: called with d = 1, 2, ..., D.
        recovery: recovery time D.
    """

    def __init__(self, function: Callable[[int], float], recovery: int) -> None:
        if not callable(function):
            raise ValueError(f"function must be a function of the idle time, got {shown(function)}")
        self.function, self.recovery = function, integer("recovery", recovery, most=LONGEST)

    def means(self, arm: int) -> Array:
        return np.array([float(self.function(d)) for d in range(1, self.recovery + 1)])


CURVES = Registry(
    "curve",
    {
        "table": Table,
        "geometric": Geometric,
        "step": Step,
        "linear": Linear,
        "logistic": Logistic,
        "constant": Constant,
        "random_monotone": RandomMonotone,
        "function": Function,
    },
)


def curves_of(curves: Curves, n_arms: int | None = None) -> list[Array]:
    """The curves [recovery time of the arm] that a study names, flat tails trimmed.

    Args:
        curves: a list with, for each arm, its means or a component of ``CURVES``; or one component for all arms, whose
            parameters may be lists, one value an arm.
        n_arms: number of arms; None means as many as are listed, one where nothing is.

    Raises:
        ValueError: no arm, another number of them, no such curve or parameter, or a mean that falls with idle time or
            leaves [0, 1].
    """
    specs = _spread(curves, n_arms) if isinstance(curves, str | Mapping | Curve) else curves
    if not is_list(specs):
        raise ValueError(f"curves must be a list, or a component such as {{name: step, ...}}, got {shown(curves)}")
    if len(specs) == 0:
        raise ValueError(f"curves must be a list of at least one curve, got {shown(curves)}")
    if n_arms is not None and integer("n_arms", n_arms) != len(specs):
        raise ValueError(f"n_arms must be the number of curves, {len(specs)}, or left out, got {shown(n_arms)}")
    return [_checked(i, _means(f"curves[{i}]", spec, i)) for i, spec in enumerate(specs)]


def padded(curves: Sequence[Array]) -> Array:
    """The curves as one array [n_arms, longest recovery time], each held constant after its end."""
    longest = max(len(c) for c in curves)
    affordable("n_arms or recovery", f"a table of {len(curves)} curves of {longest} idle times", len(curves) * longest)
    return np.array([np.concatenate([c, np.full(longest - len(c), c[-1])]) for c in curves])


def _spread(curve: Component, n_arms: int | None) -> list[Component]:
    """One component for each arm."""
    if isinstance(curve, Curve):
        return [curve] * (1 if n_arms is None else integer("n_arms", n_arms, most=LONGEST))
    name, parameters = named(curve, "curves")
    lists = {k: v for k, v in parameters.items() if isinstance(v, list | tuple | np.ndarray)}
    arms = integer("n_arms", next(map(len, lists.values()), 1) if n_arms is None else n_arms, most=LONGEST)
    for key, values in lists.items():
        if len(values) != arms:
            raise ValueError(f"curves.parameters.{key} must have {arms} values, one an arm, got {len(values)}")
    return [{"name": name, "parameters": parameters | {k: v[i] for k, v in lists.items()}} for i in range(arms)]


def _means(place: str, spec: Any, arm: int) -> Array:
    if isinstance(spec, str | Mapping | Curve):
        curve: Curve = CURVES.build(spec, place, of=Curve)
        return curve.means(arm)
    return _numbers(place, spec)


def _numbers(name: str, values: Any) -> Array:
    row = np.array(reals(name, values))
    if row.size == 0:
        raise ValueError(f"{name} must be a list of at least one number, got {shown(values)}")
    return row


def _checked(arm: int, row: Array) -> Array:
    for d, value in enumerate(row.tolist(), 1):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"curves: mean rewards must lie in [0, 1], got {value} for arm {arm} at idle time {d}")
        if d > 1 and value < row[d - 2] - TOLERANCE:
            raise ValueError(
                f"curves: mean rewards must not fall with idle time, got {value} for arm {arm} at idle time {d}"
            )
    row = np.maximum.accumulate(row)
    return row[: int(np.argmax(row == row[-1])) + 1]
