"""Where the requests of a run come from: what every source is, and the registered ones.

``sequence: {name: zipf, parameters: {a: 0.8}}`` names one of ``SEQUENCES`` and its parameters. The adversary that
answers a policy is an environment of its own, ``adaptive_paging``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable
from typing import ClassVar

import numpy as np

from bandits.registry import Registry
from environments.paging.arguments import Pages

SEQUENCES = Registry(
    "request sequence",
    {
        "cyclic": "environments.paging.generators:Cyclic",
        "uniform": "environments.paging.generators:Uniform",
        "zipf": "environments.paging.generators:Zipf",
        "markov": "environments.paging.walks:Markov",
        "working_set": "environments.paging.walks:WorkingSet",
        "loop_scan": "environments.paging.generators:LoopScan",
        "ratio2": "environments.paging.generators:Ratio2",
        "given": "environments.paging.recorded:Given",
        "trace": "environments.paging.recorded:Trace",
    },
)


class RequestSource:
    """A ``Generator`` or a ``Recorded`` sequence."""

    def for_cache(self, k: int) -> RequestSource:
        """The source with those parameters filled in that were left out and follow from the size of the cache."""
        return self


class Generator(RequestSource, ABC):
    """A made-up request sequence, as long as one wants.

    Attributes:
        random: whether each run has requests of its own.
        certain: whether sources that are equal (and hashable) draw the same requests from the same random numbers, as
            long as the process lasts: then what one has drawn may be kept for another.
    """

    random: ClassVar[bool] = True
    certain: ClassVar[bool] = False

    @abstractmethod
    def draw(self, n: int, rng: np.random.Generator) -> Pages:
        """The first ``n`` requests [n]; draws from ``rng`` and from nothing else."""

    @abstractmethod
    def n_pages(self, n: int) -> int:
        """Number of pages among which the first ``n`` requests choose."""


class Recorded(RequestSource, ABC):
    """A sequence that is there."""

    def key(self, limit: int | None) -> Hashable | None:
        """Tells what ``read`` gives from all else that is read in this process; None, as here, where nothing does."""
        return None

    @abstractmethod
    def read(self, limit: int | None) -> tuple[Pages, int]:
        """The requests, the first ``limit`` of them or all, and the number of pages.

        Raises:
            ValueError: there is none, or they are not what they should be.
        """
