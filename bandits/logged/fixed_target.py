"""The same distribution over arms in each row of a log."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import check_action, integer, reals, shown
from bandits.contract import Array
from bandits.logged.policy import Target
from bandits.logged.problem import SLACK, LoggedProblem


class FixedTarget(Target):
    """The same distribution over arms in each row: even over all, one arm, or given weights.

    Where arms are not offered, their share goes to those that are in proportion, or evenly where nothing is left.

    Args:
        arm: the arm that is always played; None for none.
        weights: [n_actions] on the simplex; None for the arm's, or for even ones where that is None, too.

    Raises:
        ValueError: both are given; or, in ``reset``, there is no such arm, or another number of them.
    """

    def __init__(self, arm: int | None = None, weights: Sequence[float] | None = None) -> None:
        self.arm, self.weights = arm, weights
        if arm is not None:
            integer("arm", arm, 0)
        if weights is not None:
            if arm is not None:
                raise ValueError(f"weights must be None where an arm is given, got {shown(weights)}")
            given = reals("weights", weights, 0.0, 1.0, closed="both")
            if abs(sum(given) - 1.0) > SLACK:
                raise ValueError(f"weights must have the sum 1, got {shown(weights)}")

    def reset(self, problem: LoggedProblem, rng: np.random.Generator) -> None:
        n = problem.n_actions
        if self.arm is not None:
            check_action("arm", self.arm, n)
        if self.weights is not None and len(self.weights) != n:
            raise ValueError(f"weights must be {n}, one for each arm, got {shown(self.weights)}")
        self._problem = problem
        self._same = np.full(n, 1.0 / n) if self.weights is None else np.array(self.weights, dtype=np.float64)
        if self.arm is not None:
            self._same = problem.distribution_of(self.arm)

    def _plan(self, context: Array) -> Array:
        return self._same
