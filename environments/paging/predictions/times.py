"""Sources of predicted times of next use, and of the discard bits that follow from them.

Times are 0-based. As discard bits a source gives what LFD evicts when it is run on the predicted times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.arguments import one_of, real
from environments.paging.domain import as_bits
from environments.paging.hindsight import Instance
from environments.paging.optimum import follow
from environments.paging.predictions.history import pleco, popularity

NEVER = 10_000
"""A page never requested again is predicted for time ``NEVER * T`` (the convention of published experiments)."""


@dataclass(frozen=True)
class Oracle:
    """The truth."""

    kinds: ClassVar[frozenset[str]] = frozenset({"discard", "phase", "reuse"})

    def predict(self, instance: Instance, kind: str, rng: np.random.Generator) -> NDArray[Any]:
        return _true_reuse(instance) if kind == "reuse" else instance.truth(kind).copy()


@dataclass(frozen=True, eq=False)
class Given:
    """Predictions that the user has.

    Args:
        values: [T] bits, or predicted times of next use.
    """

    values: Sequence[float]
    kinds: ClassVar[frozenset[str]] = frozenset({"discard", "phase", "reuse"})

    def checked(self, kind: str, n_requests: int) -> NDArray[Any]:
        """The values as an array [n_requests].

        Raises:
            ValueError: another number of values, or one that is no bit (for "reuse": NaN).
        """
        if kind != "reuse":
            return as_bits(self.values, n_requests)
        times = np.array(self.values, dtype=np.float64)
        if times.shape != (n_requests,):
            raise ValueError(f"values must be one for each of the {n_requests} requests, got shape {times.shape}")
        if np.any(np.isnan(times)):
            raise ValueError(f"values must not be NaN, got NaN at request {int(np.argmax(np.isnan(times)))}")
        return times

    def predict(self, instance: Instance, kind: str, rng: np.random.Generator) -> NDArray[Any]:
        return self.checked(kind, instance.pages.size)


@dataclass(frozen=True)
class NoisyReuse:
    """True times of next use plus independent noise; as discard bits, what LFD on those times evicts.

    Args:
        sigma: scale of the noise, >= 0.
        dist: "lognormal" (``exp(sigma Z)``, which is 1 at sigma = 0 and shifts all times alike) or "normal".
    """

    sigma: float
    dist: str = "lognormal"
    kinds: ClassVar[frozenset[str]] = frozenset({"discard", "reuse"})

    def __post_init__(self) -> None:
        real("sigma", self.sigma, 0.0, closed="low")
        one_of("dist", self.dist, ("lognormal", "normal"))

    def predict(self, instance: Instance, kind: str, rng: np.random.Generator) -> NDArray[Any]:
        draw = rng.lognormal if self.dist == "lognormal" else rng.normal
        return _as_kind(_true_reuse(instance) + draw(0.0, self.sigma, instance.pages.size), instance, kind)


@dataclass(frozen=True)
class Popularity:
    """POPU: a page requested n times in t requests comes again after t / n more; as discard bits, what LFD evicts."""

    kinds: ClassVar[frozenset[str]] = frozenset({"discard", "reuse"})

    def predict(self, instance: Instance, kind: str, rng: np.random.Generator) -> NDArray[Any]:
        return _as_kind(popularity(instance.pages, instance.n_pages), instance, kind)


@dataclass(frozen=True)
class Pleco:
    """PLECO: the probability that the page is requested next, from the ages of its past requests.

    Args:
        threshold: discard bits are 1 where the probability is below it, in [0, 1]; None for what LFD evicts when run
            on the predicted times.
    """

    threshold: float | None = None
    kinds: ClassVar[frozenset[str]] = frozenset({"discard", "reuse"})

    def __post_init__(self) -> None:
        if self.threshold is not None:
            real("threshold", self.threshold, 0.0, 1.0, closed="both")

    def predict(self, instance: Instance, kind: str, rng: np.random.Generator) -> NDArray[Any]:
        probability = pleco(instance.pages, instance.n_pages)
        if kind == "discard" and self.threshold is not None:
            return (probability < self.threshold).astype(np.uint8)
        return _as_kind(np.arange(probability.size) + 1.0 / probability, instance, kind)


def _true_reuse(instance: Instance) -> Array:
    times, n = instance.next_times, instance.pages.size
    return np.where(times < n, times, float(NEVER * n))


def _as_kind(reuse: Array, instance: Instance, kind: str) -> NDArray[Any]:
    return reuse if kind == "reuse" else follow(instance.pages, reuse, instance.cache_size, instance.n_pages).discard
