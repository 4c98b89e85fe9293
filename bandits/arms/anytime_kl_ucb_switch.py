"""Anytime KL-UCB-switch: KL-UCB-switch with the round in place of the horizon, and a larger exploration.

After playing every arm once, play in round ``t`` the arm with the largest

    U_i = max { q in [0, 1] : n_i d(mean_i, q) <= g(y_i) }    if n_i <= floor((t / K)^(1/5)),
    U_i = mean_i + sqrt( g(y_i) / (2 n_i) )                   else,
    g(y) = ln+( y (1 + (ln+ y)^2) ),    y_i = t / (K n_i),    ln+ x = max(0, ln x),

where ``n_i`` counts the plays of arm ``i`` before, ``K`` is the number of arms, ``d`` the divergence of Bernoulli
variables, and rewards are mapped to [0, 1]. Ties go to the lowest index. Indices move in every round, but few are
worked out (``leading.py``). With the laws of rewards in place of ``d``, as in ``kl_ucb_switch``, it would have to keep
all rewards, which it does not.

Reference: A. Garivier, H. Hadiji, P. Ménard, G. Stoltz, *KL-UCB-switch*, JMLR 23, 2022 [recall].
"""

from __future__ import annotations

import math

from bandits.arguments import real
from bandits.arms.divergence import ROUNDING, entropy, reaches, upper
from bandits.arms.leading import lead, leading, noted
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, MORE, SUM, ScanPolicy, need_range, rounds
from bandits.contract import Array
from bandits.kernels import inlined, kernel

MEAN, ENTROPY, LOG = range(MORE, MORE + 3)
"""Columns of the rows: the mean p of an arm's rewards, its ``entropy``, and ln n of its plays."""
Own = tuple[float, float, Array]
"""Number of arms K, power of ``t / K`` up to which plays are few, and the state of ``leading.py``."""
View = tuple[float, float, float, float, float, float]
"""A level q, ln(q), ln(1 - q), how far rounding may take d(p, q); ln(t / K), and the plays that are few."""


@inlined
def _exploration(log: float) -> float:
    """``g(y)`` for ``ln y``."""
    log = max(0.0, log)
    return log + math.log1p(log * log)


@inlined
def _few(t: int, own: Own) -> float:
    return float((t / own[0]) ** own[1] + 1e-9)


@inlined
def _index(rows: Array, arm: int, t: int, own: Own) -> float:
    n, p = rows[arm, COUNT], rows[arm, MEAN]
    exploration = _exploration(math.log(t / own[0]) - rows[arm, LOG])
    if n <= _few(t, own):
        return upper(p, rows[arm, ENTROPY], exploration / n)
    return float(p + math.sqrt(exploration / (2.0 * n)))


@inlined
def _view(level: float, t: int, own: Own) -> View:
    inside = min(max(level, 1e-300), 1.0 - 2.0**-53)
    slack = ROUNDING * (1.0 + 1.0 / (1.0 - inside))
    return level, math.log(inside), math.log(1.0 - inside), slack, math.log(t / own[0]), _few(t, own)


@inlined
def _above(rows: Array, arm: int, level: float, t: int, own: Own) -> bool:
    n = rows[arm, COUNT]
    if n > _few(t, own):
        return _index(rows, arm, t, own) > level
    return reaches(rows[arm, MEAN], level, n, _exploration(math.log(t / own[0]) - rows[arm, LOG]))


@inlined
def _least(rows: Array, arm: int, view: View) -> float:
    """An exploration that surely does not take the index of an arm above a level; -inf where its mean is there."""
    level, log, log_rest, slack, _, few = view
    p, n = rows[arm, MEAN], rows[arm, COUNT]
    if not p < level - 1e-14:
        return -math.inf
    if n > few:
        return float(2.0 * n * (level - p - 1e-14) ** 2 * (1.0 - ROUNDING))
    d = rows[arm, ENTROPY] - p * log - (1.0 - p) * log_rest
    return float(n * (d - slack) * (1.0 - ROUNDING)) if level < 1.0 else -math.inf


@inlined
def _below(rows: Array, arm: int, view: View, own: Own) -> bool:
    return _exploration(view[4] - rows[arm, LOG]) <= _least(rows, arm, view)


@inlined
def _until(rows: Array, arm: int, view: View, t: int, own: Own) -> float:
    """Where ``ln y + ln(1 + (ln y)^2)`` is the least exploration; few plays stay few, and the index of many falls."""
    least = _least(rows, arm, view)
    if least < 0.0:
        return 0.0
    most, log = least, 0.5 * least  # of ln y, from above and below
    for _ in range(4):
        log = max(log, least - math.log1p(most * most))
        most = min(most, least - math.log1p(log * log))
    return float(min(2.0 * t, own[0] * rows[arm, COUNT] * math.exp(min(log, 700.0)) * (1.0 - 1e-12)))


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    return lead(_index, _view, _above, _below, _until, rows, t, own[2], own)


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    noted(rows, arm, reward, own[2])
    p = min(max(rows[arm, SUM] / rows[arm, COUNT], 0.0), 1.0)
    rows[arm, MEAN], rows[arm, ENTROPY], rows[arm, LOG] = p, entropy(p), math.log(rows[arm, COUNT])


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, _note, block, actions, t, rows, own, luck, low, span)


class AnytimeKLUCBSwitch(ScanPolicy):
    """KL-UCB-switch that knows no horizon; no bound is claimed. Needs rewards in a finite range.

    Args:
        threshold: the power of ``t / K`` up to which plays are few, in [0, 1].
    """

    decided = True
    columns = MORE + 3
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def __init__(self, threshold: float = 0.2) -> None:
        self.threshold = real("threshold", threshold, 0.0, 1.0, closed="both")

    def constants(self, problem: BanditProblem) -> Own:
        need_range("AnytimeKLUCBSwitch", problem, "anytime_moss takes a noise")
        return float(problem.n_actions), self.threshold, leading()
