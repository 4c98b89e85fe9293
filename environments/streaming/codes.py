"""The stream for gymnasium: its spaces, and actions as codes."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np
from gymnasium import spaces

from bandits.streaming.problem import Action, decode
from environments.streaming.stage import NONE, RefusedError


def action_space(memory: int, batch: int) -> Any:
    """``Discrete(3 m + 2)`` for single pulls, else a tuple of an action's code and the batch."""
    codes = spaces.Discrete(3 * memory + 2)
    return codes if batch == 1 else spaces.Tuple((codes, spaces.Discrete(batch, start=1)))


def view_space(n_arms: int, horizon: int, memory: int, passes: int) -> Any:
    """The fields of a ``View``, in order."""
    return spaces.Tuple(
        (
            spaces.Discrete(horizon + 1),
            spaces.Discrete(horizon + 1),
            spaces.Discrete(passes),
            spaces.Discrete(n_arms * passes + 1),
            spaces.Discrete(2),
            spaces.Discrete(n_arms + 1, start=NONE),
            spaces.MultiDiscrete(np.full(memory, n_arms + 1), start=np.full(memory, NONE)),
            spaces.MultiBinary(3 * memory + 2),
        )
    )


def decoded(action: Any, memory: int) -> Action:
    """The action that a code, or a code and a batch, stands for.

    Raises:
        RefusedError: it stands for none.
    """
    code, n = action if isinstance(action, tuple | list) and len(action) == 2 else (action, 1)
    if not isinstance(code, Integral) or not isinstance(n, Integral) or isinstance(code, bool):
        raise RefusedError("an action is a Pull, Store, Drop or Advance, a code, or a code and a batch")
    try:
        return decode(int(code), int(n), memory)
    except ValueError as error:
        raise RefusedError(str(error)) from None
