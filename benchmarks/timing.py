"""Measuring: two things in turn, or one thing at growing sizes in turn, so that ratios hold when the machine drifts.

A time is CPU seconds of this process by default, to which other programs add little; where threads or other processes
take part, wall-clock seconds.
"""

from __future__ import annotations

import gc
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Clock = Callable[[], float]
CPU: Clock = time.process_time
WALL: Clock = time.perf_counter


@dataclass(frozen=True)
class Pairs:
    """Costs of one item, ours and the reference's, a pair measured together for each repeat.

    Attributes:
        ours: a cost for each repeat, seconds or bytes.
        reference: the same of what it is held against.
        item: what the cost is of: "round", "request", "run".
        unit: "s" or "B".
        wall: whether seconds are of the wall clock.
    """

    ours: tuple[float, ...]
    reference: tuple[float, ...]
    item: str
    unit: str = "s"
    wall: bool = False

    @property
    def ratios(self) -> list[float]:
        """Ours over the reference's, a pair at a time."""
        return [a / b for a, b in zip(self.ours, self.reference, strict=True)]

    @property
    def ratio(self) -> float:
        """Median of the ratios."""
        return statistics.median(self.ratios)


@dataclass(frozen=True)
class Growth:
    """Times at growing sizes.

    Attributes:
        sizes: increasing [n_sizes].
        seconds: CPU seconds [n_repeats, n_sizes]; in each repeat all sizes take their turn.
    """

    sizes: NDArray[np.float64]
    seconds: NDArray[np.float64]

    @property
    def exponents(self) -> list[float]:
        """For each repeat the slope of log time against log size, least squares over the larger half of the sizes.

        Fixed costs weigh on the smaller half and would hide what large sizes cost.
        """
        larger = slice(len(self.sizes) // 2, None)
        x = np.log(self.sizes[larger])
        return [float(np.polyfit(x, np.log(row[larger]), 1)[0]) for row in self.seconds]

    @property
    def exponent(self) -> float:
        """Median of the exponents."""
        return statistics.median(self.exponents)


def seconds(function: Callable[[], object], clock: Clock = CPU) -> float:
    """Seconds of one call, no garbage collected meanwhile."""
    gc.disable()
    try:
        start = clock()
        function()
        return clock() - start
    finally:
        gc.enable()


def measure(
    ours: Callable[[], object],
    reference: Callable[[], object],
    item: str,
    per: tuple[float, float] = (1, 1),
    repeats: int = 5,
    clock: Clock = CPU,
    prepare: Callable[[], object] = lambda: None,
) -> Pairs:
    """Call both once to warm up, then ``repeats`` times in turn, each first every other time.

    Args:
        ours: what is timed.
        reference: what it is held against.
        item: what is counted.
        per: how many items a call of ``ours`` and of ``reference`` works off.
        repeats: pairs.
        clock: CPU or WALL.
        prepare: called before each turn, and not timed.
    """
    prepare(), ours(), reference()
    costs: tuple[list[float], list[float]] = [], []
    for i in range(repeats):
        prepare()
        for which in (0, 1) if i % 2 == 0 else (1, 0):
            costs[which].append(seconds((ours, reference)[which], clock) / per[which])
    return Pairs(tuple(costs[0]), tuple(costs[1]), item, "s", clock is WALL)


def growth(sizes: Sequence[int], game: Callable[[int], Callable[[], object]], repeats: int = 3) -> Growth:
    """Time ``game(size)`` at each size, all sizes in each repeat; ``game`` itself prepares and is not timed."""
    games = [game(size) for size in sizes]
    games[0]()
    return Growth(np.array(sizes, float), np.array([[seconds(play) for play in games] for _ in range(repeats)]))


def python(code: str) -> str:
    """What a process of its own prints when it runs ``code`` in this folder."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent
    )
    return done.stdout


def peak(code: str) -> float:
    """Peak memory in bytes of a process of its own that runs ``code`` in this folder."""
    return float(python(f"{code}\nfrom timing import own_peak\nprint(own_peak())").split()[-1])


def own_peak() -> int:
    """Peak memory in bytes of this process since its program was loaded.

    What ``getrusage`` says on Linux goes back to the process that it was forked from.
    """
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.search(r"VmHWM:\s*(\d+)", status.read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
