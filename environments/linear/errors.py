"""Misspecification ``nu``: by how much mean rewards differ from linear ones, fixed in a run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bandits.arguments import integer, is_list, real, reals
from bandits.contract import Array
from bandits.linear.design import design
from bandits.linear.problem import Features
from bandits.registry import Component, Registry
from environments.linear.parameters import Parameter, Row


class Misspecification(ABC):
    """A law of the errors.

    Attributes:
        random: whether they are drawn.
    """

    random: bool = False

    def limit(self, eps: float | None, features: Features, law: Parameter) -> float:
        """The misspecification that learners are told: as given, else 0.1.

        Raises:
            ValueError: the errors are larger, or do not fit the features or the law of theta.
        """
        return 0.1 if eps is None else real("misspecification", eps, 0.0, closed="low")

    @abstractmethod
    def draw(self, rng: np.random.Generator, features: Features, theta: Array, linear: Array, eps: float) -> Array:
        """The errors [n_actions].

        Args:
            rng: to draw from.
            features: of the actions.
            theta: [dimension] parameter.
            linear: [n_actions] ``<a, theta>``.
            eps: the largest absolute value allowed.
        """


@dataclass(frozen=True)
class NoError(Misspecification):
    """None: mean rewards are linear."""

    def limit(self, eps: float | None, features: Features, law: Parameter) -> float:
        return 0.0 if eps is None else super().limit(eps, features, law)

    def draw(self, rng: np.random.Generator, features: Features, theta: Array, linear: Array, eps: float) -> Array:
        return np.zeros(linear.size)


@dataclass(frozen=True)
class AgainstMedian(Misspecification):
    """``-eps sign(<a, theta> - median)``: the better half pays less, the worse one more."""

    def draw(self, rng: np.random.Generator, features: Features, theta: Array, linear: Array, eps: float) -> Array:
        return np.asarray(-eps * np.sign(linear - np.median(linear)))


@dataclass(frozen=True)
class RandomSigns(Misspecification):
    """Plus or minus eps, by a fair coin for each action."""

    random = True

    def draw(self, rng: np.random.Generator, features: Features, theta: Array, linear: Array, eps: float) -> Array:
        return np.asarray(eps * (2.0 * rng.integers(0, 2, linear.size) - 1.0))


@dataclass(frozen=True)
class Tilt(Misspecification):
    """``eps sign(<a_b - a_*, V^-1 a>)`` on the support of the optimal design, V its matrix, and 0 elsewhere.

    It pushes what least squares make of the design's actions from the best linear action ``a_*`` towards ``a_b``.

    Args:
        action: b, the number of the action to push to, >= 0.
    """

    action: int

    def __post_init__(self) -> None:
        integer("action", self.action, 0)

    def limit(self, eps: float | None, features: Features, law: Parameter) -> float:
        integer("action", self.action, 0, features.n_actions - 1)
        return super().limit(eps, features, law)

    def draw(self, rng: np.random.Generator, features: Features, theta: Array, linear: Array, eps: float) -> Array:
        found = design(features, 1e-6)
        rows, support, nu = found.coordinates, found.support, np.zeros(linear.size)
        gram = (rows[support].T * found.weights[support]) @ rows[support]
        push = np.linalg.solve(gram, rows[self.action] - rows[np.argmax(linear)])
        nu[support] = eps * np.sign(rows[support] @ push)
        return nu


@dataclass(frozen=True)
class OneNeedle(Misspecification):
    """All rewards are 0 but that of the action whose features theta is a multiple of: goes with ``needle``."""

    def limit(self, eps: float | None, features: Features, law: Parameter) -> float:
        if not isinstance(law, Row):
            raise ValueError("nu must be 'needle' with theta 'row' alone, as the set of actions 'needle' has it")
        least = law.scale * largest_product(features)
        eps = least if eps is None else super().limit(eps, features, law)
        if eps < least * (1.0 - 1e-9):
            raise ValueError(f"misspecification must be at least {least!r}, that of this needle, got {eps!r}")
        return eps

    def draw(self, rng: np.random.Generator, features: Features, theta: Array, linear: Array, eps: float) -> Array:
        nu = -linear
        nu[np.argmax(linear)] = 0.0
        return np.asarray(nu)


@dataclass(frozen=True)
class Table(Misspecification):
    """Given errors.

    Args:
        values: [n_actions].
    """

    values: Sequence[float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", reals("values", self.values))

    def limit(self, eps: float | None, features: Features, law: Parameter) -> float:
        if len(self.values) != features.n_actions:
            raise ValueError(f"nu must have {features.n_actions} entries, one an action, got {len(self.values)}")
        largest = max(map(abs, self.values))
        eps = largest if eps is None else super().limit(eps, features, law)
        if largest > eps * (1.0 + 1e-9):
            worst = int(np.argmax(np.abs(self.values)))
            raise ValueError(f"misspecification must be at least {largest!r}, for nu[{worst}], got {eps!r}")
        return eps

    def draw(self, rng: np.random.Generator, features: Features, theta: Array, linear: Array, eps: float) -> Array:
        return np.array(self.values)


def largest_product(features: Features) -> float:
    """tau: the largest absolute inner product of two rows, in O(K^2 d)."""
    rows, largest = features.array, 0.0
    for start in range(0, len(rows), 256):
        products = np.abs(rows[start : start + 256] @ rows.T)
        products[np.arange(len(products)), np.arange(start, start + len(products))] = 0.0
        largest = max(largest, float(products.max()))
    return largest


ERRORS = Registry(
    "misspecification",
    {
        "none": NoError,
        "against_median": AgainstMedian,
        "random_signs": RandomSigns,
        "tilt": Tilt,
        "needle": OneNeedle,
        "table": Table,
    },
    base=Misspecification,
)


def error_law(what: Component | Sequence[float] | Array) -> Misspecification:
    """The errors that a component describes; a list of numbers, or an array, is a table."""
    if is_list(what):
        return Table(reals("nu", what))
    made: Misspecification = ERRORS.build(what, "nu", of=Misspecification)
    return made
