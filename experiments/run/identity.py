"""What a component is, however it is written: its canonical form, which keys jobs and random streams.

``"ucb1"``, ``{"name": "bandits.arms.ucb1:UCB1"}`` and ``{"name": "ucb1", "parameters": {"exploration": 2}}`` are one
policy. Which parameters are themselves components, nobody has to say: the component is built once, and the registries
note what its constructor has them build.
"""

from __future__ import annotations

import inspect
import json
import math
import os
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import numpy as np

from bandits.arguments import shown
from bandits.registry import Built, Component, Registry, named, noting, parameters_of

Description = dict[str, Any]
"""``{"name": ..., "parameters": {...}}``, plain data."""

_NOT_KEPT = object()
_STARRED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True)
class Identity:
    """What a component is.

    Attributes:
        form: its canonical form.
        classes: its class, and those of all components that it is made of.
    """

    form: Description
    classes: tuple[type[Any], ...] = ()


def canonical(registry: Registry, what: Component, of: type[Any] | None = None, **given: Any) -> Description:
    """The canonical form of a component, the same for all ways to write it.

    Args:
        registry: what it is a name of.
        what: a description, or an object of the class ``of``.
        of: the class of which it must be.
        given: arguments of the constructor that do not belong to what it is.

    Returns:
        The name under which the registry knows the class, else its path; all parameters, those left out with their
        defaults, numbers that are whole as whole numbers, and each component among them in its canonical form.

    Raises:
        ValueError: it cannot be built, or a parameter has no plain form.
        ImportError: its class cannot be imported.

    Example:
        >>> from bandits.registry import POLICIES
        >>> canonical(POLICIES, "bandits.arms.ucb1:UCB1")
        {'name': 'ucb1', 'parameters': {'exploration': 2}}
        >>> canonical(POLICIES, "bold") == canonical(POLICIES, {"name": "bold", "parameters": {"policy": "ucb1"}})
        False
    """
    return identity_of(registry, what, of, **given).form


def identity_of(registry: Registry, what: Component, of: type[Any] | None = None, **given: Any) -> Identity:
    """As ``canonical``, with the classes."""
    if of is not None and isinstance(what, of):
        what = described(registry, what)
    with warnings.catch_warnings(), noting() as notes:
        warnings.simplefilter("ignore")  # the job warns
        registry.build(what, of=of, **given)
    (built,) = notes
    return Identity(_form(built), tuple(dict.fromkeys(_classes(built))))


def as_written(registry: Registry, what: Component) -> Identity:
    """What stands for the identity of a component that cannot be built."""
    name, parameters = named(what, registry.kind)
    classes: tuple[type[Any], ...] = ()
    with suppress(ValueError, ImportError):
        classes = (registry.load(name),)
    plain = json.loads(json.dumps(parameters, default=repr, sort_keys=True))
    return Identity({"name": name, "parameters": plain}, classes)


def stream_of(form: Description) -> tuple[int, ...]:
    """Four words of 32 bits that seed the random choices of the policy of that canonical form."""
    digest = sha256(json_of(form).encode()).digest()
    return tuple(int.from_bytes(digest[i : i + 4], "big") for i in range(0, 16, 4))


def json_of(value: Any) -> str:
    """Plain data as JSON, the same for equal data."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def described(registry: Registry, thing: Any) -> Description:
    """The plain form of a component: a description that builds one like it.

    Its constructor's parameters are read back from the attributes of the same names, which the contract asks for; where
    a method has that name, from the one with an underscore before it. An object that is built from them must read back
    the same ones.

    Args:
        registry: what finds its class.
        thing: the object; not changed.

    Raises:
        ValueError: as ``arguments_of``; a parameter has no plain form; or an object that is built from the parameters
            cannot be built, or has other ones.

    Example:
        >>> from bandits import BOLD, UCB1
        >>> from bandits.registry import POLICIES
        >>> described(POLICIES, BOLD(UCB1(exploration=1.5)))["parameters"]
        {'policy': {'name': 'ucb1', 'parameters': {'exploration': 1.5}}}
    """
    description, made = _read_back(registry, thing)
    again = _read_back(registry, made)[0]["parameters"]
    for name, value in description["parameters"].items():
        if not _alike(value, again[name]):
            raise ValueError(
                f"{type(thing).__name__} does not keep its parameter {name!r} as it was given: an object built with "
                f"{name}={shown(value)} has {name}={shown(again[name])}, so that what runs would be another; "
                f"have its constructor set self.{name} to what it is given, and keep under another name what it makes "
                "of it"
            )
    return description


def _read_back(registry: Registry, thing: Any) -> tuple[Description, Any]:
    """The plain form of a component, and an object that is built like it; errors as ``described``."""
    cls, values = type(thing), arguments_of(thing)
    try:
        with warnings.catch_warnings(), noting() as parts:
            warnings.simplefilter("ignore")
            made = cls(**values)
    except Exception as error:  # of whatever kind somebody's constructor raises
        given = ", ".join(f"{name}={shown(value)}" for name, value in values.items())
        raise ValueError(
            f"{cls.__name__} cannot be built from the parameters that it keeps, {cls.__name__}({given}): "
            f"{type(error).__name__}: {error}; have its constructor keep each as it is given"
        ) from error
    parameters = {}
    for name, value in values.items():
        try:
            parameters[name] = _written(value, parts)
        except TypeError as error:
            raise ValueError(
                f"{cls.__name__}: the parameter {name!r} has no plain form, got {value!r} ({error}): give numbers, "
                "texts, lists, arrays, mappings, or components that keep their parameters; or have a class of your own "
                f"make the {type(value).__name__} in its constructor"
            ) from None
    return {"name": registry.name_of(cls), "parameters": parameters}, made


def arguments_of(thing: Any) -> dict[str, Any]:
    """The arguments of the constructor of an object, by name, as the object keeps them.

    Raises:
        ValueError: the object does not keep one, or one has no name by which it can be given.
    """
    cls = type(thing)
    for name, parameter in parameters_of(cls).items():
        if parameter.kind in _STARRED:
            stars = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else "**"
            raise ValueError(
                f"{cls.__name__} takes {stars}{name}, of which nobody can tell what was given: have its constructor "
                "name its parameters one by one, and keep each as an attribute of that name"
            )
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            raise ValueError(
                f"{cls.__name__} takes {name!r} by position alone, and parameters are given by name: have its "
                "constructor take it without the '/' after it"
            )
    return {name: _kept(thing, name) for name in _parameters(cls)}


def _alike(one: Any, other: Any) -> bool:
    """Whether plain data are the same, but for rounding (a vector of weights that is normalised once more)."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(_alike(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


