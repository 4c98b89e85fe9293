"""Checks of what users hand in: page ids and bits."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import is_list, shown

Pages = NDArray[np.int64]
Bits = NDArray[np.uint8]

LONGEST = 2**31 - 1
"""Most requests of a run: the key ``2 T - s`` of the optimum must fit into 64 bits with room to spare."""


SPARSE = 2**24
"""Ids from here on are taken for hashes or addresses where there are not a quarter as many requests."""


def as_pages(pages: Any, n_pages: int | None = None) -> tuple[Pages, int]:
    """A request sequence [T] as int64, and the number of pages N.

    Without ``n_pages``, ids that are hashes or addresses (the largest is at least 2^24 and four times T) are numbered
    0, 1, 2, ... in the order of first appearance, so that no memory grows with their size; results name pages so.

    Args:
        pages: [T] page ids, whole numbers in ``0..N - 1``.
        n_pages: N, in 1..2^31 - 1; by default one more than the largest id (1 for an empty sequence).

    Raises:
        ValueError: not one-dimensional, not whole numbers, negative, >= N, or too long.
    """
    if n_pages is not None and (
        isinstance(n_pages, bool) or not isinstance(n_pages, Integral) or not 1 <= n_pages <= LONGEST
    ):
        way_out = "; without it, ids of any size are numbered" if isinstance(n_pages, int) and n_pages > 1 else ""
        raise ValueError(f"n_pages must be a whole number >= 1, at most {LONGEST}, got {shown(n_pages)}{way_out}")
    if not is_list(pages):
        raise ValueError(f"requests must be a list of page ids, got {shown(pages)}")
    try:
        array = np.asarray(pages)
    except (TypeError, ValueError):  # rows of different lengths
        raise ValueError(f"requests must be whole numbers, one-dimensional, got {shown(pages)}") from None
    if array.ndim != 1:
        raise ValueError(f"requests must be one-dimensional, got {array.ndim} dimensions")
    if array.size == 0:
        return np.empty(0, dtype=np.int64), int(n_pages or 1)
    if not np.issubdtype(array.dtype, np.integer):
        array = _large(pages, array)
    if array.size > LONGEST:
        raise ValueError(f"requests must be at most {LONGEST} in number, got {array.size}")
    low, high = int(array.min()), int(array.max())
    if low < 0:
        signed = "; hashes as signed numbers: give the array's .view(numpy.uint64)" if low < -SPARSE else ""
        raise ValueError(f"requests must be page ids >= 0, got {low}{signed}")
    if n_pages is not None and high >= n_pages:
        raise ValueError(f"requests must be page ids below n_pages = {n_pages}, got {high}")
    if n_pages is None and high >= max(SPARSE, 4 * array.size):
        return _numbered(array)
    return np.ascontiguousarray(array, dtype=np.int64), int(n_pages or high + 1)


def _large(pages: Any, array: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers that fit no type of numpy's together, as they are.

    Raises:
        ValueError: they are no whole numbers.
    """
    array = np.asarray(pages, dtype=object) if array.dtype.kind in "Of" and not isinstance(pages, np.ndarray) else array
    if array.dtype == object and all(isinstance(page, Integral) and not isinstance(page, bool) for page in array):
        return array
    raise ValueError(f"requests must be whole numbers, got {np.asarray(pages).dtype} (first: {shown(array[0])})")


def _numbered(ids: NDArray[Any]) -> tuple[Pages, int]:
    """Numbers of ids [T] in the order of first appearance, and how many there are."""
    _, first, inverse = np.unique(ids, return_index=True, return_inverse=True)
    rank = np.empty(first.size, dtype=np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    return rank[inverse], int(first.size)


def as_predictions(name: str, values: Any) -> NDArray[Any]:
    """What a user gives request by request, or page by page: an array [n] of numbers, which may be infinite.

    Raises:
        ValueError: no list, or something else than numbers in it.
    """
    array = np.asarray(values if is_list(values) and all(map(np.isscalar, values)) else None)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be a list of numbers, got {shown(values)}")
    return array


def as_bits(bits: Any, n_requests: int, name: str = "bits") -> Bits:
    """Prediction bits [T] as uint8.

    Raises:
        ValueError: another length than the request sequence, or a value that is neither 0 nor 1.
    """
    array = as_predictions(name, bits)
    if array.shape != (n_requests,):
        raise ValueError(f"{name} must be one for each of the {n_requests} requests, got shape {array.shape}")
    if array.size == 0:
        return np.empty(0, dtype=np.uint8)
    wrong = ~((array == 0) | (array == 1))
    if np.any(wrong):
        at = int(np.argmax(wrong))
        raise ValueError(f"{name} must be 0 or 1, got {array[at]} at request {at}")
    return np.ascontiguousarray(array, dtype=np.uint8)
