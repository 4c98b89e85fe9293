"""What is wrong with a study, as pairs of a place in the file and a text: form, names, parameters, swept values.

Everything is constructed once: every environment and every policy, at every point of swept values.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from pydantic import BaseModel, ValidationError

from bandits.arguments import did_you_mean
from bandits.clairvoyant import Clairvoyant
from bandits.contract import Policy, check_plays
from bandits.registry import ENVIRONMENTS, POLICIES, Registry, named, players, unfit
from environments.contract import Environment
from environments.downloads import NotAtHandError
from experiments.study import limits
from experiments.study.appearance import Font, unknown_style
from experiments.study.axes import (
    LONGEST,
    SWEEP,
    Axis,
    Mark,
    Path,
    Range,
    axes_of,
    fill,
    marks,
    point_text,
    text_of,
)
from experiments.study.model import (
    SHARED,
    Candidate,
    Component,
    Experiment,
    Figure,
    Search,
    Study,
    Swept,
    candidates,
    figure_name,
    is_swept,
    looks,
)
from experiments.study.paths import MOVED, RENAMED, unknown
from experiments.study.size import too_large

Found = tuple[Path, str]
"""A place, and what is wrong there."""


def mistakes_of(data: Mapping[str, Any]) -> Iterator[Found]:
    """All that is wrong with a study, as plain data."""
    study = {key: value for key, value in data.items() if key not in SHARED}
    stand_ins: dict[str, Callable[[int], Any]] = {
        "experiments": lambda i: {**_STAND_IN, "name": f"p{i}"},
        "figures": lambda i: {"name": f"f{i}", "experiment": "p0"},
    }
    for key, stand_in in stand_ins.items():  # looked at one by one below
        if isinstance(study.get(key), list):
            study[key] = [stand_in(i) if isinstance(entry, dict) else entry for i, entry in enumerate(study[key])]
    yield from _schema(Study, study)
    seed = data.get("seed")
    entries = [(i, entry) for i, entry in enumerate(_list(data, "experiments")) if isinstance(entry, dict)]
    if large := list(too_large(data)):
        yield from large
        return
    names: set[str] = set()
    found: dict[str, _Seen] = {}
    for i, entry in entries:
        looked = list(_experiment(entry, ("experiments", i), seed if type(seed) is int else 0, found))
        yield from looked
        for name in found[str(entry.get("name"))].names if "name" in entry else ():
            if name in names:
                yield ("experiments", i, "name"), f"a second experiment or search named {name!r}"
            names.add(name)
    yield from _figures(_list(data, "figures"), found)


def _list(data: Mapping[str, Any], key: str) -> list[Any]:
    value = data.get(key)
    return value if isinstance(value, list) else []


_STAND_IN = {"name": "p", "environment": {"name": "e"}, "horizon": 1, "replicates": 1, "policies": [{"name": "p"}]}


@dataclass
class _Seen:
    """What figures may refer to in an experiment.

    Attributes:
        names: of its search and, where values are swept, of its points, itself first.
        axes: swept values, those of policies aside.
        search: whether it has one.
        policies: titles of the policies and of the entries that stand for several.
        entries: titles of the entries as written.
        parameters: names of the swept parameters of policies.
        stages: the environments of all points that could be built.
    """

    names: list[str]
    axes: list[Axis]
    search: bool
    policies: set[str]
    entries: set[str]
    parameters: set[str]
    stages: list[_Stage]


@dataclass(frozen=True)
class _Stage:
    """An environment that could be built, with its description and the horizon."""

    environment: Any
    described: Any
    horizon: int

    def begun(self) -> Any:
        """A run of it: a short one if it can be, since some environments work out much of a run when it begins."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = {"horizon": min(self.horizon, SHORT)}
            short, _ = _construct(ENVIRONMENTS, (), self.described, Environment, dict, **given)
            found = self.environment if short is None else short
            found.begin(found.draw(np.random.default_rng(0)))
        return found


SHORT = 10
"""Rounds of a run that is only looked at."""


