"""Ask the actions of a barycentric spanner once, solve for theta, and play the largest prediction for ever.

No coefficient of any action in the spanner exceeds C, so that predictions err by at most ``C d eps`` beyond eps, and
the action has a gap of at most ``2 eps (1 + C d)``, for d queries.

Reference: B. Awerbuch and R. Kleinberg, *Online Linear Optimization and Adaptive Routing*, 2008 (recalled); the
constants are derived in this project.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import integer, real
from bandits.arms.problem import Actions
from bandits.contract import Array, Bound, Instance
from bandits.linear.design import spanner
from bandits.linear.phased import Phase, fit, forever, predict
from bandits.linear.problem import LinearActionsProblem, LinearProblem
from bandits.linear.query import QueryPolicy, asked_bound, query_bound
from bandits.linear.ridge import first_best
from bandits.linear.theory import LinearInstance


class SpannerQuery(QueryPolicy):
    """The exact solution on a barycentric spanner, of a fixed set.

    Args:
        largest: C >= 1, the largest coefficient of the spanner.
        answers: number of plays that are averaged for each query, >= 1; one is enough without noise.
    """

    decided = True

    def __init__(self, largest: float = 2.0, answers: int = 1) -> None:
        self.largest = real("largest", largest, 1.0, closed="low")
        self.answers = integer("answers", answers)

    def begin(self, problem: LinearProblem) -> Phase:
        self._asked, self._spanner = {}, spanner(problem.features, self.largest)
        return self._spanner.actions, np.full(len(self._spanner.actions), self.answers)

    def follow(self, order: Actions, plays: Actions, sums: Array) -> Phase:
        self._asked = dict(zip(order.tolist(), (sums / plays).tolist(), strict=True))
        rows, rank = self._spanner.coordinates, len(order)
        theta, means = np.empty(rank), np.empty(len(rows))
        fit(rows[order], np.ones(rank), sums / plays, theta, np.empty((rank, rank)))
        predict(rows, theta, means)
        return forever(first_best(means))

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """``d gmax + 2 eps (1 + C d) t``, without noise; derived in this project."""
        if not isinstance(instance, LinearInstance):
            return ()
        d, eps = problem.dimension, problem.misspecification
        slope = 2.0 * eps * (1.0 + self.largest * d)
        return (
            *query_bound("spanner bound", instance, problem, self.answers * d, slope),
            *asked_bound(instance, d + 1),
        )
