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
that code's approximation, good from ``x = 5`` on.

What is not worked out: since ``d(p, q) <= (p - q)^2 / (q (1 - q))``, the left side is at most ``n (S_s - s m)^2 /
(s (n - s) m (1 - m))``, with ``S_s`` the sum of the first ``s`` and ``m`` the mean of all; only where that reaches the
threshold are there logarithms (derived in this project). Nor are indices that stay below the largest one for sure.

Memory: of every arm the sums of its first ``ds``, ``2 ds``, ... rewards since its restart, in one pool whose entries
lead from each to the one before of the same arm: at most ``T / ds`` of them.
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

BORN, MEAN, ENTROPY, LAST = range(MORE, MORE + 4)
"""Columns: round of the last restart, mean and its ``entropy``, number of entries in the pool up to the arm's last."""
USED, TOP = 2, 3
"""Further places of the clock [4]: entries in the pool, the arm that last had the largest index."""
SUM_SO_FAR, BEFORE = range(2)
"""Columns of the pool: the sum of rewards; as ``LAST``, of the entry before of the same arm, 0 where there is none."""
Own = tuple[Array, Array, float, float, float, float, bool, bool]
"""Clock, pool, ``alpha0``, ``delta``, ``every``, ``ds``, whether all arms start anew, whether by the theorem."""


@inlined
def _index(rows: Array, arm: int, t: int) -> float:
    return upper(rows[arm, MEAN], rows[arm, ENTROPY], math.log(t - rows[arm, BORN]) / rows[arm, COUNT])


@kernel
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
def _has_changed(rows: Array, arm: int, pool: Array, ds: int, threshold: float) -> bool:
    n, total, mean = int(rows[arm, COUNT]), rows[arm, SUM], rows[arm, MEAN]
    s, entry = n // ds * ds, int(rows[arm, LAST])
    enough = threshold * mean * (1.0 - mean) / n * (1.0 - SLACK)
    while entry > 0:
        first = pool[entry - 1, SUM_SO_FAR]
        away = first - s * mean
        if s < n and away * away > enough * s * (n - s):
            p, q = min(max(first / s, 0.0), 1.0), min(max((total - first) / (n - s), 0.0), 1.0)
            if s * divergence(p, mean) + (n - s) * divergence(q, mean) >= threshold:
                return True
        s, entry = s - ds, int(pool[entry - 1, BEFORE])
    return False


@kernel
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    clock, pool, delta, every, ds, everywhere, exact = own[0], own[1], own[3], int(own[4]), int(own[5]), own[6], own[7]
    clock[NOW] += 1.0
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward
    n = int(rows[arm, COUNT])
    p = min(max(rows[arm, SUM] / n, 0.0), 1.0)
    rows[arm, MEAN], rows[arm, ENTROPY] = p, entropy(p)
    if n % ds == 0:
        entry = int(clock[USED])
        pool[entry, SUM_SO_FAR], pool[entry, BEFORE] = rows[arm, SUM], rows[arm, LAST]
        clock[USED] = rows[arm, LAST] = entry + 1.0
    if n % every == 0 and _has_changed(rows, arm, pool, ds, _threshold(n, delta, exact)):
        clock[ALARMS] += 1.0
        for i in range(rows.shape[0]):
            if everywhere or i == arm:
                for j in range(rows.shape[1]):
                    rows[i, j] = 0.0
                rows[i, BORN] = clock[NOW]
        if everywhere:
            clock[USED] = 0.0


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
            ``every = ds = 1``, and takes time in proportion to the plays of an arm in each of them.
        exact: whether the threshold is that of the theorem.
    """

    columns = MORE + 4
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
        need_range("GLRKLUCB", problem, "declare the range as low and high of the problem")
        k, alpha0, delta = problem.n_actions, self.alpha0, self.delta
        if alpha0 is None or delta is None:
            horizon = horizon_of("GLRKLUCB", None, problem, "give alpha0 and delta")
            alpha0 = min(1.0, math.sqrt(k * math.log(max(horizon, 2)) / horizon)) if alpha0 is None else alpha0
            delta = 1.0 / math.sqrt(horizon) if delta is None else delta
        return (
            np.zeros(4),
            np.empty((0, 2)),
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
            grown = np.empty((max(need, 2 * len(pool)), 2))
            grown[:used] = pool[:used]
            self._own = (clock, grown, *self._own[2:])

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The order ``C sqrt(T ln T)`` for ``C`` changes, whose number the defaults do not know."""
        source = "Besson, Kaufmann, Maillard, Seznec 2022, abstract"
        return detection_rate("GLR-klUCB", source, problem, instance, lambda segments: max(1, segments - 1) ** 2)
