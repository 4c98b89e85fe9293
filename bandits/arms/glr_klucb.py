"""GLR-klUCB: KL-UCB that forgets when a generalised likelihood ratio says that an arm's mean has changed.

Let ``k`` be 1 plus the number of alarms and ``A = (t - 1) mod max(K, floor(K / min(1, alpha0 sqrt(k))))``. In round
``t`` play arm ``A`` if ``A < K``, else, with ``n_i = 0`` first, the arm with the largest

    max { q : d(mean_i, q) <= ln(e_i) / n_i },

of what was seen of each arm since its restart, ``e_i = t`` less the round of that restart (0 at first). Ties go to the
lowest index; rewards are mapped to [0, 1], and ``d`` is the divergence of Bernoulli variables. When ``n``, the number
of rewards of the arm played, is a multiple of ``every``, there is an alarm if for some ``s = ds, 2 ds, ... < n``

    s d(mean of the first s, mean of all) + (n - s) d(mean of the others, mean of all) >= ln(3 n^(3/2) / delta),

which makes this arm ("local") or all arms ("global") start anew.

Reference: L. Besson, E. Kaufmann, O.-A. Maillard, J. Seznec, *Efficient Change-Point Detection for Tackling
Piecewise-Stationary Bandits*, JMLR 2022 (*The Generalized Likelihood Ratio Test meets klUCB*, 2019); orders of the
regret from the abstract. The threshold is the one that public code uses in practice. That of the theorem,
``2 T~(ln(3 n^(3/2) / delta) / 2) + 6 ln(1 + ln n)``, is larger, with ``T~(x) = x + 4 ln(1 + x + sqrt(2 x))``, which is
that code's approximation, good from ``x = 5`` on. Forced exploration follows the clock of the run, and indices that of
each restart, as in that code.

How the test takes ``O(log n)`` instead of ``O(n)`` (derived in this project). With ``S_s`` the sum of the first ``s``,
the left side is a convex function of the point ``(s, S_s)``, since ``x d(y / x, m)`` is one of ``(x, y)``. So the
largest stands at a corner of the convex hull of these points. Points come from left to right, and the two chains of
corners, above and below, are stacks of ``2 ln n`` points together in the mean of a random walk. And since
``d(p, q) <= (p - q)^2 / (q (1 - q))``, a corner's left side is at most ``n (S_s - s m)^2 / (s (n - s) m (1 - m))`` with
``m`` the mean of all: only where that reaches the threshold are there logarithms. Nor is there an index of an arm that
stays below the largest one for sure.

Memory: the points of all arms stand in one pool, at most ``T / ds`` of them; those of an arm that starts anew alone
stay there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import flag, integer, one_of, probability, real
from bandits.arms.detection import ALARMS, NOW, SLACK, DetectingPolicy, detection_rate
from bandits.arms.divergence import divergence, entropy, upper
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, horizon_of, leader, need_range, rounds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

BORN, MEAN, ENTROPY, ABOVE, BELOW = range(MORE, MORE + 5)
"""Columns: round of the last restart; mean and its ``entropy``; last corners of both chains, as places in the pool from
1, 0 for none."""
USED, TOP = 2, 3
"""Further places of the clock [4]: points in the pool, the arm that last had the largest index."""
S, SUM_TO, BEFORE = range(3)
"""Columns of the pool: ``s`` and ``S_s`` of a point, and from ``BEFORE`` on the corner before it in both chains."""
Own = tuple[Array, Array, float, float, float, float, bool, bool]
"""Clock, pool, ``alpha0``, ``delta``, ``every``, ``ds``, whether all arms start anew, whether by the theorem."""


@inlined
def _index(rows: Array, arm: int, t: int) -> float:
    return upper(rows[arm, MEAN], rows[arm, ENTROPY], math.log(t - rows[arm, BORN]) / rows[arm, COUNT])


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    k, clock = rows.shape[0], own[0]
    share = min(1.0, own[2] * math.sqrt(1.0 + clock[ALARMS]))
    forced = int((t - 1.0) % max(float(k), math.floor(k / share)))
    if forced < k:
        return forced
    for i in range(k):
        if rows[i, COUNT] == 0.0:
            return i
    top = int(clock[TOP])
    best = rows[top, SCORE] = _index(rows, top, t)
    below = max(best - SLACK, 1e-300)
    log, log_rest = math.log(below), math.log(1.0 - below)
    for i in range(k):
        p, n = rows[i, MEAN], rows[i, COUNT]
        if i == top:
            continue
        if p < below and n * (rows[i, ENTROPY] - p * log - (1.0 - p) * log_rest) > math.log(t - rows[i, BORN]) + SLACK:
            rows[i, SCORE] = -math.inf
            continue
        rows[i, SCORE] = _index(rows, i, t)
        if rows[i, SCORE] > best:
            best, top = rows[i, SCORE], i
            below = max(best - SLACK, 1e-300)
            log, log_rest = math.log(below), math.log(1.0 - below)
    clock[TOP] = top
    return leader(rows)


@kernel
def _threshold(n: int, delta: float, exact: bool) -> float:
    level = math.log(3.0 / delta) + 1.5 * math.log(n)
    if not exact:
        return level
    x = level / 2.0
    return 2.0 * (x + 4.0 * math.log(1.0 + x + math.sqrt(2.0 * x))) + 6.0 * math.log(1.0 + math.log(n))


@kernel
def _has_changed(rows: Array, arm: int, pool: Array, threshold: float) -> bool:
    n, total, mean = rows[arm, COUNT], rows[arm, SUM], rows[arm, MEAN]
    enough = threshold * mean * (1.0 - mean) / n * (1.0 - SLACK)
    for chain in range(2):
        point = int(rows[arm, ABOVE + chain])
        while point > 0:
            s, first = pool[point - 1, S], pool[point - 1, SUM_TO]
            away = first - s * mean
            if away * away > enough * s * (n - s):
                p, q = min(max(first / s, 0.0), 1.0), min(max((total - first) / (n - s), 0.0), 1.0)
                if s * divergence(p, mean) + (n - s) * divergence(q, mean) >= threshold:
                    return True
            point = int(pool[point - 1, BEFORE + chain])
    return False


@kernel
def _add_point(rows: Array, arm: int, pool: Array, new: int) -> None:
    """Add the point of all rewards so far at a place of the pool, and drop the corners that it makes none."""
    x, y = rows[arm, COUNT], rows[arm, SUM]
    pool[new, S], pool[new, SUM_TO] = x, y
    for chain in range(2):
        sign, corner = 1.0 - 2.0 * chain, int(rows[arm, ABOVE + chain])
        while corner > 0 and pool[corner - 1, BEFORE + chain] > 0.0:
            left = int(pool[corner - 1, BEFORE + chain]) - 1
            dx, dy = pool[corner - 1, S] - pool[left, S], pool[corner - 1, SUM_TO] - pool[left, SUM_TO]
            if sign * (dx * (y - pool[left, SUM_TO]) - dy * (x - pool[left, S])) < 0.0:
                break
            corner = left + 1
        pool[new, BEFORE + chain] = corner
        rows[arm, ABOVE + chain] = new + 1.0


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    clock, pool, delta, every, ds, everywhere, exact = own[0], own[1], own[3], int(own[4]), int(own[5]), own[6], own[7]
    clock[NOW] += 1.0
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward
    n = int(rows[arm, COUNT])
    p = min(max(rows[arm, SUM] / n, 0.0), 1.0)
    rows[arm, MEAN], rows[arm, ENTROPY] = p, entropy(p)
    if n % every == 0 and _has_changed(rows, arm, pool, _threshold(n, delta, exact)):
        clock[ALARMS] += 1.0
        for i in range(rows.shape[0]):
            if everywhere or i == arm:
                for j in range(rows.shape[1]):
                    rows[i, j] = 0.0
                rows[i, BORN] = clock[NOW]
        if everywhere:
            clock[USED] = 0.0
    elif n % ds == 0:
        _add_point(rows, arm, pool, int(clock[USED]))
        clock[USED] += 1.0


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class GLRKLUCB(DetectingPolicy):
    """GLR-klUCB of Besson, Kaufmann, Maillard and Seznec (2022). Needs rewards in a finite range.

    Args:
        restart: "local" (an alarm makes its arm start anew) or "global" (all arms).
        alpha0: share of forced exploration before the first alarm, in (0, 1]; None takes ``sqrt(K ln T / T)`` from the
            horizon ``T``.
        delta: probability of a false alarm that the threshold allows, in (0, 1); None takes ``1 / sqrt(T)``.
        every: plays of an arm from test to test, >= 1.
        ds: distance of the places at which a test looks for the change, in plays of the arm, >= 1. The paper's test has
            ``every = ds = 1``.
        exact: whether the threshold is that of the theorem.
    """

    decided = True
    columns = MORE + 5
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)

    def __init__(
        self,
        restart: str = "local",
        alpha0: float | None = None,
        delta: float | None = None,
        every: int = 10,
        ds: int = 10,
        exact: bool = False,
    ) -> None:
        self.restart = one_of("restart", restart, ("local", "global"))
        self.alpha0 = None if alpha0 is None else real("alpha0", alpha0, 0.0, 1.0, closed="high")
        self.delta = None if delta is None else probability("delta", delta)
        self.every, self.ds = integer("every", every), integer("ds", ds)
        self.exact = flag("exact", exact)

    def constants(self, problem: BanditProblem) -> Own:
        need_range("GLRKLUCB", problem, "sliding_window_ucb takes a declared noise instead of a range")
        k, alpha0, delta = problem.n_actions, self.alpha0, self.delta
        if alpha0 is None or delta is None:
            horizon = horizon_of(
                "GLRKLUCB", None, problem, "give alpha0 and delta, or play sliding_window_ucb with a window"
            )
            alpha0 = min(1.0, math.sqrt(k * math.log(max(horizon, 2)) / horizon)) if alpha0 is None else alpha0
            delta = 1.0 / math.sqrt(horizon) if delta is None else delta
        return (
            np.zeros(4),
            np.empty((0, 4)),
            max(alpha0, k * 1e-15),
            delta,
            float(self.every),
            float(self.ds),
            self.restart == "global",
            self.exact,
        )

    def make_room(self, n_rounds: int) -> None:
        clock, pool = self._own[:2]
        used = int(clock[USED])
        if (need := used + n_rounds // self.ds + self._n_arms) > len(pool):
            grown = np.zeros((max(need, 2 * len(pool)), 4))
            grown[:used] = pool[:used]
            self._own = (clock, grown, *self._own[2:])

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The order ``C sqrt(T ln T)`` for ``C`` changes, whose number the defaults do not know."""
        source = "Besson, Kaufmann, Maillard, Seznec 2022, abstract"
        return detection_rate("GLR-klUCB", source, problem, instance, lambda segments: max(1, segments - 1) ** 2)
