"""CUSUM-UCB: UCB whose arms are each watched by a two-sided CUSUM test and forgotten one at a time.

In every round, with probability ``alpha``, play an arm drawn uniformly; else the arm with the largest

    mean_i + sqrt(xi ln(sum_j n_j) / n_i),      xi = 1/2,

of what was seen of each arm since its own last restart; arms with ``n_i = 0`` first, ties to the lowest index. The mean
of the first ``M0`` rewards since the restart is ``u``. Later rewards ``x`` of the arm, mapped to [0, 1], move

    g+ <- max(0, g+ + x - u - eps),      g- <- max(0, g- + u - x - eps),

and once one of them reaches ``h``, this arm alone is forgotten. One uniform a round is the coin, and where it falls on
exploration, what it is below ``alpha`` is the arm.

Reference: F. Liu, J. Lee, N. Shroff, *A Change-Detection Based Framework for Piecewise-Stationary Multi-Armed Bandit
Problem*, AAAI 2018. The order of its regret is from the abstract; the defaults of ``h`` and ``alpha`` are simplified
forms found in public code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import at_least_zero, integer, positive, real
from bandits.arms.detection import ALARMS, NOW, SLACK, DetectingPolicy, detection_rate, new_clock
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, horizon_of, leader, need_range, rounds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

START, UP, DOWN, MEAN, ROOT = range(MORE, MORE + 5)
"""Columns: ``u``, ``g+`` and ``g-``; ``mean_i`` and ``1 / sqrt(n_i)``."""
TOTAL = 2
"""Place in the clock: ``sum_j n_j``."""
XI = 0.5
Own = tuple[Array, float, float, float, float]
"""The clock, ``alpha``, ``M0``, ``eps``, ``h`` less what rounding may take from a statistic."""


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    k, alpha = rows.shape[0], own[1]
    if luck[s, 0] < alpha:
        return int(min(luck[s, 0] / alpha * k, k - 1.0))
    wide = math.sqrt(XI * math.log(max(own[0][TOTAL], 1.0)))
    for i in range(k):
        if rows[i, COUNT] == 0.0:
            return i
        rows[i, SCORE] = rows[i, MEAN] + wide * rows[i, ROOT]
    return leader(rows)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    clock, first, eps, h = own[0], own[2], own[3], own[4]
    clock[NOW] += 1.0
    clock[TOTAL] += 1.0
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward
    mean = rows[arm, MEAN] = rows[arm, SUM] / rows[arm, COUNT]
    rows[arm, ROOT] = 1.0 / math.sqrt(rows[arm, COUNT])
    if rows[arm, COUNT] == first:
        rows[arm, START] = mean
    elif rows[arm, COUNT] > first:
        away = reward - rows[arm, START]
        rows[arm, UP] = max(0.0, rows[arm, UP] + away - eps)
        rows[arm, DOWN] = max(0.0, rows[arm, DOWN] - away - eps)
        if max(rows[arm, UP], rows[arm, DOWN]) >= h:
            clock[ALARMS] += 1.0
            clock[TOTAL] -= rows[arm, COUNT]
            for j in range(rows.shape[1]):
                rows[arm, j] = 0.0


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class CUSUMUCB(DetectingPolicy):
    """CUSUM-UCB of Liu, Lee and Shroff (2018). Needs rewards in a finite range; all parameters speak of [0, 1].

    Args:
        alpha: share of uniform exploration, in [0, 1]; None takes ``sqrt((C / T) ln(T / C))`` from the horizon ``T``
            and the number ``C`` of changes, or 1 for none, with a logarithm of at least 1.
        M0: rewards that make the mean which later ones are held against, >= 1.
        eps: how far a reward may be from it in the mean before it counts, >= 0.
        h: threshold, > 0; None takes ``ln(T / C)``, at least 1.
        changes: number ``C`` of changes expected in the run, >= 0; used for the defaults only.
    """

    columns = ROOT + 1
    uniforms = 1
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)

    def __init__(
        self,
        alpha: float | None = None,
        M0: int = 100,
        eps: float = 0.05,
        h: float | None = None,
        changes: int = 1,
    ) -> None:
        self.alpha = None if alpha is None else real("alpha", alpha, 0.0, 1.0, closed="both")
        self.M0 = integer("M0", M0)
        self.eps = at_least_zero("eps", eps)
        self.h = None if h is None else positive("h", h)
        self.changes = integer("changes", changes, 0)

    def constants(self, problem: BanditProblem) -> Own:
        need_range("CUSUMUCB", problem, "sliding_window_ucb takes a declared noise instead of a range")
        alpha, h = self.alpha, self.h
        if alpha is None or h is None:
            horizon = horizon_of(
                "CUSUMUCB", None, problem, "give alpha and h, or play sliding_window_ucb with a window"
            )
            changes = max(1, self.changes)
            log = max(1.0, math.log(horizon / changes))
            alpha = min(1.0, math.sqrt(changes / horizon * log)) if alpha is None else alpha
            h = log if h is None else h
        return new_clock(), alpha, float(self.M0), self.eps, h - min(SLACK, h / 2.0)

    def probabilities(self, observation: Any) -> Array:
        best = self.pick(self._rows.copy(), self._t, self._own, np.ones((1, 1)), 0)  # no uniform is 1: not exploring
        found = np.full(self._n_arms, self._own[1] / self._n_arms)
        found[best] += 1.0 - self._own[1]
        return found

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The order ``sqrt(C T ln T)`` for ``C`` changes."""
        source = "Liu, Lee, Shroff 2018, abstract"
        return detection_rate("CUSUM-UCB", source, problem, instance, lambda segments: max(1, segments - 1))
