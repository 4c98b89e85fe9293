"""KL-UCB for rewards of a family with one parameter: Gaussian, Poisson or exponential ones.

The index is that of ``kl_ucb.py``, with the divergence of the family (``families.py``) and rewards in their own units:

    U_i = max { q : n_i d(mean_i, q) <= ln f(t) },      f(t) = 1 + t ln(t)^2.

Arms are looked at in their order; one with a smaller mean than the largest index so far, and ``n_i d(mean_i, index)``
above ``ln f(t)``, has a smaller index, which is not worked out.

Reference: O. Cappé, A. Garivier, O.-A. Maillard, R. Munos, G. Stoltz, *Kullback-Leibler Upper Confidence Bounds for
Optimal Sequential Allocation*, Annals of Statistics 41, 2013, Section 4 [recall].
"""

from __future__ import annotations

import math

from bandits.arms.families import clipped, divergence, scale_of, score, upper
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, SCORE, SUM, ScanPolicy, count, leader, rounds
from bandits.contract import Array
from bandits.kernels import inlined, kernel

Own = tuple[int, float]
"""Number of the family, and sigma."""


@kernel
def log_f(t: int) -> float:
    """Ln f(t)."""
    log = math.log(t)
    return math.log1p(t * log * log)


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    family, sigma = own
    best, log = -math.inf, log_f(t)
    for i in range(rows.shape[0]):
        n = rows[i, COUNT]
        if n == 0.0:
            return i
        p = clipped(family, rows[i, SUM] / n)
        if p < best and n * divergence(family, sigma, p, best) > log * (1.0 + 1e-9):
            rows[i, SCORE] = -math.inf
        else:
            index = upper(family, sigma, p, log / n)
            rows[i, SCORE] = score(family, index)
            best = max(best, index)
    return leader(rows)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    count(rows, arm, reward, own)


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, count, block, actions, t, rows, own, luck, low, span)


class FamilyKLUCB(ScanPolicy):
    """KL-UCB with the divergence of a family; ``KLUCB`` plays by it.

    Args:
        family: "gaussian", "poisson" or "exponential".
    """

    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)

    def __init__(self, family: str) -> None:
        self.family = family

    def scale(self, problem: BanditProblem) -> tuple[float, float]:
        return scale_of("KLUCB", self.family, problem)[2:]

    def constants(self, problem: BanditProblem) -> Own:
        return scale_of("KLUCB", self.family, problem)[:2]
