"""Trees of study files, in which everything knows the place it was read from, and one laid over another."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from experiments.study import limits
from experiments.study.axes import SWEEP, Path
from experiments.study.mistakes import ConfigError
from experiments.study.model import looks

Place = tuple[str, int, int]
"""File, line and column, both 1-based; 0 where there is no file."""

NAMED = {"experiments": ("name",), "figures": ("name", "experiment"), "policies": ("label", "name")}
"""Lists whose entries are laid over one another one by one; each is known by the first of these keys that it has."""

REMOVE = "remove"
"""An entry of such a list with this key, and its name, takes the entry of that name away."""


@dataclass
class Node:
    """A mapping or a list of nodes, or a scalar."""

    value: Any
    place: Place

    @classmethod
    def of(cls, data: Any, place: Place) -> Node:
        """The tree of plain data, all of it at one place."""
        if isinstance(data, Mapping):
            return cls({_scalar(key): cls.of(value, place) for key, value in data.items()}, place)
        if isinstance(data, np.ndarray):
            data = data.tolist()
        if isinstance(data, list | tuple):
            return cls([cls.of(value, place) for value in data], place)
        return cls(_scalar(data), place)

    def inner(self) -> Iterator[tuple[str | int, Node]]:
        """What stands in it, by keys or positions."""
        if isinstance(self.value, dict):
            yield from self.value.items()
        elif isinstance(self.value, list):
            yield from enumerate(self.value)

    def size(self) -> int:
        """Mappings, lists and scalars in it, itself among them."""
        return 1 + sum(node.size() for _, node in self.inner())

    def plain(self) -> Any:
        """The data, nothing of it shared."""
        if isinstance(self.value, dict):
            return {key: inner.plain() for key, inner in self.value.items()}
        if isinstance(self.value, list):
            return [inner.plain() for inner in self.value]
        return self.value

    def places(self, above: Path = ()) -> Iterator[tuple[Path, Place]]:
        """The place of everything, by its path."""
        yield above, self.place
        for key, inner in self.inner():
            yield from inner.places((*above, key))


def _scalar(value: Any) -> Any:
    """A scalar without numpy's own type; paths and dates are text."""
    value = os.fspath(value) if isinstance(value, os.PathLike) else value
    value = value.item() if isinstance(value, np.generic) else value
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return str(value) if isinstance(value, date) else value


def spell_out(study: Node) -> None:
    """Put ``{name: ucb1}`` in place of a policy or an environment that is written ``ucb1``."""
    for place in (study, *entries_of(study, "experiments")):
        policies = place.value.get("policies")
        if policies is not None and isinstance(policies.value, list):
            policies.value[:] = map(_component, policies.value)
        if "environment" in place.value:
            place.value["environment"] = _component(place.value["environment"])


def _component(node: Node) -> Node:
    return Node({"name": node}, node.place) if isinstance(node.value, str) else node


def check_size(study: Node, shared: Sequence[str]) -> None:
    """See that a study is not too large, with what stands at the top copied into experiments and figures set apart.

    Raises:
        ConfigError: it is.
    """
    experiments, figures = entries_of(study, "experiments"), entries_of(study, "figures")
    copied = (study.value[key].size() * len(experiments) for key in shared if key in study.value)
    apart = (figure.size() * len(experiments) for figure in figures if "experiment" not in figure.value)
    if (size := study.size() + sum(copied) + sum(apart)) > limits.VALUES:
        text = (
            f"with what stands at the top for all experiments copied there are {size} values, at most {limits.VALUES}"
        )
        raise ConfigError.at(study.place, f"{text} are allowed")


def complete(study: Node, shared: Sequence[str]) -> None:
    """Write what stands at the top for all experiments into those that do not have it."""
    for experiment in entries_of(study, "experiments"):
        for key in (key for key in shared if key in study.value):
            experiment.value.setdefault(key, copy.deepcopy(study.value[key]))


def share(study: Node, shared: Sequence[str]) -> None:
    """The reverse of ``complete``: take out of experiments what is the same as at the top."""
    for experiment in entries_of(study, "experiments"):
        for key in (key for key in shared if key in study.value and key in experiment.value):
            if experiment.value[key].plain() == study.value[key].plain():
                del experiment.value[key]


