"""Names of policies, environments and tools, and the one way to build a component that is given by its name.

A name resolves, in this order: the table (the policies of all families, say), the entry-point group, and
``package.module:Class`` paths.
"""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, fields
from functools import cache, cached_property, lru_cache
from types import MappingProxyType
from typing import Any

from bandits.arguments import did_you_mean, nearest, shown
from bandits.families import families
from bandits.family import Family, resolve

Component = Any
"""A registered name, ``{name: ..., parameters: {...}}``, or an object."""


@dataclass(frozen=True, eq=False)
class Built:
    """A component that a registry built.

    Attributes:
        registry: which one.
        what: the description, or the object that was copied.
        place: the parameter that held it.
        cls: the component's class.
        parameters: the arguments that the description gave; none of an object.
        given: names of the arguments that came from outside.
        parts: the components that its constructor had built, in order.
    """

    registry: Registry
    what: Component
    place: str
    cls: type[Any]
    parameters: Mapping[str, Any]
    given: frozenset[str] = frozenset()
    parts: tuple[Built, ...] = ()


_NOTES: ContextVar[list[Built] | None] = ContextVar("_NOTES", default=None)
_BY_VALUE: ContextVar[Mapping[str, type[Any]]] = ContextVar("_BY_VALUE", default=MappingProxyType({}))


@contextmanager
def noting() -> Iterator[list[Built]]:
    """Take note of what registries build while the context lasts, each component with its parts.

    Example:
        >>> with noting() as notes:
        ...     _ = POLICIES.build({"name": "bold", "parameters": {"policy": "ucb1"}})
        >>> [(built.cls.__name__, [part.cls.__name__ for part in built.parts]) for built in notes]
        [('BOLD', ['UCB1'])]
    """
    notes: list[Built] = []
    token = _NOTES.set(notes)
    try:
        yield notes
    finally:
        _NOTES.reset(token)


@contextmanager
def naming(classes: Mapping[str, type[Any]]) -> Iterator[None]:
    """Have all registries find these classes under these names, before any other, while the context lasts."""
    token = _BY_VALUE.set({**_BY_VALUE.get(), **classes})
    try:
        yield
    finally:
        _BY_VALUE.reset(token)


