"""What every environment of grouped rounds shares: groups, the losses of a run, regret definitions and comparators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import affordable, check_action, texts
from bandits.contract import Array, Instance
from bandits.defaults import default
from bandits.groupwise.problem import ALWAYS_ON, GroupwiseProblem, Mask, columns_of
from bandits.groupwise.theory import group_of
from bandits.kernels import kernel
from environments.contract import Environment, Regret
from environments.groupwise.instance import GroupedInstance

Ints = NDArray[np.int64]
Act = TypeVar("Act")
Fbk = TypeVar("Fbk")
Tape = TypeVar("Tape")


@kernel
def _sums(charged: Array, groups: Mask, columns: Ints, times: Ints, places: Ints, sums: Array) -> None:
    """Fill in the losses up to ``times``, not falling, in all rounds and in each group's, at ``places`` of the row.

    Args:
        charged: [horizon] the loss of each round.
        groups: [horizon, n_groups] to which the rounds belong.
        columns: [n_columns] the groups.
        times: [n_times].
        places: [n_times].
        sums: [1 + n_columns, n_times] is filled in.
    """
    totals, now = np.zeros(1 + columns.size), 0
    for k in range(times.size):
        while now < times[k]:
            totals[0] += charged[now]
            for c in range(columns.size):
                if groups[now, columns[c]] == 1:
                    totals[1 + c] += charged[now]
            now += 1
        sums[:, places[k]] = totals


class GroupedEnvironment(Environment[Any, Act, Fbk, Tape]):
    """Rounds that belong to overlapping groups, known before the play.

    Metrics: ``reward``, and ``reward in <group>`` for each reported group. Comparators: ``best in <group>``, the
    cumulative reward in the group's rounds of the best fixed model for these rounds, and ``worst in <group>``, that of
    the worst play. The regret in a group stands still in rounds of other groups; its clock, ``rounds in <group>``, does
    so too.
    """

    problem: GroupwiseProblem
    kind = ""
    """Which models compete, in words, where not all of them do."""
    comparator_class = group_of("{}")
    """The comparator class of the regret in the group ``{}``."""

    def __init__(self, problem: GroupwiseProblem, report_groups: Sequence[str] | None, drawn: int = 0) -> None:
        """``drawn``: the numbers that are drawn for each round."""
        assert problem.horizon is not None
        affordable("horizon", f"a tape of {problem.horizon} rounds", problem.horizon * (drawn + len(problem.groups)))
        self.problem, self.horizon = problem, problem.horizon
        self.report_groups = None if report_groups is None else texts("report_groups", report_groups)
        columns = columns_of(self.report_groups, problem.groups, "report_groups")
        self._reported = [(problem.groups[i], int(i)) for i in columns]

    def _open(self, groups: Mask, instance: type[GroupedInstance], **known: Any) -> None:
        """Start a run in which the rounds belong to ``groups`` [horizon, n_groups]; what its instance knows."""
        self.clock, self._groups, self._charged = 0, groups, np.empty(self.horizon)
        judged = tuple(name for name, _ in self._reported)
        self._judge = instance(groups=judged, names=self.problem.groups, members=groups, kind=self.kind, **known)

    def _charge(self, loss: float) -> None:
        """Account for the loss of the current round and move on."""
        self._charged[self.clock] = loss
        self.clock += 1

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        wanted = np.asarray(times)
        if wanted.size and not 0 <= wanted.min() <= wanted.max() <= self.clock:
            raise ValueError(f"times must lie in 0..{self.clock}, the run so far, got {wanted.tolist()}")
        order, columns = np.argsort(wanted, kind="stable"), np.array([i for _, i in self._reported], dtype=np.int64)
        losses = np.empty((1 + len(columns), len(wanted)))
        _sums(self._charged, self._groups, columns, wanted[order], order, losses)
        names = ["reward", *(f"reward in {name}" for name, _ in self._reported)]
        return dict(zip(names, 0.0 - losses, strict=True))  # 0.0 - x: no negative zero

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        largest = self._judge.largest_losses
        found = {f"best in {name}": -self._judge.best(name, times) for name, _ in self._reported}
        for name, i in self._reported:
            found[f"worst in {name}"] = -np.cumsum(largest * self._groups[:, i])[times - 1]
        return found

    def clocks(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return {f"rounds in {name}": self._judge.sizes(name, times) for name, _ in self._reported if name != ALWAYS_ON}

    def regrets(self) -> Sequence[Regret]:
        ordered = sorted(self._reported, key=lambda entry: entry[0] != ALWAYS_ON)
        among = f" ({self.kind})" if self.kind else ""
        return tuple(
            Regret(
                name,
                f"reward in {name}",
                f"best in {name}",
                self.comparator_class.format(name),
                ("regret to the best model" if name == ALWAYS_ON else f"regret in {name} to its best model") + among,
                "loss",
                clock="" if name == ALWAYS_ON else f"rounds in {name}",
                worst=f"worst in {name}",
            )
            for name, _ in ordered
        )

    @default
    def instance(self) -> Instance:
        """The run's groups in hindsight, a ``GroupwiseInstance``.

        Raises:
            NotBegunError: no run was begun.
        """
        return self._judge


def expected_loss(action: Any, losses: Array) -> float:
    """The loss of an action, or the expected one of a distribution [n_actions] over them.

    Args:
        action: one of the actions, or weights [n_actions].
        losses: [n_actions].

    Raises:
        ValueError: no such action, or no distribution over them.
    """
    if np.ndim(action) == 0:
        check_action("action", action, len(losses))
        return float(losses[action])
    fits = np.shape(action) == losses.shape and np.all(np.asarray(action) >= 0.0)
    if not (fits and abs(float(np.sum(action)) - 1.0) <= 1e-9):
        raise ValueError(f"a distribution must hold {len(losses)} weights >= 0 with sum 1, got {action}")
    return float(action @ losses)
