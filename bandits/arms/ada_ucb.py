"""AdaUCB: minimax optimal, asymptotically optimal for Gaussian noise, and never worse than UCB, up to constants.

After playing every arm once, play the arm with the largest

    mean_i + (width / 2) sqrt( (2 / n_i) L(T / sum_j min(n_i, sqrt(n_i n_j))) ),
    L(x) = ln( (x + e) sqrt(ln(x + e)) ),

where ``n_i`` counts the plays of arm ``i`` before and ``T`` is the horizon. Ties go to the lowest index. The sum is
kept as ``crowd.py`` says, and an index is worked out when it changes.

Reference: T. Lattimore, *Refining the Confidence Level for Optimistic Bandit Strategies*, JMLR 19, 2018 (the claims
from its abstract; the logarithm ``L`` is a reconstruction from memory).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arguments import integer
from bandits.arms.crowd import CROWD, FREE, POWER, gather, join
from bandits.arms.orders import minimax_order
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, SCORE, SUM, ScanPolicy, horizon_of, leader, rounds, width_of
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

Own = tuple[float, float]
"""2 (width / 2)^2 of mapped rewards, and the horizon."""


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    for i in range(rows.shape[0]):
        if rows[i, COUNT] == 0.0:
            return i
    return leader(rows)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    before = join(rows, arm, reward, 0.5)
    for i in range(rows.shape[0]):
        if i == arm or rows[i, POWER] > before:
            gather(rows, i)
            n, x = rows[i, COUNT], own[1] / rows[i, CROWD] + math.e
            rows[i, SCORE] = rows[i, SUM] / n + math.sqrt(own[0] / n * math.log(x * math.sqrt(math.log(x))))


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class AdaUCB(ScanPolicy):
    """AdaUCB of Lattimore (2018).

    Args:
        horizon: the ``T`` of the index, >= 1; None takes the problem's.
    """

    decided = True
    columns = FREE
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, horizon: int | None = None) -> None:
        self.horizon = None if horizon is None else integer("horizon", horizon)

    def _horizon_of(self, problem: BanditProblem) -> int:
        return horizon_of("AdaUCB", self.horizon, problem, "ocucb_anytime needs none")

    def constants(self, problem: BanditProblem) -> Own:
        return 2.0 * (width_of(problem) / 2.0) ** 2, float(self._horizon_of(problem))

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The order ``sqrt(K T)`` of its minimax theorem, whose constants are not known."""
        return minimax_order(
            "AdaUCB order", self._horizon_of(problem), problem, instance, "abstract of Lattimore 2018 (the order alone)"
        )
