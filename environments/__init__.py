"""Environments with exact comparators, each a gymnasium environment.

``from environments import BernoulliArms`` loads that one; ``environments.ENVIRONMENTS`` lists the registered names.
Importing this package registers all with gymnasium: ``gymnasium.make("regretlab/BernoulliArms-v0", means=...)``.
"""

from __future__ import annotations

from typing import Any, cast

import gymnasium

from bandits.families import families, ours
from bandits.family import resolve
from bandits.registry import ENVIRONMENTS
from environments.contract import Environment, Regret, read_only
from environments.record import Record

_PLACES: dict[str, str] = {
    str(place).rpartition(":")[2]: str(place)
    for family in ours()
    for place in (*family.environments.values(), *family.tools.values())
    if str(place).startswith("environments.")
}

__all__ = ["ENVIRONMENTS", "Environment", "Record", "Regret", "read_only", *_PLACES]

for _place in ENVIRONMENTS.paths.values():
    _name = _place.__name__ if isinstance(_place, type) else _place.rpartition(":")[2]
    gymnasium.register(f"regretlab/{_name}-v0", entry_point=cast(str, _place))
for _family in families():
    for _name, (_place, _arguments) in _family.gymnasium.items():
        gymnasium.register(f"regretlab/{_name}-v0", entry_point=_place, kwargs=dict(_arguments))


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return resolve(_PLACES[name])
    raise AttributeError(f"module 'environments' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
