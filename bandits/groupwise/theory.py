"""What the theorems about groupwise regret need of the analysis' facts, and the regret terms of the base learners.

Worlds of grouped regression give the fact ``hindsight``, an object with ``sizes(group, times)``, the group's rounds up
to each time; ``best(group, times)``, the loss of its best model; ``ridge(group, times, penalty)``, the pair of
``min_theta(penalty |theta|^2 + SSE) - min_theta SSE`` and ``ln det(A / penalty)`` of its rows;
``solution_norm(group)``, the length of its least-squares coefficients at the horizon; and the numbers ``context_norm``
(largest length of a context) and ``dimension``. The fact ``unit_labels`` says whether all labels lie in [0, 1]. Worlds
of finite classes and of paths give ``sizes`` and ``best``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from bandits.contract import Array, Assumption


class Hindsight(Protocol):
    """What the analysis knows of each group's rows."""

    dimension: int
    context_norm: float

    def sizes(self, group: str, times: Array) -> Array:
        """Rounds of the group up to each time."""

    def best(self, group: str, times: Array) -> Array:
        """Cumulative loss of the group's best model up to each time."""

    def ridge(self, group: str, times: Array, penalty: float) -> tuple[Array, Array]:
        """Excess of the penalised over the plain least-squares loss, and ``ln det(A / penalty)``."""

    def solution_norm(self, group: str) -> float:
        """Length of the minimum-norm least-squares coefficients at the horizon."""


def group_of(name: str) -> str:
    """The kind of comparator that a bound on the regret in a group speaks of (``Notion.against``)."""
    return f"best in {name}"


def unit_labels(facts: Mapping[str, Any]) -> Assumption:
    """Whether labels lie in [0, 1]."""
    return Assumption("labels lie in [0, 1]", bool(facts.get("unit_labels", False)))


def ridge_term(hindsight: Hindsight, group: str, times: Array, penalty: float, square: float, prior: bool) -> Array:
    """Regret of online ridge on a group's rows against least squares: the cost of the penalty and the log determinant.

    ``F + square * ld(n)`` with ``F = min_theta(lambda |theta|^2 + SSE) - min_theta SSE``, which is at most ``lambda
    |theta|^2`` at the least-squares solution, and ``ld(n) = ln det(A_n / lambda)``; with ``prior``, ``d ln(1 + n X^2 /
    (lambda d))`` stands for ``ld(n)``.

    Args:
        hindsight: the analysis' knowledge.
        group: name of the group.
        times: [n_times] rounds.
        penalty: lambda.
        square: 1 for clipped ridge and the forward forecaster, else the largest squared error.
        prior: bound the determinant by the contexts' length.
    """
    excess, determinant = hindsight.ridge(group, times, penalty)
    if prior:
        d = hindsight.dimension
        determinant = d * np.log1p(hindsight.sizes(group, times) * hindsight.context_norm**2 / (penalty * d))
    return excess + square * determinant
