"""The form of a tape: of what type it is, and of what type and shape each of its parts.

All tapes of one environment have one form, so that a tape of another kind or another horizon is told from its own
before a run begins on it. Tuples and dataclasses are taken apart; lists, dictionaries and other objects count by their
type alone, so that what varies in length from run to run is kept in a list.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bandits.arguments import shown

_PLAIN = frozenset((np.random.Generator, int, float, bool, str, type(None)))
"""Types that are their own form."""

_ALIKE: tuple[tuple[type[Any], type[Any]], ...] = (
    (np.integer, int),
    (np.floating, float),
    (np.bool_, bool),
    (np.random.Generator, np.random.Generator),
)
"""Types whose subclasses have the form of another."""


def form_of(tape: Any) -> Any:
    """What two tapes of one environment have in common; it can be compared and pickled.

    Example:
        >>> import numpy as np
        >>> form_of((np.zeros((9, 2)), 3)) == form_of((np.ones((9, 2)), np.int64(4)))
        True
        >>> form_of(np.zeros(9)) == form_of(np.zeros(8))
        False
    """
    kind = type(tape)
    if kind in _PLAIN:
        return kind
    if isinstance(tape, np.ndarray):
        return np.ndarray, tape.dtype, tape.shape
    if isinstance(tape, tuple):
        return kind, [form_of(part) for part in tape]
    fields = getattr(kind, "__dataclass_fields__", None)
    if fields is not None:
        return kind, [form_of(getattr(tape, name, None)) for name in fields]
    return next((form for of, form in _ALIKE if isinstance(tape, of)), kind)


def form_shown(form: Any) -> str:
    """A form for a message."""
    if isinstance(form, type):
        return "None" if form is type(None) else form.__name__
    kind, *rest = form
    if kind is np.ndarray:
        return f"{rest[0]} {list(rest[1])}"
    parts = ", ".join(map(form_shown, rest[0]))
    return f"({parts})" if kind is tuple else f"{kind.__name__}({parts})"


def check_form(tape: Any, form: Any, of: str) -> None:
    """Refuse a tape of another form than ``form``, which those that ``of`` draws have.

    Raises:
        ValueError: it has another one.
    """
    if (found := form_of(tape)) != form:
        got = shown(tape) if isinstance(found, type) else form_shown(found)
        raise ValueError(f"tape must be one that draw() of {of} gives, {form_shown(form)}, got {got}")
