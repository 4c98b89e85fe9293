"""OCUCB, "optimally confident UCB": a width that shrinks to what the horizon still leaves.

After playing every arm once, play in round ``t`` the arm with the largest

    mean_i + (width / 2) sqrt( alpha ln(psi T / t) / n_i ),

where ``n_i`` counts the plays of arm ``i`` before and ``T`` is the horizon. Ties go to the lowest index.

Reference: T. Lattimore, *Optimally Confident UCB: Improved Regret for Finite-Armed Bandits*, 2015 [recall: the index
and its constants are from memory]. Its theorem asks for alpha > 2 and psi >= 2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arguments import integer, positive, real
from bandits.arms.orders import minimax_order
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SCORE, SUM, ScanPolicy, horizon_of, leader, rounds, width_of
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import inlined, kernel

MEAN, ROOT = MORE, MORE + 1
Own = tuple[float, float]
"""alpha (width / 2)^2 of mapped rewards, and psi T."""


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    clock = math.sqrt(own[0] * max(0.0, math.log(own[1] / t)))
    for i in range(rows.shape[0]):
        if rows[i, COUNT] == 0.0:
            return i
        rows[i, SCORE] = rows[i, MEAN] + rows[i, ROOT] * clock
    return leader(rows)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    rows[arm, COUNT] += 1.0
    rows[arm, SUM] += reward
    rows[arm, MEAN], rows[arm, ROOT] = rows[arm, SUM] / rows[arm, COUNT], 1.0 / math.sqrt(rows[arm, COUNT])


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class OCUCB(ScanPolicy):
    """OCUCB of Lattimore (2015).

    Args:
        alpha: scale of the squared width, > 0.
        psi: scale of the horizon in the logarithm, >= 1.
        horizon: the ``T`` of the index, >= 1; None takes the problem's.
    """

    decided = True
    columns = MORE + 2
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, alpha: float = 3.0, psi: float = 2.0, horizon: int | None = None) -> None:
        self.alpha = positive("alpha", alpha)
        self.psi = real("psi", psi, 1.0, 1e150, closed="both")
        self.horizon = None if horizon is None else integer("horizon", horizon)

    def _horizon_of(self, problem: BanditProblem) -> int:
        return horizon_of("OCUCB", self.horizon, problem, "ocucb_anytime needs none")

    def constants(self, problem: BanditProblem) -> Own:
        return self.alpha * (width_of(problem) / 2.0) ** 2, self.psi * self._horizon_of(problem)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The order ``sqrt(K T)`` of its minimax theorem, whose constants are not known; for alpha > 2 and psi >= 2."""
        return minimax_order(
            "OCUCB order",
            self._horizon_of(problem),
            problem,
            instance,
            "Lattimore 2015 (the order alone)",
            Assumption("alpha > 2 and psi >= 2", self.alpha > 2.0 and self.psi >= 2.0),
        )
