"""Study files: YAML 1.2 to a validated ``Study``, with every mistake reported at once by file, line and column."""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from bandits.contract import check_accepts
from bandits.domain import did_you_mean
from bandits.registry import POLICIES, Registry
from environments.registry import ENVIRONMENTS
from experiments.study import SHARED, Component, Figure, Panel, Study

Location = tuple[str | int, ...]


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in a study file: where (1-based), at which path, and what."""

    file: str
    line: int
    column: int
    path: str
    text: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        return f"{where}: {self.path}: {self.text}" if self.path else f"{where}: {self.text}"


class ConfigError(ValueError):
    """A study file is wrong; ``mistakes`` lists all that was found."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        self.mistakes = list(mistakes)
        super().__init__("\n".join(map(str, self.mistakes)))


def shipped() -> Path:
    """The folder of the studies that come with the package."""
    beside = Path(__file__).parent.parent / "configs"
    return beside if beside.is_dir() else Path(str(files("experiments").joinpath("configs")))


def find(name: str) -> Path:
    """The study file of that path, or the shipped one of that name (``quickstart``, ``arms/bernoulli``).

    Raises:
        FileNotFoundError: neither exists; the message names the nearest shipped study.
    """
    if Path(name).is_file():
        return Path(name)
    known = {str(p.relative_to(shipped()).with_suffix("")): p for p in sorted(shipped().rglob("*.yaml"))}
    if name in known:
        return known[name]
    raise FileNotFoundError(f"no study file {name!r}{did_you_mean(name, known)}; shipped: {', '.join(known)}")


def load_study(path: Path | str, changes: Sequence[str] = ()) -> Study:
    """Read and check a study file.

    Args:
        path: the YAML file.
        changes: ``key=value`` pairs laid over it, keys dotted (``panels.arms.horizon=100``; a panel or policy is named
            by its position or its name), values in YAML.

    Raises:
        ConfigError: with every mistake found in the file.
        OSError: the file cannot be read.
    """
    return parse_study(Path(path).read_text(encoding="utf-8"), str(path), changes)


def parse_study(text: str, source: str = "<text>", changes: Sequence[str] = ()) -> Study:
    """Like ``load_study``, from the text of a study file."""
    yaml = YAML(typ="rt")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = re.sub(r" with value .*", "", str(error.problem or error.context)).strip()
        raise ConfigError([Mistake(source, line, column, "", what)]) from None
    if not isinstance(document, dict):
        raise ConfigError([Mistake(source, 1, 1, "", "a study is a mapping with the keys name, seed, panels, ...")])
    for change in changes:
        _apply(document, change)
    data = _plain(document)
    for panel in data.get("panels") or () if isinstance(data.get("panels"), list) else ():
        if isinstance(panel, dict):
            for key in SHARED:
                if key in data:
                    panel.setdefault(key, data[key])
            panel["policies"] = _shorthand(panel.get("policies"))
            panel["environment"] = {"name": e} if isinstance(e := panel.get("environment"), str) else e
    mistakes = [*_schema_mistakes({k: v for k, v in data.items() if k not in SHARED}), *_component_mistakes(data)]
    if mistakes:
        located = (Mistake(source, *_position(document, where), _path(where), what) for where, what in mistakes)
        raise ConfigError(sorted(set(located), key=lambda m: (m.line, m.column)))
    return Study.model_validate({k: v for k, v in data.items() if k not in SHARED})


def _shorthand(policies: Any) -> Any:
    """``ucb1`` for ``{name: ucb1}``."""
    return [{"name": p} if isinstance(p, str) else p for p in policies] if isinstance(policies, list) else policies


