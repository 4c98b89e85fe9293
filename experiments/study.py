"""What a study is: panels of one environment and the policies that play it."""

from __future__ import annotations

import copy
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from bandits.contract import Policy
from bandits.registry import POLICIES
from environments.contract import Environment
from environments.registry import ENVIRONMENTS
from experiments.paths import assign

NAME = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Component(_Model):
    """A policy or an environment: its registered name or ``module:Class``, and its constructor's arguments."""

    name: str
    label: str = ""
    parameters: dict[str, Any] = {}

    @property
    def title(self) -> str:
        """The label, or the name where none is given."""
        return self.label or self.name


class Figure(_Model):
    """How a panel is drawn."""

    notion: str = ""
    """Kind of regret; empty for the environment's default."""
    quantity: Literal["regret", "cost"] = "regret"
    """``cost``: cumulative cost (minus reward) instead of regret, comparators as reference lines."""
    scale: Literal["auto", "linear", "loglog", "semilogx"] = "auto"
    """``auto``: log-log where all curves are positive, else linear."""
    comparators: list[str] = []
    """With ``cost``: the comparators to draw; empty for all."""


class Panel(_Model):
    """One environment and the policies that play it: one pair of axes."""

    name: str = Field(pattern=NAME)
    title: str = ""
    environment: Component
    horizon: int = Field(ge=1)
    replicates: int = Field(ge=1)
    policies: list[Component] = Field(min_length=1)
    figure: Figure = Figure()


class Range(_Model):
    """Evenly spaced values, whole numbers where both ends are."""

    start: float
    stop: float
    number: int = Field(ge=2)
    spacing: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _positive(self) -> Self:
        if self.spacing == "log" and min(self.start, self.stop) <= 0:
            raise ValueError(f"a log range needs positive ends, got {self.start:g} and {self.stop:g}")
        return self

    @property
    def values(self) -> list[float]:
        """The values, in order, each once."""
        space = np.geomspace if self.spacing == "log" else np.linspace
        values = space(self.start, self.stop, self.number).tolist()
        whole = self.start == int(self.start) and self.stop == int(self.stop)
        return list(dict.fromkeys(round(v) for v in values)) if whole else values


class SweepFigure(_Model):
    """How a sweep is drawn: the value at the horizon against the parameter."""

    notion: str = ""
    quantity: Literal["regret", "cost", "ratio"] = "regret"
    """``ratio``: cumulative cost over the comparator's."""
    scale: Literal["auto", "linear", "loglog", "semilogx", "semilogy"] = "auto"
    """``auto``: log-log where everything is positive, else linear."""


class Sweep(_Model):
    """A panel for each value of one parameter, drawn as one figure against that parameter."""

    name: str = Field(pattern=NAME)
    title: str = ""
    parameter: str
    """Dotted path into the panel, see ``experiments.paths``."""
    label: str = ""
    """Of the x axis; the path's last step where empty."""
    values: Annotated[
        Annotated[list[Any], Tag("as a list")] | Annotated[Range, Tag("as a range")],
        Discriminator(lambda value: "as a range" if isinstance(value, dict | Range) else "as a list"),
    ]
    panel: dict[str, Any]
    """A panel without name and title."""
    figure: SweepFigure = SweepFigure()

    @property
    def points(self) -> list[Any]:
        """The values of the parameter."""
        return self.values.values if isinstance(self.values, Range) else self.values

    @property
    def axis(self) -> str:
        """What the x axis shows."""
        return self.label or self.parameter.rpartition(".")[2].replace("_", " ")

    def raw_panels(self) -> list[dict[str, Any]]:
        """The panels as plain data, named ``<sweep>-<position>``.

        Raises:
            KeyError: the parameter's path leads nowhere in the panel.
        """
        panels = []
        for j, value in enumerate(self.points):
            panel = copy.deepcopy(self.panel)
            assign(panel, self.parameter, value)
            panels.append({**panel, "name": f"{self.name}-{j}", "title": f"{self.axis} = {value}"})
        return panels


class Study(_Model):
    """One study file."""

    name: str = Field(pattern=NAME)
    title: str = ""
    description: str = ""
    seed: int = Field(ge=0)
    checkpoints: int = Field(default=200, ge=2)
    """Number of times at which curves are recorded, log-spaced from 1 to the horizon."""
    block: int = Field(default=16, ge=1)
    """Replicates in one cell of work: what is saved and resumed at once."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1.0)
    panels: list[Panel] = []
    sweeps: list[Sweep] = []

    @model_validator(mode="after")
    def _something_to_run(self) -> Self:
        if not self.panels and not self.sweeps:
            raise ValueError("a study needs panels or sweeps")
        return self

    def all_panels(self) -> list[Panel]:
        """The panels, and then those of the sweeps."""
        swept = [Panel.model_validate(panel) for sweep in self.sweeps for panel in sweep.raw_panels()]
        return [*self.panels, *swept]


SHARED = ("horizon", "replicates", "policies")
"""Keys of a panel that may stand once at the top of the file, for all panels."""


def checkpoints(number: int, horizon: int) -> NDArray[np.int64]:
    """About ``number`` times from 1 to ``horizon``, log-spaced, increasing, the horizon among them."""
    times = np.unique(np.round(np.geomspace(1, horizon, min(number, horizon))).astype(np.int64))
    times[-1] = horizon
    return times


def build_environment(component: Component, horizon: int) -> Environment[Any, Any, Any, Any]:
    """The environment that a study names, for runs of ``horizon`` rounds."""
    environment: Environment[Any, Any, Any, Any] = ENVIRONMENTS.load(component.name)(
        **component.parameters, horizon=horizon
    )
    return environment


def build_policy(component: Component) -> Policy[Any, Any, Any]:
    """The policy that a study names."""
    policy: Policy[Any, Any, Any] = POLICIES.load(component.name)(**component.parameters)
    return policy
