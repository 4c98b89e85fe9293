"""Fixed sets of actions: their features, and the parameter that goes with them."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bandits.arguments import affordable, check_seed, integer, is_list, positive, real
from bandits.contract import Array
from bandits.linear.problem import Features, checked_features
from bandits.registry import Component, Registry


class ActionSet(ABC):
    """A fixed set of actions.

    Attributes:
        parameter: the law of theta that goes with it, where none is given.
        error: the misspecification that goes with it, where none is given.
    """

    parameter: Component = "sphere"
    error: Component = "against_median"

    @abstractmethod
    def table(self) -> Array:
        """Features [n_actions, dimension]."""


def unit_rows(n_actions: int, dimension: int, seed: int) -> Array:
    """Directions [n_actions, dimension]: rows of standard normals of that seed, each divided by its norm."""
    rows = np.random.default_rng(seed).standard_normal((n_actions, dimension))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def clipped(rows: Array, norm: float) -> Array:
    """Rows [..., dimension], those of a larger norm scaled down to it."""
    norms = np.sqrt(np.einsum("...j,...j->...", rows, rows))[..., None]
    return np.asarray(rows * np.minimum(1.0, norm / np.maximum(norms, 1e-300)))


def check_size(n_actions: int, dimension: int, names: str = "n_actions or dimension") -> None:
    """Check the size of a table of features, which these parameters decide, before it is made."""
    size = integer("dimension", dimension) * integer("n_actions", n_actions)
    affordable(names, f"a table of {n_actions} x {dimension} numbers", size)


@dataclass(frozen=True)
class Sphere(ActionSet):
    """Uniform directions, the same ones for each seed.

    Args:
        n_actions: K >= 1.
        dimension: d >= 1.
        seed: of numpy's default generator.
    """

    n_actions: int = 50
    dimension: int = 5
    seed: int = 7

    def __post_init__(self) -> None:
        check_size(self.n_actions, self.dimension)
        check_seed("seed", self.seed)

    def table(self) -> Array:
        return unit_rows(self.n_actions, self.dimension, self.seed)


@dataclass(frozen=True)
class Basis(ActionSet):
    """The unit vectors: ordinary arms.

    Args:
        dimension: d >= 1, and number of actions.
    """

    dimension: int = 5

    def __post_init__(self) -> None:
        check_size(self.dimension, self.dimension)

    def table(self) -> Array:
        return np.eye(self.dimension)


@dataclass(frozen=True)
class Hypercube(ActionSet):
    """All signs times ``scale``, in binary order: 0 is -1, bit 0 the last coordinate.

    Args:
        dimension: d in 1..14.
        scale: > 0.
    """

    dimension: int = 4
    scale: float = 1.0

    def __post_init__(self) -> None:
        integer("dimension", self.dimension, 1, 14)
        positive("scale", self.scale)

    def table(self) -> Array:
        bits = np.arange(2**self.dimension)[:, None] >> np.arange(self.dimension)[::-1] & 1
        return np.asarray(self.scale * (2.0 * bits - 1.0))


@dataclass(frozen=True)
class Circle(ActionSet):
    """Directions at even angles, ``(cos, sin)(2 pi k / K)``.

    Args:
        n_actions: K >= 1.
    """

    n_actions: int = 8

    def __post_init__(self) -> None:
        check_size(self.n_actions, 2)

    def table(self) -> Array:
        angles = 2.0 * np.pi * np.arange(self.n_actions) / self.n_actions
        return np.column_stack([np.cos(angles), np.sin(angles)])


@dataclass(frozen=True)
class Icosahedron(ActionSet):
    """The six lines of the icosahedron in three dimensions: an optimal design with the largest support."""

    def table(self) -> Array:
        f = (1.0 + math.sqrt(5.0)) / 2.0
        rows = [(0, 1, f), (0, 1, -f), (1, f, 0), (1, -f, 0), (f, 0, 1), (f, 0, -1)]
        return np.array(rows) / math.sqrt(1.0 + f * f)


@dataclass(frozen=True)
class Polynomial(ActionSet):
    """Powers ``(1, x, ..., x^(d-1))`` on an even grid of [-1, 1].

    Args:
        dimension: d >= 1.
        grid: number of points, >= 2.
    """

    dimension: int = 3
    grid: int = 201

    def __post_init__(self) -> None:
        check_size(integer("grid", self.grid, 2), self.dimension)

    def table(self) -> Array:
        return np.vander(np.linspace(-1.0, 1.0, self.grid), self.dimension, increasing=True)


@dataclass(frozen=True)
class EndOfOptimism(ActionSet):
    """The best action e_1, informative bad ones e_j, and close ones ``(1 - eps) e_1 + kappa eps e_j``; theta = e_1.

    After Lattimore and Szepesvári 2017 (as in published code; sources disagree on ``kappa``).

    Args:
        eps: gap of the close actions, in (0, 1].
        kappa: > 0.
        extra: number of dimensions beside the first, >= 1.
    """

    eps: float = 0.1
    kappa: float = 2.0
    extra: int = 1

    def __post_init__(self) -> None:
        real("eps", self.eps, 0.0, 1.0, closed="high")
        positive("kappa", self.kappa)
        check_size(2 * integer("extra", self.extra) + 1, self.extra + 1, "extra")

    @property
    def parameter(self) -> Any:
        return {"name": "given", "parameters": {"values": [1.0] + [0.0] * self.extra}}

    def table(self) -> Array:
        basis = np.eye(self.extra + 1)
        return np.vstack([basis, (1.0 - self.eps) * basis[0] + self.kappa * self.eps * basis[1:]])


@dataclass(frozen=True)
class LowRank(ActionSet):
    """A catalogue: rows N(0, diag(j^-decay)), j = 1..d, clipped to norm 1, and theta of that law, scaled to norm 1.

    Args:
        n_actions: K >= 1.
        dimension: d >= 1.
        decay: >= 0.
        seed: of numpy's default generator.
    """

    n_actions: int = 1000
    dimension: int = 10
    decay: float = 1.0
    seed: int = 7

    def __post_init__(self) -> None:
        check_size(self.n_actions, self.dimension)
        real("decay", self.decay, 0.0, 100.0, closed="both")
        check_seed("seed", self.seed)

    @property
    def parameter(self) -> Any:
        return {"name": "decaying", "parameters": {"decay": self.decay}}

    def table(self) -> Array:
        rows = np.random.default_rng(self.seed).standard_normal((self.n_actions, self.dimension))
        return clipped(rows * np.arange(1.0, self.dimension + 1.0) ** (-self.decay / 2.0), 1.0)


@dataclass(frozen=True)
class Needle(ActionSet):
    """Directions as of ``Sphere``, of which one alone pays: theta and misspecification that go with it.

    The features of the needle, times ``scale``, fit all rewards within ``scale tau``, tau the largest absolute inner
    product of two rows; and yet they say nothing of where it is.

    Args:
        n_actions: K >= 2.
        dimension: d >= 1.
        seed: of numpy's default generator.
        scale: reward c of the needle, > 0.
    """

    n_actions: int = 200
    dimension: int = 40
    seed: int = 7
    scale: float = 1.0

    def __post_init__(self) -> None:
        check_size(integer("n_actions", self.n_actions, 2), self.dimension)
        check_seed("seed", self.seed)
        positive("scale", self.scale)

    @property
    def parameter(self) -> Any:
        return {"name": "row", "parameters": {"scale": self.scale}}

    @property
    def error(self) -> Any:
        return "needle"

    def table(self) -> Array:
        return unit_rows(self.n_actions, self.dimension, self.seed)


@dataclass(frozen=True)
class Table(ActionSet):
    """Given features.

    Args:
        features: [n_actions, dimension].
    """

    features: ArrayLike | Features

    def __post_init__(self) -> None:
        given = self.features if isinstance(self.features, Features) else Features(self.features)
        object.__setattr__(self, "features", given)

    def table(self) -> Array:
        assert isinstance(self.features, Features)
        return self.features.array


ACTIONS = Registry(
    "set of actions",
    {
        "sphere": Sphere,
        "basis": Basis,
        "hypercube": Hypercube,
        "circle": Circle,
        "icosahedron": Icosahedron,
        "polynomial": Polynomial,
        "end_of_optimism": EndOfOptimism,
        "low_rank": LowRank,
        "needle": Needle,
        "table": Table,
    },
    base=ActionSet,
)


def action_set(what: Component | Sequence[Sequence[float]] | Array, place: str = "actions") -> ActionSet:
    """The set of actions that a component describes; nested lists, arrays and ``Features`` are tables."""
    if isinstance(what, Features) or is_list(what):
        return Table(what if isinstance(what, Features) else checked_features(place, what, (None, None)))
    made: ActionSet = ACTIONS.build(what, place, of=ActionSet)
    return made
