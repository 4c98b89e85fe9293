"""What is asked of a policy or an environment too early: an error that says so, at no cost to what comes in time.

What a run needs is kept in private attributes, or in ``clock`` and ``tape``, which ``reset`` or ``begin`` sets. Where
one of them is missing, the run was not begun.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

Explain = Callable[[Any], Exception]
"""Makes the error for an object that was asked too early."""


def guard(cls: type[Any], names: Iterable[str], explain: Explain) -> None:
    """Have those methods of ``cls`` that it defines itself say so where the run was not begun."""
    for name in names:
        method = vars(cls).get(name)
        if inspect.isfunction(method) and not getattr(method, "__isabstractmethod__", False):
            setattr(cls, name, _guarded(method, explain))


def _guarded(method: Callable[..., Any], explain: Explain) -> Callable[..., Any]:
    """``method`` with another error for missing private attributes; a call of it costs some 20 nanoseconds more."""

    def explained(self: Any, error: AttributeError) -> Exception:
        private = error.name is not None and (error.name.startswith("_") or error.name in ("clock", "tape"))
        return explain(self) if private and error.obj is self else error

    def choose(self: Any, observation: Any) -> Any:
        try:
            return method(self, observation)
        except AttributeError as error:
            raise explained(self, error) from error

    def update(self: Any, observation: Any, action: Any, feedback: Any) -> Any:
        try:
            return method(self, observation, action, feedback)
        except AttributeError as error:
            raise explained(self, error) from error

    def observe(self: Any) -> Any:
        try:
            _ = self.clock  # what is observed may be the same in every run
            return method(self)
        except AttributeError as error:
            raise explained(self, error) from error

    def transition(self: Any, action: Any) -> Any:
        try:
            return method(self, action)
        except AttributeError as error:
            raise explained(self, error) from error

    def other(self: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return method(self, *arguments, **named)
        except AttributeError as error:
            raise explained(self, error) from error

    quick: dict[str, Callable[..., Any]] = {call.__name__: call for call in (choose, update, observe, transition)}
    call = quick.get(method.__name__, other)
    same = list(inspect.signature(call).parameters) == list(inspect.signature(method).parameters)
    return functools.wraps(method)(call if same else other)
