"""KL-UCB+: KL-UCB whose exploration of an arm shrinks as it is played.

After playing every arm once, play in round ``t`` the arm with the largest

    U_i = max { q in [0, 1] : n_i d(mean_i, q) <= ln+( t (ln t)^c / n_i ) },    ln+ x = max(0, ln x),

where ``n_i`` counts the plays of arm ``i`` before, ``d`` is the divergence of Bernoulli variables, and rewards are
mapped to [0, 1]. Ties go to the lowest index. Indices move in every round, but few are worked out (``leading.py``).

Reference: A. Garivier, O. Cappé, *The KL-UCB Algorithm for Bounded Stochastic Bandits and Beyond*, COLT 2011; c = 0 as
public code has it. The theorem is that of E. Kaufmann, *On Bayesian index policies for sequential resource allocation*,
Annals of Statistics 46, 2018 [recall].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arguments import at_least_zero
from bandits.arms.divergence import ROUNDING, entropy, reaches, upper
from bandits.arms.leading import lead, leading, noted
from bandits.arms.orders import asymptotic_order
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SUM, ScanPolicy, need_range, rounds
from bandits.arms.theory import BERNOULLI
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

MEAN, ENTROPY, LOG = range(MORE, MORE + 3)
"""Columns of the rows: the mean p of an arm's rewards, its ``entropy``, and ln n of its plays."""
Own = tuple[float, Array]
"""The power c, and the state of ``leading.py``."""
View = tuple[float, float, float, float, float]
"""A level q, ln(q), ln(1 - q), how far rounding may take d(p, q), and ``ln( t (ln t)^c )``."""


@inlined
def _exploration(t: float, c: float) -> float:
    log = math.log(t)
    return log + c * math.log(log) if c > 0.0 else log


@inlined
def _index(rows: Array, arm: int, t: int, own: Own) -> float:
    exploration = max(0.0, _exploration(t, own[0]) - rows[arm, LOG])
    return upper(rows[arm, MEAN], rows[arm, ENTROPY], exploration / rows[arm, COUNT])


@inlined
def _view(level: float, t: int, own: Own) -> View:
    inside = min(max(level, 1e-300), 1.0 - 2.0**-53)
    slack = ROUNDING * (1.0 + 1.0 / (1.0 - inside))
    return level, math.log(inside), math.log(1.0 - inside), slack, _exploration(t, own[0])


@inlined
def _above(rows: Array, arm: int, level: float, t: int, own: Own) -> bool:
    exploration = max(0.0, _exploration(t, own[0]) - rows[arm, LOG])
    return reaches(rows[arm, MEAN], level, rows[arm, COUNT], exploration)


@inlined
def _least(rows: Array, arm: int, view: View) -> float:
    """The exploration that takes the index of an arm to a level above its mean; -inf where it may need none."""
    level, log, log_rest, slack, _ = view
    p, n = rows[arm, MEAN], rows[arm, COUNT]
    d = rows[arm, ENTROPY] - p * log - (1.0 - p) * log_rest
    least: float = n * (d - slack) * (1.0 - ROUNDING)
    return least if p < level < 1.0 and least >= 0.0 else -math.inf


@inlined
def _below(rows: Array, arm: int, view: View, own: Own) -> bool:
    return bool(_least(rows, arm, view) >= max(0.0, view[4] - rows[arm, LOG]))


@inlined
def _until(rows: Array, arm: int, view: View, t: int, own: Own) -> float:
    least = _least(rows, arm, view)
    if own[0] > 0.0:  # the power grows no more than it does until 2 t
        least -= own[0] * math.log(math.log(2.0 * t))
    return float(min(2.0 * t, rows[arm, COUNT] * math.exp(min(least, 700.0)) * (1.0 - 1e-12)))


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    return lead(_index, _view, _above, _below, _until, rows, t, own[1], own)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    noted(rows, arm, reward, own[1])
    p = min(max(rows[arm, SUM] / rows[arm, COUNT], 0.0), 1.0)
    rows[arm, MEAN], rows[arm, ENTROPY], rows[arm, LOG] = p, entropy(p), math.log(rows[arm, COUNT])


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class KLUCBPlus(ScanPolicy):
    """KL-UCB+ of Garivier and Cappé (2011). Needs rewards in a finite range.

    Args:
        c: power of ``ln t`` in the exploration, >= 0.
    """

    decided = True
    columns = MORE + 3
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, c: float = 0.0) -> None:
        self.c = at_least_zero("c", c)

    def constants(self, problem: BanditProblem) -> Own:
        need_range("KLUCBPlus", problem, "anytime_moss takes a noise")
        return self.c, leading()

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The rate of Lai and Robbins, in the limit of many rounds."""
        return asymptotic_order("KL-UCB+ rate", problem, instance, "Kaufmann 2018 (recalled)", key=BERNOULLI)
