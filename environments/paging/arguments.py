"""Checks of what users hand in: page ids and bits."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pages = NDArray[np.int64]
Bits = NDArray[np.uint8]

LONGEST = 2**31 - 1
"""Most requests of a run: the key ``2 T - s`` of the optimum must fit into 64 bits with room to spare."""


def as_pages(pages: Any, n_pages: int | None = None) -> tuple[Pages, int]:
    """A request sequence [T] as int64, and the number of pages N.

    Args:
        pages: [T] page ids, whole numbers in ``0..N - 1``.
        n_pages: N, >= 1; by default one more than the largest id (1 for an empty sequence).

    Raises:
        ValueError: not one-dimensional, not whole numbers, negative, >= N, or too long.
    """
    if n_pages is not None and (isinstance(n_pages, bool) or not isinstance(n_pages, Integral) or n_pages < 1):
        raise ValueError(f"n_pages must be a whole number >= 1, got {n_pages!r}")
    array = np.asarray(pages)
    if array.ndim != 1:
        raise ValueError(f"requests must be one-dimensional, got {array.ndim} dimensions")
    if array.size == 0:
        return np.empty(0, dtype=np.int64), int(n_pages or 1)
    if not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"requests must be whole numbers, got {array.dtype} (first: {array[0]!r})")
    if array.size > LONGEST:
        raise ValueError(f"requests must be at most {LONGEST} in number, got {array.size}")
    low, high = int(array.min()), int(array.max())
    if low < 0:
        raise ValueError(f"requests must be page ids >= 0, got {low}")
    if n_pages is not None and high >= n_pages:
        raise ValueError(f"requests must be page ids below n_pages = {n_pages}, got {high}")
    return np.ascontiguousarray(array, dtype=np.int64), int(n_pages or high + 1)


def as_bits(bits: Any, n_requests: int) -> Bits:
    """Prediction bits [T] as uint8.

    Raises:
        ValueError: another length than the request sequence, or a value that is neither 0 nor 1.
    """
    array = np.asarray(bits)
    if array.shape != (n_requests,):
        raise ValueError(f"bits must be one for each of the {n_requests} requests, got shape {array.shape}")
    if array.size == 0:
        return np.empty(0, dtype=np.uint8)
    wrong = ~((array == 0) | (array == 1))
    if np.any(wrong):
        at = int(np.argmax(wrong))
        raise ValueError(f"bits must be 0 or 1, got {array[at]} at request {at}")
    return np.ascontiguousarray(array, dtype=np.uint8)
