"""UCB on medians of means, for rewards of which a moment about the mean is known.

With ``v >= E |x - mean|^(1 + eps)`` of every arm and ``L = 2 ln T``, an arm's ``n`` rewards, in the order of plays,
make ``k = min(floor(8 (L + 1/8)), floor(n / 2))`` blocks of ``floor(n / k)``; those left over are not used. Play the
arm with the largest

    median of the means of its blocks + (12 v)^(1 / (1 + eps)) (16 (L + 1/8) / n)^(eps / (1 + eps)),

one with fewer than two plays first. The median of an even number is the mean of the two in the middle. Ties go to the
lowest index. Rewards are kept: memory grows with the horizon.

How it is not evaluated: where a play changes neither the number of blocks nor their size, no block changes.

Reference: see ``robust.py`` [recall: constants].
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bandits.arms.kept import nothing, with_room
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.robust import RobustPolicy, best, moment_parameter, order_parameter
from bandits.arms.scan import COUNT, MORE, SCORE, rounds
from bandits.contract import Array
from bandits.kernels import inlined, kernel

BLOCKS, SIZE, MEDIAN = MORE, MORE + 1, MORE + 2
"""Columns: the number and the size of an arm's blocks, and the median of their means."""
Own = tuple[float, float, Array, Array, Any]
"""The width's factor and power, room [most blocks] for means, and the rewards kept with where they begin."""


@inlined
def _median(values: Array, n: int) -> float:
    """The median of the first ``n`` values, which are reordered: Hoare's selection."""
    middle, low, high = n // 2, 0, n - 1
    while low < high:
        pivot, i, j = values[middle], low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while pivot < values[j]:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if j < middle:
            low = i
        if middle < i:
            high = j
    if n % 2 == 1:
        return float(values[middle])
    below = values[0]
    for b in range(1, middle):
        below = max(below, values[b])
    return 0.5 * float(below + values[middle])


@inlined
def _means(kept: Array, start: int, size: int, block: int, last: int, means: Array) -> None:
    """Write the means of four blocks, from ``block`` up to ``last``, side by side: a sum waits for each addition."""
    b, c, d = min(block + 1, last), min(block + 2, last), min(block + 3, last)
    first, second, third, fourth = 0.0, 0.0, 0.0, 0.0
    for place in range(start, start + size):
        first += kept[place + block * size]
        second += kept[place + b * size]
        third += kept[place + c * size]
        fourth += kept[place + d * size]
    means[block], means[b], means[c], means[d] = first / size, second / size, third / size, fourth / size


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    factor, power, means, kept, starts = own
    n = int(rows[arm, COUNT]) + 1
    rows[arm, COUNT] = n
    kept[starts[arm] + n - 1] = reward
    if n < 2:
        return
    blocks = min(means.size, n // 2)
    size = n // blocks
    if rows[arm, BLOCKS] != blocks or rows[arm, SIZE] != size:
        rows[arm, BLOCKS], rows[arm, SIZE] = blocks, size
        for b in range(0, blocks, 4):
            _means(kept, starts[arm], size, b, blocks - 1, means)
        rows[arm, MEDIAN] = _median(means, blocks)
    rows[arm, SCORE] = rows[arm, MEDIAN] + factor * n**-power


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(best, _note, block, actions, t, rows, own, luck, low, span)


class MoMUCB(RobustPolicy):
    """Robust UCB with the median of means, of Bubeck, Cesa-Bianchi and Lugosi (2013). Needs a horizon.

    Args:
        v: bound on ``E |x - mean|^(1 + eps)`` of the rewards of every arm, > 0; None takes it from a finite range of
            rewards, or from their declared noise.
        eps: order of the moment less 1, in (0, 1].
    """

    decided = True
    centred = True
    columns = MORE + 3
    numbers_an_arm = 1
    longest = 2**10
    pick, note, rounds = staticmethod(best), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, v: float | None = None, eps: float = 1.0) -> None:
        self.v, self.eps = moment_parameter("v", v), order_parameter(eps)
        self.moment = self.v

    def law_of_width(self, problem: BanditProblem) -> tuple[float, float, int]:
        root, power = 1.0 / (1.0 + self.eps), self.eps / (1.0 + self.eps)
        factor = math.pow(12.0 * self.known_moment(problem), root) * math.pow(16.0 * (self.log(problem) + 0.125), power)
        return factor, power, 2

    def constants(self, problem: BanditProblem) -> Own:
        factor, power, _ = self.law_of_width(problem)
        self._kept = nothing(problem.n_actions)
        return factor, power, np.zeros(int(8.0 * (self.log(problem) + 0.125))), *self._kept

    def make_room(self, n_rounds: int) -> None:
        self._kept = with_room(self._kept, self._rows[:, COUNT], n_rounds)
        self._own = *self._own[:-2], *self._kept