def path_text(where: Path) -> str:
    """A place as people write it: ``experiments[0].policies[1]``."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where).lstrip(".")


def _schema(model: type[BaseModel], data: Any, above: Path = ()) -> Iterator[Found]:
    """What is wrong with the form of ``data``, which stands at ``above`` in the file."""
    try:
        model.model_validate(data)
    except ValidationError as error:
        for e in error.errors():
            where = (*above, *(step for step in e["loc"] if step not in _UNIONS))
            if e["type"] == "extra_forbidden" and where[-1:] == ("only",) and model is Figure:
                yield where, "is another word for 'policies', which is there too: leave one of them out"
            elif e["type"] == "extra_forbidden":
                known = _known_keys(where[:-1])
                told = str(where[-1]) in MOVED or RENAMED.get(str(where[-1])) in known
                text = unknown(str(where[-1]), known)
                hint = text if told else f"unknown key{did_you_mean(str(where[-1]), known)}; known: {', '.join(known)}"
                yield where, hint
            elif e["type"] == "missing":
                yield where[:-1], f"the key {where[-1]!r} is missing"
            elif e["type"] == "int_type" and isinstance(e["input"], float) and e["input"].is_integer():
                yield where, f"must be a whole number, got {e['input']!r} (write {int(e['input'])})"
            elif e["type"] == "string_pattern_mismatch":
                yield where, f"must be letters, digits and . _ - alone, the first no sign, got {e['input']!r}"
            elif e["type"] == "string_too_long":
                yield where, f"must have at most {e['ctx']['max_length']} characters, got {len(e['input'])}"
            elif e["type"] == "too_short":
                yield where, "must have at least one entry, got []"
            elif e["type"] == "value_error":
                yield where, str(e["ctx"]["error"])
            else:
                yield where, f"{e['msg'].replace('Input should', 'must')}, got {e['input']!r}"


def mistakes_in(model: type[BaseModel], data: Any) -> list[Found]:
    """What is wrong with the form of ``data``, which stands by itself."""
    return list(_schema(model, data))


_UNIONS = ("as a list", "as a range", "experiment", "swept", "int", "float")
"""Names that pydantic puts into the places of a choice of forms."""


def _known_keys(where: Path) -> list[str]:
    names = [str(step) for step in where if isinstance(step, str)]
    models: dict[str, type[BaseModel]] = {
        "experiments": Experiment,
        "figures": Figure,
        SWEEP: Range,
        "search": Search,
        "font": Font,
    }
    return list(models.get(names[-1], Component).model_fields) if names else [*Study.model_fields, *SHARED, "extends"]


def _experiment(entry: Mapping[str, Any], where: Path, seed: int, found: dict[str, _Seen]) -> Iterator[Found]:
    """What is wrong with an entry of ``experiments``; ``found`` takes in what figures may refer to."""
    own = {key: value for key, value in entry.items() if key in ("name", "title")}
    if is_swept(entry):
        yield from _schema(Swept, {"name": "p", **own}, where)
    else:
        yield from _schema(Experiment, {**_STAND_IN, **own}, where)
    if "name" not in own:
        yield where, "the key 'name' is missing"
    name = str(own.get("name"))
    names = [name, f"{name}-search"] if "search" in entry else [name]
    seen = found.setdefault(name, _Seen(names, [], "search" in entry, set(), set(), set(), []))
    rest = {key: value for key, value in entry.items() if key not in own}
    yield from _points(Swept.model_construct(name=name if "name" in own else "experiment", **rest), where, seed, seen)


def _points(swept: Swept, above: Path, seed: int, seen: _Seen) -> Iterator[Found]:
    """What is wrong with the experiments that one as written, which stands at ``above``, stands for."""
    if wrong := list(_marks(swept.written, above)):
        yield from wrong
        yield from _beside(swept, above, seed, seen)
        return
    axes = swept.axes()
    if text := _too_many(axes):
        yield above, text
        return
    seen.axes = axes
    seen.names += swept.experiment_names() if axes else []
    places = [_Swept(axis, (*above, *axis.path), (*above, *axis.path, SWEEP)) for axis in axes]
    found = _Collected()
    points = product(*(range(len(a.values)) for a in axes))
    for positions, experiment in zip(points, swept.raw_experiments(), strict=True):
        at = tuple(zip(places, positions, strict=True))
        found.look(_schema(Experiment, {**experiment, "name": "experiment"}, above), at)
        found.look(_search(experiment, above), at)
        stage = _components(experiment, above, at, seed, found, seen)
        if stage is not None:
            seen.stages.append(stage)
            if isinstance(experiment.get("search"), dict):
                found.look(_regret(stage, experiment["search"], (*above, "search")), at)
    yield from found.told()


def _beside(swept: Swept, above: Path, seed: int, seen: _Seen) -> Iterator[Found]:
    """What else is wrong with an experiment of which a swept value is: looked at with the first of all in place."""
    filled: dict[Path, Any] = {}
    for path, mark in marks(swept.written):
        given = mark[SWEEP]
        first = (
            given[0] if isinstance(given, list) and given else given.get("start") if isinstance(given, dict) else None
        )
        if not path or first is None or any(marks(first)):
            return
        filled[path] = first
    plain = Swept.model_construct(name=swept.name, **fill(swept.written, filled))
    for place, text in _points(plain, above, seed, seen):
        if not any(place[: len(above) + len(path)] == (*above, *path) for path in filled):
            yield place, text


def _figures(figures: Sequence[Any], experiments: Mapping[str, _Seen]) -> Iterator[Found]:
    """What is wrong with the entries of ``figures``, given what they may refer to."""
    whose = {name: seen for seen in experiments.values() for name in seen.names if not name.endswith("-search")}
    names: dict[str, Path] = {}
    shown: set[str] = set()
    for i, entry in enumerate(figures):
        where: Path = ("figures", i)
        given = entry.get("experiment") if isinstance(entry, dict) else None
        if (given is not None and not isinstance(given, str | list)) or given == []:
            yield (*where, "experiment"), f"must be a name, a list of names, or left out for all, got {given!r}"
            continue
        if isinstance(given, list) and len({str(name) for name in given}) < len(given):
            yield (*where, "experiment"), f"must name every experiment once, got {given!r}"
            continue
        looked: Figure | None = None
        for look in looks(entry, list(experiments)):
            if not isinstance(look, dict):
                continue  # told with the study's form
            if mistakes := list(_schema(Figure, look, where)):
                yield from mistakes
                looked = None
                break
            figure = Figure.model_validate(look)
            if figure.experiment not in whose:
                hint = did_you_mean(figure.experiment, whose)
                known = ", ".join(experiments) or "none"
                yield (*where, "experiment"), f"no experiment named {figure.experiment!r}{hint}; there are {known}"
                continue
            name = figure_name(look, names)
            if name in names:
                yield where, f"a second figure named {name!r}: give one of them another 'name'"
            names[name] = where
            shown.add(figure.experiment)
            seen = whose[figure.experiment]
            longest = limits.FILE_NAME - (LONGEST + 10 if seen.axes and figure.experiment == seen.names[0] else 0)
            if len(name) > longest:
                what = f"its files would be called {name!r}, of {len(name)} characters, at most {longest}"
                yield where, f"{what} are allowed: give it a 'name'"
            yield from _look(figure, seen, where)
            looked = figure
        if looked is not None:
            yield from _appearance(looked, experiments.values(), where)
    for name in (name for name in experiments if name not in shown and name in names):
        yield (
            names[name],
            f"{name!r} is the name of another experiment's figure: give this one another 'name'",
        )


def _look(figure: Figure, seen: _Seen, where: Path) -> Iterator[Found]:
    """What is wrong with a figure of an experiment."""
    axes = {axis.name for axis in seen.axes} if figure.experiment == seen.names[0] else set()
    over = sorted(axes | (set() if seen.search else seen.parameters))
    if figure.over and figure.over not in over:
        what = f"{figure.experiment} sweeps no {figure.over!r}{did_you_mean(figure.over, over)}"
        yield (*where, "over"), f"{what}; it sweeps {', '.join(over) or 'nothing that a figure may be drawn over'}"
    elif not figure.over and not axes and figure.quantity == "ratio":
        yield (*where, "quantity"), f"is for figures over swept values; {figure.experiment} is drawn over time"
    policies = seen.entries if seen.search or figure.over in seen.parameters - axes else seen.policies
    for j, label in enumerate(figure.policies):
        if label not in policies:
            yield (*where, "policies", j), _no_policy(f"{figure.experiment} has no", label, policies)
    for stage in seen.stages:
        if mistakes := list(_regret(stage, figure.model_dump(), where)):
            yield from mistakes
            break


def _appearance(figure: Figure, experiments: Iterable[_Seen], where: Path) -> Iterator[Found]:
    """What is wrong with how a figure is to look; an experiment of the study must have each policy that it names."""
    known = {label for seen in experiments for label in seen.policies}
    lines = tuple(f"{label} " for seen in experiments if figure.over in seen.parameters for label in seen.entries)
    for key, labels in figure.labels_named().items():
        for j, label in enumerate(labels):
            if label not in known and not label.startswith(lines):
                yield (*where, key, j if key == "order" else label), _no_policy("no experiment has a", label, known)
    if figure.style and (text := unknown_style(figure.style)):
        yield (*where, "style"), text


def _no_policy(whose: str, label: str, policies: set[str]) -> str:
    """What to say of a label that no policy has."""
    return f"{whose} policy labelled {label!r}{did_you_mean(label, policies)}; there are {', '.join(sorted(policies))}"


def _regret(stage: _Stage, look: Mapping[str, Any], where: Path) -> Iterator[Found]:
    """What is wrong with the regret definition and the comparators that a figure or a search names."""
    environment, named = stage.environment, look.get("comparators")
    wanted = [name for name in named if isinstance(name, str)] if isinstance(named, list) else []
    try:
        names = _comparators(stage, wanted)
    except Exception as error:  # as in ``_construct``
        yield (*where, "comparators"), _said(type(environment), error)
        return
    if lacking := [name for name in wanted if name not in names]:
        what = f"{type(environment).__name__} has no comparator {lacking[0]!r}{did_you_mean(lacking[0], names)}"
        yield (*where, "comparators"), f"{what}; it has {', '.join(names)}"
    name = look.get("regret")
    known = [regret.name for regret in environment.regrets()]
    if isinstance(name, str) and name and name not in known:
        what = f"{type(environment).__name__} has no regret definition {name!r}{did_you_mean(name, known)}"
        yield (*where, "regret"), f"{what}; it has {', '.join(known)}"


def _comparators(stage: _Stage, wanted: Sequence[str]) -> list[str]:
    """Names of an environment's comparators; a run is drawn only where its regret definitions lack a wanted one."""
    known = dict.fromkeys(
        name for regret in stage.environment.regrets() for name in (regret.comparator, regret.worst) if name
    )
    if any(name not in known for name in wanted):
        known |= dict.fromkeys(stage.begun().comparators(np.array([1])))
    return list(known)


