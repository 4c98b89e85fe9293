"""What a study is: experiments of one environment and the policies that play it."""

from __future__ import annotations

import copy
from hashlib import sha256
from itertools import product
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from experiments.study.axes import Axis, Model, Values, axes_of, fill, listed, marks, names_of, point_id, point_text
from experiments.study.paths import assign

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
EXPANDED = r"^[A-Za-z0-9][A-Za-z0-9_.=,-]*$"
"""Of an experiment: that of one in a sweep has ``=`` and ``,`` in its name."""


class Component(Model):
    """A policy or an environment: its registered name or ``module:Class``, and its constructor's arguments."""

    name: str
    label: str = ""
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


class Figure(Model):
    """How an experiment is drawn."""

    regret: str = ""
    """Name of the regret definition; empty for the environment's default."""
    quantity: Literal["regret", "cost"] = "regret"
    """``cost``: cumulative cost (minus reward) instead of regret, comparators as reference lines."""
    scale: Literal["auto", "linear", "loglog", "semilogx"] = "auto"
    """``auto``: log-log where all curves are positive, else linear."""
    comparators: list[str] = []
    """With ``cost``: the comparators to draw; empty for all."""


class Search(Model):
    """A search over the swept parameters of an experiment's policies, on replicates of its own."""

    tuning: int = Field(ge=1)
    """The first replicates, which choose among the candidates; the others alone are reported."""
    candidates: int | None = Field(default=None, ge=2)
    """Of each policy: at most so many, drawn from the cross product; all of them where it is not given."""


class Experiment(Model):
    """One environment and the policies that play it: one pair of axes."""

    name: str = Field(pattern=EXPANDED)
    title: str = ""
    environment: Component
    horizon: int = Field(ge=1, le=10**18)
    replicates: int = Field(ge=1)
    policies: list[Component] = Field(min_length=1)
    """As written, or, in ``Study.all_experiments``, with a ``Candidate`` for each point of swept parameters."""
    search: Search | None = None
    figure: Figure = Figure()


class SweepFigure(Model):
    """How a sweep is drawn: the value at the horizon against the parameter."""

    regret: str = ""
    quantity: Literal["regret", "cost", "ratio"] = "regret"
    """``ratio``: cumulative cost over the comparator's."""
    scale: Literal["auto", "linear", "loglog", "semilogx", "semilogy"] = "auto"
    """``auto``: log-log where everything is positive, else linear; over values that are no numbers, linear or, where
    values differ much, semilogy."""


class Sweep(Model):
    """An experiment for each point of swept values, drawn as the value at the horizon against one of them."""

    name: str = Field(pattern=NAME)
    title: str = ""
    parameter: str = ""
    """Dotted path into the experiment, see ``experiments.study.paths``; in place of a mark, or beside marks in it."""
    label: str = ""
    """Of the parameter's axis; the path's last step where empty."""
    values: Values = []
    experiment: dict[str, Any]
    """An experiment without name and title, in which values may be swept."""
    figure: SweepFigure = SweepFigure()

    def axes(self) -> list[Axis]:
        """The swept values: ``parameter``, and then those of marks outside the policies, in order.

        Raises:
            ValidationError: a mark is not of the form of one.
        """
        inside = axes_of({key: value for key, value in self.experiment.items() if key != "policies"})
        if not self.parameter:
            return inside
        paths = [tuple(self.parameter.split(".")), *(axis.path for axis in inside)]
        values = [tuple(listed(self.values)), *(axis.values for axis in inside)]
        labels = [self.label, *(axis.label for axis in inside)]
        return list(map(Axis, paths, values, names_of(paths), labels))

    def points(self) -> list[tuple[Any, ...]]:
        """All combinations of the axes' values."""
        return list(product(*(axis.values for axis in self.axes())))

    def experiment_names(self) -> list[str]:
        """Names of the experiments, ``<sweep>-<parameter>=<value>``, in the order of ``points``."""
        axes = self.axes()
        return [f"{self.name}-{point_id(axes, point)}" for point in self.points()]

    def raw_experiments(self) -> list[dict[str, Any]]:
        """The experiments as plain data, in the order of ``points``.

        Raises:
            KeyError: the parameter's path leads nowhere in the experiment.
        """
        axes, experiments = self.axes(), []
        for name, point in zip(self.experiment_names(), self.points(), strict=True):
            experiment = copy.deepcopy(self.experiment)
            inside = zip(axes, point, strict=True)
            if self.parameter:
                assign(experiment, self.parameter, next(inside)[1])
            experiment = fill(experiment, {axis.path: value for axis, value in inside})
            title = f"{self.title or self.name} {point_text(axes, point)}"
            experiments.append({**experiment, "name": name, "title": title})
        return experiments


