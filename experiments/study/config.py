"""Study files: YAML 1.2 to a validated ``Study``, with every mistake reported at once by file, line and column."""

from __future__ import annotations

import copy
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bandits.arguments import did_you_mean
from experiments.study import axes
from experiments.study.model import SHARED, Experiment, Figure, Study, Sweep, SweepFigure
from experiments.study.paths import RENAMED, assign, unknown
from experiments.study.validation import mistakes_of, path_text


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
    beside = Path(__file__).parents[2] / "configs"
    return beside if beside.is_dir() else Path(str(files("experiments").joinpath("configs")))


def studies() -> dict[str, Path]:
    """The files of the shipped studies by their names, such as ``arms/bernoulli``, in order."""
    return {str(p.relative_to(shipped()).with_suffix("")): p for p in sorted(shipped().rglob("*.yaml"))}


def find(name: str) -> Path:
    """The study file of that path, or the shipped one of that name (``quickstart``, ``arms/bernoulli``).

    Raises:
        FileNotFoundError: neither exists; the message names the nearest shipped study.
    """
    if Path(name).is_file():
        return Path(name)
    known = studies()
    if name in known:
        return known[name]
    raise FileNotFoundError(f"no study file {name!r}{did_you_mean(name, known)}; shipped: {', '.join(known)}")


def load_study(path: Path | str, changes: Sequence[str] = ()) -> Study:
    """Read and check a study file.

    Args:
        path: the YAML file.
        changes: ``key=value`` pairs laid over it, keys dotted (``experiments.arms.horizon=100``; an experiment or
            policy is named by its position or its name), values in YAML.

    Raises:
        ConfigError: with every mistake found in the file.
        OSError: the file cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError([Mistake(str(path), 1, 1, "", f"the file must be UTF-8: {error}")]) from None
    return parse_study(text, str(path), changes)


def parse_study(text: str, source: str = "<text>", changes: Sequence[str] = ()) -> Study:
    """Like ``load_study``, from the text of a study file."""
    yaml = YAML(typ="rt")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            document = yaml.load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        raise ConfigError([Mistake(source, line, column, "", _problem(error))]) from None
    if not isinstance(document, dict):
        raise ConfigError(
            [Mistake(source, 1, 1, "", "a study is a mapping with the keys name, seed, experiments, ...")]
        )
    located = [Mistake(source, *where) for where in _renamed(document)]
    _spell_out(document)
    for change in changes:
        _apply(document, change)
    _spell_out(document)
    data = _complete(_plain(document))
    located += [
        Mistake(source, *_position(document, where), path_text(where), what) for where, what in mistakes_of(data)
    ]
    if located:
        raise ConfigError(sorted(dict.fromkeys(located), key=lambda m: (m.line, m.column)))
    study = Study.model_validate({key: value for key, value in data.items() if key not in SHARED})
    names = [experiment.name for experiment in study.all_experiments()]
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1]:
        raise ConfigError([Mistake(source, 1, 1, "experiments", f"two experiments would be named {', '.join(twice)}")])
    return study


def _renamed(document: dict[str, Any]) -> Iterator[tuple[int, int, str, str]]:
    """Give keys of earlier versions the names of today; line, column, path of each, and what to say of it."""
    for path, node, model in _parts(document):
        for key in [key for key in node if isinstance(key, str) and RENAMED.get(key) in model.model_fields]:
            where = (*path, key)
            yield *_position(document, where), path_text(where), unknown(key, model.model_fields)
            value, lines = node.pop(key), getattr(getattr(node, "lc", None), "data", None)
            node.setdefault(RENAMED[key], value)
            if lines and key in lines:
                lines.setdefault(RENAMED[key], lines[key])


def _parts(document: dict[str, Any]) -> Iterator[tuple[axes.Path, dict[str, Any], type[axes.Model]]]:
    """The parts of a study that are mappings, each with its place and its model."""
    yield (), document, Study
    for key, model, drawn in (("experiments", Experiment, Figure), ("sweeps", Sweep, SweepFigure)):
        entries = document.get(key)
        for i, entry in enumerate(entries if isinstance(entries, list) else ()):
            if isinstance(entry, dict):
                yield (key, i), entry, model
                for step, kind in (("figure", drawn), ("experiment", Experiment)):
                    if isinstance(entry.get(step), dict):
                        yield (key, i, step), entry[step], kind
                inner = entry.get("experiment")
                if isinstance(inner, dict) and isinstance(inner.get("figure"), dict):
                    yield (key, i, "experiment", "figure"), inner["figure"], Figure


def _spell_out(document: dict[str, Any]) -> None:
    """Put ``{name: ucb1}`` in place of a policy or an environment that is written ``ucb1``."""
    for place in [document, *_experiments(document)]:
        policies, environment = place.get("policies"), place.get("environment")
        if isinstance(policies, list):
            policies[:] = [{"name": policy} if isinstance(policy, str) else policy for policy in policies]
        if isinstance(environment, str):
            place["environment"] = {"name": environment}


def _complete(data: dict[str, Any]) -> dict[str, Any]:
    """Write what is shared into the experiments that do not have it."""
    for experiment in _experiments(data):
        for key in SHARED:
            if key in data:
                experiment.setdefault(key, copy.deepcopy(data[key]))
    return data


def _experiments(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The experiments and the experiments of sweeps, as far as they are mappings."""
    swept = (sweep.get("experiment") for sweep in _entries(data, "sweeps"))
    return [*_entries(data, "experiments"), *(experiment for experiment in swept if isinstance(experiment, dict))]


def _entries(data: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The mappings in a list, if it is one."""
    found = data.get(key)
    return [entry for entry in found if isinstance(entry, dict)] if isinstance(found, list) else []


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


def _position(document: Any, where: axes.Path) -> tuple[int, int]:
    """Line and column, 1-based, of the deepest node on the way to ``where`` that the file holds."""
    node, line, column = document, 0, 0
    steps = list(where)
    for start, step in enumerate(steps):
        if step in SHARED and start and step in document:  # stands once at the top, unless the experiment has its own
            experiment: Any = document
            for key in steps[:start]:
                experiment = experiment[key]
            if step not in experiment:
                steps = steps[start:]
            break
    for step in steps:
        try:
            line, column = node.lc.data[step][:2]
            node = node[step]
        except (AttributeError, KeyError, IndexError, TypeError):
            break
    return line + 1, column + 1


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
    except YAMLError as error:
        raise ConfigError([Mistake("--set", 1, 1, change, f"the value is not YAML: {_problem(error)}")]) from None


def _problem(error: YAMLError) -> str:
    """What is wrong with a text that is not YAML, in a line."""
    what = getattr(error, "problem", None) or getattr(error, "context", None) or error
    return " ".join(re.sub(r" with value .*", "", str(what)).split())
