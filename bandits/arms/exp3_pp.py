"""Exp3++: exponential weights whose exploration follows estimates of the gaps, for both worlds.

With losses ``l`` in [0, 1] (1 less the mapped reward), play every arm once, with estimates ``L_i = l``. In round ``t``,
let ``l_i`` be the mean loss of arm ``i`` after its ``n_i`` plays, ``c_i = sqrt((alpha ln t + ln K) / (2 n_i))`` and

    eta = (1 / 2) sqrt(ln K / (t K)),   rho_i in proportion to exp(-eta (L_i - min L)),
    D_i = max(0, max(0, l_i - c_i) - min_j min(1, l_j + c_j)),
    eps_i = min(1 / (2 K), eta, beta ln t / (t D_i^2)),   p = (1 - sum eps) rho + eps.

Draw an arm from ``p`` by one uniform, and add its loss over ``p_i`` to ``L_i``.

How it is not evaluated: ``D_i <= 1``, so that no gap counts as long as ``beta ln t / t`` is at least the other two
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
from bandits.kernels import inlined, kernel

ESTIMATE, CHANCE, LOSS, ROOT = range(MORE, MORE + 4)
"""Columns: estimated cumulative loss, probability in the last round, mean loss, and ``1 / sqrt(2 n)``."""
Own = tuple[float, float]
"""alpha and beta."""


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
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    n_arms, least = rows.shape[0], math.inf
    for i in range(n_arms):
        if rows[i, COUNT] == 0.0:
            rows[i, CHANCE] = 1.0
            return i
        least = min(least, rows[i, ESTIMATE])
    log, log_arms, weights = math.log(t), math.log(n_arms), 0.0
    eta = 0.5 * math.sqrt(log_arms / (t * n_arms))
    for i in range(n_arms):
        rows[i, SCORE] = math.exp(-eta * (rows[i, ESTIMATE] - least))
        weights += rows[i, SCORE]
    most, share = min(0.5 / n_arms, eta), own[1] * log / t
    total = n_arms * most
    if share < most:
        total = _explore(rows, share, math.sqrt(own[0] * log + log_arms), most)
    factor, rest, arm = (1.0 - total) / weights, luck[s, 0], -1
    for i in range(n_arms):
        chance = (rows[i, CHANCE] if share < most else most) + factor * rows[i, SCORE]
        rows[i, CHANCE] = chance
        if rest >= 0.0 and chance > 0.0:
            rest -= chance
            arm = i
    return arm


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    n = rows[arm, COUNT] + 1.0
    rows[arm, COUNT], rows[arm, SUM] = n, rows[arm, SUM] + reward
    rows[arm, LOSS], rows[arm, ROOT] = 1.0 - rows[arm, SUM] / n, 1.0 / math.sqrt(2.0 * n)
    rows[arm, ESTIMATE] += (1.0 - reward) / rows[arm, CHANCE]


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
        return float(self.alpha), float(self.beta)

    def probabilities(self, observation: Any) -> Array:
        copy: Exp3PP = Copies(self).one()
        arm = copy.choose(observation)
        if self._rows[arm, COUNT] == 0.0:
            return copy.problem_given().distribution_of(arm)
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
