"""A family of problems: what it is called, which problem its policies play, and small environments to check against."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bandits.contract import Problem

Place = str
"""``module:Name``, imported when it is first asked for."""


@dataclass(frozen=True, eq=False)
class Family:
    """One entry of the table of families. Whatever is named by ``module:Name`` is imported when it is first asked for.

    Other distributions add theirs by an entry point ``regretlab.families`` whose value names such an object.

    Attributes:
        name: the family's name.
        problem: the type of its problems, or several, the most general first.
        examples: makes small environments that ``check_family`` runs every policy against that plays them, with a
            horizon of a few hundred rounds; each pickles.
        title: what the family is about, in a line.
        policies: registered name to class.
        environments: registered name to class.
        tools: registered name to class, of whatever carries policies to other people's programs.
        components: registries of the parts that parameters name (models, sources), for ``regretlab show NAME``.
        gymnasium: further environments, by gymnasium's own conventions and not by the contract of ours: registered as
            ``regretlab/<name>-v0``, name to class and arguments.
        describes: says what a name is that is none of the registered ones, such as a file of the family's data, for
            ``regretlab show NAME``: takes the name, and options as keywords; None where it is nothing of the family's.
        marks: for environments in which something begins at rounds that are known before any run: registered name to a
            function of parameters and horizon, see ``bandits.marks``. Pictures show it; no job's key depends on it.
        parts: for environments that divide a run among parts, such as arms: registered name to a function of parameters
            and horizon, see ``bandits.parts``; likewise.
        variants: for policies that are to be checked with other arguments than the default ones, or have arguments
            without a default: registered name to the arguments of each variant.

    Example:
        >>> from bandits.families import families
        >>> [family.name for family in families()][0]
        'arms'
    """

    name: str
    problem: type[Problem] | Place | Sequence[type[Problem] | Place]
    examples: Callable[[], Sequence[Any]] | Sequence[Any] | Place = ()
    title: str = ""
    policies: Mapping[str, type[Any] | Place] = field(default_factory=dict)
    environments: Mapping[str, type[Any] | Place] = field(default_factory=dict)
    tools: Mapping[str, type[Any] | Place] = field(default_factory=dict)
    components: Sequence[Place] = ()
    variants: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    gymnasium: Mapping[str, tuple[Place, Mapping[str, Any]]] = field(default_factory=dict)
    describes: Callable[..., str | None] | Place | None = None
    marks: Mapping[str, Callable[..., Any] | Place] = field(default_factory=dict)
    parts: Mapping[str, Callable[..., Any] | Place] = field(default_factory=dict)

    @property
    def problems(self) -> tuple[type[Problem], ...]:
        """The types of the family's problems."""
        return tuple(resolve(kind) for kind in self.problem_places)

    @property
    def problem_places(self) -> tuple[type[Problem] | Place, ...]:
        """The types of the family's problems, as they are given."""
        single = isinstance(self.problem, str | type)
        return (self.problem,) if single else tuple(self.problem)  # type: ignore[arg-type, return-value]

    def example_environments(self) -> list[Any]:
        """The small environments, new objects on each call."""
        made = resolve(self.examples)
        return list(made() if callable(made) else copy.deepcopy(made))

    def description(self, name: str, **options: Any) -> str | None:
        """What a name is that is none of the registered ones; None where it is nothing of the family's."""
        describes = resolve(self.describes)
        text: str | None = describes(name, **options) if describes is not None else None
        return text

    def example_policies(self, name: str) -> Iterator[Any]:
        """A policy of that registered name for each variant to be checked."""
        for parameters in self.variants.get(name, ({},)):
            yield resolve(self.policies[name])(**parameters)


def resolve(thing: Any) -> Any:
    """What ``module:Name`` names; anything but a text is itself.

    Raises:
        ImportError: the module cannot be imported or has no such name.
    """
    if not isinstance(thing, str):
        return thing
    module, _, attribute = thing.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:  # of somebody else's module, in whatever way it fails
        kind = "" if isinstance(error, ImportError | AttributeError) else f"{type(error).__name__}: "
        raise ImportError(f"cannot import {attribute!r} from {module!r}: {kind}{error}") from error
