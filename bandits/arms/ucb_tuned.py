"""UCB-Tuned: UCB1 whose width follows the variance seen, with no theorem.

After playing every arm once, play in round ``t`` the arm with the largest

    mean_i + width sqrt( (ln t / n_i) min(1 / 4, v_i + sqrt(2 ln t / n_i)) ),

where ``n_i`` counts the plays of arm ``i`` before, ``v_i`` is the variance of its rewards (divisor ``n_i``, in units of
``width^2``), and 1/4 the largest variance of rewards in a range of width 1. Ties go to the lowest index. What does not
change unless the arm is played is kept: its mean, ``v_i`` and ``1 / sqrt(n_i)``, so that an index is one root.

Reference: P. Auer, N. Cesa-Bianchi, P. Fischer, *Finite-time Analysis of the Multiarmed Bandit Problem*, Machine
Learning 47, 2002, Section 4 [recall]; there the logarithm is that of the plays before, here that of the round, as in
``ucb1.py``.
"""

from __future__ import annotations

import math

from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, ScanPolicy, leader, rounds, width_of
from bandits.contract import Array
from bandits.kernels import inlined, kernel

SQUARES, MEAN, VARIANCE, ROOT = range(MORE, MORE + 4)
"""Columns: the sum of squared rewards, the mean, ``v_i width^2`` and ``1 / sqrt(n_i)``."""
Own = tuple[float]
"""Width^2 of mapped rewards."""


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    square, log = own[0], math.log(t)  # not V / width^2: a declared noise may be 0
    most, wide = 0.25 * square, square * math.sqrt(2.0 * log)
    for i in range(rows.shape[0]):
        if rows[i, COUNT] == 0.0:
            return i
        root = rows[i, ROOT]
        rows[i, SCORE] = rows[i, MEAN] + root * math.sqrt(log * min(most, rows[i, VARIANCE] + wide * root))
    return leader(rows)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward
    rows[arm, SQUARES] += reward * reward
    n = rows[arm, COUNT]
    mean = rows[arm, MEAN] = rows[arm, SUM] / n
    rows[arm, VARIANCE] = max(0.0, rows[arm, SQUARES] / n - mean * mean)
    rows[arm, ROOT] = 1.0 / math.sqrt(n)


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class UCBTuned(ScanPolicy):
    """UCB-Tuned of Auer, Cesa-Bianchi and Fischer (2002), a heuristic that their experiments prefer to UCB1."""

    decided = True
    columns = ROOT + 1
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def constants(self, problem: BanditProblem) -> Own:
        return (width_of(problem) ** 2,)
