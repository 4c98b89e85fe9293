"""Follow the regularised leader with a logarithmic barrier.

The next portfolio is the point of the simplex with the least

    - sum_{s <= t} ln <b, x_s> - weight sum_i ln b[i],

by Newton's method from the last one, damped to ``1 / (1 + d)`` of a step while its decrement ``d`` is above 1/4. A step
takes O(t k^2 + k^3), so that a run is quadratic in its rounds; rounds whose relatives are the same up to a factor are
one row that counts more. The rows are kept: memory grows with the horizon.

With ``w(d) = -d - ln(1 - d)`` and ``d_t`` the first decrement of round ``t``, the regret to any constant mix is at most

    weight k ln(T + 1) + 1 + sum_t w(d_t),    and d_t <= 1 / sqrt(1 + weight)

(derived in this project): the objective is self-concordant, so that its value falls by at most ``w(d_t)``; ``x_t`` adds
``r r^T`` to a Hessian in which it has a width ``s <= 1 / weight``, so that ``d_t^2 <= s / (1 + s)``; and the mix, mixed
with ``1 / (T + 1)`` of the uniform one, costs the first two terms. No logarithmic regret is to be promised: J. Zimmert,
N. Agarwal, S. Kale 2022 show how much it depends on k (from memory).

Reference: T. van Erven, D. van der Hoeven, W. Kotłowski, W. M. Koolen, *Open Problem: Fast and Optimal Online Portfolio
Selection*, COLT 2020 (statement alone).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import real
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.linear.ridge import cholesky, solve
from bandits.linear.trace import Trace, at, new_trace, note
from bandits.portfolio.policy import PortfolioPolicy
from bandits.portfolio.problem import PortfolioProblem
from bandits.portfolio.theory import MIX, PortfolioInstance, free_of_costs


@kernel
def _descend(rows: Array, counts: Array, n: int, weight: float, b: Array, matrices: Array, vectors: Array) -> float:
    """Move ``b`` to the least of the objective by Newton steps, relative to ``b``; returns the first decrement."""
    k = b.size
    system, lower = matrices[0], matrices[1]
    slope, move, share, z = vectors[0], vectors[1], vectors[2], vectors[3]
    first = 0.0
    for step in range(100):
        for i in range(k):
            slope[i] = -weight
            for j in range(i):
                system[i, j] = 0.0
            system[i, i] = weight
        for s in range(n):
            paid = 0.0
            for i in range(k):
                z[i] = b[i] * rows[s, i]
                paid += z[i]
            for i in range(k):
                z[i] /= paid
                slope[i] -= counts[s] * z[i]
                for j in range(i + 1):
                    system[i, j] += counts[s] * z[i] * z[j]
        cholesky(system, lower)  # no eigenvalue is below ``weight``
        solve(lower, slope, move)
        solve(lower, b, share)
        total, mass = 0.0, 0.0
        for i in range(k):
            total += b[i] * move[i]
            mass += b[i] * share[i]
        for i in range(k):
            move[i] = total / mass * share[i] - move[i]  # the sum of b is not changed
        square = 0.0
        for i in range(k):
            inner = 0.0
            for j in range(i, k):
                inner += lower[j, i] * move[j]
            square += inner * inner
        decrement = math.sqrt(square)
        if step == 0:
            first = decrement
        if decrement < 1e-11:
            break
        length = 1.0 / (1.0 + decrement) if decrement > 0.25 else 1.0
        total = 0.0
        for i in range(k):
            b[i] *= 1.0 + length * move[i]
            total += b[i]
        for i in range(k):
            b[i] /= total
    return first


@kernel
def _play(
    portfolios: Array,
    places: NDArray[np.int64],
    rows: Array,
    counts: Array,
    n: int,
    weight: float,
    b: Array,
    matrices: Array,
    vectors: Array,
    trace: Trace,
) -> int:
    for s in range(places.size):
        for i in range(b.size):
            portfolios[s, i] = b[i]
        counts[places[s]] += 1.0
        n = max(n, places[s] + 1)
        d = _descend(rows, counts, n, weight, b, matrices, vectors)
        d = min(d, 1.0 / math.sqrt(1.0 + weight))  # more is rounding, which at a large weight is all there is
        note(trace, -d - math.log1p(-d))
    return n


class LogBarrier(PortfolioPolicy):
    """Follow the regularised leader with a logarithmic barrier.

    Args:
        weight: of the barrier, in [1, 1e150]; None for ``max(1, sqrt(T / (2 k ln(T + 1))))``, or 1 without a horizon.
    """

    def __init__(self, weight: float | None = None) -> None:
        self.weight = weight if weight is None else real("weight", weight, 1.0, 1e150, closed="both")

    def _weight_in(self, problem: PortfolioProblem) -> float:
        if self.weight is not None:
            return self.weight
        horizon = problem.horizon
        return 1.0 if horizon is None else max(1.0, math.sqrt(horizon / (2 * problem.n_assets * math.log(horizon + 1))))

    def start(self, problem: PortfolioProblem) -> None:
        k = problem.n_assets
        self._places: dict[bytes, int] = {}
        self._rows, self._counts, self._used = np.empty((0, k)), np.empty(0), 0
        self._scratch = np.zeros((2, k, k)), np.zeros((4, k))
        self._trace, self._lambda = new_trace(), self._weight_in(problem)

    def play(self, relatives: Array, portfolios: Array) -> None:
        known = self._places
        places = np.array([known.setdefault(row.tobytes(), len(known)) for row in relatives], dtype=np.int64)
        if (more := len(known) - len(self._counts)) > 0:
            more = max(more, len(self._counts))
            self._rows = np.concatenate([self._rows, np.zeros((more, relatives.shape[1]))])
            self._counts = np.concatenate([self._counts, np.zeros(more)])
        self._rows[places] = relatives
        self._used = _play(
            portfolios,
            places,
            self._rows,
            self._counts,
            self._used,
            self._lambda,
            self._b,
            *self._scratch,
            self._trace,
        )

    def regret_bounds(self, problem: PortfolioProblem, instance: Instance) -> Sequence[Bound]:
        """``weight k ln(t + 1) + 1 + t w(1 / sqrt(1 + weight))``; with the run's own decrements in the last term."""
        if not isinstance(instance, PortfolioInstance):
            return ()
        k, weight, trace = problem.n_assets, self._weight_in(problem), getattr(self, "_trace", None)
        d = 1.0 / math.sqrt(1.0 + weight)
        most, assumptions = -d - math.log1p(-d), (free_of_costs(instance),)

        def known(t: Array) -> Array:
            return np.asarray(weight * k * np.log1p(t) + 1.0)

        tuned = self.weight is None and problem.horizon is not None
        bounds = [
            Bound(
                "log-barrier bound",
                "upper",
                lambda t: known(t) + t * most,
                MIX,
                "derived in this project",
                "derived",
                assumptions,
                time="horizon-tuned" if tuned else "no rate",
            )
        ]
        if trace is not None:
            bounds.append(
                Bound(
                    "log-barrier bound, of the run",
                    "upper",
                    lambda t: known(t) + at(trace, t),
                    MIX,
                    "derived in this project",
                    "derived",
                    assumptions,
                    time="no rate",
                    data_dependent=True,
                )
            )
        return bounds
