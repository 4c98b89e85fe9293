"""What happens in an environment at rounds that are known before any run, for pictures: changes, phases.

A family's table names a function for each of its environments that has such rounds (``Family.marks``); somebody else's
class has a method ``marks()`` of its own. What stands here and there decides no number: no job's key depends on it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bandits.families import families
from bandits.family import resolve
from bandits.registry import ENVIRONMENTS, Component, named

Marks = Mapping[str, Iterable[int]]
"""What begins, in the singular ("change", "phase"), to the rounds (from 1) with which it begins, increasing."""


def marks_of(environment: Component, horizon: int) -> dict[str, tuple[int, ...]]:
    """What is known of an environment's rounds in every run; nothing is built that the family does not ask for.

    Args:
        environment: its name, or ``{"name": ..., "parameters": {...}}``.
        horizon: number of rounds.

    Raises:
        ImportError, ValueError: there is no such environment here.
        Exception: what the family's function, or somebody else's constructor or method, raises.

    Example:
        >>> from bandits.marks import marks_of
        >>> segments = [{"start": 1, "means": [0.2, 0.7]}, {"start": 51, "means": [0.7, 0.2]}]
        >>> marks_of({"name": "piecewise", "parameters": {"segments": segments}}, 100)
        {'change': (51,)}
    """
    name, parameters = named(environment, "environment")
    cls = ENVIRONMENTS.load(name)
    told = _told(ENVIRONMENTS.name_of(cls))
    if told is not None:
        found = told(parameters, horizon)
    elif hasattr(cls, "marks"):
        found = cls(**parameters, horizon=horizon).marks()
    else:
        found = {}
    return {what: tuple(int(t) for t in rounds if 1 <= t <= horizon) for what, rounds in found.items()}


def _told(name: str) -> Callable[[Mapping[str, Any], int], Marks] | None:
    """The function of the environment of that registered name."""
    for family in families():
        if name in family.marks:
            function: Callable[[Mapping[str, Any], int], Marks] = resolve(family.marks[name])
            return function
    return None
