"""The form of a tape: of what type it is, and of what type and shape each of its parts.

The tapes of an environment mostly have one form, so that a tape of another kind or another horizon is told from its own
before a run begins on it. Tuples and dataclasses are taken apart; lists, dictionaries and other objects count by their
type alone. Where tapes differ, in the length of an array or otherwise, their form says what they have in common.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache
from typing import Any, cast

import numpy as np

from bandits.arguments import shown
from environments.streams import Stream

_PLAIN = frozenset((np.random.Generator, int, float, bool, str, type(None)))
"""Types that are their own form."""

_ALIKE: tuple[tuple[type[Any], type[Any]], ...] = (
    (np.integer, int),
    (np.floating, float),
    (np.bool_, bool),
    (np.random.Generator, np.random.Generator),
    (Stream, np.random.Generator),
)
"""Types that have the form of another, they and their subclasses."""


ANY = "anything"
"""The form of all that there is."""

_DEEPEST = 16
"""Parts of parts are taken apart so far."""


def form_of(tape: Any, deep: int = 0) -> Any:
    """What can be told of a tape beside its numbers; it can be compared and pickled.

    Args:
        tape: or a part of one.
        deep: in how many others the part is.

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
    if deep < _DEEPEST:
        if isinstance(tape, tuple):
            return kind.__qualname__, [form_of(part, deep + 1) for part in tape]
        fields = getattr(kind, "__dataclass_fields__", None)
        if fields is not None:
            return kind.__qualname__, [form_of(getattr(tape, name, None), deep + 1) for name in fields]
    return _whole(cast(Hashable, kind))


@lru_cache(maxsize=1024)
def _whole(kind: Any) -> Any:
    """The form of objects of a type that are not taken apart."""
    return next((form for of, form in _ALIKE if issubclass(kind, of)), kind.__qualname__)


def common(one: Any, other: Any) -> Any:
    """The form of what has one form or the other.

    Example:
        >>> import numpy as np
        >>> form_shown(common(form_of((np.zeros((9, 2)), 3)), form_of((np.zeros((8, 2)), None))))
        '(float64 [any, 2], anything)'
    """
    if one == other:
        return one
    if not isinstance(one, tuple) or not isinstance(other, tuple) or one[0] != other[0]:
        return ANY
    (kind, *rest), (_, *others) = one, other
    if len(rest[-1]) != len(others[-1]) or rest[:-1] != others[:-1]:
        return ANY
    if kind is np.ndarray:
        shape = tuple(n if n == m else None for n, m in zip(rest[1], others[1], strict=True))
        return kind, rest[0], shape
    return kind, [common(part, same) for part, same in zip(rest[0], others[0], strict=True)]


def has_form(found: Any, form: Any) -> bool:
    """Whether the form ``found`` is no other than ``form``, or one of those that it has in common."""
    return bool(found == form or common(found, form) == form)


def form_shown(form: Any) -> str:
    """A form for a message."""
    if isinstance(form, str):
        return form
    if isinstance(form, type):
        return "None" if form is type(None) else form.__name__
    kind, *rest = form
    if kind is np.ndarray:
        return f"{rest[0]} [{', '.join('any' if n is None else str(n) for n in rest[1])}]"
    parts = ", ".join(map(form_shown, rest[0]))
    return f"({parts})" if kind == "tuple" else f"{kind}({parts})"


def check_form(tape: Any, form: Any, of: str) -> None:
    """Refuse a tape of another form than ``form``, which those that ``of`` draws have.

    Raises:
        ValueError: it has another one.
    """
    found = form_of(tape)
    if not has_form(found, form):
        got = form_shown(found) if isinstance(found, tuple) else shown(tape)
        raise ValueError(f"tape must be one that draw() of {of} gives, {form_shown(form)}, got {got}")
