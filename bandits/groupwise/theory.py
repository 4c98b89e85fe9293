"""What the theorems about groupwise regret need of the analysis' facts, and the regret terms of the base learners.

Worlds of grouped regression give the fact ``hindsight``, an object with ``sizes(group, times)``, the group's rounds up
to each time; ``best(group, times)``, the loss of its best model; ``ridge(group, times, penalty)``, the pair of
``min_theta(penalty |theta|^2 + SSE)`` less the best model's loss and ``ln det(A / penalty)`` of its rows;
``solution_norm(group)``, the length of the best model's coefficients at the horizon; ``kind``, which models compete
(empty for least squares over all); ``radius``, the largest length of their coefficients; and the numbers
``context_norm`` (largest length of a context) and ``dimension``. The fact ``unit_labels`` says whether all labels lie
in [0, 1]. Worlds of finite classes and of paths give ``sizes`` and ``best``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from bandits.contract import Array, Assumption, Bound


class Hindsight(Protocol):
    """What the analysis knows of each group's rows."""

    dimension: int
    context_norm: float
    kind: str
    radius: float

    def sizes(self, group: str, times: Array) -> Array:
        """Rounds of the group up to each time."""

    def best(self, group: str, times: Array) -> Array:
        """Cumulative loss of the group's best model up to each time."""

    def ridge(self, group: str, times: Array, penalty: float) -> tuple[Array, Array]:
        """Excess of the penalised least-squares loss over the comparator's, and ``ln det(A / penalty)``."""

    def solution_norm(self, group: str) -> float:
        """Length of the comparator's coefficients at the horizon, or a bound on it."""


def group_of(name: str, kind: str = "") -> str:
    """The kind of comparator that a bound on the regret in a group speaks of (``Notion.against``)."""
    return f"best in {name}, {kind}" if kind else f"best in {name}"


def group_bound(
    group: str,
    curve: Callable[[Array], Array],
    source: str,
    facts: Mapping[str, Any],
    *more: Assumption,
    of_run: bool = False,
    anytime: bool = True,
) -> Bound:
    """A bound on the regret in a group, known before or from the state of the run.

    Args:
        group: its name.
        curve: times [n_times] to the bound, in the regret's unit.
        source: where it stands.
        facts: of the run.
        more: assumptions beside that of losses that do not depend on the learner's draws.
        of_run: whether it is from the state of the run.
        anytime: whether it holds before the horizon too.
    """
    assumptions = (Assumption("losses do not depend on the learner's draws", bool(facts.get("oblivious"))), *more)
    name = f"bound for {group}, this run" if of_run else f"bound for {group}"
    against = group_of(group)
    return Bound(name, "upper", curve, against, source, assumptions, anytime, rate=not of_run, of_run=of_run)


def unit_labels(facts: Mapping[str, Any]) -> Assumption:
    """Whether labels lie in [0, 1]."""
    return Assumption("labels lie in [0, 1]", bool(facts.get("unit_labels", False)))


def ridge_term(hindsight: Hindsight, group: str, times: Array, penalty: float, square: float, prior: bool) -> Array:
    """Regret of online ridge on a group's rows: the cost of the penalty and the log determinant.

    ``F + square * ld(n)`` with ``F = min_theta(lambda |theta|^2 + SSE)`` less the comparator's loss and ``ld(n) = ln
    det(A_n / lambda)``. Against ridge of the same penalty ``F = 0``; against any ``theta``, ``F <= lambda |theta|^2``.
    With ``prior``, ``d ln(1 + n X^2 / (lambda d))`` stands for ``ld(n)``, and ``lambda U^2`` for ``F`` where no
    comparator is longer than ``U``.

    Args:
        hindsight: the analysis' knowledge.
        group: name of the group.
        times: [n_times] rounds.
        penalty: lambda.
        square: 1 for clipped ridge and the forward forecaster, else the largest squared error.
        prior: use what is known before the run, as said.
    """
    excess, determinant = hindsight.ridge(group, times, penalty)
    if prior:
        excess = excess if np.isinf(hindsight.radius) else np.full_like(times, penalty * hindsight.radius**2)
        d = hindsight.dimension
        determinant = d * np.log1p(hindsight.sizes(group, times) * hindsight.context_norm**2 / (penalty * d))
    return excess + square * determinant
