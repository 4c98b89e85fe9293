"""What a run is divided among, for pictures: arms that are sampled, with the shares that would be best.

A family's table names a function for each of its environments that has such parts (``Family.parts``); somebody else's
class has a method ``parts()`` of its own. What stands here and there decides no number: no job's key depends on it.
"""

from __future__ import annotations

from typing import NamedTuple

from bandits.marks import what_is_said
from bandits.registry import Component


class Part(NamedTuple):
    """A part of a run.

    Attributes:
        metric: the series that counts it.
        best: its share of the sum of all of them that would be best, or None.
    """

    metric: str
    best: float | None = None


def parts_of(environment: Component, horizon: int) -> dict[str, Part]:
    """The parts of an environment's runs by their labels; none where labels mean something else in each run.

    Args:
        environment: its name, or ``{"name": ..., "parameters": {...}}``.
        horizon: number of rounds.

    Raises:
        ImportError, ValueError: there is no such environment here.
        Exception: what the family's function, or somebody else's constructor or method, raises.

    Example:
        >>> from bandits.parts import parts_of
        >>> means = {"means": [0.5, 0.0], "shuffled": False}
        >>> parts_of({"name": "identification", "parameters": means}, 100)["arm 0, mean 0.5"]
        Part(metric='pulls_0', best=0.5)
    """
    found = what_is_said("parts", environment, horizon)
    return {str(label): Part(*part) for label, part in found.items()}