def candidates(entry: Component, seed: int, most: int | None = None) -> list[Component]:
    """The policies that an entry stands for: itself, or one for each point of its swept parameters.

    Args:
        entry: a policy as written.
        seed: the study's.
        most: how many points to keep, >= 2: the first one, and of the others a random subset that ``seed`` and
            the entry's title decide, whatever other points there are.
    """
    axes = axes_of({"parameters": entry.parameters})
    if not axes:
        return [entry]
    points = {point_text(axes, point): point for point in product(*(axis.values for axis in axes))}
    first, *others = points
    if most is not None:
        others.sort(key=lambda text: sha256(f"{seed} {entry.title} {text}".encode()).digest())
        kept = {first, *others[: most - 1]}
        points = {text: point for text, point in points.items() if text in kept}
    return [_candidate(entry, axes, text, point) for text, point in points.items()]


def _candidate(entry: Component, axes: list[Axis], text: str, point: tuple[Any, ...]) -> Candidate:
    places = {axis.path: value for axis, value in zip(axes, point, strict=True)}
    return Candidate(
        name=entry.name,
        label=f"{entry.title} {text}",
        parameters=fill({"parameters": entry.parameters}, places)["parameters"],
        entry=entry.title,
        point={axis.name: value for axis, value in zip(axes, point, strict=True)},
    )


class Study(Model):
    """One study file."""

    name: str = Field(pattern=NAME)
    title: str = ""
    description: str = ""
    seed: int = Field(ge=0)
    checkpoints: int = Field(default=200, ge=2)
    """Number of times at which curves are recorded, log-spaced from 1 to the horizon."""
    batch: int = Field(default=16, ge=1)
    """Replicates in one job: what is saved and resumed at once."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    experiments: list[Experiment] = []
    sweeps: list[Sweep] = []

    @model_validator(mode="before")
    @classmethod
    def _swept_experiments(cls, data: Any) -> Any:
        """Experiments with swept values outside the policies become sweeps."""
        experiments = data.get("experiments") if isinstance(data, dict) else None
        if not isinstance(experiments, list):
            return data
        swept = [experiment for experiment in experiments if isinstance(experiment, dict) and is_swept(experiment)]
        plain = [experiment for experiment in experiments if not any(experiment is other for other in swept)]
        return (
            {**data, "experiments": plain, "sweeps": [*map(_as_sweep, swept), *(data.get("sweeps") or [])]}
            if swept
            else data
        )

    @model_validator(mode="after")
    def _something_to_run(self) -> Self:
        if not self.experiments and not self.sweeps:
            raise ValueError("a study needs experiments or sweeps")
        return self

    def all_experiments(self) -> list[Experiment]:
        """The experiments, and then those of the sweeps, each with the policies that its entries stand for."""
        swept = [Experiment.model_validate(raw) for sweep in self.sweeps for raw in sweep.raw_experiments()]
        return [self._spelled_out(experiment) for experiment in (*self.experiments, *swept)]

    def _spelled_out(self, experiment: Experiment) -> Experiment:
        most = experiment.search.candidates if experiment.search else None
        policies = [policy for entry in experiment.policies for policy in candidates(entry, self.seed, most)]
        return experiment.model_copy(update={"policies": policies})


def is_swept(experiment: dict[str, Any]) -> bool:
    """Whether an experiment, as plain data, stands for several."""
    return any(path[0] != "policies" for path, _ in marks(experiment))


def _as_sweep(experiment: dict[str, Any]) -> dict[str, Any]:
    """An experiment with swept values as an entry of ``sweeps``."""
    own = {key: value for key, value in experiment.items() if key in ("name", "title")}
    figure = experiment.get("figure") or {}
    shown = {key: figure[key] for key in ("regret", "quantity") if key in figure}
    return {**own, "experiment": {key: value for key, value in experiment.items() if key not in own}, "figure": shown}


SHARED = ("horizon", "replicates", "policies")
"""Keys of an experiment that may stand once at the top of the file, for all experiments."""


def checkpoints(number: int, horizon: int) -> NDArray[np.int64]:
    """About ``number`` times from 1 to ``horizon``, log-spaced, increasing, the horizon among them."""
    times = np.unique(np.round(np.geomspace(1, horizon, min(number, horizon))).astype(np.int64))
    times[-1] = horizon
    return times
