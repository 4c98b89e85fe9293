"""Explore-then-commit on an optimal design: play the design's actions, fit, and play the best one for ever.

With the G-optimal design pi and ``n = ceil(T^(2/3))``, each action of its support is played ``ceil(n pi(a))`` times, in
ascending order; then theta is fitted by least squares and the action of the largest prediction is played to the end.
The schedule and the bound are derived in this project.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import integer, probability, real
from bandits.arms.problem import Actions
from bandits.contract import Array, Bound, Instance
from bandits.linear.design import design
from bandits.linear.phased import Phase, PhasedPolicy, fit, forever, predict
from bandits.linear.problem import LinearActionsProblem, LinearProblem
from bandits.linear.ridge import first_best
from bandits.linear.theory import FIXED, LINEAR, NOISE, NORMS, STEADY, LinearModel, confidence, holds


class LinearExploreThenCommit(PhasedPolicy):
    """Explore-then-commit with one parameter for all actions, of a fixed set.

    Args:
        rounds: n >= 1, rounds of exploration but for rounding up; None for ``ceil(T^(2/3))``, which needs a horizon.
        tolerance: of the design, in (0, 1].
        delta: in (0, 1), of the bound; None for ``1 / horizon``.
    """

    decided = True

    def __init__(self, rounds: int | None = None, tolerance: float = 0.05, delta: float | None = None) -> None:
        self.rounds = None if rounds is None else integer("rounds", rounds)
        self.tolerance = real("tolerance", tolerance, 0.0, 1.0, closed="high")
        self.delta = None if delta is None else probability("delta", delta)

    def _rounds_of(self, problem: LinearActionsProblem) -> int:
        if self.rounds is not None:
            return self.rounds
        if problem.horizon is None:
            raise ValueError("LinearExploreThenCommit needs a horizon or rounds: the problem has horizon=None")
        root = math.ceil(math.cbrt(problem.horizon) ** 2 - 1e-9)
        return max(root, 1)

    def begin(self, problem: LinearProblem) -> Phase:
        found = design(problem.features, self.tolerance)
        self._coordinates = found.coordinates
        weights = found.weights[found.support]
        return found.support, np.ceil(self._rounds_of(problem) * weights - 1e-9).astype(np.int64).clip(1)

    def follow(self, order: Actions, plays: Actions, sums: Array) -> Phase:
        rank = self._coordinates.shape[1]
        theta, means = np.empty(rank), np.empty(len(self._coordinates))
        fit(self._coordinates[order], plays.astype(np.float64), sums, theta, np.empty((rank, rank)))
        predict(self._coordinates, theta, means)
        return forever(first_best(means))

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """``(n + D2) gmax + 2 T sigma sqrt(2 (1 + tolerance) d ln(2 K / delta) / n) + delta T gmax`` at the horizon.

        ``D2 = d (d + 1) / 2 + 1`` rounds are what rounding up costs; predictions err by at most the root (derived).
        """
        if not isinstance(instance, LinearModel) or instance.largest_gap is None or problem.horizon is None:
            return ()
        n, d, gap, horizon = self._rounds_of(problem), problem.dimension, instance.largest_gap, problem.horizon
        delta = confidence(self.delta, horizon)
        inside = 2.0 * (1.0 + self.tolerance) * d * math.log(2.0 * problem.n_actions / delta) / n
        value = (n + d * (d + 1) / 2 + 1) * gap + 2.0 * horizon * problem.sigma * math.sqrt(inside)
        value += delta * horizon * gap
        return (
            Bound(
                "explore-then-commit bound",
                "upper",
                lambda t: np.full_like(t, value),
                "fixed",
                "derived in this project",
                "derived",
                holds(instance, problem, LINEAR, NORMS, NOISE, STEADY, FIXED),
                time="at the horizon",
            ),
        )