class Registry:
    """A table from names to classes that loads a class when it is first asked for.

    Args:
        kind: what the names stand for, for messages ("policy").
        table: name to class, or to ``module:Class``; or a function that gives it, called when it is first needed.
        group: entry-point group in which other distributions register theirs; empty for none.
        base: of which a class that is given by its path must be a subclass, if ``build`` is not told.

    Example:
        >>> from bandits.registry import POLICIES
        >>> POLICIES.load("ucb1")
        <class 'bandits.arms.ucb1.UCB1'>
        >>> POLICIES.load("UCB-1")  # doctest: +ELLIPSIS
        Traceback (most recent call last):
            ...
        ValueError: unknown policy 'UCB-1' (did you mean 'ucb1' or ...
        >>> POLICIES.build({"name": "ucb1", "parameters": {"exploration": 1}})
        UCB1(exploration=1.0)
    """

    def __init__(
        self,
        kind: str,
        table: Mapping[str, type[Any] | str] | Callable[[], Mapping[str, type[Any] | str]],
        group: str = "",
        base: type[Any] | None = None,
    ) -> None:
        self.kind, self.group, self.base, self._table = kind, group, base, table

    @property
    def table(self) -> Mapping[str, type[Any] | str]:
        """The names of the table."""
        return self._table() if callable(self._table) else self._table

    @property
    def paths(self) -> Mapping[str, type[Any] | str]:
        """All registered names, those of the table before those of entry points."""
        return {**self._entry_points, **self.table}

    @property
    def classes(self) -> Mapping[str, type[Any] | str]:
        """All registered names and those that ``naming`` gives for now, which go before."""
        return {**self.paths, **_BY_VALUE.get()}

    @cached_property
    def _entry_points(self) -> dict[str, str]:
        from importlib.metadata import entry_points

        return {entry.name: entry.value for entry in entry_points(group=self.group)} if self.group else {}

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.paths))

    def load(self, name: str, playing: type[Any] | None = None) -> type[Any]:
        """The class of that name, or of the path ``package.module:Class``.

        Args:
            name: name or path.
            playing: the kind of problem that it shall play, not knowing the run, for the hint about an unknown name.

        Raises:
            ValueError: no such name; the message gives the nearest ones.
            ImportError: the module or class of a path cannot be imported.
        """
        if (by_value := _BY_VALUE.get().get(name)) is not None:
            return by_value
        if name not in self.table and ":" not in name and name not in self.paths:
            known = {} if playing is None else players(playing, clairvoyant=False)
            raise ValueError(f"unknown {self.kind} {shown(name)}{self.hint(name, **known)}")
        try:
            loaded = resolve(self.table.get(name) or self.paths.get(name, name))
        except ImportError as error:
            raise ImportError(f"{self.kind} {name!r}: {error}") from error
        if not isinstance(loaded, type):
            raise ImportError(f"{self.kind} {name!r}: {name} is not a class")
        return loaded

    def name_of(self, cls: type[Any]) -> str:
        """The name under which this registry finds a class: the registered one if there is one, else its path."""
        path = f"{cls.__module__}:{cls.__qualname__}"
        for name, known in _BY_VALUE.get().items():
            if known is cls:
                return name
        for name, place in (*self.table.items(), *self._entry_points.items()):
            if place in (cls, path):
                return name
            if isinstance(place, str) and place.rpartition(":")[2] == cls.__qualname__:
                with suppress(ImportError):
                    if resolve(place) is cls:
                        return name
        return path

    def hint(self, word: str, among: Iterable[str] | None = None, label: str = "") -> str:
        """What to say of an unknown ``word``: the nearest names, and where few are at hand all of these.

        Args:
            word: the unknown word; a class' name counts as the name under which it is registered.
            among: the names that would do; None for all.
            label: what these have in common, for the message.
        """
        allowed = sorted(self.paths if among is None else among)
        classes = {str(getattr(c, "__name__", c)).rpartition(":")[2]: name for name, c in self.paths.items()}
        found = nearest(word, [*allowed, *(c for c, name in classes.items() if name in allowed)], 3)
        near = list(dict.fromkeys(classes.get(name, name) for name in found))
        module, dot, cls = word.rpartition(".")
        near = [f"{module}:{cls}", *near] if dot and cls[:1].isupper() else near
        said = f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""
        if among is not None or len(allowed) <= 12:
            return f"{said}; {label or 'known'}: {', '.join(allowed) or 'none'}"
        return said or f"; `regretlab list` names all {len(allowed)}"

    def check_class(self, cls: type[Any], name: str, place: str, of: type[Any] | None = None) -> None:
        """See that a class may be constructed: whatever class a path names, nothing else is.

        Args:
            cls: the class.
            name: by which it was given.
            place: as of ``build``.
            of: as of ``build``.

        Raises:
            ValueError: it is not registered, and no subclass of what is asked for.
        """
        of = of or self.base
        known = name in self.paths or name in _BY_VALUE.get() or (of is not None and of in cls.__mro__)
        if not known and self.name_of(cls) not in self.paths:
            wanted = of.__name__ if of else f"a registered {self.kind}"
            raise ValueError(f"{place} must be {wanted}, got {name!r}, which is {cls.__name__}")

    def build(
        self,
        what: Component,
        place: str = "",
        of: type[Any] | None = None,
        playing: type[Any] | None = None,
        **given: Any,
    ) -> Any:
        """The object that a component describes.

        Args:
            what: a registered name or ``module:Class``; ``{name: ..., parameters: {...}}``; or, with ``of``, an object
                of that class, which is copied.
            place: the parameter that holds the description, for messages; the registry's kind where empty.
            of: the class of which the object must be.
            playing: as of ``load``.
            given: arguments of the constructor that are not the description's to give.

        Raises:
            ValueError: not a description, no such name, arguments that the constructor does not take or refuses, or an
                object of another class.
            ImportError: as ``load``.
        """
        place, notes = place or self.kind, _NOTES.get()
        if of is not None and isinstance(what, of):
            if notes is not None:
                notes.append(Built(self, what, place, type(what), {}))
            return copy.deepcopy(what)
        name, parameters = named(what, place)
        try:
            cls = self.load(name, playing)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
        self.check_class(cls, name, place, of)
        for parameter, text in unfit(cls, parameters, given):
            raise ValueError(f"{place}{'.parameters.' * bool(parameter)}{parameter}: {text}")
        try:
            with noting() as parts:
                made = cls(**parameters, **given)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from error
        except SystemExit as error:  # which would end whoever builds, without a word
            raise RuntimeError(f"its constructor ends the process: SystemExit({error.code!r})") from error
        if of is not None and not isinstance(made, of):
            raise ValueError(f"{place} must be {of.__name__}, got {shown(name)}, which is {type(made).__name__}")
        if notes is not None:
            notes.append(Built(self, what, place, cls, parameters, frozenset(given), tuple(parts)))
        return made


