"""Numbers that policies observe of coba's contexts and actions, which may be anything."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import floats
from bandits.contract import Array

try:
    import coba
except ImportError as error:
    raise ImportError("regretlab.adapters.coba needs coba: pip install 'regretlab[simulators]'") from error

_NUMBERS = (
    "must be made of numbers for a policy that observes them (filters of coba's make some: Environments.repr of "
    "categories, Environments.dense of sparse features)"
)

FEATURES = (1, "a", "ax")
"""What ``coba.LinUCBLearner`` observes unless told otherwise: a constant, the action, and it times the context."""


def context_of(context: Any) -> Array:
    """The coordinates [d] of a number or of dense features.

    Raises:
        ValueError: None, texts, categories or sparse features.
    """
    if context is None:
        raise ValueError(f"the context {_NUMBERS}, got None")
    found: Array = np.atleast_1d(floats(f"the context {_NUMBERS}", context)).ravel()
    return found


def features_of(names: Sequence[str | float], context: Any, actions: Any) -> Array:
    """Features [n_actions, dimension] of actions, by coba's encoder; those of a context fall away where it is None.

    Raises:
        ValueError: they are sparse, or of different lengths.
    """
    if context is None:
        bare = [name.replace("x", "") if isinstance(name, str) else name for name in names]
        names, context = [*dict.fromkeys(name for name in bare if name)], []
    encoder = coba.InteractionsEncoder(names)
    rows: Array = floats(f"features of actions {_NUMBERS}", [encoder.encode(x=context, a=action) for action in actions])
    return rows


def in_turn(n: int, offered: int) -> list[int]:
    """The places [n] of actions that are repeated in turn where fewer are offered.

    Raises:
        ValueError: more than ``n`` are.
    """
    if offered > n:
        raise ValueError(
            f"actions must be at most {n}, the problem's n_actions, got {offered}: give a problem with the largest "
            "number that is offered in a round"
        )
    return [i % offered for i in range(n)]
