"""Predictions: bits, or predicted times of next use, one for each request.

Three kinds: "discard" (1: LFD evicts the page before its next request), "phase" (1: the page is not requested in the
following phase) and "reuse" (the time of the next request to the page, 0-based, large for "never"). In the first two 0
means keep and 1 may go; the bit that counts for a cached page is the one given at its latest request. A source draws
from its own generator only.

``predictions: {name: flip, parameters: {kind: discard, p: 0.01}}`` names a source of ``PREDICTIONS``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import one_of
from bandits.paging.problem import Prediction
from bandits.registry import Registry
from environments.paging.hindsight import RequestSequence

PREDICTIONS = Registry(
    "source of predictions",
    {
        "oracle": "environments.paging.predictions.times:Oracle",
        "flip": "environments.paging.predictions.bits:Flip",
        "constant": "environments.paging.predictions.bits:Constant",
        "inverted": "environments.paging.predictions.bits:Inverted",
        "given": "environments.paging.predictions.times:Given",
        "static": "environments.paging.predictions.bits:Static",
        "learned": "environments.paging.predictions.bits:Learned",
        "noisy_reuse": "environments.paging.predictions.times:NoisyReuse",
        "popu": "environments.paging.predictions.times:Popularity",
        "pleco": "environments.paging.predictions.times:Pleco",
    },
)


@dataclass(frozen=True, eq=False)
class PredictionSource(ABC):
    """A source of predictions.

    Args:
        kind: what it predicts, one of ``kinds``.

    Attributes:
        kinds: what sources of this class can predict.
    """

    kind: Prediction
    kinds: ClassVar[tuple[Prediction, ...]]

    def __post_init__(self) -> None:
        one_of("kind", self.kind, self.kinds)

    def check(self, n_requests: int, n_pages: int) -> None:
        """Check what the user gave against the numbers of requests and pages, before any run. Here: nothing.

        Raises:
            ValueError: another number of predictions, or values that are none.
        """
        return

    @abstractmethod
    def predict(self, requests: RequestSequence, rng: np.random.Generator) -> NDArray[Any]:
        """Bits [T] (uint8), or for kind "reuse" predicted times [T] (float64)."""