def _schema_mistakes(data: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    try:
        Study.model_validate(data)
    except ValidationError as error:
        for e in error.errors():
            where = tuple(e["loc"])
            if e["type"] == "extra_forbidden":
                known = _known_keys(where[:-1])
                yield where, f"unknown key{did_you_mean(where[-1], known)}; known: {', '.join(known)}"
            elif e["type"] == "missing":
                yield where[:-1], f"the key {where[-1]!r} is missing"
            elif e["type"] == "int_type" and isinstance(e["input"], float) and e["input"].is_integer():
                yield where, f"must be a whole number, got {e['input']!r} (write {int(e['input'])})"
            else:
                yield where, f"{e['msg'].replace('Input should', 'must')}, got {e['input']!r}"


def _known_keys(where: Location) -> list[str]:
    names = [str(step) for step in where if step in ("panels", "environment", "policies", "figure")]
    models: dict[str, type[BaseModel]] = {"panels": Panel, "figure": Figure}
    model: type[BaseModel] = models.get(names[-1], Component) if names else Study
    return [*model.model_fields, *(SHARED if model is Study else ())]


def _component_mistakes(data: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """What is wrong with names and parameters, found by looking at signatures and constructing everything once."""
    panels = data.get("panels")
    names: set[str] = set()
    for i, panel in enumerate(panels if isinstance(panels, list) else ()):
        if not isinstance(panel, dict):
            continue
        if panel.get("name") in names:
            yield ("panels", i, "name"), f"a second panel named {panel['name']!r}"
        names.add(str(panel.get("name")))
        horizon = panel.get("horizon")
        horizon = horizon if type(horizon) is int and horizon >= 1 else 100
        where: Location = ("panels", i, "environment")
        environment, mistakes = _construct(ENVIRONMENTS, where, panel.get("environment"), {"horizon": horizon})
        yield from mistakes
        policies = panel.get("policies")
        labels: set[str] = set()
        for j, entry in enumerate(policies if isinstance(policies, list) else ()):
            where = ("panels", i, "policies", j)
            policy, mistakes = _construct(POLICIES, where, entry, {})
            yield from mistakes
            if isinstance(entry, dict):
                label = str(entry.get("label") or entry.get("name"))
                if label in labels:
                    yield where, f"a second policy labelled {label!r}: give one of them another 'label'"
                labels.add(label)
            if policy is not None and environment is not None:
                try:
                    check_accepts(policy, environment.problem, type(environment).__name__)
                    policy.reset(environment.problem, np.random.default_rng(0))
                except ValueError as error:
                    yield where, str(error)


def _construct(registry: Registry, where: Location, entry: Any, given: dict[str, Any]) -> tuple[Any, list[Any]]:
    """The object that ``entry`` describes, or None and what is wrong with it."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        return None, []
    try:
        cls = registry.load(entry["name"])
    except (ValueError, ImportError) as error:
        return None, [((*where, "name"), str(error))]
    parameters = entry.get("parameters") or {}
    if not isinstance(parameters, dict):
        return None, []
    known = inspect.signature(cls).parameters
    allowed = [name for name in known if name not in given]
    mistakes: list[Any] = []
    for key in parameters:
        if key in given:
            mistakes.append(((*where, "parameters", key), f"{key!r} is given by the panel, not among the parameters"))
        elif key not in known:
            hint = f"{did_you_mean(key, allowed)}; it takes {', '.join(allowed) or 'none'}"
            mistakes.append(((*where, "parameters", key), f"{cls.__name__} has no parameter {key!r}{hint}"))
    required = [n for n in allowed if known[n].default is inspect.Parameter.empty and n not in parameters]
    mistakes += [(where, f"{cls.__name__} needs the parameter {name!r}") for name in required]
    if not mistakes:
        try:
            return cls(**parameters, **given), []
        except (ValueError, TypeError, OSError) as error:
            named = next((key for key in parameters if str(error).startswith(key)), None)
            return None, [((*where, "parameters", named) if named else where, str(error))]
    return None, mistakes


def _plain(node: Any) -> Any:
    """The document without the loader's own types."""
    if isinstance(node, dict):
        return {_plain(k): _plain(v) for k, v in node.items()}
    if isinstance(node, list):
        return [_plain(v) for v in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _position(document: Any, where: Location) -> tuple[int, int]:
    """Line and column, 1-based, of the deepest node on the way to ``where`` that the file holds."""
    node, line, column = document, 0, 0
    steps = list(where)
    if len(steps) > 2 and steps[0] == "panels" and steps[2] in SHARED:
        panel = document["panels"][steps[1]]
        if isinstance(panel, dict) and steps[2] not in panel and steps[2] in document:
            steps = steps[2:]
    for step in steps:
        try:
            line, column = node.lc.data[step][:2]
            node = node[step]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line + 1, column + 1


def _path(where: Location) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).lstrip(".")


def _apply(document: Any, change: str) -> None:
    """Lay one ``key=value`` over the document.

    Raises:
        ConfigError: no such place, or not of that form.
    """
    key, equals, value = change.partition("=")
    try:
        if not equals:
            raise KeyError("is not of the form key=value")
        node = document
        *way, last = key.split(".")
        for step in way:
            node = node[_index(node, step)]
        if isinstance(node, list):
            node[_index(node, last)] = YAML(typ="safe").load(value)
        else:
            node[last] = YAML(typ="safe").load(value)
    except (KeyError, IndexError, TypeError) as error:
        reason = error.args[0] if error.args else error
        raise ConfigError([Mistake("--set", 1, 1, change, f"no such place in the study: {reason}")]) from None
    except MarkedYAMLError as error:
        raise ConfigError([Mistake("--set", 1, 1, change, f"the value is not YAML: {error.problem}")]) from None


def _index(node: Any, step: str) -> Any:
    """The key or position that ``step`` means in ``node``: in a list, a number or an entry's name or label."""
    if not isinstance(node, list):
        if step not in node:
            raise KeyError(f"{step!r}{did_you_mean(step, node)}")
        return step
    for i, entry in enumerate(node):
        if isinstance(entry, dict) and step in (entry.get("name"), entry.get("label")):
            return i
    if not step.lstrip("-").isdigit():
        raise KeyError(f"{step!r} names no entry")
    return int(step)
