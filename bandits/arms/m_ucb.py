"""M-UCB: UCB1 that starts anew when an arm's last rewards differ from those before.

Let ``tau`` be the round of the last restart, 0 at first, and ``n_i``, ``mean_i`` of what was seen since. In round ``t``
let ``A = (t - tau - 1) mod ceil(K / gamma)``. Play arm ``A`` if ``A < K``, else, with ``n_i = 0`` first, the arm with
the largest

    mean_i + sqrt(2 ln(t - tau) / n_i).

Ties go to the lowest index. When an arm has been played ``w`` times and its last ``w / 2`` rewards and the ``w / 2``
before differ by more than ``b`` in their sums, everything is forgotten: ``tau = t``. Rewards are mapped to [0, 1].

Reference: Y. Cao, Z. Wen, B. Kveton, Y. Xie, *Nearly Optimal Adaptive Procedure with Change Detection for
Piecewise-Stationary Bandit*, AISTATS 2019. The order of its regret is from the abstract; the form of ``gamma`` is that
of public code, one of two that differ. As there, exploration starts anew at a restart, and its plays count in the
test.

False alarms (derived in this project, by Hoeffding's inequality): the default ``b = sqrt((w / 2) ln(2 K T^2))`` gives
each test at most ``2 exp(-2 b^2 / w) = 1 / (K T^2)``, and a run has at most ``T`` tests, so that without changes there
is any alarm with probability at most ``1 / (K T)``. A change of one arm by ``g`` is seen within ``w`` plays of it with
probability at least ``1 - 1 / (K T^2)`` if ``g w / 2 >= 2 b``; with ``w = 200``, for ``g`` of some 0.9 and more only.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence

import numpy as np

from bandits.arguments import affordable, integer, positive, real, shown
from bandits.arms.detection import ALARMS, NOW, SINCE, SLACK, DetectingPolicy, detection_rate, new_clock
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, horizon_of, leader, need_range, rounds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

RECENT, BEFORE = MORE, MORE + 1
"""Columns: the sum of the last ``w / 2`` rewards, and of the ``w / 2`` before."""
Own = tuple[Array, Array, float, float]
"""The clock; the last ``w`` rewards [n_arms, w] of each arm, in a ring; ``b``; rounds from exploration to the next."""


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    since = own[0][NOW] - own[0][SINCE] + 1.0
    forced = int((since - 1.0) % own[3])
    if forced < rows.shape[0]:
        return forced
    log = 2.0 * math.log(since)
    for i in range(rows.shape[0]):
        n = rows[i, COUNT]
        if n == 0.0:
            return i
        rows[i, SCORE] = rows[i, SUM] / n + math.sqrt(log / n)
    return leader(rows)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    clock, last, threshold = own[0], own[1], own[2]
    w, n = last.shape[1], int(rows[arm, COUNT])
    half, place = w // 2, n % w
    if n >= half:
        middle = last[arm, (n - half) % w]
        rows[arm, RECENT] -= middle
        rows[arm, BEFORE] += middle
    if n >= w:
        rows[arm, BEFORE] -= last[arm, place]
    last[arm, place] = reward
    rows[arm, RECENT] += reward
    if place == w - 1:  # in the order of the ring: what rounding has left in the sums goes
        rows[arm, BEFORE] = rows[arm, RECENT] = 0.0
        for j in range(half):
            rows[arm, BEFORE] += last[arm, j]
            rows[arm, RECENT] += last[arm, half + j]
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward
    clock[NOW] += 1.0
    if n + 1 >= w and abs(rows[arm, RECENT] - rows[arm, BEFORE]) > threshold + SLACK:
        clock[ALARMS] += 1.0
        clock[SINCE] = clock[NOW]
        for i in range(rows.shape[0]):
            for j in range(rows.shape[1]):
                rows[i, j] = 0.0


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class MUCB(DetectingPolicy):
    """M-UCB of Cao, Wen, Kveton and Xie (2019). Needs rewards in a finite range; all parameters speak of [0, 1].

    Args:
        window: ``w``, an even number >= 2; None takes 200, or where ``smallest_change`` ``g`` is given
            ``(4 / g^2) (sqrt(ln(2 K T^2)) + sqrt(ln(2 T)))^2``, rounded up to an even number (from memory).
        threshold: ``b`` > 0; None takes ``sqrt((w / 2) ln(2 K T^2))`` from the horizon ``T``.
        gamma: share of forced exploration, in (0, 1]; None takes
            ``min(1, sqrt(C K (2 b + 3 sqrt w) / (2 T)))`` with ``C`` the number of changes, or 1 for none.
        changes: number of changes expected in the run, >= 0; used for the default ``gamma`` only.
        smallest_change: in (0, 1], the smallest change of a mean that is to be detected; where the window is given and
            too short for it, ``reset`` warns.
    """

    decided = True
    columns = MORE + 2
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)

    def __init__(
        self,
        window: int | None = None,
        threshold: float | None = None,
        gamma: float | None = None,
        changes: int = 1,
        smallest_change: float | None = None,
    ) -> None:
        if window is not None and integer("window", window, 2, 10**8) % 2 == 1:
            raise ValueError(f"window must be an even number >= 2, got {shown(window)}")
        self.window = None if window is None else int(window)
        self.threshold = None if threshold is None else positive("threshold", threshold)
        self.gamma = None if gamma is None else real("gamma", gamma, 0.0, 1.0, closed="high")
        self.changes = integer("changes", changes, 0)
        g = smallest_change
        self.smallest_change = None if g is None else real("smallest_change", g, 0.0, 1.0, closed="high")

    def constants(self, problem: BanditProblem) -> Own:
        need_range("MUCB", problem, "sliding_window_ucb takes a declared noise instead of a range")
        horizon = horizon_of("MUCB", None, problem, "play sliding_window_ucb with a window")
        k, log, g = problem.n_actions, math.log(2.0 * problem.n_actions) + 2.0 * math.log(horizon), self.smallest_change
        w = 200 if self.window is None else self.window
        if self.window is None and g is not None:
            root = (math.sqrt(log) + math.sqrt(math.log(2.0 * horizon))) / max(g, 1e-9)
            w = 2 * math.ceil(2.0 * root**2)
        affordable(
            "window, or n_actions," if self.window else "1 / smallest_change",
            f"the last {w} rewards of {k} arms",
            w * k,
        )
        b = math.sqrt(w / 2 * log) if self.threshold is None else self.threshold
        if g is not None and g * w / 2 < 2.0 * b:
            warnings.warn(
                f"MUCB may miss changes of {g:g}: a window of {w} with the threshold {b:.4g} is sure to see those of "
                f"{4.0 * b / w:.2g} and more; leave window and threshold away for ones that fit",
                RuntimeWarning,
                stacklevel=4,
            )
        share = math.sqrt(max(1, self.changes) * k * (2.0 * b + 3.0 * math.sqrt(w)) / (2.0 * horizon))
        period = math.ceil(min(k / (min(1.0, share) if self.gamma is None else self.gamma), 1e15))
        return new_clock(), np.zeros((k, w)), b, float(period)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The order ``sqrt(M K T ln T)`` for ``M`` segments."""
        k, source = problem.n_actions, "Cao, Wen, Kveton, Xie 2019, abstract"
        return detection_rate("M-UCB", source, problem, instance, lambda segments: segments * k)
