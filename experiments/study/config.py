"""Study files: YAML 1.2 to a validated ``Study``, with every mistake reported at once by file, line and column."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bandits.arguments import did_you_mean
from experiments.study import axes, limits
from experiments.study.layers import (
    Node,
    Place,
    apart,
    check_size,
    complete,
    entries_of,
    hand_down,
    laid_over,
    name_of,
    share,
    spell_out,
)
from experiments.study.mistakes import ConfigError, Mistake
from experiments.study.model import FULL_NAME, SHARED, Experiment, Figure, Search, Study
from experiments.study.paths import RENAMED, assign, unknown
from experiments.study.reading import text_of, tree, wrong_value
from experiments.study.validation import mistakes_of, path_text

EXTENDS = "extends"
"""The key that names the study which a file builds on."""


def shipped() -> Path:
    """The folder of the studies that come with the package."""
    beside = Path(__file__).parents[2] / "configs"
    return beside if beside.is_dir() else Path(str(files("experiments").joinpath("configs")))


def studies() -> dict[str, Path]:
    """The files of the shipped studies by their names, such as ``arms/bernoulli``, in order."""
    return {p.relative_to(shipped()).with_suffix("").as_posix(): p for p in sorted(shipped().rglob("*.yaml"))}


def find(name: str, beside: Path | None = None) -> Path:
    """The study file of that path, or the shipped one of that name (``quickstart``, ``arms/bernoulli``).

    Args:
        name: a path or a name.
        beside: a folder in which a relative path is looked for first.

    Raises:
        FileNotFoundError: neither exists; the message names the nearest shipped study.
    """
    for path in ((beside / name,) if beside else ()) + (Path(name),):
        if os.path.exists(path) and not os.path.isdir(path):
            return path
    known = studies()
    if name in known:
        return known[name]
    raise FileNotFoundError(
        f"no study file {name!r}{did_you_mean(name, known)}; `regretlab list` names those that are shipped"
    )


def load_study(path: Path | str, changes: Sequence[str] = ()) -> Study:
    """Read and check a study file. The file's folder is searched for modules that the study names, after all others.

    Args:
        path: the YAML file.
        changes: ``key=value`` pairs laid over it, keys dotted (``experiments.arms.horizon=100``; an experiment, a
            figure or a policy is named by its position or its name), values in YAML.

    Raises:
        ConfigError: with every mistake found in the file, or in one that it extends.
        OSError: the file cannot be read.
    """
    path = Path(path)
    return _study(_document(path), str(path), changes)


def parse_study(text: str, source: str = "<text>", changes: Sequence[str] = ()) -> Study:
    """Like ``load_study``, from the text of a study file."""
    return _study(_extended(_parse(text, source), source), source, changes)


def study_of(data: Mapping[str, Any], changes: Sequence[str] = ()) -> Study:
    """Like ``load_study``, from plain data with the keys of a study file."""
    try:
        node = Node.of(data, ("study", 0, 0))
    except RecursionError:
        raise ConfigError.at(("study", 0, 0), "the data hold themselves") from None
    if mistakes := [Mistake("study", 0, 0, path_text(where), text) for where, text in _no_data(node)]:
        raise ConfigError(mistakes)
    check_size(node, SHARED)
    return _study(_extended(node, "study"), "study", changes)


def _no_data(node: Node, above: axes.Path = ()) -> Iterator[tuple[axes.Path, str]]:
    """Places of what is no plain data, and what to say of it."""
    if isinstance(node.value, dict | list):
        if len(above) > limits.DEPTH:
            yield above, f"mappings and lists may stand {limits.DEPTH} deep inside one another"
            return
        for key, inner in node.inner():
            if isinstance(node.value, dict) and not isinstance(key, str):
                yield above, f"a key must be a text, got {key!r}"
            yield from _no_data(inner, (*above, key))
    elif wrong := wrong_value(node.value):
        yield above, wrong
    elif not isinstance(node.value, bool | int | float | str | None):
        what = (
            f"must be plain data, got the {type(node.value).__name__} {node.value!r}: write the name and the parameters"
        )
        yield above, f"{what} of a component, or give objects to regretlab.compare"


def as_yaml(study: Study) -> str:
    """The text of a study file, without what is a default."""
    data = study.model_dump(exclude_defaults=True)
    components = [entry for experiment in data["experiments"] for entry in _components(experiment)]
    for holder, key in components:
        if set(holder[key]) == {"name"}:
            holder[key] = holder[key]["name"]
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width, yaml.sort_base_mapping_type_on_output = None, 120, False  # type: ignore[assignment]
    yaml.dump(data, stream)
    return stream.getvalue()


def _components(experiment: dict[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The places of an experiment's components: what holds each, and its key there."""
    if isinstance(experiment.get("environment"), dict):
        yield experiment, "environment"
    policies = experiment.get("policies")
    yield from ((policies, i) for i, _ in enumerate(policies if isinstance(policies, list) else ()))


