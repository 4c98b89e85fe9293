"""What the best could earn on recovering arms: facts, comparators and notions of regret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.recovering.fluid import fluid
from bandits.recovering.planners import gamma, planner_of
from environments.contract import Notion
from environments.recovering.curves import padded
from environments.recovering.optimum import average_optimum, finite_optimum, size_of

SMALL = 200_000
"""Largest number of states times actions for which the long-run optimum is a comparator."""
MOST_STEPS = 100_000_000
"""Largest number of periods times states times actions for which the finite optimum is one."""


class Benchmarks:
    """Benchmarks of an instance; the costly ones are worked out when first asked for.

    Args:
        rows: [recovery time] curve of each arm.
        plays: most pulls a period, K.
        start: "cold" or "recovered".
        horizon: number of periods.
        planner: planner of the benchmark "plan".
        base: its odd base, where it is "single_base".
    """

    def __init__(self, rows: Sequence[Array], plays: int, start: str, horizon: int, planner: str, base: int) -> None:
        self.rows, self.plays, self.start, self.horizon = rows, plays, start, horizon
        self.title = f"base {base}" if planner == "single_base" else planner.replace("_", " ")
        table = padded(rows)
        plan = planner_of(planner, base)(table, plays)
        self.facts: Mapping[str, Any] = {
            "curves": table,
            "fluid": fluid(table, plays).value,
            "gamma": gamma(plays),
            "planner": planner,
            "base": base,
            "plan": plan.periods,
            "plan_value": plan.value,
        }
        self._optima: dict[str, Array] | None = None

    def curves(self, checkpoints: NDArray[np.int64]) -> Mapping[str, Array]:
        """Cumulative rewards: rates a period times the number of periods, except ``best_schedule``.

        ``plan``: long-run value of the planner's plan of the true curves; ``fluid``: UB; ``gamma``: ``gamma_K UB``;
        ``worst``: 0. On tiny instances also ``optimum``, the best long-run value, and ``best_schedule``, the most that
        so many periods can earn from the start.
        """
        t, facts = checkpoints.astype(np.float64), self.facts
        rates = {
            "plan": t * facts["plan_value"],
            "fluid": t * facts["fluid"],
            "gamma": t * (facts["gamma"] * facts["fluid"]),
            "worst": 0.0 * t,
        }
        return rates | {name: values[checkpoints - 1] for name, values in self._exact().items()}

    def notions(self) -> Sequence[Notion]:
        """Regret against the plan first; the others as far as their comparators can be computed."""
        plan = f"regret against the {self.title} plan"
        notions = [
            Notion("plan", "expected_reward", "plan", "plan", plan),
            Notion("fluid", "expected_reward", "fluid", "fluid", "regret against the fluid upper bound"),
            Notion("gamma", "expected_reward", "gamma", "gamma", "regret against gamma times the fluid upper bound"),
            Notion("optimum", "expected_reward", "optimum", "optimum", "regret against the best long-run reward"),
            Notion("best_schedule", "expected_reward", "best_schedule", "schedule", "regret against the best schedule"),
            Notion("realized", "reward", "plan", "plan", f"realized {plan}"),
        ]
        return [n for n in notions if n.comparator in ("plan", "fluid", "gamma", *self._exact())]

    def _exact(self) -> dict[str, Array]:
        if self._optima is None:
            self._optima, size = {}, size_of(self.rows, self.plays)
            if size <= SMALL:
                rate = average_optimum(self.rows, self.plays).value
                self._optima["optimum"] = rate * np.arange(1.0, self.horizon + 1.0)
            if size <= SMALL and size * self.horizon <= MOST_STEPS:
                best = finite_optimum(self.rows, self.plays, self.horizon, self.start)
                self._optima["best_schedule"] = best
        return self._optima
