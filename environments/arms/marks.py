"""Rounds in which arms change, for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from bandits.marks import Marks
from environments.arms.piecewise import PiecewiseArms
from environments.arms.switching_best import SwitchingBest
from environments.arms.tables import GENERATORS, Switching


def piecewise(parameters: Mapping[str, Any], horizon: int) -> Marks:
    """The starts of the segments with other means than those before."""
    segments = PiecewiseArms(**parameters, horizon=horizon).segments
    return {"change": [now["start"] for before, now in pairwise(segments) if now["means"] != before["means"]]}


def switching_best(parameters: Mapping[str, Any], horizon: int) -> Marks:
    """The starts of the segments."""
    return {"change": SwitchingBest(**parameters, horizon=horizon).change_rounds()}


def adversarial(parameters: Mapping[str, Any], horizon: int) -> Marks:
    """The rounds in which another arm becomes the best, where that is known."""
    source = parameters.get("source", "switching")
    if not isinstance(source, str | Mapping) or (isinstance(source, str) and source not in GENERATORS):
        return {}  # a table
    generator = GENERATORS.build(source, "source")
    return (
        {"change": range(generator.period + 1, horizon + 1, generator.period)} if type(generator) is Switching else {}
    )
