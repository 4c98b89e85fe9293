"""Exp3++: exponential weights whose exploration follows estimates of the gaps, for both worlds.

With losses ``l`` in [0, 1] (1 less the mapped reward), play every arm once, with estimates ``L_i = l``. In round ``t``,
let ``l_i`` be the mean loss of arm ``i`` after its ``n_i`` plays, ``c_i = sqrt((alpha ln t + ln K) / (2 n_i))`` and

    eta = (1 / 2) sqrt(ln K / (t K)),   rho_i in proportion to exp(-eta (L_i - min L)),
    D_i = max(0, max(0, l_i - c_i) - min_j min(1, l_j + c_j)),
    eps_i = min(1 / (2 K), eta, beta ln t / (t D_i^2)),   p = (1 - sum eps) rho + eps.

Draw an arm from ``p`` by one uniform, and add its loss over ``p_i`` to ``L_i``.

How it is not evaluated: a loss of 0 leaves ``L_i``, and asks for no probability. So where upper bounds on the
probabilities of all arms but one leave no doubt which is drawn, the ``p`` of the round are worked out only once there
is a loss. The bounds are ``1 / (2 K)`` or ``eta`` for ``eps_i``, and four times ``exp(-eta (L_i - L_j))``, where arm
``j`` had the least estimate; each factor of two lets the rounds, or ``L_j``, go on for a while.

And ``D_i <= 1``, so that no gap counts as long as ``beta ln t / t`` is at least the other two
terms. With beta = 256 and 10 arms the third binds not before t of order 1e9 at a gap of 0.8: at usual horizons this is
Exp3 with a share of uniform play.

References: Y. Seldin and A. Slivkins, *One Practical Algorithm for Both Stochastic and Adversarial Bandits*, ICML 2014;
Y. Seldin and G. Lugosi, *An Improved Parametrization and Analysis of the EXP3++ Algorithm*, COLT 2017. The formulas are
those of public code, which mixes with ``eta`` in place of ``eps_i`` and so departs from its own; the formula counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, ScanPolicy, need_range, rounds
from bandits.arms.theory import BOUNDED, OBLIVIOUS, STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.copies import Copies
from bandits.earlier import set_state
from bandits.kernels import inlined, kernel

ESTIMATE, CHANCE, LOSS, ROOT = range(MORE, MORE + 4)
"""Columns: estimated cumulative loss, probability in the last round, mean loss, and ``1 / sqrt(2 n)``."""
LEAD, UNTIL, MOST, BEFORE, BEYOND, OPEN, TOLD, LOSS_THEN, ROOT_THEN = range(9)
"""Of what is kept [9]: an arm; up to which round and which estimate of it bounds hold; the uniforms between which it is
surely drawn; the round whose probabilities are not worked out, or 0; of which arm a loss of 0 came since, or -1, and
its columns before that."""
ROUNDING = 1e-12
"""More than rounding does to sums of probabilities."""
DEPTH = 746.0
"""``exp`` of minus that is 0 in floating point."""
Own = tuple[float, float, Array]
"""alpha and beta; what is kept."""


def _nothing() -> Array:
    """What is kept at first."""
    return np.zeros(9)


@inlined
def _explore(rows: Array, share: float, width: float, most: float) -> float:
    """Write ``eps_i <= most`` into the column of probabilities; returns their sum."""
    best, total = 1.0, 0.0
    for i in range(rows.shape[0]):
        best = min(best, rows[i, LOSS] + width * rows[i, ROOT])
    for i in range(rows.shape[0]):
        gap = max(0.0, rows[i, LOSS] - width * rows[i, ROOT]) - best
        eps = most
        if gap > 0.0 and share < most * gap * gap:
            eps = share / (gap * gap)
        rows[i, CHANCE] = eps
        total += eps
    return total


@kernel
def _weigh(rows: Array, t: int, own: Own) -> None:
    """Write the probabilities of round ``t``, and keep bounds on those that follow."""
    n_arms, lead, kept = rows.shape[0], 0, own[2]
    for i in range(n_arms):
        if rows[i, ESTIMATE] < rows[lead, ESTIMATE]:
            lead = i
    least = rows[lead, ESTIMATE]
    log, log_arms, weights, before = math.log(t), math.log(n_arms), 0.0, 0.0
    eta = 0.5 * math.sqrt(log_arms / (t * n_arms))
    for i in range(n_arms):
        rows[i, SCORE] = math.exp(-eta * (rows[i, ESTIMATE] - least))
        if i == lead:
            before = weights
        weights += rows[i, SCORE]
    most, share = min(0.5 / n_arms, eta), own[1] * log / t
    total = n_arms * most
    if share < most:
        total = _explore(rows, share, math.sqrt(own[0] * log + log_arms), most)
    factor = (1.0 - total) / weights
    for i in range(n_arms):
        rows[i, CHANCE] = (rows[i, CHANCE] if share < most else most) + factor * rows[i, SCORE]
    # eta falls by a share of at most ln(2) / DEPTH, and L_j grows by at most ln(2) / eta
    kept[LEAD], kept[UNTIL], kept[MOST], kept[OPEN] = lead, t + t // 540, least + 0.69 / eta, 0.0
    kept[BEFORE] = lead * most + 4.0 * before + ROUNDING
    kept[BEYOND] = 1.0 - (n_arms - 1 - lead) * most - 4.0 * max(0.0, weights - before - 1.0) - ROUNDING


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    kept, rest, arm = own[2], luck[s, 0], -1
    lead = int(kept[LEAD])
    if t <= kept[UNTIL] and rows[lead, ESTIMATE] <= kept[MOST] and kept[BEFORE] <= rest < kept[BEYOND]:
        kept[OPEN], kept[TOLD] = t, -1.0
        return lead
    for i in range(rows.shape[0]):
        if rows[i, COUNT] == 0.0:
            rows[i, CHANCE] = 1.0
            return i
    _weigh(rows, t, own)
    for i in range(rows.shape[0]):
        if rest >= 0.0 and rows[i, CHANCE] > 0.0:
            rest -= rows[i, CHANCE]
            arm = i
    return arm


@kernel
def _weigh_open(rows: Array, own: Own) -> None:
    """Write the probabilities of the open round, as they were when its arm was drawn."""
    kept = own[2]
    t, told = int(kept[OPEN]), int(kept[TOLD])
    if told < 0:
        _weigh(rows, t, own)
        return
    loss, root = rows[told, LOSS], rows[told, ROOT]
    rows[told, LOSS], rows[told, ROOT] = kept[LOSS_THEN], kept[ROOT_THEN]
    _weigh(rows, t, own)
    rows[told, LOSS], rows[told, ROOT] = loss, root


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    loss, kept = 1.0 - reward, own[2]
    if kept[OPEN] > 0.0:
        if loss != 0.0 or kept[TOLD] >= 0.0:  # the second of several rewards that come after a decision, too
            _weigh_open(rows, own)
        else:
            kept[TOLD], kept[LOSS_THEN], kept[ROOT_THEN] = arm, rows[arm, LOSS], rows[arm, ROOT]
    if loss != 0.0:
        rows[arm, ESTIMATE] += loss / rows[arm, CHANCE]
        if loss < 0.0:
            kept[UNTIL] = 0.0
    n = rows[arm, COUNT] + 1.0
    rows[arm, COUNT], rows[arm, SUM] = n, rows[arm, SUM] + reward
    rows[arm, LOSS], rows[arm, ROOT] = 1.0 - rows[arm, SUM] / n, 1.0 / math.sqrt(2.0 * n)


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class Exp3PP(ScanPolicy):
    """Exp3++ of Seldin and Slivkins (2014), in the parametrisation of Seldin and Lugosi (2017).

    Args:
        alpha: factor of ``ln t`` in the confidence widths of the gap estimates, > 0. The theorem asks for 3 or more.
        beta: factor of the exploration that the gap estimates allow, > 0. The theorem asks for 256 or more; less acts
            at horizons at which 256 does not.
    """

    columns = MORE + 4
    begin_with = {CHANCE: 1.0}
    uniforms = 1
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)

    def __init__(self, alpha: float = 3.0, beta: float = 256.0) -> None:
        self.alpha, self.beta = positive("alpha", alpha), positive("beta", beta)

    def constants(self, problem: BanditProblem) -> Own:
        need_range("Exp3PP", problem, "ucb1 takes a declared noise instead of a range")
        return float(self.alpha), float(self.beta), _nothing()

    def __setstate__(self, state: Any) -> None:
        """Earlier ones worked out the probabilities of every round."""
        kept = set_state(self, state)
        if "_own" in kept:
            self._own = *kept["_own"][:2], *(kept["_own"][2:] or (_nothing(),))

    def probabilities(self, observation: Any) -> Array:
        unplayed = np.flatnonzero(self._rows[:, COUNT] == 0.0)
        if unplayed.size:
            return self.problem_given().distribution_of(unplayed[0])
        copy: Exp3PP = Copies(self).one()
        _weigh(copy._rows, copy._t, copy._own)
        return np.asarray(copy._rows[:, CHANCE] / copy._rows[:, CHANCE].sum())

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """``4 sqrt(K t ln K)`` against an adversary, at any time [recall]; ``sum (ln t)^2 / gap`` up to a constant.

        The second speaks of stationary rewards, alpha >= 3 and beta >= 256. With one arm nothing can be lost.
        """
        if not isinstance(instance, ArmsInstance) or not problem.bounded:
            return ()
        k, span = problem.n_actions, problem.high - problem.low
        source = "Seldin and Lugosi 2017, Theorem 2"
        found = [
            Bound(
                "Exp3++ bound",
                "upper",
                lambda t: span * 4.0 * np.sqrt(k * t * math.log(k)),
                "fixed",
                source,
                "recalled",
                holds(instance, OBLIVIOUS, BOUNDED),
            )
        ]
        gaps = gaps_of(instance)
        if gaps is not None and self.alpha >= 3.0 and self.beta >= 256.0 and np.any(gaps > 0):
            slope = span**2 * float(np.sum(1.0 / gaps[gaps > 0]))
            unique = Assumption("the best arm is unique", int(np.count_nonzero(gaps == 0)) == 1)
            found.append(
                Bound(
                    "Exp3++ order, stationary rewards",
                    "order",
                    lambda t: slope * np.log(t) ** 2,
                    "fixed",
                    f"{source}, up to a constant",
                    "convention",
                    (*holds(instance, STATIONARY, BOUNDED), unique),
                )
            )
        return found
