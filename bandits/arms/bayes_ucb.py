"""Bayes-UCB: optimism by a quantile of the posterior.

Arm ``i`` has the prior Beta(a, b). After playing every arm once, play in round ``t`` the arm with the largest

    q_i,    P(theta_i > q_i) = 1 / (t max(1, ln T)^c),    theta_i ~ Beta(a + S_i, b + n_i - S_i),

where ``n_i`` counts the plays of arm ``i`` before, ``S_i`` is the sum of its rewards, mapped to [0, 1], and ``T`` the
horizon, which c = 0 does not ask for. Ties go to the lowest index. For rewards inside (0, 1) this is no posterior, but
an index all the same: its tail is Chernoff's bound up to a power of n. Indices move in every round, but few are worked
out (``leading.py``).

Quantiles are found in the log-odds, where the logarithm of the tail is concave and Newton's method comes down to the
root from above once it has made a step. The tail itself is computed, not its complement, which for t = 10^8 would have
lost all digits.

Reference: E. Kaufmann, O. Cappé, A. Garivier, *On Bayesian Upper Confidence Bounds for Bandit Problems*, AISTATS 2012,
whose theorem is about c >= 5 [recall].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arguments import integer, positive, real
from bandits.arms.divergence import entropy, upper
from bandits.arms.leading import lead, leading, noted
from bandits.arms.orders import asymptotic_order
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, SUM, ScanPolicy, horizon_of, need_range, rounds
from bandits.arms.tails import BELOW_ONE, beta_mass, beta_tail
from bandits.arms.theory import BERNOULLI
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import inlined, kernel

Own = tuple[float, float, float, Array]
"""a, b, ``max(1, ln T)^c``, and the state of ``leading.py``."""
View = tuple[float, float, float]
"""A level, the distance of one inside (0, 1) from 1, and the mass above a quantile."""
SURELY = 1.0 - 1e-9
"""This differs from 1 by 30 times the relative error of the tails of 10^9 plays."""


@kernel
def beta_quantile(a: float, b: float, mass: float) -> float:
    """The level above which Beta(a, b) has a mass in (0, 1)."""
    n, log = a + b, -math.log(mass)
    p = a / n
    start = upper(p, entropy(p), max(0.0, log - 0.5 * math.log1p(4.0 * math.pi * log)) / n)  # Chernoff, and Mills
    start = min(max(start, 1e-300), BELOW_ONE)
    r, near = math.log(start / (1.0 - start)), 1e-7 * math.sqrt(n / (a * b))
    for _ in range(100):
        rest = 1.0 / (1.0 + math.exp(r)) if r < 700.0 else math.exp(-r)
        tail, density = beta_tail(a, b, 1.0 / (1.0 + math.exp(-r)), rest)
        if not (tail > 0.0 and density > 0.0):
            r -= 1.0
            continue
        step = (math.log(tail) + log) * tail / density
        r += step
        if abs(step) <= near:  # what is left is of the order of the square
            break
    return 1.0 / (1.0 + math.exp(-r))


@inlined
def _index(rows: Array, arm: int, t: int, own: Own) -> float:
    n = rows[arm, COUNT]
    total = min(max(rows[arm, SUM], 0.0), n)
    return beta_quantile(own[0] + total, own[1] + n - total, 1.0 / (t * own[2]))


@inlined
def _view(level: float, t: int, own: Own) -> View:
    return level, 1.0 - min(max(level, 1e-300), BELOW_ONE), 1.0 / (t * own[2])


@inlined
def _tail(rows: Array, arm: int, level: float, rest: float, own: Own) -> float:
    n = rows[arm, COUNT]
    total = min(max(rows[arm, SUM], 0.0), n)
    return beta_tail(own[0] + total, own[1] + n - total, level, rest)[0]


@inlined
def _above(rows: Array, arm: int, level: float, t: int, own: Own) -> bool:
    return level <= 0.0 or (
        level < BELOW_ONE and _tail(rows, arm, level, 1.0 - level, own) * t * own[2] * SURELY >= 1.0
    )


@inlined
def _below(rows: Array, arm: int, view: View, own: Own) -> bool:
    level, rest, mass = view
    if not 0.0 < level < BELOW_ONE:
        return False
    n = rows[arm, COUNT]
    total = min(max(rows[arm, SUM], 0.0), n)
    if beta_mass(own[0] + total, own[1] + n - total, level) < math.log(mass) - 1e-9:
        return True
    return _tail(rows, arm, level, rest, own) <= mass * SURELY


@inlined
def _until(rows: Array, arm: int, view: View, t: int, own: Own) -> float:
    level, rest, _ = view
    if not 0.0 < level < BELOW_ONE:
        return 0.0
    return SURELY / max(_tail(rows, arm, level, rest, own) * own[2], 1e-300)


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    return lead(_index, _view, _above, _below, _until, rows, t, own[3], own)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    noted(rows, arm, reward, own[3])


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class BayesUCB(ScanPolicy):
    """Bayes-UCB of Kaufmann, Cappé and Garivier (2012), for Bernoulli rewards, or any in a finite range.

    Args:
        a: prior successes, > 0.
        b: prior failures, > 0. With ``a = b = 1`` the prior is uniform.
        c: power of the logarithm of the horizon in the level of the quantile, in [0, 100].
        horizon: the ``T`` of the level, >= 1; None takes the problem's. Where c = 0 none is needed.
    """

    decided = True
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, a: float = 1.0, b: float = 1.0, c: float = 0.0, horizon: int | None = None) -> None:
        self.a = positive("a", a)
        self.b = positive("b", b)
        self.c = real("c", c, 0.0, 100.0, closed="both")
        self.horizon = None if horizon is None else integer("horizon", horizon)

    def constants(self, problem: BanditProblem) -> Own:
        need_range("BayesUCB", problem, "gaussian_thompson takes a noise")
        factor = 1.0
        if self.c > 0.0:
            horizon = horizon_of("BayesUCB with c > 0", self.horizon, problem, "c = 0 needs none")
            factor = max(1.0, math.log(horizon)) ** self.c
        return self.a, self.b, factor, leading()

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """For c >= 5 the rate of Lai and Robbins, in the limit of many rounds."""
        if not self.c >= 5.0:
            return ()
        horizon = problem.horizon if self.horizon is None else self.horizon
        tuned = Assumption("the horizon of the index is that of the run", horizon == problem.horizon)
        uniform = Assumption("the prior is uniform", self.a == self.b == 1.0)
        source = "Kaufmann, Cappé, Garivier 2012 (recalled)"
        return asymptotic_order("Bayes-UCB rate", problem, instance, source, tuned, uniform, key=BERNOULLI)
