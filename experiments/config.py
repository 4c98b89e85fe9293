"""Study files: YAML 1.2 to a validated ``Study``, with every mistake reported at once by file, line and column."""

from __future__ import annotations

import copy
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
from experiments.paths import assign
from experiments.study import SHARED, Component, Figure, Panel, Range, Study, Sweep, SweepFigure

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
    data = _complete(_plain(document))
    study = {key: value for key, value in data.items() if key not in SHARED}
    mistakes = [*_schema_mistakes(Study, study), *_panel_mistakes(data)]
    if mistakes:
        located = (Mistake(source, *_position(document, where), _path(where), what) for where, what in mistakes)
        raise ConfigError(sorted(dict.fromkeys(located), key=lambda m: (m.line, m.column)))
    return Study.model_validate(study)


def _complete(data: dict[str, Any]) -> dict[str, Any]:
    """Spell out what is shared and what is short, wherever the form allows it."""
    sweeps = [sweep.get("panel") for sweep in _entries(data, "sweeps")]
    for panel in [*_entries(data, "panels"), *(p for p in sweeps if isinstance(p, dict))]:
        for key in SHARED:
            if key in data:
                panel.setdefault(key, copy.deepcopy(data[key]))
        policies, environment = panel.get("policies"), panel.get("environment")
        if isinstance(policies, list):
            panel["policies"] = [{"name": p} if isinstance(p, str) else p for p in policies]
        if isinstance(environment, str):
            panel["environment"] = {"name": environment}
    return data


def _entries(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The mappings in a list, if it is one."""
    found = data.get(key)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


def _schema_mistakes(model: type[BaseModel], data: Any, above: Location = ()) -> Iterator[tuple[Location, str]]:
    """What is wrong with the form of ``data``, which stands at ``above`` in the file."""
    try:
        model.model_validate(data)
    except ValidationError as error:
        for e in error.errors():
            where = (*above, *(step for step in e["loc"] if step not in _UNIONS))
            if e["type"] == "extra_forbidden":
                known = _known_keys(where[:-1])
                yield where, f"unknown key{did_you_mean(where[-1], known)}; known: {', '.join(known)}"
            elif e["type"] == "missing":
                yield where[:-1], f"the key {where[-1]!r} is missing"
            elif e["type"] == "int_type" and isinstance(e["input"], float) and e["input"].is_integer():
                yield where, f"must be a whole number, got {e['input']!r} (write {int(e['input'])})"
            elif e["type"] == "value_error":
                yield where, str(e["ctx"]["error"])
            else:
                yield where, f"{e['msg'].replace('Input should', 'must')}, got {e['input']!r}"


_UNIONS = ("as a list", "as a range")
"""Names that pydantic puts into the places of a choice of forms."""


def _known_keys(where: Location) -> list[str]:
    names = [str(step) for step in where if isinstance(step, str)]
    models: dict[str, type[BaseModel]] = {"panels": Panel, "panel": Panel, "sweeps": Sweep, "values": Range}
    if not names:
        return [*Study.model_fields, *SHARED]
    if names[-1] == "figure":
        return list((SweepFigure if names[0] == "sweeps" and "panel" not in names else Figure).model_fields)
    return list(models.get(names[-1], Component).model_fields)


def _panel_mistakes(data: Mapping[str, Any]) -> Iterator[tuple[Location, str]]:
    """What is wrong with names and parameters, found by looking at signatures and constructing everything once."""
    names: set[str] = set()
    for key in ("panels", "sweeps"):
        entries = data.get(key)
        for i, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                if entry.get("name") in names:
                    yield (key, i, "name"), f"a second panel or sweep named {entry['name']!r}"
                names.add(str(entry.get("name")))
                yield from _components(entry, (key, i)) if key == "panels" else _sweep_mistakes(entry, (key, i))


def _sweep_mistakes(entry: dict[str, Any], where: Location) -> Iterator[tuple[Location, str]]:
    """What is wrong with the panels of a sweep, for each value in turn up to the first that brings mistakes."""
    try:
        panels = Sweep.model_validate(entry).raw_panels()
    except ValidationError:
        return
    except KeyError as error:
        yield (*where, "parameter"), f"no such place in the panel: {error.args[0]}"
        return
    if not panels:
        yield (*where, "values"), "a sweep needs at least one value"
    for j, panel in enumerate(panels):
        above = (*where, "panel")
        found = [*_schema_mistakes(Panel, panel, above), *_components(panel, above)]
        if found and j > 0:
            found = [((*where, "values", j), f"at {panel['title']}: {_path(place)}: {what}") for place, what in found]
        yield from found
        if found:
            return


def _components(panel: Mapping[str, Any], above: Location) -> Iterator[tuple[Location, str]]:
    """What is wrong with a panel's environment and policies."""
    horizon = panel.get("horizon")
    horizon = horizon if type(horizon) is int and horizon >= 1 else 100
    place = (*above, "environment")
    environment, mistakes = _construct(ENVIRONMENTS, place, panel.get("environment"), {"horizon": horizon})
    yield from mistakes
    policies = panel.get("policies")
    labels: set[str] = set()
    for j, entry in enumerate(policies if isinstance(policies, list) else ()):
        place = (*above, "policies", j)
        policy, mistakes = _construct(POLICIES, place, entry, {})
        yield from mistakes
        if isinstance(entry, dict):
            label = str(entry.get("label") or entry.get("name"))
            if label in labels:
                yield place, f"a second policy labelled {label!r}: give one of them another 'label'"
            labels.add(label)
        if policy is not None and environment is not None:
            try:
                check_accepts(policy, environment.problem, type(environment).__name__)
                policy.reset(environment.problem, np.random.default_rng(0))
            except (ValueError, TypeError) as error:
                yield place, str(error)


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
    for start, step in enumerate(steps):
        if step in SHARED and start and step in document:  # stands once at the top, unless the panel has its own
            panel: Any = document
            for key in steps[:start]:
                panel = panel[key]
            if step not in panel:
                steps = steps[start:]
            break
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
            raise KeyError("it is not of the form key=value")
        assign(document, key, YAML(typ="safe").load(value))
    except KeyError as error:
        raise ConfigError([Mistake("--set", 1, 1, change, f"no such place in the study: {error.args[0]}")]) from None
    except MarkedYAMLError as error:
        raise ConfigError([Mistake("--set", 1, 1, change, f"the value is not YAML: {error.problem}")]) from None