def _parse(text: str, source: str) -> Node:
    """The tree of a file.

    Raises:
        ConfigError: not YAML, no mapping, or too large.
    """
    node = tree(text, source)
    if not isinstance(node.value, dict):
        what = "a study is a mapping with the keys seed, experiments, figures, ..."
        raise ConfigError.at((source, 1, 1), what)
    node.place = (source, 1, 1)
    check_size(node, SHARED)
    return node


def _document(path: Path, above: tuple[Path, ...] = ()) -> Node:
    """The tree of a file and of what it extends, with the name that the file has where it gives none.

    Raises:
        ConfigError: as ``_parse`` and ``_extended``.
        OSError: the file cannot be read.
    """
    node = _parse(text_of(path), str(path))
    if "name" not in node.value:
        if not re.fullmatch(FULL_NAME, name := _name_of(path)):
            what = (
                f"a study is called like its file, and {name!r} is no name (letters, digits and . _ -): write name: ..."
            )
            raise ConfigError.at((str(path), 1, 1), what, "name")
        node.value["name"] = Node(name, node.place)
    return _extended(node, str(path), path.parent, (*above, path.resolve()))


def _find_modules(node: Node) -> Iterator[Mistake]:
    """Have modules that a study names found in the working folder and in the study's own, after all that is installed.

    Yields:
        Modules in the study's folder where another one of that name would be taken.
    """
    for _, inner in node.inner():
        yield from _find_modules(inner)
    if not (isinstance(node.value, str) and (found := _MODULE.fullmatch(node.value))):
        return
    top, file = found[1], node.place[0]
    beside = Path(file).resolve().parent if os.path.isfile(file) else Path.cwd()
    folders = (Path.cwd(), beside)
    own = [place for folder in folders for place in (folder / f"{top}.py", folder / top) if os.path.exists(place)]
    sys.path.extend(dict.fromkeys(str(folder) for folder in folders if own and str(folder) not in sys.path))
    if top in sys.modules:
        taken = getattr(sys.modules[top], "__file__", None)
    else:
        spec = find_spec(top)
        taken = spec.origin if spec else None
    ours = [place for place in own if place.parent == beside]
    if ours and os.path.isfile(file) and taken and not Path(taken).resolve().is_relative_to(beside):
        what = f"there are two modules {top!r}, {ours[0]} and {taken}, which is taken: give one another name"
        yield Mistake(*node.place, "", what)


_MODULE = re.compile(r"([A-Za-z_]\w*)(\.[\w.]*)?:[\w.]+")
"""``module:Class``."""


def _name_of(path: Path) -> str:
    """The name of a study whose file gives none: that of a shipped one, or of the file."""
    path = path.resolve()
    ours = shipped().resolve()
    if path.is_relative_to(ours):
        return path.relative_to(ours).with_suffix("").as_posix()
    return path.stem


def _extended(node: Node, source: str, folder: Path | None = None, above: tuple[Path, ...] = ()) -> Node:
    """A file's tree laid over that of the study that it extends, without keys that are there for anchors alone.

    Args:
        node: of the file.
        source: its name, for messages.
        folder: where it stands; paths are relative to it.
        above: the file, and those that extend it.

    Raises:
        ConfigError: the study that is extended is not found or extends itself, or what is to be removed is not there.
    """
    for key in [key for key in node.value if str(key).startswith("x-")]:
        del node.value[key]
    spell_out(node)
    given = node.value.pop(EXTENDS, None)
    if given is None:
        return node
    if not isinstance(given.value, str):
        raise ConfigError.at(given.place, f"must name one study, got {given.plain()!r}", EXTENDS)
    try:
        path = find(given.value, folder).resolve()
    except FileNotFoundError as error:
        raise ConfigError.at(given.place, str(error), EXTENDS) from None
    if path in above:
        circle = " -> ".join(p.name for p in (*above[above.index(path) :], path))
        raise ConfigError.at(given.place, f"the study extends itself: {circle}", EXTENDS)
    if len(above) >= limits.EXTENDED:
        raise ConfigError.at(given.place, f"at most {limits.EXTENDED} studies may extend one another", EXTENDS)
    try:
        base = _document(_shown(path), above)
    except OSError as error:
        raise ConfigError.at(given.place, f"cannot be read: {error}", EXTENDS) from None
    base.value.pop("name", None)
    hand_down(base, node, SHARED)
    mistakes: list[tuple[Node, str]] = []
    whole = laid_over(base, node, mistakes)
    if mistakes:
        raise ConfigError([Mistake(*wrong.place, "", text) for wrong, text in mistakes])
    share(whole, SHARED)
    check_size(whole, SHARED)
    return whole


