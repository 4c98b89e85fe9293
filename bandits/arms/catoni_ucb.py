"""UCB on Catoni's estimate of the mean, for rewards whose variance is known.

With ``v`` at least the variance of every arm and ``L = 2 ln T``, play the arm with the largest ``m + 2 sqrt(v L / n)``,
where ``m`` is the root of

    sum_s psi(a (x_s - m)) = 0,   psi(y) = sign(y) ln(1 + |y| + y^2 / 2),   a^2 = 2 L / (n (v + 2 v L / (n - 2 L))),

over the arm's ``n`` rewards; one with ``n < 4 L`` first, so that each arm is played ``ceil(8 ln T)`` times before any
is compared. Ties go to the lowest index. Rewards are kept: memory grows with the horizon, and a play costs O(n).

The sum falls in ``m``: Newton's method within the bracket of the smallest and the largest reward finds the root, from
the estimate before the play (at first the mean), up to ``1e-9 (sqrt(v) + |m|)``. One logarithm is taken of the product
of many terms.

Reference: see ``robust.py`` [recall: constants]; O. Catoni, *Challenging the empirical mean and empirical variance*,
Annales de l'IHP 48, 2012.
"""

from __future__ import annotations

import math
from typing import Any

from bandits.arms.kept import nothing, with_room
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.robust import RobustPolicy, best, moment_parameter, order_parameter
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, rounds
from bandits.contract import Array
from bandits.kernels import inlined, kernel

LOW, HIGH, ROOT = MORE, MORE + 1, MORE + 2
"""Columns: an arm's smallest and largest reward, and the estimate."""
Own = tuple[float, float, Array, Any]
"""``v``, ``L``, and the rewards kept with where they begin."""
HUGE = 1e100


@kernel
def _sum(kept: Array, start: int, stop: int, a: float, m: float) -> tuple[float, float]:
    """``sum psi(a (x_s - m))`` over ``kept[start:stop]``, and minus its derivative in ``m``."""
    logs, above, below, slope = 0.0, 1.0, 1.0, 0.0
    for s in range(start, stop):
        y = a * (kept[s] - m)
        size = abs(y)
        term = 1.0 + size + 0.5 * size * size
        slope += (1.0 + size) / term
        term = min(term, HUGE)  # else products overflow
        if y >= 0.0:
            above *= term
        else:
            below *= term
        if above > HUGE or below > HUGE:
            logs += math.log(above) - math.log(below)
            above, below = 1.0, 1.0
    return logs + math.log(above) - math.log(below), a * slope


@kernel
def _root(kept: Array, start: int, stop: int, a: float, low: float, high: float, m: float, scale: float) -> float:
    """The root in [low, high], from ``m`` on.

    As ``|psi''| <= 1 / 4``, a step of Newton's method leaves an error of ``a^2 n step^2 / (8 slope)`` at most.
    """
    for _ in range(2000):
        total, slope = _sum(kept, start, stop, a, m)
        if total >= 0.0:
            low = m
        else:
            high = m
        after, left = m + total / slope, a * a * (stop - start) * (total / slope) ** 2 / (8.0 * slope)
        if not low <= after <= high:
            after = 0.5 * (low + high)
            left = high - low
        m = after
        if left <= 1e-9 * (scale + abs(m)):
            break
    return m


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    v, log, kept, starts = own
    row, n = rows[arm], rows[arm, COUNT] + 1.0
    start, stop = starts[arm], starts[arm] + int(n)
    kept[stop - 1] = reward
    row[LOW], row[HIGH] = (min(row[LOW], reward), max(row[HIGH], reward)) if n > 1.0 else (reward, reward)
    row[COUNT], row[SUM] = n, row[SUM] + reward
    if n < 4.0 * log:
        return
    a = math.sqrt(2.0 * log / (n * (v + 2.0 * v * log / (n - 2.0 * log))))
    if n - 1.0 < 4.0 * log:
        row[ROOT] = min(max(row[SUM] / n, row[LOW]), row[HIGH])
    row[ROOT] = _root(kept, start, stop, a, row[LOW], row[HIGH], row[ROOT], math.sqrt(v))
    row[SCORE] = row[ROOT] + 2.0 * math.sqrt(v * log / n)


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(best, _note, block, actions, t, rows, own, luck, low, span)


class CatoniUCB(RobustPolicy):
    """Robust UCB with Catoni's estimate, of Bubeck, Cesa-Bianchi and Lugosi (2013). Needs a horizon.

    Args:
        v: bound on the variance of the rewards of every arm, > 0; None takes it from a finite range of rewards, or from
            their declared noise.
        eps: order of the moment less 1: 1, since the estimate needs a variance.
    """

    decided = True
    centred = True
    columns = MORE + 3
    numbers_an_arm = 1
    longest = 2**10
    pick, note, rounds = staticmethod(best), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, v: float | None = None, eps: float = 1.0) -> None:
        if order_parameter(eps) != 1.0:
            raise ValueError(f"eps must be 1, as Catoni's estimate needs a variance, got {eps!r}; mom_ucb takes others")
        self.v, self.eps = moment_parameter("v", v), 1.0
        self.moment = self.v

    def law_of_width(self, problem: BanditProblem) -> tuple[float, float, int]:
        log = self.log(problem)
        return 2.0 * math.sqrt(self.known_moment(problem) * log), 0.5, math.ceil(4.0 * log)

    def constants(self, problem: BanditProblem) -> Own:
        self._kept = nothing(problem.n_actions)
        return self.known_moment(problem), self.log(problem), *self._kept

    def make_room(self, n_rounds: int) -> None:
        self._kept = with_room(self._kept, self._rows[:, COUNT], n_rounds)
        self._own = *self._own[:-2], *self._kept
