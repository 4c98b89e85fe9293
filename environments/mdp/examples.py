"""Small Markov decision processes that every policy which plays them is checked against."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def examples() -> Sequence[Any]:
    """Those of all modes."""
    return []
