"""Timing of two things in turn, so that their ratio holds when the machine's speed drifts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


def seconds(function: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def ratio(first: Callable[[], object], second: Callable[[], object], pairs: int = 7) -> tuple[float, float, float]:
    """Median over pairs of (seconds of first / seconds of second), and the medians of both; one warm-up each."""
    first(), second()
    times = [(seconds(first), seconds(second)) for _ in range(pairs)]
    medians = [statistics.median(column) for column in zip(*times, strict=True)]
    return statistics.median(a / b for a, b in times), medians[0], medians[1]
