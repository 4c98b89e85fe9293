"""kl-UCB++: minimax optimal up to a constant and asymptotically optimal at once, for a known horizon.

After playing every arm once, play the arm with the largest

    U_i = max { q in [0, 1] : n_i d(mean_i, q) <= g(n_i) },
    g(n) = ln+( y (1 + (ln+ y)^2) ),    y = T / (K n),    ln+ x = max(0, ln x),

where ``n_i`` counts the plays of arm ``i`` before, ``T`` is the horizon, ``K`` the number of arms, ``d`` the divergence
of Bernoulli variables, and rewards are mapped to [0, 1]; or ``d`` is that of another family of one parameter
(``families.py``), for rewards in their own units. Ties go to the lowest index. An arm's index changes only when it is
played (``cached.py``).

Reference: P. Ménard, A. Garivier, *A minimax and asymptotically optimal algorithm for stochastic bandits*, ALT 2017;
the index as public code has it, the bound [recall].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import integer
from bandits.arms.cached import CachedPolicy, follow, rounds
from bandits.arms.divergence import reaches
from bandits.arms.families import BERNOULLI, check_family, clipped, scale_of, score, taken_by, upper
from bandits.arms.orders import family_rate
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, SUM, count, horizon_of
from bandits.arms.theory import BOUNDED, STATIONARY, ArmsInstance, holds
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import inlined, kernel

Own = tuple[float, int, float]
"""The horizon over the number of arms; number of the family, and sigma."""


@inlined
def exploration(y: float) -> float:
    """``ln+( y (1 + (ln+ y)^2) )``."""
    log = math.log(max(y, 1.0))
    return log + math.log1p(log * log)


@inlined
def _index(rows: Array, arm: int, own: Own) -> float:
    n = rows[arm, COUNT]
    q = upper(own[1], own[2], clipped(own[1], rows[arm, SUM] / n), exploration(own[0] / n) / n)
    return score(own[1], q)


@inlined
def _above(rows: Array, arm: int, level: float, own: Own) -> bool:
    n = rows[arm, COUNT]
    return own[1] == BERNOULLI and reaches(rows[arm, SUM] / n, level, n, exploration(own[0] / n))


@kernel
def _follow(arm: int, reward: float, rows: Array, tree: Array, lead: Array, own: Own) -> int:
    return follow(_index, _above, count, arm, reward, rows, tree, lead, own)


@kernel
def _rounds(
    block: Block, actions: Actions, rows: Array, tree: Array, lead: Array, own: Own, low: float, span: float
) -> None:
    rounds(_index, _above, count, block, actions, rows, tree, lead, own, low, span)


class KLUCBPP(CachedPolicy):
    """kl-UCB++ of Ménard and Garivier (2017).

    Args:
        horizon: the ``T`` of the index, >= 1; None takes the problem's.
        family: family of the rewards: "bernoulli", "gaussian" (with the declared noise as standard deviation),
            "poisson" or "exponential". None takes rewards in a finite range for Bernoulli's.
    """

    decided = True
    follow, rounds = staticmethod(_follow), staticmethod(_rounds)
    by_arm = True

    def __init__(self, horizon: int | None = None, family: str | None = None) -> None:
        self.horizon = None if horizon is None else integer("horizon", horizon)
        self.family = check_family(family)

    @property
    def _takes(self) -> tuple[float, float]:
        return taken_by(self.family)

    def _horizon_of(self, problem: BanditProblem) -> int:
        return horizon_of("KLUCBPP", self.horizon, problem, "kl_ucb and kl_ucb_plus need none")

    def scale(self, problem: BanditProblem) -> tuple[float, float]:
        return scale_of("KLUCBPP", self.family, problem)[2:]

    def constants(self, problem: BanditProblem) -> Own:
        family, sigma, _, _ = scale_of("KLUCBPP", self.family, problem)
        return self._horizon_of(problem) / problem.n_actions, family, sigma

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """``76 sqrt(V K T) + K width`` at the horizon, V = width^2 / 4 the largest variance in the range.

        For a family other than Bernoulli's, of which no variance is the largest, the rate of Lai and Robbins.
        """
        if not isinstance(instance, ArmsInstance):
            return ()
        tuned = Assumption("the horizon of the index is that of the run", self.horizon in (None, problem.horizon))
        if self.family not in (None, "bernoulli"):
            source = "Ménard and Garivier 2017 (leading term)"
            return family_rate("kl-UCB++ rate", str(self.family), problem, instance, source, tuned)
        if not problem.bounded:
            return ()
        span, horizon = problem.high - problem.low, self._horizon_of(problem)
        value = span * (38.0 * math.sqrt(problem.n_actions * horizon) + problem.n_actions)
        return (
            Bound(
                "kl-UCB++ bound",
                "upper",
                lambda t: np.full(np.shape(t), value),
                "fixed",
                "Ménard and Garivier 2017 (recalled)",
                "recalled",
                (*holds(instance, STATIONARY, BOUNDED), tuned),
                time="at the horizon",
            ),
        )