def named(what: Component, place: str) -> tuple[str, dict[str, Any]]:
    """Name and parameters of a component that is given by its name.

    Raises:
        ValueError: it is not of the form ``name`` or ``{name: ..., parameters: {...}}``.
    """
    if isinstance(what, str):
        return what, {}
    if not isinstance(what, Mapping) or not isinstance(what.get("name"), str):
        raise ValueError(f"{place} must be a name, or {{name: ..., parameters: {{...}}}}, got {shown(what)}")
    if extra := [key for key in what if key not in ("name", "parameters")]:
        hint = did_you_mean(extra[0], ("name", "parameters"))
        raise ValueError(
            f"{place} must have no key but name and parameters, got {shown(extra[0])}{hint}; arguments of "
            f"{what['name']!r} go into its parameters"
        )
    parameters = {} if what.get("parameters") is None else what["parameters"]
    if not isinstance(parameters, Mapping) or not all(isinstance(key, str) for key in parameters):
        raise ValueError(f"{place}.parameters must be a mapping from names to values, got {shown(parameters)}")
    return what["name"], dict(parameters)


def parameters_of(cls: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    """The parameters of a class' constructor, or of a function, by name.

    Raises:
        ValueError: nobody can tell them.
        TypeError: likewise.
    """
    return _parameters_of(cls) if isinstance(cls, type) else inspect.signature(cls).parameters


@lru_cache(maxsize=256)
def _parameters_of(cls: type[Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(cls).parameters


def unfit(cls: Callable[..., Any], parameters: Mapping[str, Any], given: Iterable[str] = ()) -> list[tuple[str, str]]:
    """What is wrong with the names of a constructor's arguments, each with the parameter (empty where one is missing).

    Args:
        cls: the class, or a function that makes objects.
        parameters: the arguments by name.
        given: names that are not among them, as somebody else gives them.
    """
    try:
        known, given = parameters_of(cls), set(given)
    except (ValueError, TypeError) as error:
        return [("", f"nobody can tell what {getattr(cls, '__name__', repr(cls))} takes: {error}")]
    open_ended = any(p.kind is p.VAR_KEYWORD for p in known.values())
    takes = [name for name, p in known.items() if name not in given and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
    name = getattr(cls, "__name__", repr(cls))
    wrong = []
    for key in parameters:
        if key in given:
            wrong.append((key, f"{key!r} is not to be given here: it is set from outside"))
        elif key not in takes and not open_ended:
            hint = f"{did_you_mean(key, takes)}; it takes {', '.join(takes) or 'none'}"
            if any(key in {field.name for field in fields(kind)} for kind in getattr(cls, "plays", ())):
                hint += f", and is told {key} by the environment"
            wrong.append((key, f"{name} has no parameter {key!r}{hint}"))
    lacking = [key for key in takes if known[key].default is inspect.Parameter.empty and key not in parameters]
    return wrong + [("", f"{name} needs the parameter {key!r}") for key in lacking]


def _of_all(attribute: str) -> dict[str, type[Any] | str]:
    return _merged(attribute, families())


@cache
def _merged(attribute: str, those: tuple[Family, ...]) -> dict[str, type[Any] | str]:
    return {name: cls for family in those for name, cls in getattr(family, attribute).items()}


POLICIES = Registry(
    "policy",
    lambda: {"clairvoyant": "bandits.clairvoyant:Clairvoyant", **_of_all("policies")},
    "regretlab.policies",
)
ENVIRONMENTS = Registry("environment", lambda: _of_all("environments"), "regretlab.environments")
TOOLS = Registry("tool", lambda: _of_all("tools"))


def players(problem: type[Any], whose: str = "", clairvoyant: bool = True) -> dict[str, Any]:
    """The registered policies that play a kind of problem, as arguments of ``Registry.hint``; this loads them all.

    Args:
        problem: the kind.
        whose: what they play, for the message; the kind's name where empty.
        clairvoyant: whether those that know the run in advance are among them.

    Returns:
        ``among``, their names, and ``label``, what they have in common. Those that cannot be imported are left out.
    """
    able = []
    for name in POLICIES:
        with suppress(ImportError):  # of somebody else's
            policy = POLICIES.load(name)
            plays = issubclass(problem, policy.plays) if policy.plays else policy.clairvoyant
            if plays and (clairvoyant or not policy.clairvoyant):
                able.append(name)
    return {"among": able, "label": f"policies that play {whose or problem.__name__}"}
