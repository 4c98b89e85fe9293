"""What a study is: experiments, which are computed, and figures, which look at them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from hashlib import sha256
from itertools import product
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, ConfigDict, Discriminator, Field, Tag, model_validator

from bandits.registry import POLICIES
from experiments.study import limits
from experiments.study.appearance import Appearance
from experiments.study.axes import Axis, Model, axes_of, fill, marks, point_id, point_text
from experiments.study.texts import Lines, OneLine

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
FULL_NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*$"
"""Of a study: its results stand in folders of these names."""
EXPANDED = r"^[A-Za-z0-9][A-Za-z0-9_.=,-]*$"
"""Of an experiment: that of one in a sweep has ``=`` and ``,`` in its name."""


class Component(Model):
    """A policy or an environment: its registered name or ``module:Class``, and its constructor's arguments."""

    name: str
    label: OneLine = ""
    parameters: dict[str, Any] = {}

    @property
    def title(self) -> str:
        """The label, or the name where none is given."""
        return self.label or self.name


class Candidate(Component):
    """A policy at one point of its swept parameters.

    Attributes:
        entry: title of the policy as written, without the point.
        point: name of each swept parameter to its value.
    """

    entry: str
    point: dict[str, Any]


class Search(Model):
    """A search over the swept parameters of an experiment's policies, on replicates of its own."""

    tuning: int = Field(ge=1)
    """The first replicates, which choose among the candidates; the others alone are reported."""
    candidates: int | None = Field(default=None, ge=2)
    """Of each policy: at most so many, drawn from the cross product; all of them where it is not given."""
    regret: str = ""
    """Name of the regret definition that is made small; empty for the environment's default."""
    quantity: Literal["regret", "cost"] = "regret"
    """``cost``: cumulative cost (minus reward) is made small instead."""


class Experiment(Model):
    """One environment and the policies that play it."""

    name: str = Field(pattern=EXPANDED, max_length=limits.FILE_NAME)
    title: OneLine = ""
    environment: Component
    horizon: int = Field(ge=1, le=10**18)
    replicates: int = Field(ge=1)
    policies: list[Component] = Field(min_length=1)
    """As written, or, in ``Study.all_experiments``, with a ``Candidate`` for each point of swept parameters."""
    search: Search | None = None


class Swept(Model):
    """An experiment as written, with ``{sweep: ...}`` outside its policies: it stands for one at each point."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    name: str = Field(pattern=NAME, max_length=limits.NAME)
    title: OneLine = ""

    @property
    def written(self) -> Mapping[str, Any]:
        """The rest of it, as plain data."""
        return self.model_extra or {}

    @cached_property
    def _axes(self) -> list[Axis]:
        return axes_of({key: value for key, value in self.written.items() if key != "policies"})

    @cached_property
    def _names(self) -> list[str]:
        return [f"{self.name}-{point_id(self._axes, point)}" for point in self.points()]

    def axes(self) -> list[Axis]:
        """The swept values, those of policies aside.

        Raises:
            ValidationError: a mark is not of the form of one.
        """
        return list(self._axes)

    def points(self) -> list[tuple[Any, ...]]:
        """All combinations of the axes' values."""
        return list(product(*(axis.values for axis in self._axes)))

    def experiment_names(self) -> list[str]:
        """Names of the experiments, ``<name>-<parameter>=<value>``, in the order of ``points``."""
        return list(self._names)

    def raw_experiments(self) -> list[dict[str, Any]]:
        """The experiments as plain data, in the order of ``points``."""
        axes, experiments = self.axes(), []
        for name, point in zip(self.experiment_names(), self.points(), strict=True):
            filled = fill(self.written, {axis.path: value for axis, value in zip(axes, point, strict=True)})
            title = f"{self.title or self.name} {point_text(axes, point)}"
            experiments.append({**filled, "name": name, "title": title})
        return experiments