def _marks(experiment: Mapping[str, Any], above: Path) -> Iterator[Found]:
    """What is wrong with the swept values of an experiment, as such."""
    for path, mark in marks(experiment):
        where = (*above, *path)
        if not path:
            yield (*where, SWEEP), "an experiment cannot be swept as a whole; sweep one of its values"
            continue
        allowed = ("parameters",) if path[0] == "policies" else ("horizon", "replicates", "environment")
        if (path[2:3] if path[0] == "policies" else path)[:1] not in [(step,) for step in allowed]:
            yield where, "may not be swept; a horizon, replicates, an environment or a policy's parameters may"
        if extra := [key for key in mark if key != SWEEP]:
            yield (*where, extra[0]), f"a swept value has no key but {SWEEP!r}, got {extra[0]!r}"
        elif inner := [path for path, _ in marks(mark[SWEEP])]:
            yield (*where, SWEEP, *inner[0]), "a sweep within a sweep: write one list of all values"
        else:
            yield from _schema(Mark, mark, where)


def _too_many(axes: Sequence[Axis]) -> str:
    """What to say of swept values with too many combinations; nothing if they are not."""
    n = math.prod(len(axis.values) for axis in axes)
    return (
        f"{' x '.join(axis.name for axis in axes)} makes {n} points, at most {limits.POINTS} are allowed"
        if n > limits.POINTS
        else ""
    )


