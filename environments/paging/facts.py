"""What theorems need to know of a run, each worked out when first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from bandits.contract import Array
from environments.paging.arrays import Bits
from environments.paging.instance import Instance
from environments.paging.phases import Counting, discard_errors, phase_errors
from environments.paging.predictions import reuse_errors

KEYS = (
    "opt",
    "opt_bypass",
    "clean",
    "eta_0",
    "eta_1",
    "eta_reuse",
    "cache_size",
    "n_pages",
    "prediction",
    "oblivious",
    "no_bypass",
)


class Facts(Mapping[str, Any]):
    """Facts of one run as a mapping; arrays are float64 [T] and hold the value after request t at index t - 1.

    Args:
        instance: the requests and the cache size.
        prediction: kind of the predictions, or empty.
        bits: [T] predicted bits, or empty.
        reuse: [T] predicted times of next use, or empty.
        counting: how wrong phase predictions are counted.
        bypass: whether pages may be served without being loaded.
        oblivious: whether the requests were fixed before the run.
    """

    def __init__(
        self,
        instance: Instance,
        prediction: str,
        bits: Bits,
        reuse: Array,
        counting: Counting,
        bypass: bool = False,
        oblivious: bool = True,
    ) -> None:
        self.instance, self.prediction, self.bits, self.reuse = instance, prediction, bits, reuse
        self.counting, self.no_bypass, self.oblivious = counting, not bypass, oblivious
        self.cache_size, self.n_pages = instance.cache_size, instance.n_pages

    def __getitem__(self, key: str) -> Any:
        if key not in KEYS:
            raise KeyError(key)
        return getattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(KEYS)

    def __len__(self) -> int:
        return len(KEYS)

    @property
    def opt(self) -> Array:
        """Faults of the optimum."""
        return self.instance.opt

    @property
    def opt_bypass(self) -> Array:
        """Faults of the optimum with bypassing."""
        return self.instance.opt_bypass

    @property
    def clean(self) -> Array:
        """Sum of the numbers of clean pages."""
        return self.instance.clean

    @cached_property
    def _errors(self) -> tuple[Array, Array]:
        if self.prediction == "discard":
            return discard_errors(self.instance.truth("discard"), self.bits)
        if self.prediction == "phase":
            return phase_errors(self.instance.phases, self.bits, self.counting)
        nothing = np.zeros(self.instance.pages.size)
        return nothing, nothing

    @property
    def eta_0(self) -> Array:
        """Wrong 0s."""
        return self._errors[0]

    @property
    def eta_1(self) -> Array:
        """Wrong 1s."""
        return self._errors[1]

    @cached_property
    def eta_reuse(self) -> Array:
        """Error of the predicted times of next use."""
        if self.prediction == "reuse":
            return reuse_errors(self.instance, self.reuse)
        return np.zeros(self.instance.pages.size)