def _parameters(cls: type[Any]) -> dict[str, inspect.Parameter]:
    """The parameters of a class' constructor by name."""
    return {name: p for name, p in parameters_of(cls).items() if p.kind not in _STARRED}


def _kept(thing: Any, name: str) -> Any:
    """The value of a constructor's parameter.

    Raises:
        ValueError: the object does not keep it.
    """
    cls = type(thing)
    value = getattr(thing, f"_{name}" if callable(getattr(cls, name, None)) else name, _NOT_KEPT)
    if value is _NOT_KEPT:
        raise ValueError(
            f"{cls.__name__} does not keep its parameter {name!r}: have its constructor set self.{name}, or describe "
            "it by its name and parameters, as a study file does"
        )
    return value


def _written(value: Any, parts: Sequence[Built]) -> Any:
    """A parameter as plain data, components by their descriptions.

    Raises:
        TypeError: some of it has no plain form.
        ValueError: a component in it has none.
    """
    for part in parts:
        if part.what is value and not isinstance(value, str | Mapping):
            return described(part.registry, value)
    if isinstance(value, Mapping):
        return {_text(key): _written(entry, parts) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_written(entry, parts) for entry in value]
    return _number(value)


def _number(value: Any) -> Any:
    """A number, a text, or an array, as plain data.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in "biufU":
            raise TypeError(f"an array of {value.dtype}")
        return value.tolist()
    if isinstance(value, np.generic):
        return _number(value.item())
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a {type(value).__module__}.{type(value).__qualname__}")


def _text(key: Any) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a mapping with the key {key!r}, which is no text")
    return key


def _of_object(built: Built) -> Identity:
    return identity_of(built.registry, built.what, built.cls)


def _classes(built: Built) -> Iterator[type[Any]]:
    if not isinstance(built.what, str | Mapping):
        yield from _of_object(built).classes
    else:
        yield built.cls
        for part in built.parts:
            yield from _classes(part)


def _form(built: Built) -> Description:
    """The canonical form of a component that was built from a description."""
    parameters = {name: p.default for name, p in _parameters(built.cls).items() if name not in built.given}
    parameters.update(built.parameters)
    tops = [re.split(r"[.\[]", part.place)[0] for part in built.parts]
    form = {}
    for name, value in parameters.items():
        mine = [p for p, top in zip(built.parts, tops, strict=True) if top == name or top not in parameters]
        try:
            form[name] = _normal(value, mine)
        except TypeError as error:
            raise ValueError(f"{built.cls.__name__}: the parameter {name!r} has no plain form, got {error}") from None
    return {"name": built.registry.name_of(built.cls), "parameters": form}


def _normal(value: Any, parts: Sequence[Built]) -> Any:
    """A parameter's value in canonical form, given the components that were built of it.

    Raises:
        TypeError: some of it has no plain form.
    """
    for part in parts:
        if part.what is value or (isinstance(value, str) and part.what == value):
            return _form(part) if isinstance(value, str | Mapping) else _of_object(part).form
    if (like := _part_like(value, parts)) is not None:  # it was taken apart before the parts were built
        form, given = _form(like), named(value, "")[1]
        return {**form, "parameters": form["parameters"] | {k: _normal(v, like.parts) for k, v in given.items()}}
    if isinstance(value, Mapping):
        return {_text(key): _normal(entry, parts) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_normal(entry, parts) for entry in value]
    plain = _number(value)
    if isinstance(plain, list):
        return _normal(plain, ())
    return int(plain) if isinstance(plain, float) and plain.is_integer() else plain


def _part_like(value: Any, parts: Sequence[Built]) -> Built | None:
    """The first part of the name that a value describes, if it is a description."""
    try:
        name, _ = named(value, "")
    except ValueError:
        return None
    return next((part for part in parts if isinstance(part.what, Mapping) and part.what.get("name") == name), None)
