"""What happens behind the delays, for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bandits.marks import Marks, marks_of


def delayed(parameters: Mapping[str, Any], horizon: int) -> Marks:
    """As of the environment whose feedback arrives late."""
    return marks_of(parameters["environment"], horizon)
