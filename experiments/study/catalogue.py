"""What there is, as text: the families with their environments, policies, tools and studies; what each is about."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML

from bandits.checks import play
from bandits.contract import Policy, bounds_of
from bandits.families import families
from bandits.family import Family, resolve
from bandits.needs import in_any_unit, needs
from bandits.registry import ENVIRONMENTS, POLICIES, TOOLS, Registry
from environments.checks import players
from environments.contract import Environment
from experiments.study.config import studies

REGISTRIES = {"environments": ENVIRONMENTS, "policies": POLICIES, "tools": TOOLS}


def listing(kind: str = "all") -> Iterator[str]:
    """Lines that name everything of a kind, by family, each with a line about it.

    Args:
        kind: "environments", "policies", "tools", "studies", or "all".
    """
    about = {title: _summaries(registry) for title, registry in REGISTRIES.items() if kind in ("all", title)}
    if kind in ("all", "studies"):
        about["studies"] = _titles()
    width = max((len(name) for entries in about.values() for name in entries), default=0)
    for family in families():
        own = {title: getattr(family, title, ()) for title in about}
        yield from _section(f"{family.name}: {family.title}", about, own, f"{family.name}/", width)
    yield from _section("others", about, about, "", width)


def _section(
    title: str, about: Mapping[str, dict[str, str]], names: Mapping[str, Any], folder: str, width: int
) -> Iterator[str]:
    """The lines of what is named so, or stands in that folder; it is taken out of ``about``."""
    lines = []
    for kind, entries in about.items():
        found = [n for n in entries if n in names[kind] or (folder and kind == "studies" and n.startswith(folder))]
        lines += [f"  {kind}"] if found and len(about) > 1 else []
        lines += [f"    {name:{width}}  {entries.pop(name)}".rstrip() for name in found]
    if lines:
        yield from (title, *lines)


def _summaries(registry: Registry) -> dict[str, str]:
    """What the classes say of themselves in a line; for one that cannot be loaded, why."""
    about = {}
    for name in registry:
        try:
            about[name] = (inspect.getdoc(registry.load(name)) or "").partition("\n")[0]
        except ImportError as error:
            about[name] = f"cannot be loaded: {error}"
    return about


def _titles() -> dict[str, str]:
    read = YAML(typ="safe").load
    return {name: read(path).get("title", "") for name, path in studies().items()}


def names() -> list[str]:
    """All that ``explanation`` knows by name, and the studies."""
    parts = dict.fromkeys(name for _, registry in _components() for name in registry)
    own = [name for registry in REGISTRIES.values() for name in registry]
    return [*own, *(f.name for f in families()), *studies(), *parts]


def _components() -> Iterator[tuple[Family, Registry]]:
    """The registries of parts that parameters name, each with its family."""
    for family in families():
        for place in family.components:
            yield family, resolve(place)


def explanation(name: str) -> str | None:
    """What a policy, an environment or a tool is: its arguments, its source, and of a policy what theorems say of it.

    Args:
        name: as registered, of its class, or ``module:Class``, or the name of a family, of which there is what it has,
            or of parts that parameters name, such as a model; capitals, ``-`` and ``_`` do not count.

    Returns:
        The text, of everything that is called so; None where nothing is.

    Raises:
        ImportError: its class cannot be loaded.
    """
    texts = [*_own(name), *_parts(name)]
    return "\n\n".join(filter(None, texts)) or None


def _own(name: str) -> Iterator[str]:
    """What a policy, an environment, a tool or a family of that name is."""
    found = _find(name)
    if found is None:
        yield from (_family(family) for family in families() if _plain(family.name) == _plain(name))
        return
    registered, cls = found
    if not issubclass(cls, Policy | Environment) and registered not in TOOLS.paths:
        raise ImportError(f"{name} is no policy, environment or tool, but {cls!r}")
    yield f"{registered}: {cls.__module__}.{cls.__qualname__}{inspect.signature(cls)}"
    yield from (_own_text(thing) for thing in (sys.modules[cls.__module__], cls))
    if issubclass(cls, Policy):
        kinds = [f"{kind.__name__} ({kind.__module__})" for kind in cls.plays]
        plays = "whatever tells a comparator's actions" if cls.clairvoyant and not cls.plays else ", ".join(kinds)
        yield f"Plays: {plays}"
        yield from _needs(registered)
        yield from _theorems(registered)


def _parts(name: str) -> Iterator[str]:
    """What each part of that name is that a parameter can name."""
    for family, registry in _components():
        for registered in registry:
            if _plain(registered) == _plain(name):
                cls = registry.load(registered)
                place = f"{cls.__module__}.{cls.__qualname__}{inspect.signature(cls)}"
                yield f"{registered} ({registry.kind}, of {family.name}): {place}"
                yield inspect.getdoc(cls) or ""


def _own_text(thing: Any) -> str:
    """What a module or a class says itself, or nothing."""
    return inspect.cleandoc(vars(thing).get("__doc__") or "")


def _first_line(thing: Any) -> str:
    return _own_text(thing).partition("\n")[0]


def _family(family: Family) -> str:
    """What a family has, with a line about each of its problem types."""
    about = {title: _summaries(registry) for title, registry in REGISTRIES.items()} | {"studies": _titles()}
    width = max(len(name) for entries in about.values() for name in entries)
    own = {title: getattr(family, title, ()) for title in about}
    title = f"{family.name}: {family.title}"
    problems = [f"    {kind.__name__:{width}}  {_first_line(kind)}" for kind in family.problems]
    first, *others = _section(title, about, own, f"{family.name}/", width)
    parts = []
    for registry in map(resolve, family.components):
        parts.append(f"  parts: {registry.kind}")
        parts += [f"    {name:{width}}  {text}".rstrip() for name, text in _summaries(registry).items()]
    return "\n".join([first, "  problems", *problems, *others, *parts])


def description(name: str, **options: Any) -> str | None:
    """What a family says of a name that nothing is registered by, such as a file of its data; None if none does."""
    return next((text for f in families() if (text := f.description(name, **options)) is not None), None)


def _find(name: str) -> tuple[str, type[Any]] | None:
    """The registered name and the class."""
    for registry in REGISTRIES.values():
        if name in registry.paths or ":" in name:
            return name, registry.load(name)
    for registry in REGISTRIES.values():
        for registered, place in registry.paths.items():
            called = place.__name__ if isinstance(place, type) else place.rpartition(":")[2]
            if _plain(name) in (_plain(registered), _plain(called)):
                return registered, registry.load(registered)
    return None


def _plain(name: str) -> str:
    return name.casefold().replace("-", "").replace("_", "")


def _needs(name: str) -> Iterator[str]:
    """What a policy needs, tried in its family's first example that it plays."""
    for family in families():
        for environment in family.example_environments() if name in family.policies else ():
            for _, policy in players(environment, [family], [name]):
                if policy.clairvoyant:
                    return
                asked, here = needs(policy, environment.problem), type(environment).__name__
                yield f"Needs: {'; '.join(asked) or 'to be told nothing'} (tried: {policy!r} in {here})"
                same = in_any_unit(policy, environment)
                if same is not None:
                    how = "the same" if same else "otherwise: the unit of rewards is in its parameters or its rule"
                    yield f"With rewards four times as large and no range declared, it plays {how} (tried there, too)"
                return


def _theorems(name: str) -> Iterator[str]:
    """What theorems say of a policy in its family's first example of which they speak, or that it plays."""
    silent = ""
    for family in families():
        for environment in family.example_environments() if name in family.policies else ():
            for _, policy in players(environment, [family], [name]):
                play(policy, environment, 0)
                here = f"{type(environment).__name__} with {environment.problem.horizon} rounds"
                silent = silent or f"No theorem speaks of it in {here}."
                if bounds := bounds_of(policy, environment.problem, environment.instance()):
                    lines = [f"Theorems in {here}:"]
                    for b in bounds:
                        data = ", follows the data" if b.data_dependent else ""
                        claim = f"{b.kind}, {b.time}, {b.claim}{data}; {b.evidence}"
                        lines.append(f"  {b.name}, of the comparator class {b.comparator_class} ({claim}): {b.source}")
                        lines += [f"    {a}: {'holds' if a.holds else 'fails'}" for a in b.assumptions]
                    yield "\n".join(lines)
                    return
    if silent:
        yield silent