def _shown(path: Path) -> Path:
    """A path as people would write it: relative where the file stands below the working folder."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _study(node: Node, source: str, changes: Sequence[str]) -> Study:
    """The study of a tree.

    Raises:
        ConfigError: with every mistake found.
    """
    node.value.setdefault("name", Node("study", node.place))
    located = list(_renamed(node))
    for change in changes:
        _apply(node, change)
        spell_out(node)
        check_size(node, SHARED)
    complete(node, SHARED)
    if mistakes := list(_find_modules(node)):
        raise ConfigError(list(dict.fromkeys(mistakes)))
    data, places = node.plain(), dict(node.places())
    located += [_located(places, where, what) for where, what in islice(mistakes_of(data), limits.MISTAKES)]
    if located:
        order = list(dict.fromkeys(m.file for m in located))
        raise ConfigError(
            sorted(dict.fromkeys(located), key=lambda m: (m.file != source, order.index(m.file), m.line, m.column))
        )
    return Study.model_validate({key: value for key, value in data.items() if key not in SHARED})


def _located(places: Mapping[axes.Path, Place], where: axes.Path, text: str) -> Mistake:
    """A mistake at the deepest place on the way to ``where`` that a file holds."""
    depth = next(n for n in range(len(where), -1, -1) if where[:n] in places)
    return Mistake(*places[where[:depth]], path_text(where), text)


def _renamed(node: Node) -> Iterator[Mistake]:
    """Give keys of earlier versions the names of today, and say so."""
    for where, part, model in _parts(node):
        for key in [key for key in part.value if isinstance(key, str) and RENAMED.get(key) in model.model_fields]:
            inner = part.value.pop(key)
            file, line, column = inner.place
            yield Mistake(file, line, column, path_text((*where, key)), unknown(key, model.model_fields))
            part.value.setdefault(RENAMED[key], inner)


def _parts(node: Node) -> Iterator[tuple[axes.Path, Node, type[axes.Model]]]:
    """The parts of a study that are mappings, each with its path and its model."""
    yield (), node, Study
    for key, model in (("experiments", Experiment), ("figures", Figure)):
        found = node.value[key].value if key in node.value else ()
        for i, entry in enumerate(found if isinstance(found, list) else ()):
            if isinstance(entry.value, dict):
                yield (key, i), entry, model
                if "search" in entry.value and isinstance(entry.value["search"].value, dict):
                    yield (key, i, "search"), entry.value["search"], Search


def _apply(study: Node, change: str) -> None:
    """Lay one ``key=value`` over the study.

    Raises:
        ConfigError: no such place, or not of that form.
    """
    key, equals, value = change.partition("=")
    steps = key.split(".")
    try:
        if not equals:
            raise KeyError("it is not of the form key=value")
        if steps[0] == "figures":
            _spell_out_figures(study)
        elif steps[0] == "experiments":
            complete(study, [step for step in steps[2:3] if step in SHARED])
        assign(study, key, tree(value, "--set").plain())
        share(study, SHARED)
        experiments = entries_of(study, "experiments")
        if steps[0] in SHARED and experiments and all(steps[0] in entry.value for entry in experiments):
            raise KeyError(f"every experiment has its own {steps[0]!r}: write experiments.*.{key}=...")
    except KeyError as error:
        raise ConfigError.at(("--set", 1, 1), f"no such place in the study: {error.args[0]}", change) from None
    except ConfigError as error:
        text = f"the value cannot be read: {error.mistakes[0].text}"
        raise ConfigError.at(("--set", 1, len(key) + 2), text, change) from None


def _spell_out_figures(study: Node) -> None:
    """Write down a figure for each look at an experiment, those that a study has of itself included."""
    names = [name_of(entry, ("name",)) for entry in entries_of(study, "experiments")]
    figures = [look for figure in entries_of(study, "figures") for look in apart(figure, names)]
    seen = {name_of(figure, ("experiment",)) for figure in figures}
    figures += [Node.of({"experiment": name}, study.place) for name in names if name not in seen]
    study.value["figures"] = Node(figures, study.place)
