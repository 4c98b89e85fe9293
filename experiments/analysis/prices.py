"""What jobs took: time and memory, read from beside the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.run.store import DamagedError, read_timing


@dataclass(frozen=True)
class Price:
    """What the jobs of a policy, or of an environment's comparators, took.

    Attributes:
        seconds: wall-clock seconds a replicate in the quickest batch, which is one in which nothing had to be compiled,
            if there is one; None where no timing is on file.
        total: seconds of all batches together.
        kept: bytes that the policy keeps between rounds, the most that was seen; see ``experiments.run.memory``. None
            where it is not known.
    """

    seconds: float | None = None
    total: float = 0.0
    kept: int | None = None


def price(folder: Path, jobs: Sequence[str], note: Callable[[str], None] = lambda text: None) -> Price:
    """What the jobs of these keys took, as far as it is on file; ``note`` is told of files that are damaged."""
    quickest, total, kept = None, 0.0, None
    for key in jobs:
        try:
            timing = read_timing(folder, key)
            seconds, each = timing["seconds"], timing["seconds"] / timing["replicates"]
        except DamagedError as error:
            note(f"{error}; what that job took is left out: run the study again, which removes the file")
            continue
        except (OSError, LookupError, TypeError, ZeroDivisionError):
            continue
        quickest, total = each if quickest is None else min(quickest, each), total + seconds
        kept = max((n for n in (kept, timing.get("bytes_kept")) if n is not None), default=None)
    return Price(quickest, total, kept)