class Figure(Appearance):
    """A look at an experiment: curves over time, or, over swept values, values at the horizon."""

    name: str = Field(default="", pattern=rf"{EXPANDED}|^$", max_length=limits.FILE_NAME)
    """Of its files; where empty, that of the experiment."""
    experiment: str
    """Name of an experiment, swept or not, or of one point of a swept one (``<name>-<parameter>=<value>``)."""
    title: OneLine = ""
    """The experiment's where empty."""
    regret: str = ""
    """Name of the regret definition; empty for the environment's default."""
    quantity: Literal["regret", "cost", "reward", "ratio"] = "regret"
    """``reward``: cumulative reward instead of regret, comparators as reference lines; ``cost``: minus that; ``ratio``,
    over swept values alone: cumulative cost over the comparator's."""
    policies: list[str] = Field(default=[], validation_alias=AliasChoices("policies", "only"))
    """Labels of the policies to draw; all where empty. ``only`` is another word for it."""
    comparators: list[str] = []
    """With ``cost`` and ``reward``: the comparators to draw; all where empty."""
    scale: Literal["auto", "linear", "loglog", "semilogx", "semilogy"] = "auto"
    """``auto``: log-log where everything is positive, else linear; over values that are no numbers, linear or, where
    values differ much, semilogy."""
    over: str = ""
    """The swept value on the x axis: the shortest end of its path that tells it from the others."""
    parts: bool = False
    """Whether the picture shows what the one policy named divides a run among: shares over time, and the best."""
    label: OneLine = ""
    """Of the x axis, over swept values; the name of the swept value where empty."""

    @model_validator(mode="after")
    def _parts_of_one(self) -> Self:
        if self.parts and (len(self.policies) != 1 or self.over):
            raise ValueError(
                "a figure with parts shows one policy over time: name it, as policies: [label], without over"
            )
        return self


def candidates(entry: Component, seed: int, most: int | None = None) -> list[Component]:
    """The policies that an entry stands for: itself, or one for each point of its swept parameters.

    Args:
        entry: a policy as written.
        seed: the study's.
        most: how many points to keep, >= 2: the first one, and of the others a random subset that ``seed`` and
            the policy's name decide, whatever other points there are and however it is written.
    """
    axes = axes_of({"parameters": entry.parameters})
    if not axes:
        return [entry]
    points = {point_text(axes, point): point for point in product(*(axis.values for axis in axes))}
    first, *others = points
    if most is not None:
        name = _known_name(entry.name)
        others.sort(key=lambda text: sha256(f"{seed} {name} {text}".encode()).digest())
        kept = {first, *others[: most - 1]}
        points = {text: point for text, point in points.items() if text in kept}
    return [_candidate(entry, axes, text, point) for text, point in points.items()]


def _known_name(name: str) -> str:
    """The name under which a policy is registered, if it is."""
    try:
        return POLICIES.name_of(POLICIES.load(name))
    except (ValueError, ImportError):
        return name


def _candidate(entry: Component, axes: list[Axis], text: str, point: tuple[Any, ...]) -> Candidate:
    places = {axis.path: value for axis, value in zip(axes, point, strict=True)}
    return Candidate(
        name=entry.name,
        label=f"{entry.title} {text}",
        parameters=fill({"parameters": entry.parameters}, places)["parameters"],
        entry=entry.title,
        point={axis.name: value for axis, value in zip(axes, point, strict=True)},
    )


def is_swept(experiment: Any) -> bool:
    """Whether an experiment, as plain data, stands for several."""
    return isinstance(experiment, Swept) or any(path[:1] != ("policies",) for path, _ in marks(experiment))


Written = Annotated[
    Annotated[Experiment, Tag("experiment")] | Annotated[Swept, Tag("swept")],
    Discriminator(lambda value: "swept" if is_swept(value) else "experiment"),
]
"""An experiment as written."""


