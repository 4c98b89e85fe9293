"""Frank-Wolfe-based sampling: shares follow the steepest ascent of the least rate over the rivals of the best arm.

At shares ``x``, ``f_j = x_b d(m_b, m_j) + x_j d(m_j, m_j)`` for each rival j, ``m_j`` the mean of both under x. With
``J = {j: f_j < min f + r}``, ``r = t^(-9/10) / K``, the direction ``z`` is that of the best worst ascent over J,
``max_z min_j <z - x, grad f_j>``, a matrix game; where J is one arm, the larger coordinate of its gradient; and
uniform when ``floor(t / K)`` is a square number, or where several arms have the largest mean. Then ``x <- x + (z - x)
/ t``, and ``argmax x_i t / N_i`` is sampled.

Reference: P.-A. Wang, R.-C. Tzeng, A. Proutiere, *Fast Pure Exploration via Frank-Wolfe*, NeurIPS 2021; the rule as
in its authors' public code. The game is solved here by the simplex method with Bland's rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from bandits.contract import Array, Bound
from bandits.identification.bounds import characteristic_rate, error_bound
from bandits.identification.divergence import divergence, reward_of
from bandits.identification.policy import STOP, IdentificationPolicy, highest, note
from bandits.identification.problem import IdentificationProblem, Ints, Outcomes
from bandits.identification.theory import IdentificationInstance
from bandits.identification.thresholds import Threshold, check_rule, decided, threshold_of
from bandits.identification.times import first_best
from bandits.kernels import inlined, kernel


@inlined
def maximin(game: Array, n_columns: int, table: Array, basis: Ints, z: Array) -> None:
    """Fill in a best mixed row ``z`` [n_rows] of a game of which the row player wants the largest least column.

    With all entries shifted above 0, ``max sum y, game y <= 1, y >= 0`` is solved from y = 0 by pivots; the row
    player's weights are the prices of its rows.

    Args:
        game: [n_rows, at least ``n_columns``].
        n_columns: >= 1.
        table: [n_rows + 1, 2 n_rows + 1] to work in.
        basis: [n_rows] to work in.
        z: [n_rows] where the weights go.
    """
    n_rows = z.size
    width, last = n_columns + n_rows, n_columns + n_rows
    least = math.inf
    for i in range(n_rows):
        for j in range(n_columns):
            least = min(least, game[i, j])
    scale = 0.0
    for i in range(n_rows):
        for j in range(n_columns):
            scale = max(scale, game[i, j] - least)
    scale = scale if scale > 0.0 else 1.0
    for i in range(n_rows + 1):
        for j in range(width + 1):
            table[i, j] = 0.0
    for i in range(n_rows):
        for j in range(n_columns):
            table[i, j] = 1.0 + (game[i, j] - least) / scale
        table[i, n_columns + i] = 1.0
        table[i, last] = 1.0
        basis[i] = n_columns + i
    for j in range(n_columns):
        table[n_rows, j] = -1.0
    for _ in range(1000):
        entering = -1
        for j in range(width):
            if table[n_rows, j] < -1e-12:
                entering = j
                break
        if entering < 0:
            break
        leaving, ratio = -1, math.inf
        for i in range(n_rows):
            if table[i, entering] > 1e-12:
                found = table[i, last] / table[i, entering]
                if found < ratio or (found == ratio and basis[i] < basis[leaving]):
                    leaving, ratio = i, found
        if leaving < 0:
            break
        pivot = table[leaving, entering]
        for j in range(width + 1):
            table[leaving, j] /= pivot
        for i in range(n_rows + 1):
            if i != leaving and table[i, entering] != 0.0:
                factor = table[i, entering]
                for j in range(width + 1):
                    table[i, j] -= factor * table[leaving, j]
        basis[leaving] = entering
    total = 0.0
    for i in range(n_rows):
        z[i] = max(table[n_rows, n_columns + i], 0.0)
        total += z[i]
    for i in range(n_rows):
        z[i] /= total


@inlined
def _direction(
    threshold: Threshold,
    t: int,
    counts: Ints,
    sums: Array,
    x: Array,
    z: Array,
    rates: Array,
    game: Array,
    table: Array,
    basis: Ints,
) -> None:
    """Fill in the direction ``z`` after ``t`` samples; ``rates`` [4, n_arms] is worked in."""
    n = counts.size
    for i in range(n):
        rates[0, i] = sums[i] / counts[i]
    b, ties = first_best(rates[0])
    phase = t // n
    root = int(math.sqrt(float(phase)) + 0.5)
    if root * root == phase or ties > 1:
        for i in range(n):
            z[i] = 1.0 / n
        return
    best, least = rates[0, b], math.inf
    for j in range(n):
        if j != b:
            m = (x[b] * best + x[j] * rates[0, j]) / (x[b] + x[j])
            rates[1, j] = divergence(threshold.family, threshold.variance, best, m)
            rates[2, j] = divergence(threshold.family, threshold.variance, rates[0, j], m)
            rates[3, j] = x[b] * rates[1, j] + x[j] * rates[2, j]
            least = min(least, rates[3, j])
    reach, columns, only = least + float(t) ** -0.9 / n, 0, -1
    for j in range(n):
        if j != b and rates[3, j] < reach:
            for i in range(n):
                game[i, columns] = -rates[3, j]  # <x, grad f_j> is f_j, which is of degree 1
            game[b, columns] += rates[1, j]
            game[j, columns] += rates[2, j]
            columns += 1
            only = j
    if columns == 1:
        for i in range(n):
            z[i] = 0.0
        larger = b if rates[1, only] > rates[2, only] or (rates[1, only] == rates[2, only] and b < only) else only
        z[larger] = 1.0
        return
    maximin(game, columns, table, basis, z)


@inlined
def _pick(
    threshold: Threshold,
    t: int,
    counts: Ints,
    sums: Array,
    x: Array,
    z: Array,
    rates: Array,
    game: Array,
    table: Array,
    basis: Ints,
) -> int:
    n = counts.size
    if t < n:
        return t
    if decided(threshold, t, highest(counts, sums), counts, sums):
        return STOP
    _direction(threshold, t, counts, sums, x, z, rates, game, table, basis)
    best, most = 0, -math.inf
    for i in range(n):
        share = (x[i] + (z[i] - x[i]) / t) / counts[i]
        if share > most:
            best, most = i, share
    return best


@inlined
def _settle(t: int, x: Array, z: Array) -> None:
    """Move the shares after a sample that was the ``t``-th."""
    if t > x.size:
        for i in range(x.size):
            x[i] += (z[i] - x[i]) / (t - 1)


@kernel
def _choose(
    t: int,
    counts: Ints,
    sums: Array,
    x: Array,
    z: Array,
    rates: Array,
    game: Array,
    table: Array,
    basis: Ints,
    *threshold: Any,
) -> int:
    return _pick(Threshold(*threshold), t, counts, sums, x, z, rates, game, table, basis)


@kernel
def _go_on(t: int, x: Array, z: Array) -> None:
    _settle(t, x, z)


@kernel
def solve(game: Array, table: Array, basis: Ints, z: Array) -> None:
    """As ``maximin`` over all columns, for callers that are not compiled."""
    maximin(game, game.shape[1], table, basis, z)


@kernel
def _play(
    outcomes: Outcomes,
    threshold: Threshold,
    t: int,
    counts: Ints,
    sums: Array,
    x: Array,
    z: Array,
    rates: Array,
    game: Array,
    table: Array,
    basis: Ints,
    arms: Ints,
    codes: Ints,
) -> tuple[int, bool]:
    for s in range(arms.size):
        arm = _pick(threshold, t + s, counts, sums, x, z, rates, game, table, basis)
        if arm == STOP:
            return s, True
        codes[s], arms[s] = highest(counts, sums), arm
        note(arm, reward_of(outcomes.family, outcomes.means[arm], outcomes.noise[s]), counts, sums)
        _settle(t + s + 1, x, z)
    return arms.size, False


class FrankWolfe(IdentificationPolicy):
    """Frank-Wolfe-based sampling. It does not depend on ``delta``.

    Args:
        threshold: of the statistic, see ``bandits.identification.thresholds``.

    Raises:
        ValueError: no such threshold; from ``reset``, no ``delta``, or one that is not proved for the family.
    """

    decided = True
    needs: ClassVar[str] = "delta"

    def __init__(self, threshold: str = "provable") -> None:
        self.threshold = check_rule(threshold)

    def start(self, problem: IdentificationProblem) -> None:
        n = problem.n_actions
        self._threshold = threshold_of(self.threshold, problem)
        self._x, self._z, self._rates = np.full(n, 1.0 / n), np.full(n, 1.0 / n), np.zeros((4, n))
        self._game, self._table = np.zeros((n, n)), np.zeros((n + 1, 2 * n + 1))
        self._basis = np.zeros(n, dtype=np.int64)

    def pick(self) -> int:
        state = (self._x, self._z, self._rates, self._game, self._table, self._basis)
        return _choose(self._taken, self._counts, self._sums, *state, *self._threshold)

    def learn(self, arm: int, reward: float) -> None:
        _go_on(self._taken, self._x, self._z)

    def play(self, outcomes: Outcomes, arms: Ints, codes: Ints) -> tuple[int, bool]:
        state = (self._x, self._z, self._rates, self._game, self._table, self._basis)
        return _play(outcomes, self._threshold, self._taken, self._counts, self._sums, *state, arms, codes)

    def theorems(self, problem: IdentificationProblem, instance: IdentificationInstance) -> Sequence[Bound]:
        """The error, where the threshold is proved, and ``T* ln(1 / delta)`` as ``delta`` goes to 0."""
        return (*error_bound(self.threshold, problem), *characteristic_rate(self.threshold, problem, instance))
