"""KL-UCB-H: KL-UCB with the horizon in place of the round.

After playing every arm once, play the arm with the largest

    U_i = max { q in [0, 1] : n_i d(mean_i, q) <= ln T },

where ``n_i`` counts the plays of arm ``i`` before, ``T`` is the horizon, ``d`` the divergence of Bernoulli variables,
and rewards are mapped to [0, 1]. Ties go to the lowest index. An arm's index changes only when it is played
(``cached.py``).

References: A. Garivier, O. Cappé, *The KL-UCB Algorithm for Bounded Stochastic Bandits and Beyond*, COLT 2011;
E. Kaufmann, *On Bayesian index policies for sequential resource allocation*, Annals of Statistics 46, 2018 [recall].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arguments import integer
from bandits.arms.cached import CachedPolicy, follow, rounds
from bandits.arms.divergence import entropy, reaches, upper
from bandits.arms.orders import asymptotic_order
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, SUM, count, horizon_of, need_range
from bandits.arms.theory import BERNOULLI
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import inlined, kernel

Own = tuple[float]
"""``ln T``."""


@inlined
def _index(rows: Array, arm: int, own: Own) -> float:
    n = rows[arm, COUNT]
    p = min(max(rows[arm, SUM] / n, 0.0), 1.0)
    return upper(p, entropy(p), own[0] / n)


@inlined
def _above(rows: Array, arm: int, level: float, own: Own) -> bool:
    n = rows[arm, COUNT]
    return reaches(rows[arm, SUM] / n, level, n, own[0])


@kernel
def _follow(arm: int, reward: float, rows: Array, tree: Array, lead: Array, own: Own) -> int:
    return follow(_index, _above, count, arm, reward, rows, tree, lead, own)


@kernel
def _rounds(
    block: Block, actions: Actions, rows: Array, tree: Array, lead: Array, own: Own, low: float, span: float
) -> None:
    rounds(_index, _above, count, block, actions, rows, tree, lead, own, low, span)


class KLUCBH(CachedPolicy):
    """KL-UCB tuned to the horizon. Needs rewards in a finite range.

    Args:
        horizon: the ``T`` of the index, >= 1; None takes the problem's.
    """

    decided = True
    follow, rounds = staticmethod(_follow), staticmethod(_rounds)
    by_arm = True

    def __init__(self, horizon: int | None = None) -> None:
        self.horizon = None if horizon is None else integer("horizon", horizon)

    def constants(self, problem: BanditProblem) -> Own:
        need_range("KLUCBH", problem, "ucb_horizon takes a noise")
        return (math.log(horizon_of("KLUCBH", self.horizon, problem, "kl_ucb and kl_ucb_plus need none")),)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The rate of Lai and Robbins, in the limit of long horizons."""
        horizon = problem.horizon if self.horizon is None else self.horizon
        tuned = Assumption("the horizon of the index is that of the run", horizon == problem.horizon)
        source = "Kaufmann 2018 (recalled)"
        return asymptotic_order("KL-UCB-H rate", problem, instance, source, tuned, key=BERNOULLI)
