"""Policies for sequential decision problems, behind one contract.

``from bandits import UCB1`` loads that policy and nothing else; ``bandits.POLICIES`` lists the registered names.
"""

from __future__ import annotations

from typing import Any

from bandits.begun import BEGUN as BEGUN
from bandits.contract import Assumption, Bound, Instance, NotResetError, Policy, Problem, can_play, check_plays
from bandits.families import ours
from bandits.family import Family, resolve
from bandits.registry import POLICIES

_PLACES: dict[str, str] = {
    str(place).rpartition(":")[2]: str(place)
    for family in ours()
    for place in (*family.problem_places, *family.policies.values(), *family.tools.values())
    if str(place).startswith("bandits.")
}

__all__ = [
    "POLICIES",
    "Assumption",
    "Bound",
    "Family",
    "Instance",
    "NotResetError",
    "Policy",
    "Problem",
    "can_play",
    "check_plays",
    *_PLACES,
]


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return resolve(_PLACES[name])
    raise AttributeError(f"module 'bandits' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
