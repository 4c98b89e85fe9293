"""What the theorems about paging may know of a run, worked out when one asks."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from bandits.contract import Array
from bandits.paging.problem import Prediction
from bandits.paging.theory import PagingInstance
from environments.paging.arguments import Bits
from environments.paging.hindsight import RequestSequence
from environments.paging.phases import Counting, discard_errors, phase_errors


@dataclass(frozen=True, eq=False, kw_only=True)
class RunInstance(PagingInstance):
    """The requests of a run and the predictions given with them.

    Attributes:
        requests: the requests, with the size of the cache.
        prediction: kind of the predictions, or None.
        bits: [T] predicted bits, or empty.
        reuse: [T] predicted times of next use, or empty.
        counting: how wrong phase predictions are counted.
    """

    requests: RequestSequence
    prediction: Prediction | None = None
    bits: Bits = field(default_factory=lambda: np.empty(0, np.uint8))
    reuse: Array = field(default_factory=lambda: np.empty(0))
    counting: Counting = "last_in_phase"

    @property
    def opt(self) -> Array:
        """Faults of the optimum."""
        return self.requests.opt

    def running(self, name: str, times: Array) -> Array | None:
        """The optimum's faults need not be worked out request by request."""
        return (
            self.requests.opt_at(np.asarray(times).astype(np.int64)) if name == "opt" else super().running(name, times)
        )

    @property
    def opt_bypass(self) -> Array:
        """Faults of the optimum that may serve a page without loading it."""
        return self.requests.opt_bypass

    @property
    def clean(self) -> Array:
        """Sum of the numbers of clean pages."""
        return self.requests.clean

    @cached_property
    def _errors(self) -> tuple[Array, Array]:
        if self.prediction == "discard":
            return discard_errors(self.requests.truth("discard"), self.bits)
        if self.prediction == "phase":
            return phase_errors(self.requests.phases, self.bits, self.counting)
        nothing = np.zeros(self.requests.pages.size)
        return nothing, nothing

    @property
    def eta_0(self) -> Array:
        """Wrong 0s at the requests so far; for phase predictions, in the phases that ended before."""
        return self._errors[0]

    @property
    def eta_1(self) -> Array:
        """Wrong 1s, likewise."""
        return self._errors[1]

    @cached_property
    def eta_reuse(self) -> Array:
        """Error of the predicted times of next use: the sum of ``|h - next|``, both cut at T.

        A prediction beyond T says "never again", whatever its size, so that it counts as T: the clipped predictions
        rank the pages alike up to ties, which keeps every bound that holds for any choice among ties (derived).
        """
        size = self.requests.pages.size
        if self.prediction != "reuse":
            return np.zeros(size)
        return np.cumsum(np.abs(np.minimum(self.reuse, float(size)) - self.requests.next_times))
