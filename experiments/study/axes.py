"""Swept values: ``{sweep: [...]}`` in place of a value, found in plain data, filled in, and put into names.

A mapping with the key ``sweep`` stands for each of its values in turn; several make the cross product. Nothing else is
a sweep: a list that a constructor expects is a value like any other.
"""

from __future__ import annotations

import copy
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self
from zlib import crc32

import numpy as np
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from experiments.study import limits
from experiments.study.texts import visible

SWEEP = "sweep"
"""The key that marks a swept value."""

Path = tuple[str | int, ...]
"""Keys and positions that lead into nested mappings and lists."""


class Model(BaseModel):
    """A part of a study file: no unknown keys, no conversions."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Range(Model):
    """Evenly spaced values: whole numbers where both ends are written as such, else rounded to six digits."""

    start: int | float
    stop: int | float
    number: int = Field(ge=2, le=limits.POINTS)
    spacing: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if not math.isfinite(float(self.stop) - float(self.start)):
            raise ValueError(f"a range needs finite ends, got {self.start:g} and {self.stop:g}")
        if self.spacing == "log" and min(self.start, self.stop) <= 0:
            raise ValueError(f"a log range needs positive ends, got {self.start:g} and {self.stop:g}")
        return self

    @property
    def values(self) -> list[int] | list[float]:
        """The values, in order, each once."""
        space = np.geomspace if self.spacing == "log" else np.linspace
        values = space(self.start, self.stop, self.number).tolist()
        if isinstance(self.start, int) and isinstance(self.stop, int):
            return list(dict.fromkeys(round(v) for v in values))
        return list(dict.fromkeys(float(f"{v:.6g}") for v in values))


Values = Annotated[
    Annotated[list[Any], Tag("as a list")] | Annotated[Range, Tag("as a range")],
    Discriminator(lambda value: "as a range" if isinstance(value, dict | Range) else "as a list"),
]
"""A list of values, or a range."""


def listed(values: list[Any] | Range) -> list[Any]:
    """The values, one by one."""
    return list(values.values if isinstance(values, Range) else values)


class Mark(Model):
    """What stands in place of a swept value."""

    sweep: Values

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        check_distinct(listed(self.sweep))
        return self


def check_distinct(values: Sequence[Any]) -> None:
    """See that there are values, and none twice.

    Raises:
        ValueError: otherwise.
    """
    texts = Counter(text_of(value) for value in values)
    if not texts:
        raise ValueError("a sweep needs at least one value")
    twice = [text for text, times in texts.items() if times > 1]
    if twice:
        raise ValueError(f"a sweep needs every value once, got {', '.join(twice)} more than once")


@dataclass(frozen=True)
class Axis:
    """One swept value.

    Attributes:
        path: where it stands.
        values: what it takes in turn.
        name: the shortest end of the path that tells it from the other axes, dotted; for labels and file names.
        label: of the x axis, where the study gives one.
    """

    path: Path
    values: tuple[Any, ...]
    name: str
    label: str = ""

    @property
    def title(self) -> str:
        """For an axis of a figure."""
        place = f"{self.path[-2]}[{self.name}]" if self.name.isdigit() and len(self.path) > 1 else self.name
        return self.label or place.replace("_", " ")

    @property
    def numeric(self) -> bool:
        """Whether all values are numbers."""
        return all(is_number(value) for value in self.values)


def is_number(value: Any) -> bool:
    """Whether a value of a study file is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def marks(node: Any, above: Path = ()) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """All mappings with the key ``sweep`` in ``node``, none inside another, with their places, in order."""
    if isinstance(node, Mapping):
        if SWEEP in node:
            yield above, node
            return
        for key, value in node.items():
            yield from marks(value, (*above, key))
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from marks(value, (*above, i))


def axes_of(node: Any) -> list[Axis]:
    """The swept values in ``node``: those least deep first, then by name, since mappings have no order.

    Raises:
        pydantic.ValidationError: a mark is not of the form of one.
    """
    found = [(path, listed(Mark.model_validate(mark).sweep)) for path, mark in marks(node)]
    found.sort(key=lambda pair: (len(pair[0]), tuple(map(str, pair[0]))))
    names = names_of([path for path, _ in found])
    return [Axis(path, tuple(values), name) for (path, values), name in zip(found, names, strict=True)]


def names_of(paths: Sequence[Path]) -> list[str]:
    """For each path the shortest end that no other one has, without the steps that name nothing."""
    steps = [tuple(str(s) for s in path if s != "parameters") or tuple(map(str, path)) for path in paths]
    names = []
    for own in steps:
        ends = (own[-k:] for k in range(1, len(own) + 1))
        names.append(".".join(next((end for end in ends if sum(s[-len(end) :] == end for s in steps) == 1), own)))
    return names


def fill(node: Any, values: Mapping[Path, Any], above: Path = ()) -> Any:
    """A copy of ``node`` with the given values in their places."""
    if above in values:
        return copy.deepcopy(values[above])
    if isinstance(node, str | int | float):  # most there is; to ask whether it is a mapping takes longest
        return node
    if isinstance(node, Mapping):
        return {key: fill(value, values, (*above, key)) for key, value in node.items()}
    if isinstance(node, list):
        return [fill(value, values, (*above, i)) for i, value in enumerate(node)]
    return node


def text_of(value: Any) -> str:
    """A value in few characters, another text for another value."""
    if isinstance(value, Mapping):
        return (
            "{"
            + ", ".join(f"{visible(str(key))}: {text_of(inner)}" for key, inner in sorted(value.items(), key=str))
            + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(text_of, value)) + "]"
    if isinstance(value, float):
        return repr(value).removesuffix(".0").replace("e+", "e")
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return visible(str(value))


def point_text(axes: Sequence[Axis], point: Sequence[Any]) -> str:
    """``exploration=2``, or ``c=1, zeta=1.2``."""
    return ", ".join(_pairs(axes, point))


def point_id(axes: Sequence[Axis], point: Sequence[Any]) -> str:
    """Like ``point_text``, fit for file names; it ends in a hash where that takes other characters or shorter text."""
    text = ",".join(_pairs(axes, point))
    plain = re.sub(r"[^A-Za-z0-9_.=,-]+", "_", re.sub(r"[\[\]{}'\" ]+", "", text))[:LONGEST]
    return plain if plain == text else f"{plain}-{crc32(text.encode()):08x}"


LONGEST = 80
"""Characters of an id before its hash."""


def _pairs(axes: Sequence[Axis], point: Sequence[Any]) -> list[str]:
    return [f"{axis.name}={text_of(value)}" for axis, value in zip(axes, point, strict=True)]
