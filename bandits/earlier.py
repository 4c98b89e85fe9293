"""Objects that earlier versions have pickled, or written as states."""

from __future__ import annotations

from typing import Any


def set_state(made: Any, state: Any) -> dict[str, Any]:
    """What Python does where a class has no ``__setstate__``; returns the attributes.

    Args:
        made: the object, without attributes.
        state: attributes, or a pair of these and what is kept in slots.
    """
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    vars(made).update(attributes or {})
    for name, value in (slots or {}).items():
        setattr(made, name, value)
    kept: dict[str, Any] = vars(made)
    return kept