@dataclass(frozen=True)
class _Swept:
    """An axis, the place where its value goes, and the place of its values in the file."""

    axis: Axis
    place: Path
    values: Path

    def holds(self, place: Path) -> bool:
        """Whether ``place`` is the value's or below; a name or ``*`` in the axis' path stands for a position."""
        if len(place) < len(self.place):
            return False
        return all(s == p or isinstance(p, int) for s, p in zip(self.place, place, strict=False))


_Point = tuple[tuple[_Swept, int], ...]
"""Axes with the positions of their values."""


class _Collected:
    """Mistakes at all points of swept values: each told once, with the value that it hangs on."""

    def __init__(self) -> None:
        self.tried: dict[Path, set[int]] = {}
        self.found: dict[Found, list[_Point]] = {}

    def look(self, mistakes: Iterable[Found], at: _Point) -> None:
        """Take in what was found at a point."""
        for swept, j in at:
            self.tried.setdefault(swept.values, set()).add(j)
        for mistake in mistakes:
            self.found.setdefault(mistake, []).append(at)

    def told(self) -> Iterator[Found]:
        """The mistakes, those that hang on a value at the place of that value.

        A mistake that is the same at all of several values does not hang on them.
        """
        for (place, text), points in self.found.items():
            failing: dict[Path, set[int]] = {}
            for swept, j in (pair for point in points for pair in point):
                failing.setdefault(swept.values, set()).add(j)
            some = {
                s.values: len(self.tried[s.values]) == 1 or failing[s.values] != self.tried[s.values]
                for s, _ in points[0]
            }
            own = [(s, j) for s, j in points[0] if s.holds(place) and some[s.values]]
            hangs_on = own or [(s, j) for s, j in points[0] if failing[s.values] != self.tried[s.values]]
            if hangs_on:
                at = point_text([s.axis for s, _ in hangs_on], [s.axis.values[j] for s, j in hangs_on])
                text = f"at {at}: {text}" if own else f"at {at}: {path_text(place)}: {text}"
                place = (*hangs_on[0][0].values, hangs_on[0][1])
            yield place, text


