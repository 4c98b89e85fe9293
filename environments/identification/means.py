"""Means of arms by name: setups of papers, shapes, draws from a law."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bandits.arguments import integer, is_list, one_of, positive, real, reals, shown
from bandits.contract import Array
from bandits.registry import Component, Registry


class Law(ABC):
    """Means of arms, the same in every run unless they are drawn.

    Attributes:
        random: whether they are drawn anew in every run.
    """

    random: ClassVar[bool] = False

    @property
    def family(self) -> str:
        """Of the rewards, where none is given."""
        return "gaussian"

    @property
    @abstractmethod
    def n_arms(self) -> int:
        """Number of arms."""

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Array:
        """Means [n_arms] of a run."""


@dataclass(frozen=True)
class Given(Law):
    """Given means.

    Args:
        values: [n_arms].
    """

    values: Sequence[float]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(reals("values", self.values)))

    @property
    def n_arms(self) -> int:
        return len(self.values)

    def draw(self, rng: np.random.Generator) -> Array:
        return np.array(self.values)


def _ab(number: int) -> tuple[float, ...]:
    if number == 3:
        return (0.5, *(0.5 - 0.37**i for i in (2, 3, 4)))
    if number == 5:
        return (0.5, *(0.5 - 0.025 * i for i in range(2, 16)))
    groups: dict[int, tuple[tuple[int, float], ...]] = {
        1: ((19, 0.4),),
        2: ((5, 0.42), (14, 0.38)),
        4: ((1, 0.42), (2, 0.4), (2, 0.35)),
        6: ((1, 0.48), (18, 0.37)),
        7: ((5, 0.45), (14, 0.43), (10, 0.38)),
    }
    return (0.5, *(mean for count, mean in groups[number] for _ in range(count)))


SETUPS: dict[str, tuple[str, tuple[float, ...]]] = {
    **{f"ab{i}": ("bernoulli", _ab(i)) for i in range(1, 8)},
    "gk1": ("bernoulli", (0.5, 0.45, 0.43, 0.4)),
    "gk2": ("bernoulli", (0.3, 0.21, 0.2, 0.19, 0.18)),
    "g4": ("gaussian", (1.0, 0.6, 0.4, 0.0)),
    "l6": ("gaussian", (1.0, 0.7, 0.6, 0.5, 0.4, 0.3)),
    "lgc1": ("bernoulli", (0.1, 0.1, 0.1, 0.35, 0.45, 0.55, 0.65, 0.9, 0.9, 0.9)),
    "lgc2": (
        "bernoulli",
        (*(0.4 - 0.2**i for i in range(1, 5)), 0.45, 0.55, *(0.6 + 0.2 ** (5 - i) for i in range(1, 5))),
    ),
}
"""Name to family and means; the best arm first. All but g4 and l6, which are this project's, are as remembered."""


@dataclass(frozen=True)
class Setup(Law):
    """A setup by its name, which ``means`` takes as it is, too.

    Args:
        setup: "ab1" to "ab7" (Audibert, Bubeck and Munos, COLT 2010, as remembered), "gk1" and "gk2" (Garivier and
            Kaufmann, COLT 2016, as remembered), "lgc1" and "lgc2" (Locatelli, Gutzeit and Carpentier, ICML 2016, as
            remembered), "g4" and "l6" (this project's).
    """

    setup: str

    def __post_init__(self) -> None:
        one_of("setup", self.setup, SETUPS)

    @property
    def family(self) -> str:
        return SETUPS[self.setup][0]

    @property
    def n_arms(self) -> int:
        return len(SETUPS[self.setup][1])

    def draw(self, rng: np.random.Generator) -> Array:
        return np.array(SETUPS[self.setup][1])


@dataclass(frozen=True)
class Linear(Law):
    """``top - gap i``.

    Args:
        n_arms: >= 1.
        top: the largest mean.
        gap: > 0.
    """

    n_arms: int = 10
    top: float = 1.0
    gap: float = 0.1

    def __post_init__(self) -> None:
        integer("n_arms", self.n_arms)
        real("top", self.top)
        positive("gap", self.gap)

    def draw(self, rng: np.random.Generator) -> Array:
        return np.asarray(self.top - self.gap * np.arange(self.n_arms))


@dataclass(frozen=True)
class Sparse(Law):
    """One arm of mean ``gap``, the others 0: with Gaussian rewards ``T* = 2 sigma^2 (1 + sqrt(K - 1))^2 / gap^2``.

    Args:
        n_arms: >= 1.
        gap: > 0.
    """

    n_arms: int = 10
    gap: float = 0.5

    def __post_init__(self) -> None:
        integer("n_arms", self.n_arms)
        positive("gap", self.gap)

    def draw(self, rng: np.random.Generator) -> Array:
        return np.append(self.gap, np.zeros(self.n_arms - 1))


@dataclass(frozen=True)
class Uniform(Law):
    """Means drawn uniformly, anew in every run.

    Args:
        n_arms: >= 1.
        low: smallest mean.
        high: largest mean, > ``low``.
    """

    n_arms: int = 10
    low: float = 0.0
    high: float = 1.0
    random = True

    def __post_init__(self) -> None:
        integer("n_arms", self.n_arms)
        if not real("low", self.low) < real("high", self.high):
            raise ValueError(f"low must be below high, got [{self.low}, {self.high}]")

    def draw(self, rng: np.random.Generator) -> Array:
        return rng.uniform(self.low, self.high, self.n_arms)


@dataclass(frozen=True)
class Normal(Law):
    """Means drawn from a normal law, anew in every run.

    Args:
        n_arms: >= 1.
        mean: of the law.
        deviation: of the law, > 0.
    """

    n_arms: int = 10
    mean: float = 0.0
    deviation: float = 1.0
    random = True

    def __post_init__(self) -> None:
        integer("n_arms", self.n_arms)
        real("mean", self.mean)
        positive("deviation", self.deviation)

    def draw(self, rng: np.random.Generator) -> Array:
        return rng.normal(self.mean, self.deviation, self.n_arms)


MEANS = Registry(
    "means",
    {
        "given": Given,
        "setup": Setup,
        "linear": Linear,
        "sparse": Sparse,
        "uniform": Uniform,
        "normal": Normal,
    },
)
"""What ``means`` of the environment can name."""


def law_of(means: Component | Sequence[float] | Array) -> Law:
    """Means as a law: numbers stand for themselves."""
    if is_list(means) or isinstance(means, np.ndarray):
        if not is_list(means) or len(means) == 0:
            raise ValueError(f"means must be numbers, one an arm, got {shown(means)}")
        try:
            return Given(means.tolist() if isinstance(means, np.ndarray) else means)
        except ValueError as error:
            raise ValueError(f"means: {error}") from None
    if isinstance(means, str):
        if means in SETUPS:
            return Setup(means)
        try:
            MEANS.load(means)
        except ValueError as error:
            raise ValueError(f"means: {error}; or a setup: {', '.join(SETUPS)}") from None
    built: Law = MEANS.build(means, "means", of=Law)
    return built
