"""OCUCB without a horizon: a width that shrinks as the other arms' plays add up.

After playing every arm once, play in round ``t`` the arm with the largest

    mean_i + (width / 2) sqrt( 2 eta ln(B_i) / n_i ),
    B_i = max( e, ln t, t ln t / sum_j min(n_i, n_j^rho n_i^(1 - rho)) ),

where ``n_i`` counts the plays of arm ``i`` before. Ties go to the lowest index. The sum is kept as ``crowd.py`` says.

Reference: T. Lattimore, *Regret Analysis of the Anytime Optimally Confident UCB Algorithm*, 2016; the index as public
code has it [code]. No theorem of it is drawn, as its constants are not known here.
"""

from __future__ import annotations

import math

from bandits.arguments import real
from bandits.arms.crowd import CROWD, FREE, POWER, gather, join
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, SCORE, SUM, ScanPolicy, leader, rounds, width_of
from bandits.contract import Array
from bandits.kernels import inlined, kernel

Own = tuple[float, float]
"""2 eta (width / 2)^2 of mapped rewards, and rho."""


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    log = math.log(t)
    for i in range(rows.shape[0]):
        n = rows[i, COUNT]
        if n == 0.0:
            return i
        logarithm = math.log(max(math.e, max(log, t * log / rows[i, CROWD])))
        rows[i, SCORE] = rows[i, SUM] / n + math.sqrt(own[0] / n * logarithm)
    return leader(rows)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    before = join(rows, arm, reward, own[1])
    for i in range(rows.shape[0]):
        if i == arm or rows[i, POWER] > before:
            gather(rows, i)


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class AnytimeOCUCB(ScanPolicy):
    """The anytime version of OCUCB of Lattimore (2016).

    Args:
        eta: scale of the squared width, > 1.
        rho: how much arms with fewer plays count, in [1/2, 1].
    """

    decided = True
    columns = FREE
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, eta: float = 2.0, rho: float = 0.5) -> None:
        self.eta = real("eta", eta, 1.0, 1e150, closed="high")
        self.rho = real("rho", rho, 0.5, 1.0, closed="both")

    def constants(self, problem: BanditProblem) -> Own:
        return 2.0 * self.eta * (width_of(problem) / 2.0) ** 2, self.rho
