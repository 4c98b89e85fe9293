"""What the analysis knows of grouped rounds: each group's best model in hindsight. Answers are kept."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Hashable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.groupwise.network import Network
from bandits.groupwise.policy_class import PolicyClass
from bandits.groupwise.problem import Mask
from bandits.groupwise.theory import GroupwiseInstance, RegressionInstance
from environments.groupwise.comparators import Comparator
from environments.groupwise.least_squares import prefix_ridge

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False, kw_only=True)
class GroupedInstance(GroupwiseInstance):
    """A run's groups in hindsight. The losses of the rounds are fixed before the play.

    Attributes:
        names: of all groups of the problem.
        members: [horizon, n_groups] 1 for each of these that a round belongs to, else 0.
    """

    names: tuple[str, ...]
    members: Mask
    oblivious: bool = True
    _kept: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    @abstractmethod
    def _best(self, member: Mask, ends: Ints) -> Array:
        """Losses [n_ends] of the best model for the first ``ends`` rounds (not decreasing) that have ``member``."""

    @property
    @abstractmethod
    def largest_losses(self) -> Array:
        """Largest loss [horizon] that a play can have in each round."""

    def sizes(self, group: str, times: Array | Ints) -> Array:
        """Rounds [n_times] of the group up to each time (>= 0)."""
        return self._ends(group, times).astype(np.float64)

    def best(self, group: str, times: Array | Ints) -> Array:
        """Cumulative loss [n_times] of the group's best model up to each time."""
        ends = self._ends(group, times)
        key = ("best", group, ends.tobytes())
        if key not in self._kept:
            self._kept[key] = self._best(self._member(group), ends)
        best: Array = self._kept[key]
        return best

    def _member(self, group: str) -> Mask:
        return self.members[:, self.names.index(group)]

    def _ends(self, group: str, times: Array | Ints) -> Ints:
        return np.searchsorted(np.flatnonzero(self._member(group)), np.asarray(times).astype(np.int64))


@dataclass(frozen=True, eq=False, kw_only=True)
class ExpertsInstance(GroupedInstance):
    """A finite class of hypotheses.

    Attributes:
        losses: [horizon, n_hypotheses].
    """

    losses: Array

    def _best(self, member: Mask, ends: Ints) -> Array:
        best: Array = _prefix_sums(self.losses, member)[ends].min(axis=1)
        return best

    @property
    def largest_losses(self) -> Array:
        largest: Array = self.losses.max(axis=1)
        return largest


@dataclass(frozen=True, eq=False, kw_only=True)
class PathsInstance(GroupedInstance):
    """Paths through a network.

    Attributes:
        network: the network.
        costs: [horizon, n_edges].
    """

    network: Network
    costs: Array

    def _best(self, member: Mask, ends: Ints) -> Array:
        sums = _prefix_sums(self.costs, member)
        return np.array([self.network.shortest(sums[n])[1] for n in ends])

    @property
    def largest_losses(self) -> Array:
        return np.array([-self.network.shortest(-costs)[1] for costs in self.costs])


@dataclass(frozen=True, eq=False, kw_only=True)
class ContextsInstance(GroupedInstance):
    """A class of policies on contexts.

    Attributes:
        policies: the class.
        contexts: [horizon] by number.
        costs: [horizon, n_actions].
    """

    policies: PolicyClass
    contexts: Ints
    costs: Array

    def _best(self, member: Mask, ends: Ints) -> Array:
        rounds, table = np.flatnonzero(member), self.policies.table
        sums = np.zeros((1, table.shape[1], self.costs.shape[1]))
        best, start = np.empty(len(ends)), 0
        for i, end in enumerate(ends):
            new = rounds[start:end]
            np.add.at(sums[0], self.contexts[new], self.costs[new])
            policy = table[self.policies.minimise(sums)[0]]
            best[i], start = sums[0, np.arange(len(policy)), policy].sum(), end
        return best

    @property
    def largest_losses(self) -> Array:
        largest: Array = self.costs.max(axis=1)
        return largest


@dataclass(frozen=True, eq=False, kw_only=True)
class RowsInstance(GroupedInstance, RegressionInstance):
    """Rows of a regression.

    Attributes:
        contexts: [horizon, dimension].
        labels: [horizon].
        comparator: which linear models compete.
        lag: rows at the end of a prefix that the comparator leaves out.
    """

    contexts: Array
    labels: Array
    comparator: Comparator
    lag: int = 0

    def _best(self, member: Mask, ends: Ints) -> Array:
        return self.comparator.losses(self.contexts, self.labels, member, np.maximum(ends - self.lag, 0))

    @property
    def largest_losses(self) -> Array:
        """Of predictions in [0, 1]."""
        largest: Array = np.maximum(self.labels, 1.0 - self.labels) ** 2
        return largest

    @cached_property
    def context_norm(self) -> float:
        """Largest length of a context."""
        return math.sqrt(float(np.max(np.einsum("ij,ij->i", self.contexts, self.contexts))))

    @cached_property
    def unit_labels(self) -> bool:
        """Whether all labels lie in [0, 1]."""
        return bool(np.all((self.labels >= 0.0) & (self.labels <= 1.0)))

    def ridge(self, group: str, times: Array, penalty: float) -> tuple[Array, Array]:
        """``min_theta(penalty |theta|^2 + SSE)`` less the best model's loss, and ``ln det(A / penalty)`` [n_times]."""
        ends = self._ends(group, times)
        key = ("ridge", group, penalty, ends.tobytes())
        if key not in self._kept:
            values, determinants = prefix_ridge(self.contexts, self.labels, self._member(group), ends, penalty)
            self._kept[key] = (values - self.best(group, times), determinants)
        pair: tuple[Array, Array] = self._kept[key]
        return pair

    def solution_norm(self, group: str) -> float:
        """Length of the best model's coefficients at the horizon, or a bound on it."""
        on = self._member(group) == 1
        return self.comparator.solution_norm(self.contexts[on], self.labels[on]) if on.any() else 0.0


def _prefix_sums(losses: Array, member: Mask) -> Array:
    """Sums [n_members + 1, n] of the losses [horizon, n] over the first rounds that have ``member``."""
    return np.concatenate([np.zeros((1, losses.shape[1])), np.cumsum(losses[member == 1], axis=0)])
