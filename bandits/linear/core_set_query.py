"""Ask the actions of an optimal design once, fit, and play the action of the largest prediction for ever.

With the design pi and ``V = sum pi(a) a a^T``, theta is fitted by least squares with the weights pi. If mean rewards
differ by at most eps from linear ones, predictions err by at most ``eps sum pi |b^T V^-1 a| <= eps sqrt(g)`` beyond
that, so that the action has a gap of at most ``2 eps (1 + sqrt g)``, for d (d + 1) / 2 + 1 queries at most.

The rate is that of S. Du, S. Kakade, R. Wang, L. Yang, *Is a Good Representation Sufficient for Sample Efficient
Reinforcement Learning?*, ICLR 2020, and T. Lattimore, C. Szepesvári, G. Weisz, ICML 2020 (abstracts); the constants are
derived in this project.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import integer, real
from bandits.arms.problem import Actions
from bandits.contract import Array, Bound, Instance
from bandits.linear.design import design
from bandits.linear.phased import Phase, fit, forever, predict
from bandits.linear.problem import LinearActionsProblem, LinearProblem
from bandits.linear.query import QueryPolicy, asked_bound, query_bound
from bandits.linear.ridge import first_best
from bandits.linear.theory import LinearInstance


class CoreSetQuery(QueryPolicy):
    """Least squares on the support of an optimal design, of a fixed set.

    Args:
        tolerance: of the design, in (0, 1].
        answers: number of plays that are averaged for each query, >= 1; one is enough without noise.
    """

    decided = True

    def __init__(self, tolerance: float = 0.05, answers: int = 1) -> None:
        self.tolerance = real("tolerance", tolerance, 0.0, 1.0, closed="high")
        self.answers = integer("answers", answers)

    def begin(self, problem: LinearProblem) -> Phase:
        self._asked, self._design = {}, design(problem.features, self.tolerance)
        return self._design.support, np.full(len(self._design.support), self.answers)

    def follow(self, order: Actions, plays: Actions, sums: Array) -> Phase:
        self._asked = dict(zip(order.tolist(), (sums / plays).tolist(), strict=True))
        rows, weights = self._design.coordinates, self._design.weights[order]
        theta, means = np.empty(self._design.rank), np.empty(len(rows))
        fit(rows[order], weights, weights * sums / plays, theta, np.empty((self._design.rank, self._design.rank)))
        predict(rows, theta, means)
        return forever(first_best(means))

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """``#support gmax + 2 eps (1 + sqrt g) t``, without noise; derived in this project."""
        if not isinstance(instance, LinearInstance):
            return ()
        found, eps = design(instance.features, self.tolerance), problem.misspecification
        queries, slope = self.answers * len(found.support), 2.0 * eps * (1.0 + math.sqrt(found.value))
        asked = asked_bound(instance, len(found.support) + 1)
        return (*query_bound("core set bound", instance, problem, queries, slope), *asked)
