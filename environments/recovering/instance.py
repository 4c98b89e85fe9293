"""What the analysis may know of recovering arms beyond the theorems' part: the exact optimum of tiny instances."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from bandits.contract import Array
from bandits.recovering.planners import gamma
from bandits.recovering.theory import RecoveringInstance
from environments.recovering.optimum import average_optimum, finite_optimum, size_of

SMALL = 200_000
"""Largest number of states times actions for which the long-run optimum is a comparator."""
MOST_STEPS = 100_000_000
"""Largest number of periods times states times actions for which the finite optimum is one."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SolvedInstance(RecoveringInstance):
    """Recovering arms with their benchmarks.

    Attributes:
        rows: [recovery time] curve of each arm.
        start: "cold" or "recovered".
        horizon: number of periods.
    """

    rows: Sequence[Array]
    start: str
    horizon: int

    @property
    def gamma(self) -> float:
        """The share of the fluid bound that the planner "lp_round" attains at least."""
        return gamma(self.plays)

    @property
    def solvable(self) -> bool:
        """Whether the instance is so tiny that the long-run optimum is a comparator."""
        return size_of(self.rows, self.plays) <= SMALL

    @property
    def schedulable(self) -> bool:
        """Whether the finite optimum is one, too."""
        return self.solvable and size_of(self.rows, self.plays) * self.horizon <= MOST_STEPS

    @cached_property
    def optimum(self) -> float | None:
        """The best long-run reward a period, on tiny instances; else None."""
        return average_optimum(self.rows, self.plays).value if self.solvable else None

    @cached_property
    def best_schedule(self) -> Array | None:
        """The most [horizon] that so many periods can earn from the start, on tiny instances; else None."""
        if not self.schedulable:
            return None
        return finite_optimum(self.rows, self.plays, self.horizon, self.start)
