"""Worlds with a known best: each gives tapes, exact comparators and the facts that theorems need.

``from environments import BernoulliArms`` loads that world; ``environments.ENVIRONMENTS`` lists the registered names.
Importing this package registers all with gymnasium: ``gymnasium.make("regretlab/BernoulliArms-v0", means=...)``.
"""

from __future__ import annotations

from typing import Any

import gymnasium

from environments.contract import Environment, Notion
from environments.registry import ENVIRONMENTS

__all__ = ["ENVIRONMENTS", "Environment", "Notion"]

for _path in ENVIRONMENTS.table.values():
    gymnasium.register(f"regretlab/{_path.partition(':')[2]}-v0", entry_point=_path)

_CLASSES = {path.partition(":")[2]: name for name, path in ENVIRONMENTS.table.items()}


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return ENVIRONMENTS.load(_CLASSES[name])
    raise AttributeError(f"module 'environments' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_CLASSES])
