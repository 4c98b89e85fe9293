"""What the theorems about groupwise regret ask of the instance, and the regret terms of the base learners."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bandits.contract import Array, Assumption, Bound, Evidence, Instance, TimeClaim


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupwiseInstance(Instance, ABC):
    """Groups of rounds in hindsight, as the analysis knows them.

    Attributes:
        groups: names of the groups whose regret is measured; no theorem about another one is handed out.
        kind: which models compete, in words; empty for all of them.
        oblivious: losses do not depend on the learner's draws.
    """

    groups: tuple[str, ...]
    kind: str = ""
    oblivious: bool = False

    @abstractmethod
    def sizes(self, group: str, times: Array) -> Array:
        """Rounds [n_times] of the group up to each time."""

    @abstractmethod
    def best(self, group: str, times: Array) -> Array:
        """Cumulative loss [n_times] of the group's best model up to each time."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RegressionInstance(GroupwiseInstance, ABC):
    """Rows of a regression in hindsight, judged by linear models.

    Attributes:
        dimension: length of a context.
        radius: largest length of the coefficients of the models that compete.
    """

    dimension: int
    radius: float = math.inf

    @property
    @abstractmethod
    def context_norm(self) -> float:
        """Largest length of a context."""

    @property
    @abstractmethod
    def unit_labels(self) -> bool:
        """Whether all labels lie in [0, 1]."""

    @abstractmethod
    def ridge(self, group: str, times: Array, penalty: float) -> tuple[Array, Array]:
        """``min_theta(penalty |theta|^2 + SSE)`` less the best model's loss, and ``ln det(A / penalty)`` [n_times]."""

    @abstractmethod
    def solution_norm(self, group: str) -> float:
        """Length of the best model's coefficients at the horizon, or a bound on it."""


def group_of(name: str, kind: str = "") -> str:
    """The comparator class of the regret in a group."""
    return f"best in {name}, {kind}" if kind else f"best in {name}"


def group_bound(
    instance: GroupwiseInstance,
    group: str,
    curve: Callable[[Array], Array],
    source: str,
    assumptions: tuple[Assumption, ...],
    evidence: Evidence = "derived",
    data_dependent: bool = False,
    time: TimeClaim = "anytime",
) -> Bound:
    """A bound on the regret in a group, known before or from the state of the run.

    Args:
        instance: what the analysis knows.
        group: its name.
        curve: times [n_times] to the bound, in the regret's unit.
        source: where it stands.
        assumptions: hypotheses.
        evidence: how far it can be trusted.
        data_dependent: whether it is from the state of the run; then no exponent is compared.
        time: what it claims about time.
    """
    name = f"bound for {group}, this run" if data_dependent else f"bound for {group}"
    time = "no rate" if data_dependent and time == "anytime" else time
    judged = group_of(group, instance.kind)
    return Bound(name, "upper", curve, judged, source, evidence, assumptions, time, data_dependent=data_dependent)


def oblivious(instance: GroupwiseInstance) -> Assumption:
    """Whether losses do not depend on the learner's draws."""
    return Assumption("losses do not depend on the learner's draws", instance.oblivious)


def unit_labels(instance: RegressionInstance) -> Assumption:
    """Whether labels lie in [0, 1]."""
    return Assumption("labels lie in [0, 1]", instance.unit_labels)


def ridge_term(
    instance: RegressionInstance, group: str, times: Array, penalty: float, square: float, prior: bool
) -> Array:
    """Regret of online ridge on a group's rows: the cost of the penalty and the log determinant.

    ``F + square * ld(n)`` with ``F = min_theta(lambda |theta|^2 + SSE)`` less the comparator's loss and ``ld(n) = ln
    det(A_n / lambda)``. Against ridge of the same penalty ``F = 0``; against any ``theta``, ``F <= lambda |theta|^2``.
    With ``prior``, ``d ln(1 + n X^2 / (lambda d))`` stands for ``ld(n)``, and ``lambda U^2`` for ``F`` where no
    comparator is longer than ``U``.

    Args:
        instance: what the analysis knows.
        group: name of the group.
        times: [n_times] rounds.
        penalty: lambda.
        square: 1 for clipped ridge and the forward forecaster, else the largest squared error.
        prior: use what is known before the run, as said.
    """
    excess, determinant = instance.ridge(group, times, penalty)
    if prior:
        excess = excess if np.isinf(instance.radius) else np.full_like(times, penalty * instance.radius**2)
        d = instance.dimension
        determinant = d * np.log1p(instance.sizes(group, times) * instance.context_norm**2 / (penalty * d))
    return excess + square * determinant