def hand_down(base: Node, own: Node, shared: Sequence[str]) -> None:
    """Change a study so that one that extends it can be laid over it.

    What stands at its top for all experiments is written into them, unless the other one has it there too, which then
    holds for them. A figure of several experiments becomes one of each, and those of experiments that are taken away go
    with them.

    Args:
        base: the study that is extended.
        own: the one that extends it.
        shared: keys for all experiments.
    """
    complete(base, shared)
    for entry in entries_of(base, "experiments"):
        for key in [key for key in shared if key in own.value]:
            del entry.value[key]
    names = [name_of(entry, NAMED["experiments"]) for entry in entries_of(base, "experiments")]
    gone = [name_of(e, NAMED["experiments"]) for e in entries_of(own, "experiments") if REMOVE in e.value]
    points = tuple(f"{name}-" for name in gone)
    if "figures" in base.value and isinstance(base.value["figures"].value, list):
        base.value["figures"].value[:] = [
            figure
            for written in base.value["figures"].value
            for figure in (apart(written, names) if isinstance(written.value, dict) else [written])
            if (name := name_of(figure, ("experiment",))) not in gone
            if name in names or not str(name).startswith(points or ("\0",))
        ]


def apart(figure: Node, names: Sequence[str]) -> list[Node]:
    """The figures that one as written stands for: of the experiments that it names, of all of ``names`` if none."""
    return [Node.of(look, figure.place) for look in looks(figure.plain(), list(names))]


def entries_of(study: Node, key: str) -> list[Node]:
    """The mappings in a list of a study, if it has one."""
    found = study.value[key].value if key in study.value else ()
    return [entry for entry in found if isinstance(entry.value, dict)] if isinstance(found, list) else []


def laid_over(base: Node, own: Node, mistakes: list[tuple[Node, str]], key: Any = "") -> Node:
    """What ``base`` becomes where ``own`` stands over it.

    Mappings are laid over one another key by key, but for components of different names and swept values, which are
    replaced; entries of experiments, figures and policies by their names, new ones at the end; all else is replaced.

    Args:
        base: below.
        own: above.
        mistakes: takes in what cannot be, each with the node that is wrong.
        key: under which both stand.
    """
    if isinstance(base.value, dict) and isinstance(own.value, dict) and not _replaces(base, own):
        merged = dict(base.value)
        for step, inner in own.value.items():
            merged[step] = laid_over(base.value[step], inner, mistakes, step) if step in base.value else inner
        return Node(merged, own.place)
    if key in NAMED and isinstance(base.value, list) and isinstance(own.value, list):
        return Node(_entries_over(base.value, own.value, NAMED[key], mistakes), own.place)
    return own


def _replaces(base: Node, own: Node) -> bool:
    """Whether a mapping is put in place of another one instead of being laid over it."""
    names = [node.value["name"].value for node in (base, own) if "name" in node.value]
    components = not any(key in node.value for node in (base, own) for key in ("environment", "experiments"))
    return SWEEP in base.value or SWEEP in own.value or (components and len(names) == 2 and names[0] != names[1])


def _entries_over(
    base: list[Node], own: list[Node], keys: tuple[str, ...], mistakes: list[tuple[Node, str]]
) -> list[Node]:
    """Entries of ``own`` laid over those of ``base`` that are known by the same, or added."""
    entries, given = list(base), set[str]()
    for node in own:
        name = name_of(node, keys)
        if isinstance(name, str) and name in given:
            mistakes.append((node, f"a second entry known by {name!r}"))
        given.add(str(name))
        at = next((i for i, other in enumerate(entries) if name is not None and name_of(other, keys) == name), None)
        if isinstance(node.value, dict) and REMOVE in node.value:
            if at is None or node.value[REMOVE].value is not True or set(node.value) - {REMOVE, *keys}:
                known = ", ".join(str(name_of(other, keys)) for other in entries)
                text = "what is removed is given by its name and 'remove: true' alone, and must be in what is extended"
                mistakes.append((node, f"{text}; there are {known}"))
            else:
                del entries[at]
        elif at is None:
            entries.append(node)
        else:
            entries[at] = laid_over(entries[at], node, mistakes)
    return entries


def name_of(node: Node, keys: tuple[str, ...]) -> Any:
    """By what an entry is told from others; None where nothing is."""
    if not isinstance(node.value, dict):
        return node.value if isinstance(node.value, str) else None
    return next((node.value[key].plain() for key in keys if key in node.value), None)
