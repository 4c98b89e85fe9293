"""UCB on truncated means, for rewards of which a raw moment is known.

With ``u >= E |x|^(1 + eps)`` of every arm and ``L = 2 ln T``, play the arm with the largest

    (1 / n) sum_s x_s 1[ |x_s| <= (u s / L)^(1 / (1 + eps)) ] + 4 u^(1 / (1 + eps)) (L / n)^(eps / (1 + eps)),

where ``x_1, ..., x_n`` are its rewards in the order of plays; an arm without plays first. Ties go to the lowest index.
The horizon fixes the thresholds, so that a reward is in or out of the sum for good, and a play costs O(1).

Truncation is of raw rewards: another origin of rewards makes another policy.

Reference: see ``robust.py`` [recall: constants].
"""

from __future__ import annotations

import math

from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.robust import RobustPolicy, best, moment_parameter, order_parameter
from bandits.arms.scan import COUNT, SCORE, SUM, rounds
from bandits.contract import Array
from bandits.kernels import inlined, kernel

Own = tuple[float, float, float, float]
"""``u / L``, ``1 / (1 + eps)``, and the width's factor and power."""


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    share, root, factor, power = own
    n = rows[arm, COUNT] + 1.0
    if abs(reward) <= (share * n) ** root:
        rows[arm, SUM] += reward
    rows[arm, COUNT] = n
    rows[arm, SCORE] = rows[arm, SUM] / n + factor * n**-power


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(best, _note, block, actions, t, rows, own, luck, low, span)


class TruncatedUCB(RobustPolicy):
    """Robust UCB with the truncated mean, of Bubeck, Cesa-Bianchi and Lugosi (2013). Needs a horizon.

    Args:
        u: bound on ``E |x|^(1 + eps)`` of the rewards of every arm, > 0; None takes it from a finite range of rewards.
        eps: order of the moment less 1, in (0, 1].
    """

    decided = True
    centred = False
    pick, note, rounds = staticmethod(best), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, u: float | None = None, eps: float = 1.0) -> None:
        self.u, self.eps = moment_parameter("u", u), order_parameter(eps)
        self.moment = self.u

    def law_of_width(self, problem: BanditProblem) -> tuple[float, float, int]:
        root, power = 1.0 / (1.0 + self.eps), self.eps / (1.0 + self.eps)
        factor = 4.0 * math.pow(self.known_moment(problem), root) * math.pow(self.log(problem), power)
        return factor, power, 1

    def constants(self, problem: BanditProblem) -> Own:
        factor, power, _ = self.law_of_width(problem)
        return self.known_moment(problem) / self.log(problem), 1.0 / (1.0 + self.eps), factor, power