class Study(Model):
    """One study file."""

    name: str = Field(pattern=FULL_NAME, max_length=limits.FILE_NAME)
    title: OneLine = ""
    description: Lines = ""
    seed: int = Field(ge=0)
    checkpoints: int = Field(default=200, ge=2, le=limits.NUMBERS)
    """Number of times at which curves are recorded, log-spaced from 1 to the horizon."""
    batch: int = Field(default=16, ge=1)
    """Replicates in one job: what is saved and resumed at once."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    experiments: list[Written] = Field(min_length=1)
    figures: list[Figure] = []

    @model_validator(mode="before")
    @classmethod
    def _one_look_each(cls, data: Any) -> Any:
        """A figure of several experiments, or of all, becomes one of each."""
        if not isinstance(data, dict) or not isinstance(data.get("figures"), list):
            return data
        entries = data.get("experiments")
        names = experiment_names(entries if isinstance(entries, list) else [])
        return {**data, "figures": [look for figure in data["figures"] for look in looks(figure, names)]}

    @model_validator(mode="after")
    def _figures_have_names(self) -> Self:
        self.all_figures()
        return self

    @property
    def swept(self) -> list[Swept]:
        """The experiments that stand for several."""
        return [entry for entry in self.experiments if isinstance(entry, Swept)]

    def all_experiments(self) -> list[Experiment]:
        """The experiments, and then the points of swept ones, each with the policies that its entries stand for."""
        plain = [entry for entry in self.experiments if isinstance(entry, Experiment)]
        swept = [Experiment.model_validate(raw) for entry in self.swept for raw in entry.raw_experiments()]
        return [self._spelled_out(experiment) for experiment in (*plain, *swept)]

    def _spelled_out(self, experiment: Experiment) -> Experiment:
        most = experiment.search.candidates if experiment.search else None
        policies = [policy for entry in experiment.policies for policy in candidates(entry, self.seed, most)]
        return experiment.model_copy(update={"policies": policies})

    def all_figures(self) -> list[Figure]:
        """The figures, each with a name, in the order of their experiments; one of each experiment that none looks at.

        Raises:
            ValueError: two of them have the same name, or one is of no experiment.
        """
        place = {entry.name: i for i, entry in enumerate(self.experiments)}
        points = {name: place[entry.name] for entry in self.swept for name in entry.experiment_names()}
        seen = {figure.experiment for figure in self.figures}
        unseen = [Figure(experiment=entry.name) for entry in self.experiments if entry.name not in seen]
        named: dict[str, Figure] = {}
        for figure in (*self.figures, *unseen):
            name = figure_name(figure.model_dump(), named)
            if name in named:
                raise ValueError(f"a second figure named {name!r}: give one of them another 'name'")
            named[name] = figure.model_copy(update={"name": name})
        order = {**points, **place}
        if unknown := [figure.experiment for figure in self.figures if figure.experiment not in order]:
            raise ValueError(f"figures: no experiment named {unknown[0]!r}; there are {', '.join(place)}")
        return sorted(named.values(), key=lambda figure: order[figure.experiment])


def experiment_names(entries: list[Any]) -> list[str]:
    """Names of the experiments as written, whether plain data or not."""
    names = [entry.get("name") if isinstance(entry, dict) else getattr(entry, "name", None) for entry in entries]
    return [name for name in names if isinstance(name, str)]


def looks(figure: Any, names: list[str]) -> Iterator[Any]:
    """The figures, as plain data, that one as written stands for: of the experiments that it names, of all if none."""
    given = figure.get("experiment", names) if isinstance(figure, dict) else None
    if not isinstance(given, list) or not given:
        yield figure
        return
    for name in given:
        own = {"name": f"{figure['name']}-{name}"} if figure.get("name") and len(given) > 1 else {}
        yield {**figure, **own, "experiment": name}


def figure_name(figure: Mapping[str, Any], taken: Mapping[str, Any]) -> str:
    """The name of a figure's files: its own, or that of its experiment, with what it shows where that is taken."""
    if name := figure.get("name"):
        return str(name)
    quantity = figure.get("quantity")
    shown = figure.get("over") or figure.get("regret") or (quantity if quantity != "regret" else "") or "regret"
    name = str(figure.get("experiment"))
    return f"{name}-{re.sub('[^A-Za-z0-9_.=,-]+', '_', str(shown))}" if name in taken else name


SHARED = ("environment", "horizon", "replicates", "policies")
"""Keys of an experiment that may stand once at the top of the file, for all experiments."""
