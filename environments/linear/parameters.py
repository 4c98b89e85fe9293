"""Laws of the parameter theta, drawn anew in every run unless it is given."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bandits.arguments import integer, is_list, positive, real, reals, shown
from bandits.contract import Array
from bandits.linear.problem import Features
from bandits.registry import Component, Registry


class Parameter(ABC):
    """A law of theta.

    Attributes:
        random: whether it is drawn.
    """

    random: bool = True

    @property
    def sparsity(self) -> int | None:
        """Number of coordinates that are not 0, where the law is about it."""
        return None

    @property
    def prior(self) -> float | None:
        """tau, where the law is N(0, tau^2 I)."""
        return None

    def check(self, dimension: int) -> None:
        """See that the law fits the dimension. Here: it does.

        Raises:
            ValueError: it does not.
        """
        return

    @abstractmethod
    def largest_norm(self, dimension: int, feature_norm: float) -> float:
        """What no norm of theta exceeds; inf where there is no limit."""

    def told_norm(self, dimension: int, feature_norm: float) -> float:
        """S, as learners are told where it is not given."""
        return self.largest_norm(dimension, feature_norm)

    @abstractmethod
    def draw(self, rng: np.random.Generator, dimension: int, features: Features | None) -> Array:
        """Theta [dimension] of a run; ``features`` of a fixed set."""


def _scaled(direction: Array, norm: float) -> Array:
    return np.asarray(norm * (direction / np.linalg.norm(direction)))


@dataclass(frozen=True)
class Given(Parameter):
    """The same theta in every run.

    Args:
        values: [dimension].
    """

    values: Sequence[float]
    random = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", reals("values", self.values))

    def check(self, dimension: int) -> None:
        if len(self.values) != dimension:
            raise ValueError(
                f"theta must have {dimension} coordinates, as actions have features, got {len(self.values)}"
            )

    def largest_norm(self, dimension: int, feature_norm: float) -> float:
        return float(np.linalg.norm(self.values))

    def draw(self, rng: np.random.Generator, dimension: int, features: Features | None) -> Array:
        return np.array(self.values)


@dataclass(frozen=True)
class OnSphere(Parameter):
    """Uniform on a sphere.

    Args:
        norm: its radius, > 0.
    """

    norm: float = 1.0

    def __post_init__(self) -> None:
        positive("norm", self.norm)

    def largest_norm(self, dimension: int, feature_norm: float) -> float:
        return self.norm

    def draw(self, rng: np.random.Generator, dimension: int, features: Features | None) -> Array:
        return _scaled(rng.standard_normal(dimension), self.norm)


@dataclass(frozen=True)
class Gaussian(Parameter):
    """N(0, deviation^2 I), so that the mean over runs is Bayesian regret. Learners are told S = deviation sqrt(d).

    Args:
        deviation: tau, the standard deviation of each coordinate, > 0.
    """

    deviation: float = 1.0

    def __post_init__(self) -> None:
        positive("deviation", self.deviation)

    @property
    def prior(self) -> float | None:
        return self.deviation

    def largest_norm(self, dimension: int, feature_norm: float) -> float:
        return math.inf

    def told_norm(self, dimension: int, feature_norm: float) -> float:
        return self.deviation * math.sqrt(dimension)

    def draw(self, rng: np.random.Generator, dimension: int, features: Features | None) -> Array:
        return np.asarray(self.deviation * rng.standard_normal(dimension))


@dataclass(frozen=True)
class Sparse(Parameter):
    """Some coordinates, drawn without replacement, have Gaussian values, scaled to a norm; the others are 0.

    Args:
        s: number of coordinates that are not 0, in 1..d.
        norm: of theta, > 0.
    """

    s: int = 1
    norm: float = 1.0

    def __post_init__(self) -> None:
        integer("s", self.s)
        positive("norm", self.norm)

    @property
    def sparsity(self) -> int | None:
        return self.s

    def check(self, dimension: int) -> None:
        integer("s", self.s, 1, dimension)

    def largest_norm(self, dimension: int, feature_norm: float) -> float:
        return self.norm

    def draw(self, rng: np.random.Generator, dimension: int, features: Features | None) -> Array:
        theta = np.zeros(dimension)
        support = rng.choice(dimension, self.s, replace=False)
        theta[support] = _scaled(rng.standard_normal(self.s), self.norm)
        return theta


@dataclass(frozen=True)
class Vertices(Parameter):
    """Each coordinate plus or minus ``delta``, by fair coins: with ``hypercube``, the minimax lower bound.

    Args:
        delta: > 0.
    """

    delta: float = 0.01

    def __post_init__(self) -> None:
        positive("delta", self.delta)

    def largest_norm(self, dimension: int, feature_norm: float) -> float:
        return self.delta * math.sqrt(dimension)

    def draw(self, rng: np.random.Generator, dimension: int, features: Features | None) -> Array:
        return np.asarray(self.delta * (2.0 * rng.integers(0, 2, dimension) - 1.0))


@dataclass(frozen=True)
class Decaying(Parameter):
    """N(0, diag(j^-decay)), j = 1..d, scaled to norm 1: goes with ``low_rank``.

    Args:
        decay: >= 0.
    """

    decay: float = 1.0

    def __post_init__(self) -> None:
        real("decay", self.decay, 0.0, 100.0, closed="both")

    def largest_norm(self, dimension: int, feature_norm: float) -> float:
        return 1.0

    def draw(self, rng: np.random.Generator, dimension: int, features: Features | None) -> Array:
        return _scaled(rng.standard_normal(dimension) * np.arange(1.0, dimension + 1.0) ** (-self.decay / 2.0), 1.0)


@dataclass(frozen=True)
class Row(Parameter):
    """The features of one action, uniform among all, times ``scale``: goes with ``needle``.

    Args:
        scale: > 0.
    """

    scale: float = 1.0

    def __post_init__(self) -> None:
        positive("scale", self.scale)

    def largest_norm(self, dimension: int, feature_norm: float) -> float:
        return self.scale * feature_norm

    def draw(self, rng: np.random.Generator, dimension: int, features: Features | None) -> Array:
        if features is None:
            raise ValueError("theta 'row' must be used with a fixed set of actions, got changing features")
        return np.asarray(self.scale * features.array[rng.integers(features.n_actions)])


PARAMETERS = Registry(
    "law of theta",
    {
        "given": Given,
        "sphere": OnSphere,
        "gaussian": Gaussian,
        "sparse": Sparse,
        "vertices": Vertices,
        "decaying": Decaying,
        "row": Row,
    },
    base=Parameter,
)


def parameter(what: Component | Sequence[float] | Array, dimension: int) -> Parameter:
    """The law of theta that a component describes; a list of numbers, or an array, is given.

    Raises:
        ValueError: no such law, or one that does not fit the dimension.
    """
    if is_list(what):
        made: Parameter = Given(reals("theta", what))
    else:
        made = PARAMETERS.build(what, "theta", of=Parameter)
    made.check(dimension)
    return made


def checked_theta(theta: Array, norm: float, sparsity: int | None) -> None:
    """See that a given theta keeps what learners are told.

    Raises:
        ValueError: its norm is larger, or it has more coordinates that are not 0.
    """
    if (found := float(np.linalg.norm(theta))) > norm * (1.0 + 1e-9):
        raise ValueError(f"parameter_norm must be at least {found!r}, the norm of theta, got {norm!r}")
    if sparsity is not None and np.count_nonzero(theta) > sparsity:
        raise ValueError(
            f"sparsity must be at least {np.count_nonzero(theta)}, the coordinates of theta that are not 0, "
            f"got {shown(sparsity)}"
        )
