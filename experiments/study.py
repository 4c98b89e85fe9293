"""What a study is: panels of one environment and the policies that play it."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from bandits.contract import Policy
from bandits.registry import POLICIES
from environments.contract import Environment
from environments.registry import ENVIRONMENTS

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
    panels: list[Panel] = Field(min_length=1)


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
