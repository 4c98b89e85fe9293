"""What a reader understood of a trace file, and checks that readers share."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Ids = Sequence[str] | NDArray[np.uint64]
"""Ids of consecutive requests, as they stand in the file."""


@dataclass
class Account:
    """What a reader understood so far.

    Attributes:
        facts: how the file is read, name to text.
        counts: number of lines or records of a kind worth telling, such as empty lines.
    """

    facts: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


def is_number(text: str) -> bool:
    """Whether a field is a finite number, in decimal notation."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
