"""What the theorems about recovering arms ask of the instance."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from bandits.contract import Array, Instance
from bandits.recovering.fluid import fluid
from bandits.recovering.planners import Plan, Planner


@dataclass(frozen=True, eq=False, kw_only=True)
class RecoveringInstance(Instance):
    """Recovering arms, as the analysis knows them.

    Attributes:
        curves: [n_arms, longest] mean rewards at idle times 1, 2, ..., nondecreasing along a row.
        plays: most pulls a period, K.
        planner: the planner whose plan of the curves is the benchmark "plan".
    """

    curves: Array
    plays: int
    planner: Planner

    @cached_property
    def fluid(self) -> float:
        """The fluid upper bound UB, in reward a period."""
        return fluid(self.curves, self.plays).value

    @cached_property
    def plan(self) -> Plan:
        """The plan that the planner finds for the true curves."""
        return self.planner.plan(self.curves, self.plays)
