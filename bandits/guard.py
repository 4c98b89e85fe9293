"""What is asked of a policy or an environment too early: an error that says so, at no cost to what comes in time.

What a run needs is kept in attributes that ``reset`` or ``begin`` sets. Where one of them is missing and no run has
begun, that is why. Where ``reset`` or ``begin`` raises, all attributes are again what they were.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any, cast

Explain = Callable[[Any], Exception]
"""Makes the error for an object that was asked too early."""

_BEGUN = "_has_begun"
"""Set on an object when its run has begun."""

LOOKED_AT = "__is_looked_at__"
"""Set on a method that begins a run, or draws for it, around which there is what is to be called."""


def guard(
    cls: type[Any],
    begins: str,
    names: Iterable[str],
    explain: Explain,
    begun: Callable[..., None] | None = None,
    check: Callable[..., None] | None = None,
    told: Callable[..., None] | None = None,
) -> None:
    """Have those methods of ``cls`` that it defines itself, and ``begins`` of a mixin, say so where no run was begun.

    Args:
        cls: the class.
        begins: name of the method that begins a run.
        names: names of the methods that need one.
        explain: makes the error.
        begun: called with the object and the arguments of ``begins`` when a run has begun.
        check: called with them before, to refuse them or take note of them; not where the method of a subclass calls
            this one.
        told: called with them then, also where the method of a subclass calls this one.
    """
    _adopt(cls, begins)
    for name in (begins, *names):
        method = vars(cls).get(name)
        if _can_be_called(method):
            setattr(cls, name, _begins(method, begun, check, told) if name == begins else _guarded(method, explain))


def _adopt(cls: type[Any], name: str) -> None:
    """Have ``cls`` define a method that it has from a class of another kind, a mixin: it is looked at as all are."""
    method = next((vars(c)[name] for c in cls.__mro__ if name in vars(c)), None)
    if name in vars(cls) or not _can_be_called(method) or hasattr(method, LOOKED_AT):
        return

    @functools.wraps(cast(Callable[..., Any], method))
    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        return getattr(super(cls, self), name)(*arguments, **named)

    setattr(cls, name, call)


def _can_be_called(method: Any) -> bool:
    return inspect.isfunction(method) and not getattr(method, "__isabstractmethod__", False)


def around(cls: type[Any], name: str, check: Callable[..., None], done: Callable[[Any, Any], None]) -> None:
    """Look at what a method of ``cls`` is given and what it gives, where ``cls`` or a mixin defines it.

    Args:
        cls: the class.
        name: of the method. Where that of a subclass calls it, nobody looks.
        check: called with the object and the arguments before, to refuse them.
        done: called with the object and the result.
    """
    _adopt(cls, name)
    method = vars(cls).get(name)
    if not _can_be_called(method):
        return

    @functools.wraps(method)
    def call(self: Any, *arguments: Any, **named: Any) -> Any:
        if getattr(type(self), name) is not call:
            return method(self, *arguments, **named)
        check(self, *arguments, **named)
        result = method(self, *arguments, **named)
        done(self, result)
        return result

    setattr(call, LOOKED_AT, True)
    setattr(cls, name, call)


def _begins(
    method: Callable[..., Any],
    begun: Callable[..., None] | None,
    check: Callable[..., None] | None,
    told: Callable[..., None] | None,
) -> Callable[..., Any]:
    @functools.wraps(method)
    def begin(self: Any, *arguments: Any, **named: Any) -> Any:
        before = dict(vars(self))
        try:
            if check is not None and getattr(type(self), method.__name__, begin) is begin:
                check(self, *arguments, **named)
            if told is not None:
                told(self, *arguments, **named)
            result = method(self, *arguments, **named)
        except BaseException:  # refused: the run before goes on as it was
            vars(self).clear()
            vars(self).update(before)
            raise
        setattr(self, _BEGUN, True)
        if begun is not None:
            begun(self, *arguments, **named)
        return result

    setattr(begin, LOOKED_AT, True)
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