def _search(experiment: Mapping[str, Any], above: Path) -> Iterator[Found]:
    """What is wrong between an experiment's search and the rest of it."""
    search, replicates, policies = experiment.get("search"), experiment.get("replicates"), experiment.get("policies")
    if not isinstance(search, dict) or not isinstance(policies, list):
        return
    tuning = search.get("tuning")
    if isinstance(tuning, int) and isinstance(replicates, int) and tuning >= replicates:
        what = f"leaves none of the {replicates} replicates to report; it takes the first of them, got {tuning}"
        yield (*above, "search", "tuning"), what
    if not any(marks(policies)):
        what = "there is nothing to search: no policy has a swept parameter, such as exploration: {sweep: [1, 2]}"
        yield (*above, "search"), what
    titles = [str(p.get("label") or p.get("name")) for p in policies if isinstance(p, dict)]
    for j, title in enumerate(titles):
        if title in titles[:j] and (any(marks(policies[j])) or any(marks(policies[titles.index(title)]))):
            what = f"a second policy labelled {title!r}, under which the chosen one is shown: give it another 'label'"
            yield (*above, "policies", j), what


def _components(
    experiment: Mapping[str, Any], above: Path, at: _Point, seed: int, found: _Collected, seen: _Seen
) -> _Stage | None:
    """Look at an experiment's environment and policies; the environment, or None."""
    horizon = experiment.get("horizon")
    horizon = horizon if type(horizon) is int and horizon >= 1 else 100
    place = (*above, "environment")
    described = experiment.get("environment")
    environment, mistakes = _construct(ENVIRONMENTS, place, described, Environment, dict, horizon=horizon)
    found.look(mistakes, at)
    stage = None if environment is None else _Stage(environment, described, horizon)
    policies, search = experiment.get("policies"), experiment.get("search")
    most = search.get("candidates") if isinstance(search, dict) else None
    labels: set[str] = set()
    for j, entry in enumerate(policies if isinstance(policies, list) else ()):
        place = (*above, "policies", j)
        try:
            written = Component.model_validate(entry)
            axes = axes_of({"parameters": written.parameters})
        except ValidationError:  # told with the experiment's form
            continue
        if text := _too_many(axes):
            found.look([(place, text)], at)
            continue
        positions = [{text_of(value): i for i, value in enumerate(axis.values)} for axis in axes]
        swept = [_Swept(axis, (*place, *axis.path), (*place, *axis.path, SWEEP)) for axis in axes]
        seen.policies.add(written.title)
        seen.entries.add(written.title)
        seen.parameters.update(axis.name for axis in axes)
        try:
            all_of_it = candidates(written, seed, most if isinstance(most, int) and most >= 2 else None)
        except ValidationError:
            found.look([((*place, "parameters"), "each value of swept parameters must be a mapping")], at)
            continue
        for policy in all_of_it:
            point = policy.point.values() if isinstance(policy, Candidate) else ()
            here = (*at, *((s, j[text_of(value)]) for s, j, value in zip(swept, positions, point, strict=True)))
            found.look(_policy(policy, place, stage), here)
            if policy.title in labels:
                what = f"a second policy labelled {policy.title!r}: give one of them another 'label'"
                found.look([(place, what)], here)
            labels.add(policy.title)
    seen.policies |= labels
    return stage


