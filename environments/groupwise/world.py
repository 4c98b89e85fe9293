"""What every world of grouped rounds shares: groups, the ledger a group, notions and comparators."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Problem
from bandits.groupwise.policy import ALWAYS_ON, Mask, columns_of
from bandits.groupwise.theory import group_of
from environments.contract import Environment, Notion

Act = TypeVar("Act")
Fbk = TypeVar("Fbk")
Tape = TypeVar("Tape")


class GroupedWorld(Environment[Any, Act, Fbk, Tape]):
    """Rounds that belong to overlapping groups, known before the play.

    Ledger: ``reward``, and ``reward in <group>`` for each reported group. Comparators: ``best in <group>``, the
    cumulative reward in the group's rounds of the best fixed model for these rounds, and ``worst in <group>``, that of
    the worst play. The regret in a group stands still in rounds of other groups; its clock, ``rounds in <group>``, does
    so too.
    """

    against = group_of("{}")
    kind = ""
    """Which models compete, in words, where not all of them do."""

    def __init__(self, problem: Problem, report_groups: Sequence[str] | None) -> None:
        self.problem = problem
        columns = columns_of(report_groups, problem.groups, "report_groups")
        self._reported = [(problem.groups[i], int(i)) for i in columns]
        self.clock = 0
        self._begun = False
        self._facts: Mapping[str, Any] = {}

    @property
    def horizon(self) -> int:
        """Number of rounds of a run."""
        assert self.problem.horizon is not None
        return self.problem.horizon

    @abstractmethod
    def _best(self, group: int, ends: NDArray[np.int64]) -> Array:
        """Losses [n_ends] of the best model for the group's first ``ends`` rounds (not decreasing)."""

    @abstractmethod
    def _worst(self) -> Array:
        """Largest loss [horizon] that a play can have in each round."""

    def _open(self, groups: Mask, unit_labels: bool = True) -> None:
        """Start a run in which the rounds belong to ``groups`` [horizon, n_groups]."""
        self._groups = groups
        self._totals = np.zeros(len(self.problem.groups) + 1)
        self.clock, self._begun = 0, True
        self._facts = {"hindsight": self._hindsight(), "oblivious": True, "unit_labels": unit_labels}

    def _hindsight(self) -> GroupHindsight:
        return GroupHindsight(self)

    def _check_running(self) -> None:
        if not self._begun:
            raise RuntimeError("no run was begun: call reset(), or begin(draw(rng))")
        if self.clock >= self.horizon:
            raise RuntimeError(f"the run is over after {self.horizon} rounds: call reset()")

    def _charge(self, loss: float) -> None:
        """Account for the loss of the current round and move on."""
        self._totals[:-1] -= loss * self._groups[self.clock]
        self._totals[-1] -= loss
        self.clock += 1

    def ledger(self) -> Mapping[str, float]:
        return {
            "reward": float(self._totals[-1]),
            **{f"reward in {name}": float(self._totals[i]) for name, i in self._reported},
        }

    def sizes(self, group: int, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Rounds [n_times] of a group up to each time (>= 0)."""
        return np.searchsorted(np.flatnonzero(self._groups[:, group]), times)

    def comparators(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        largest = self._worst()
        found = {f"best in {name}": -self._best(i, self.sizes(i, checkpoints)) for name, i in self._reported}
        for name, i in self._reported:
            found[f"worst in {name}"] = -np.cumsum(largest * self._groups[:, i])[checkpoints - 1]
        return found

    def clocks(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        return {
            f"rounds in {name}": self.sizes(i, checkpoints).astype(np.float64)
            for name, i in self._reported
            if name != ALWAYS_ON
        }

    def notions(self) -> Sequence[Notion]:
        ordered = sorted(self._reported, key=lambda entry: entry[0] != ALWAYS_ON)
        among = f" ({self.kind})" if self.kind else ""
        return tuple(
            Notion(
                name,
                f"reward in {name}",
                f"best in {name}",
                self.against.format(name),
                ("regret to the best model" if name == ALWAYS_ON else f"regret in {name} to its best model") + among,
                "loss",
                clock="" if name == ALWAYS_ON else f"rounds in {name}",
                worst=f"worst in {name}",
            )
            for name, _ in ordered
        )

    def facts(self) -> Mapping[str, Any]:
        return self._facts


class GroupHindsight:
    """What the analysis may ask of a run's groups; see ``bandits.groupwise.theory``. Answers are kept."""

    def __init__(self, world: GroupedWorld[Any, Any, Any]) -> None:
        self._world = world
        self._kept: dict[Any, Any] = {}

    def _index(self, group: str) -> int:
        return self._world.problem.groups.index(group)

    def sizes(self, group: str, times: Array) -> Array:
        """Rounds of the group up to each time."""
        return self._world.sizes(self._index(group), times.astype(np.int64)).astype(np.float64)

    def best(self, group: str, times: Array) -> Array:
        """Cumulative loss of the group's best model up to each time."""
        key = ("best", group, times.tobytes())
        if key not in self._kept:
            self._kept[key] = self._world._best(self._index(group), self.sizes(group, times).astype(np.int64))
        best: Array = self._kept[key]
        return best
