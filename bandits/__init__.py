"""Policies for sequential decision problems, behind one contract.

``from bandits import UCB1`` loads that policy and nothing else; ``bandits.POLICIES`` lists the registered names.
"""

from __future__ import annotations

from typing import Any

from bandits.contract import Assumption, Bound, Policy, Problem, check_accepts
from bandits.registry import POLICIES

__all__ = ["POLICIES", "Assumption", "Bound", "Policy", "Problem", "check_accepts"]

_CLASSES = {path.partition(":")[2]: name for name, path in POLICIES.table.items()}


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return POLICIES.load(_CLASSES[name])
    raise AttributeError(f"module 'bandits' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_CLASSES])
