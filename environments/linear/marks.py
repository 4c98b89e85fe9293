"""Rounds in which the parameter of linear rewards changes, for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bandits.arguments import is_list
from bandits.marks import Marks
from environments.linear.sequences import SEQUENCES, Switching


def adversarial(parameters: Mapping[str, Any], horizon: int) -> Marks:
    """The rounds in which the adversary turns to another parameter, where it stays with one for a while."""
    thetas = parameters.get("thetas", "switching")
    if is_list(thetas):
        return {}
    sequence = SEQUENCES.build(thetas, "thetas")
    return {"change": range(sequence.period + 1, horizon + 1, sequence.period)} if type(sequence) is Switching else {}
