"""Rounds in which arms change, for pictures."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from bandits.marks import Marks
from environments.arms.constrained import ConstrainedArms
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


def constrained(parameters: Mapping[str, Any], horizon: int) -> Marks:
    """The rounds in which all levels jump."""
    return {"jump": (ConstrainedArms(**{**parameters, "horizon": horizon}).starts[1:] + 1).tolist()}


def corrupted(parameters: Mapping[str, Any], horizon: int) -> Marks:
    """The round after the last corrupted one, where it is known."""
    budget, known = parameters.get("budget", 0), parameters.get("mode", "flip_first") == "flip_first"
    return {"end of corruption": [budget + 1]} if known and isinstance(budget, int) and budget > 0 else {}