def _policy(policy: Component, place: Path, stage: _Stage | None) -> Iterator[Found]:
    """What is wrong with a policy, in this environment if it is right itself."""
    described = {"name": policy.name, "parameters": policy.parameters}
    built, mistakes = _construct(
        POLICIES, place, described, Policy, lambda: _able(stage.environment if stage else None)
    )
    yield from mistakes
    if built is not None and stage is not None:
        environment = stage.environment
        try:
            check_plays(built, environment.problem, type(environment).__name__)
        except ValueError as error:
            able = _able(environment)
            yield place, f"{error}; {able['label']}: {', '.join(able['among']) or 'none'}"
            return
        try:
            built.reset(environment.problem, np.random.default_rng(0))
            if isinstance(built, Clairvoyant):
                stage.begun().clairvoyant(built.comparator)
        except Exception as error:  # as in ``_construct``
            yield place, _said(type(built), error)


def _construct(
    registry: Registry, where: Path, entry: Any, of: type[Any], able: Callable[[], Mapping[str, Any]], **given: Any
) -> tuple[Any, list[Found]]:
    """The object that ``entry`` describes, or None and what is wrong with it.

    Args:
        registry: where its name stands.
        where: its place in the file.
        entry: name and parameters.
        of: the class of which it must be.
        able: what to say of an unknown name, as arguments of ``Registry.hint``.
        given: arguments that are not the study's to give.
    """
    described = (
        {key: entry[key] for key in ("name", "parameters") if key in entry} if isinstance(entry, dict) else entry
    )
    try:
        name, parameters = named(described, path_text(where))
        cls = registry.load(name) if name in registry.paths or ":" in name else None
    except ImportError as error:
        return None, [((*where, "name"), str(error))]
    except ValueError:  # told with the form
        return None, []
    if cls is None:
        return None, [((*where, "name"), f"unknown {registry.kind} {name!r}{registry.hint(name, **able())}")]
    try:
        registry.check_class(cls, name, registry.kind, of)
    except ValueError as error:
        return None, [((*where, "name"), str(error))]
    if wrong := unfit(cls, parameters, given):
        return None, [((*where, "parameters", key) if key else where, text) for key, text in wrong]
    try:
        return registry.build(described, of=of, **given), []
    except NotAtHandError:  # noted; what needs the data is not looked at
        return None, []
    except Exception as error:  # of somebody else's class, in whatever way it fails
        text = _said(cls, error).removeprefix(f"{registry.kind}: ")
        at = _told_of(parameters, text)
        if len(at) == 2 and isinstance(parameters[at[1]], list) and " number" in text:
            text = f"{text}; to try each of several values, write {at[1]}: {{sweep: [...]}}"
        return None, [((*where, *at), text)]


def _told_of(parameters: Mapping[str, Any], text: str) -> tuple[str, ...]:
    """Of which parameter a text speaks, from the component on, as far inside as it goes: ``model: rewards ...``."""
    key = next((key for key in parameters if text.startswith(key)), None)
    if key is None:
        return ()
    inner = parameters[key].get("parameters") if isinstance(parameters[key], dict) else None
    rest = next((text[len(key + s) :] for s in (": ", ".parameters.") if text.startswith(key + s)), "")
    return ("parameters", key, *(_told_of(inner, rest) if isinstance(inner, dict) else ()))


def _able(environment: Any) -> Mapping[str, Any]:
    """The registered policies that can play an environment, as arguments of ``Registry.hint``; all if there is none."""
    return {} if environment is None else players(type(environment.problem), type(environment).__name__)


def _said(cls: type[Any], error: Exception) -> str:
    """What an error of a constructor or of ``reset`` says; where it was not raised for people, whose it is."""
    plain = isinstance(error, ValueError | OSError | ImportError)
    return str(error) if plain else f"{cls.__name__} fails with {type(error).__name__}: {error}"
