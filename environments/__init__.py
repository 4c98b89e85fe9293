"""Worlds with a known best: each gives tapes, exact comparators and the facts that theorems need.

``from environments import BernoulliArms`` loads that world; ``environments.ENVIRONMENTS`` lists the registered names.
"""

from __future__ import annotations

from typing import Any

from environments.contract import Environment, Notion
from environments.registry import ENVIRONMENTS

__all__ = ["ENVIRONMENTS", "Environment", "Notion"]

_CLASSES = {path.partition(":")[2]: name for name, path in ENVIRONMENTS.table.items()}


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return ENVIRONMENTS.load(_CLASSES[name])
    raise AttributeError(f"module 'environments' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_CLASSES])
