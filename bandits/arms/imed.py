"""IMED: the arm against which there is least evidence, and few plays.

After playing every arm once, play the arm with the smallest

    n_i D_i + ln n_i,

where ``n_i`` counts the plays of arm ``i`` before, and ``D_i`` is how far its rewards are from having the best mean
seen (``evidence.py``): the divergence ``d(mean_i, mean*)``, or ``K_inf`` of its rewards. Ties go to the lowest index.
There is no logarithm of the round: it serves any horizon.

Reference: J. Honda, A. Takemura, *Non-Asymptotic Analysis of a New Bandit Algorithm for Semi-Bounded Rewards*, Journal
of Machine Learning Research 16, 2015 [recall: index and optimality].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arms.evidence import (
    BOUND,
    FLOOR,
    LEADER,
    LOG,
    MEAN,
    EvidencePolicy,
    Own,
    evidence,
    lasts,
    leading,
    logs,
    lower,
    note,
)
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import COUNT, SCORE, TIE, leader, rounds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel


@inlined
def _settle(rows: Array, lead: int, best: float, own: Own) -> None:
    """Keep up to which ``ln n`` the arm just chosen surely has the smallest index, down to which mean."""
    kept = own[4]
    if not lasts(rows, lead, own) or rows[lead, MEAN] != best:
        return
    for i in range(rows.shape[0]):
        index = -rows[i, SCORE]
        rows[i, SCORE] = 0.5 * (index - rows[lead, LOG]) / (index - rows[i, LOG])  # so that half its lead is left
    kept[FLOOR], kept[BOUND] = lower(rows, lead, own), math.inf
    for i in range(rows.shape[0]):
        if i != lead:
            rounding = 2.0 * TIE + 1e-12 * rows[i, COUNT] * (1.0 + abs(best))
            kept[BOUND] = min(kept[BOUND], rows[i, SCORE] + rows[i, LOG] - rounding)


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    kept = own[4]
    lead = int(kept[LEADER])
    if rows[lead, MEAN] >= kept[FLOOR] and rows[lead, LOG] <= kept[BOUND]:
        return lead
    best, least, unplayed = leading(rows)
    if unplayed >= 0:
        return unplayed
    terms = logs(best, own)
    for i in range(rows.shape[0]):
        enough = least - rows[i, LOG] + TIE + 1e-12 * rows[i, COUNT]  # beyond: rounding decides nothing
        index = evidence(rows, i, best, terms, own, enough) + rows[i, LOG]
        least = min(least, index)
        rows[i, SCORE] = -index
    arm = leader(rows)
    _settle(rows, arm, best, own)
    return arm


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    note(rows, arm, reward, own)


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, note, block, actions, t, rows, own, luck, low, span)


class IMED(EvidencePolicy):
    """IMED of Honda and Takemura (2015), which needs no horizon and reaches the best constant of ``ln t``."""

    decided = True
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The rate ``sum gap_i / D_i ln(t)`` of Lai and Robbins, or with ``bounded`` of Burnetas and Katehakis."""
        return self.rates("IMED rate", "Honda and Takemura 2015 (leading term)", problem, instance)
