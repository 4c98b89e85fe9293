"""What is asked of a policy or an environment too early: an error that says so, at no cost to what comes in time.

What a run needs is kept in attributes that ``reset`` or ``begin`` sets. Where one of them is missing and no run has
begun, that is why. Where ``reset`` or ``begin`` raises, all attributes are again what they were.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

Explain = Callable[[Any], Exception]
"""Makes the error for an object that was asked too early."""

_BEGUN = "_has_begun"
"""Set on an object when its run has begun."""


def guard(
    cls: type[Any],
    begins: str,
    names: Iterable[str],
    explain: Explain,
    begun: Callable[..., None] | None = None,
    check: Callable[..., None] | None = None,
) -> None:
    """Have those methods of ``cls`` that it defines itself say so where the run was not begun.

    Args:
        cls: the class.
        begins: name of the method that begins a run.
        names: names of the methods that need one.
        explain: makes the error.
        begun: called with the object and the arguments of ``begins`` when a run has begun.
        check: called with them before, to refuse them or take note of them; not where the method of a subclass calls
            this one.
    """
    for name in (begins, *names):
        method = vars(cls).get(name)
        if inspect.isfunction(method) and not getattr(method, "__isabstractmethod__", False):
            setattr(cls, name, _begins(method, begun, check) if name == begins else _guarded(method, explain))


def around(cls: type[Any], name: str, check: Callable[..., None], done: Callable[[Any, Any], None]) -> None:
    """Look at what a method of ``cls`` is given and what it gives, where ``cls`` defines it itself.

    Args:
        cls: the class.
        name: of the method. Where that of a subclass calls it, nobody looks.
        check: called with the object and the arguments before, to refuse them.
        done: called with the object and the result.
    """
    method = vars(cls).get(name)
    if not inspect.isfunction(method) or getattr(method, "__isabstractmethod__", False):
        return

    @functools.wraps(method)
    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        if getattr(type(self), name) is not call:
            return method(self, *arguments, **named)
        check(self, *arguments, **named)
        result = method(self, *arguments, **named)
        done(self, result)
        return result

    setattr(cls, name, call)


def _begins(
    method: Callable[..., Any], begun: Callable[..., None] | None, check: Callable[..., None] | None
) -> Callable[..., Any]:
    @functools.wraps(method)
    def begin(self: Any, *arguments: Any, **named: Any) -> Any:
        before = dict(vars(self))
        try:
            if check is not None and getattr(type(self), method.__name__, begin) is begin:
                check(self, *arguments, **named)
            result = method(self, *arguments, **named)
        except BaseException:  # refused: the run before goes on as it was
            vars(self).clear()
            vars(self).update(before)
            raise
        setattr(self, _BEGUN, True)
        if begun is not None:
            begun(self, *arguments, **named)
        return result

    return begin


def _guarded(method: Callable[..., Any], explain: Explain) -> Callable[..., Any]:
    """``method`` with another error for missing attributes; a call of it costs some 20 nanoseconds more."""

    def look_into(self: Any, error: AttributeError) -> None:
        if error.obj is self and not getattr(self, _BEGUN, False):
            raise explain(self) from error

    def choose(self: Any, observation: Any) -> Any:
        try:
            return method(self, observation)
        except AttributeError as error:
            look_into(self, error)
            raise

    def update(self: Any, observation: Any, action: Any, feedback: Any) -> Any:
        try:
            result = method(self, observation, action, feedback)
        except AttributeError as error:
            look_into(self, error)
            raise
        watch = self._declared
        if watch is not None and not (type(feedback) is float and watch.quick[0] <= feedback <= watch.quick[1]):
            watch.look(self, feedback)
        return result

    def observe(self: Any) -> Any:
        try:
            _ = self.clock  # what is observed may be the same in every run
            return method(self)
        except AttributeError as error:
            look_into(self, error)
            raise

    def transition(self: Any, action: Any) -> Any:
        try:
            return method(self, action)
        except AttributeError as error:
            look_into(self, error)
            raise

    def leap(self: Any, environment: Any, most: int) -> Any:
        try:
            return method(self, environment, most)
        except AttributeError as error:
            look_into(self, error)
            raise

    def other(self: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return method(self, *arguments, **named)
        except AttributeError as error:
            look_into(self, error)
            raise

    quick: dict[str, Callable[..., Any]] = {call.__name__: call for call in (choose, update, leap, observe, transition)}
    call = quick.get(method.__name__, other)
    same = _parameters(call) == _parameters(method)
    return functools.wraps(method)(call if same else other)


def _parameters(method: Callable[..., Any]) -> list[tuple[str, Any]]:
    """Names of parameters and their defaults."""
    return [(name, p.default) for name, p in inspect.signature(method).parameters.items()]
