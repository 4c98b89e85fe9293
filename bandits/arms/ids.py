"""Information-directed sampling for Bernoulli arms with Beta priors.

Posteriors live on the grid ``x_m = (m + 1/2) / M``: ``f_i`` is the mass of arm i's, ``F_i`` its cumulative sum with
half of the point's own mass. In every round

    w_i[m] = f_i[m] prod_{j != i} F_j[m], normalised over all (i, m);      alpha_i = sum_m w_i[m];    rho = sum w x
    M_ii = sum_m w_i[m] x_m / alpha_i;      M_ij = sum_m w_i[m] E[x | X_j <= x_m] / alpha_i
    D_j = rho - mean_j;    g_j = sum_i alpha_i d(M_ij, mean_j)

are the probability that an arm is the best, the mean of the best, the means given which arm is the best, the expected
regret of a play, and the information that it gains about the best arm, with the divergence ``d`` of Bernoulli rewards.
Play from the law on at most two arms that minimises ``(expected regret)^2 / information gain`` (ties within 1e-15: the
lowest pair). Only what is of the arm played changes between rounds. The sums over the grid run where ``w`` has mass:
``w_i[m]`` is at most ``f_i[m]``, and at most twice any ``F_j[m]``.

Bayesian bound: over means drawn from the prior, the mean regret is at most ``sqrt(K t H / 2)``, with the entropy ``H``
of the best arm under the prior, ``ln K`` where all arms have the same [from memory].

Reference: D. Russo and B. Van Roy, *Learning to Optimize via Information-Directed Sampling*, Operations Research 66,
2018 [from memory; the numerics are derived].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from bandits.arguments import for_each, integer, positives
from bandits.arms.divergence import divergence
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SUM, ScanPolicy, rounds
from bandits.arms.theory import ArmsInstance, bayesian_bound
from bandits.contract import Array, Bound, Instance
from bandits.copies import Copies
from bandits.kernels import inlined, kernel

LARGEST = 10**6
"""Largest number of arms times points."""

MEAN, FIRST, LAST = MORE, MORE + 1, MORE + 2
"""Mean of a posterior; the first point whose cumulative sum, and the last whose mass reaches ``NO_MASS``."""

SURE, TIE, NO_MASS = 1e-12, 1e-15, 1e-20
"""Arms that are the best with less probability are skipped, and less expected regret is rounding; ratios so near are
equal, and less information is none; points with less mass are left out."""

ENOUGH, VANISHING = 1e-6, 1e-290
"""Where all weights together are less, as of many arms that share few points, none is left out; and they are lost."""

Own = tuple[Array, Array, Array, Array]
"""Masses, cumulative sums and means below [3, M, n_arms]; room for products [n_arms + 1], and for ``alpha``, ``D``,
``g`` and the means given the best arm [3 + n_arms, n_arms]; the grid [M]."""


@inlined
def _spread(rows: Array, table: Array, grid: Array, i: int) -> None:
    """Normalise the mass of an arm, and write what follows from it."""
    total = 0.0
    for m in range(grid.size):
        total += table[0, m, i]
    below, sum_below, first, last = 0.0, 0.0, grid.size, 0
    for m in range(grid.size):
        mass = table[0, m, i] / total
        half, part = below + 0.5 * mass, sum_below + 0.5 * mass * grid[m]
        table[0, m, i], table[1, m, i] = mass, half
        table[2, m, i] = part / half if half > 0.0 else grid[m]
        below, sum_below = below + mass, sum_below + mass * grid[m]
        first = min(first, m) if half >= NO_MASS else first
        last = m if mass >= NO_MASS else last
    rows[i, MEAN], rows[i, FIRST], rows[i, LAST] = sum_below, first, last


@inlined
def _weigh(rows: Array, table: Array, products: Array, sums: Array, given: Array, grid: Array) -> float:
    """Write ``alpha`` and the means given the best arm; returns ``rho``. All are nan where weights are lost."""
    k, least = rows.shape[0], NO_MASS
    first, last = 0, 0
    for i in range(k):
        first, last = max(first, int(rows[i, FIRST])), max(last, int(rows[i, LAST]))
    while True:
        total, rho = 0.0, 0.0
        for i in range(k):
            sums[0, i] = 0.0
            for j in range(k):
                given[i, j] = 0.0
        for m in range(first, last + 1):
            products[k] = 1.0
            for i in range(k - 1, -1, -1):
                products[i] = products[i + 1] * table[1, m, i]
            left = 1.0
            for i in range(k):
                weight = table[0, m, i] * left * products[i + 1]
                left *= table[1, m, i]
                if weight < least:
                    continue
                total, rho = total + weight, rho + weight * grid[m]
                sums[0, i] += weight
                for j in range(k):
                    given[i, j] += weight * table[2, m, j]
                given[i, i] += weight * (grid[m] - table[2, m, i])
        if total >= ENOUGH or least == 0.0:
            break
        least, first, last = 0.0, 0, grid.size - 1
    total = total if total > VANISHING else math.nan
    for i in range(k):
        for j in range(k):
            given[i, j] /= sums[0, i]
        sums[0, i] /= total
    return rho / total


@inlined
def _law(rows: Array, own: Own) -> tuple[int, int, float, float]:
    """(i, j, q, ratio): play arm i with probability q, else arm j."""
    table, products, square, grid = own
    k = rows.shape[0]
    sums, given = square[:3], square[3:]
    rho = _weigh(rows, table, products, sums, given, grid)
    for j in range(k):
        mean, gain = rows[j, MEAN], 0.0
        for i in range(k):
            if sums[0, i] >= SURE:
                gain += sums[0, i] * divergence(given[i, j], mean)
        sums[1, j], sums[2, j] = rho - mean if rho - mean > SURE else 0.0, gain
    best, first, second, share = math.inf, 0, 0, 1.0
    for i in range(k):
        for j in range(i, k):
            d, g = sums[1, j], sums[2, j]
            slope, turn = sums[1, i] - d, sums[2, i] - g
            for case in range(3):
                q = 1.0 if case == 0 else 0.0
                if case == 2:
                    if slope == 0.0 or turn == 0.0:
                        continue
                    q = -(2.0 * slope * g - turn * d) / (slope * turn)
                    if not 0.0 < q < 1.0:
                        continue
                regret, gain = d + q * slope, g + q * turn
                ratio = 0.0 if regret <= 0.0 else (regret * regret / gain if gain > TIE else math.inf)
                if ratio < best - TIE:
                    best, first, second, share = ratio, i, j, q
    return first, second, share, best


@kernel
def law(rows: Array, own: Own) -> tuple[int, int, float, float]:
    """(i, j, q, ratio) of the next round: play arm i with probability q, else arm j."""
    return _law(rows, own)


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    i, j, q, _ = _law(rows, own)
    return i if luck[s, 0] < q else j


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    table, grid = own[0], own[3]
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward
    for m in range(grid.size):
        table[0, m, arm] *= grid[m] if reward > 0.5 else 1.0 - grid[m]
    _spread(rows, table, grid, arm)


@kernel
def _begin(rows: Array, own: Own) -> None:
    for i in range(rows.shape[0]):
        _spread(rows, own[0], own[3], i)


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class IDS(ScanPolicy):
    """Information-directed sampling (Russo and Van Roy), for rewards that are the ends of their range.

    Args:
        alpha: prior successes, > 0: a number for all arms, or one for each.
        beta: prior failures, likewise. With all of them 1 the prior is uniform.
        grid: number of points of the posteriors, at least 2, at most 10^6 over the number of arms.
    """

    columns = MORE + 3
    binary = True
    uniforms = 1
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(
        self, alpha: float | Sequence[float] = 1.0, beta: float | Sequence[float] = 1.0, grid: int = 1000
    ) -> None:
        self.alpha, self.beta = positives("alpha", alpha), positives("beta", beta)
        self.grid = integer("grid", grid, 2)

    def probabilities(self, observation: Any) -> Array:
        copy: IDS = Copies(self).one()
        first, second, share, _ = law(copy._rows, copy._own)
        found = np.zeros(self._n_arms)
        found[first] += share
        found[second] += 1.0 - share
        return found

    def constants(self, problem: BanditProblem) -> Any:
        k, points = problem.n_actions, self.grid
        if k * points > LARGEST:
            raise ValueError(f"IDS needs n_arms times grid of at most {LARGEST}, got {k} times {points}; lower grid")
        a, b = (np.array(numbers) for numbers in self._prior(k))
        x = (np.arange(points) + 0.5) / points
        table = np.empty((3, points, k))
        logs = np.log(x)[:, None] * (a - 1.0) + np.log(1.0 - x)[:, None] * (b - 1.0)
        table[0] = np.exp(logs - logs.max(axis=0))
        return table, np.empty(k + 1), np.empty((k + 3, k)), x

    def rows(self, problem: BanditProblem) -> Array:
        rows, own = np.zeros((problem.n_actions, self.columns)), cast(Any, self._own)
        _begin(rows, own)
        law(rows, own)
        if np.isnan(own[2][0, 0]):
            raise ValueError(f"IDS needs more points for {problem.n_actions} arms, got grid={self.grid}")
        return rows

    def _prior(self, n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
        return for_each("alpha", self.alpha, n, "arm"), for_each("beta", self.beta, n, "arm")

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The Bayesian bound ``range sqrt(K t H / 2)``."""
        if not isinstance(instance, ArmsInstance) or not problem.bounded:
            return ()
        law = "beta", *self._prior(problem.n_actions)
        source = "Russo and Van Roy 2018, Propositions 1 and 3 (from memory)"
        return (bayesian_bound(problem, instance, law, problem.n_actions, source, "recalled"),)
