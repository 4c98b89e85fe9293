"""Miss-ratio curves: the faults of LRU and of the offline optimum on a request sequence, for all sizes of the cache."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import is_list, shown
from bandits.contract import Array
from bandits.paging.problem import check_cache_size
from environments.paging.arguments import as_pages
from environments.paging.recorded import Trace
from environments.paging.sequences import Recorded
from environments.paging.stacks import FIRST, Distances, lru_distances, opt_distances


@dataclass(frozen=True, eq=False)
class MissRatioCurve:
    """Faults against the size of the cache, which is empty at first.

    Attributes:
        sizes: [n_sizes] of the cache.
        faults: [n_sizes] of ``lru`` and of ``opt``, the offline optimum (Belady).
        n_requests: number of requests.
        n_pages: number of different pages requested: a cache of so many has no other faults than their first requests.
    """

    sizes: NDArray[np.int64]
    faults: Mapping[str, NDArray[np.int64]]
    n_requests: int
    n_pages: int

    @property
    def ratios(self) -> Mapping[str, Array]:
        """Miss ratios [n_sizes], faults over requests, of ``lru`` and ``opt``; NaN where there is no request."""
        requests = float(self.n_requests) or np.nan
        return {name: faults / requests for name, faults in self.faults.items()}


def miss_ratio_curve(
    requests: Iterable[int] | Recorded | str | Path, sizes: Iterable[int] | None = None
) -> MissRatioCurve:
    """The faults of LRU and of the offline optimum for all sizes of the cache, in one pass for each of the two.

    A pass of LRU takes as long as playing two sizes, one of the optimum as long as working out 5 to 15. Memory: some 50
    bytes a page and 25 a request.

    Args:
        requests: page ids [T], whole numbers >= 0 (see ``as_pages``); a ``Trace`` or other recorded sequence; or the
            path or name of a trace, as ``Trace`` takes it.
        sizes: of the cache, each >= 1; by default all from 1 to the number of different pages, at least 1.

    Raises:
        ValueError: requests that are no page ids, a size below 1, or no sizes.
        FileNotFoundError: no such trace.

    Example:
        >>> from environments.paging.curves import miss_ratio_curve
        >>> curve = miss_ratio_curve([1, 2, 3, 1, 2, 3])
        >>> curve.sizes, curve.faults["lru"], curve.faults["opt"]
        (array([1, 2, 3]), array([6, 6, 3]), array([6, 4, 3]))
    """
    if isinstance(requests, str | Path):
        requests = Trace(requests)
    if isinstance(requests, Recorded):
        pages, n_pages = requests.read(None)
    else:
        pages, n_pages = as_pages(list(requests) if _runs(requests) and not is_list(requests) else requests)
    distinct = int(np.count_nonzero(np.bincount(pages, minlength=1)))
    asked = range(1, max(distinct, 1) + 1) if sizes is None else list(sizes) if _runs(sizes) else None
    if not asked:
        raise ValueError(f"sizes must be a list of cache sizes, each >= 1, got {shown(sizes)}")
    checked = np.array([check_cache_size("sizes", size) for size in asked], dtype=np.int64)
    passes = {"lru": lru_distances, "opt": opt_distances}
    faults = {name: faults_of(distances(pages, n_pages), checked) for name, distances in passes.items()}
    return MissRatioCurve(checked, faults, pages.size, distinct)


def faults_of(distances: Distances, sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Faults [n_sizes] of caches of these sizes, from the stack distances [T] of all requests."""
    reached = np.bincount(distances[distances < FIRST], minlength=1)
    hits = np.cumsum(reached)
    faults: NDArray[np.int64] = distances.size - hits[np.minimum(sizes, hits.size - 1)]
    return faults


def _runs(values: Any) -> bool:
    return isinstance(values, Iterable) and not isinstance(values, str | bytes | Mapping)
