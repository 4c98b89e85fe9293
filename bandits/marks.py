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
    found = what_is_said("marks", environment, horizon)
    return {what: tuple(int(t) for t in rounds if 1 <= t <= horizon) for what, rounds in found.items()}


def what_is_said(about: str, environment: Component, horizon: int) -> Mapping[str, Any]:
    """What a family's table, or the method of somebody else's class, says about an environment; nothing if none does.

    Args:
        about: the table's name in ``Family``, which is the method's: "marks" or "parts".
        environment: its name, or ``{"name": ..., "parameters": {...}}``.
        horizon: number of rounds.

    Raises:
        ImportError, ValueError: there is no such environment here.
        Exception: what the family's function, or somebody else's constructor or method, raises.
    """
    name, parameters = named(environment, "environment")
    cls = ENVIRONMENTS.load(name)
    registered = ENVIRONMENTS.name_of(cls)
    for family in families():
        if registered in getattr(family, about):
            told: Callable[..., Mapping[str, Any]] = resolve(getattr(family, about)[registered])
            return told(parameters, horizon)
    if not hasattr(cls, about):
        return {}
    said: Mapping[str, Any] = getattr(cls(**parameters, horizon=horizon), about)()
    return said
