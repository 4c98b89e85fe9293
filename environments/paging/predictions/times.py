"""Sources of predicted times of next use, and of the discard bits that follow from them.

Times are 0-based. As discard bits a source gives what LFD evicts when it is run on the predicted times.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import one_of, real
from bandits.contract import Array
from environments.paging.arguments import as_bits, as_predictions
from environments.paging.hindsight import RequestSequence
from environments.paging.optimum import follow
from environments.paging.predictions.history import pleco, popularity
from environments.paging.predictions.sources import PredictionSource

NEVER = 10_000
"""A page never requested again is predicted for time ``NEVER * T`` (the convention of published experiments)."""


@dataclass(frozen=True, eq=False)
class Oracle(PredictionSource):
    """The truth.

    Args:
        kind: "discard", "phase" or "reuse".
    """

    kinds = ("discard", "phase", "reuse")

    def predict(self, requests: RequestSequence, rng: np.random.Generator) -> NDArray[Any]:
        return _true_reuse(requests) if self.kind == "reuse" else requests.truth(self.kind).copy()


@dataclass(frozen=True, eq=False)
class Given(PredictionSource):
    """Predictions that the user has.

    Args:
        kind: "discard", "phase" or "reuse".
        values: [T] bits, or predicted times of next use.
    """

    values: Sequence[float]
    kinds = ("discard", "phase", "reuse")

    def __post_init__(self) -> None:
        super().__post_init__()
        self._checked(as_predictions("values", self.values).size)

    def check(self, n_requests: int, n_pages: int) -> None:
        self._checked(n_requests)

    def _checked(self, n_requests: int) -> NDArray[Any]:
        """The values as an array [n_requests]."""
        if self.kind != "reuse":
            return as_bits(self.values, n_requests, "values")
        times = as_predictions("values", self.values).astype(np.float64)
        if times.shape != (n_requests,):
            raise ValueError(f"values must be one for each of the {n_requests} requests, got shape {times.shape}")
        if np.any(np.isnan(times)):
            raise ValueError(f"values must not be NaN, got NaN at request {int(np.argmax(np.isnan(times)))}")
        return times

    def predict(self, requests: RequestSequence, rng: np.random.Generator) -> NDArray[Any]:
        return self._checked(requests.pages.size)


@dataclass(frozen=True, eq=False)
class NoisyReuse(PredictionSource):
    """True times of next use plus independent noise; as discard bits, what LFD on those times evicts.

    Args:
        kind: "discard" or "reuse".
        sigma: scale of the noise, >= 0.
        dist: "lognormal" (``exp(sigma Z)``, which is 1 at sigma = 0 and shifts all times alike) or "normal".
    """

    sigma: float
    dist: str = "lognormal"
    kinds = ("discard", "reuse")

    def __post_init__(self) -> None:
        super().__post_init__()
        real("sigma", self.sigma, 0.0, closed="low")
        one_of("dist", self.dist, ("lognormal", "normal"))

    def predict(self, requests: RequestSequence, rng: np.random.Generator) -> NDArray[Any]:
        draw = rng.lognormal if self.dist == "lognormal" else rng.normal
        return _as_kind(_true_reuse(requests) + draw(0.0, self.sigma, requests.pages.size), requests, self.kind)


@dataclass(frozen=True, eq=False)
class Popularity(PredictionSource):
    """POPU: a page requested n times in t requests comes again after t / n more; as discard bits, what LFD evicts.

    Args:
        kind: "discard" or "reuse".
    """

    kinds = ("discard", "reuse")

    def predict(self, requests: RequestSequence, rng: np.random.Generator) -> NDArray[Any]:
        return _as_kind(popularity(requests.pages, requests.n_pages), requests, self.kind)


@dataclass(frozen=True, eq=False)
class Pleco(PredictionSource):
    """PLECO: the probability that the page is requested next, from the ages of its past requests.

    Args:
        kind: "discard" or "reuse".
        threshold: discard bits are 1 where the probability is below it, in [0, 1]; None for what LFD evicts when run
            on the predicted times.
    """

    threshold: float | None = None
    kinds = ("discard", "reuse")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.threshold is not None:
            real("threshold", self.threshold, 0.0, 1.0, closed="both")

    def predict(self, requests: RequestSequence, rng: np.random.Generator) -> NDArray[Any]:
        probability = pleco(requests.pages, requests.n_pages)
        if self.kind == "discard" and self.threshold is not None:
            return (probability < self.threshold).astype(np.uint8)
        return _as_kind(np.arange(probability.size) + 1.0 / probability, requests, self.kind)


def _true_reuse(requests: RequestSequence) -> Array:
    times, n = requests.next_times, requests.pages.size
    return np.where(times < n, times, float(NEVER * n))


def _as_kind(reuse: Array, requests: RequestSequence, kind: str) -> NDArray[Any]:
    return reuse if kind == "reuse" else follow(requests.pages, reuse, requests.cache_size, requests.n_pages).discard
