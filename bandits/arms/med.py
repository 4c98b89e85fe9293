"""MED: arms are drawn with probabilities that fall with the evidence against them.

After playing every arm once, draw arm ``i`` with a probability in proportion to

    exp(-n_i D_i),

where ``n_i`` counts the plays of arm ``i`` before, and ``D_i`` is how far its rewards are from having the best mean
seen (``evidence.py``): the divergence ``d(mean_i, mean*)``, or ``K_inf`` of its rewards. One uniform a round.
There is no logarithm of the round: it serves any horizon.

Most rounds take no exponential. The first arm with the best mean has the weight 1; let those before it weigh ``A`` in
all, and those after it ``B``. It is drawn by the uniform ``u`` if ``A <= u (1 + A + B) < 1 + A``, and so surely where
``A <= u`` and ``u (1 + B) < 1``, for which upper bounds do: as many times the largest weight before it, and after it.
Such bounds hold for a while, with those on the evidence (``evidence.py``).

References: J. Honda, A. Takemura, *An Asymptotically Optimal Bandit Algorithm for Bounded Support Models*, COLT 2010,
and *An Asymptotically Optimal Policy for Finite Support Models in the Multiarmed Bandit Problem*, Machine Learning 85,
2011 [recall: probabilities and optimality].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arms.evidence import (
    BOUND,
    FLOOR,
    LEADER,
    MEAN,
    NEVER,
    THEN,
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
from bandits.arms.scan import COUNT, SCORE, rounds
from bandits.contract import Array, Bound, Instance
from bandits.copies import Copies
from bandits.kernels import inlined, kernel

ROUNDING = 1e-12
"""More than rounding does to sums of weights."""


@inlined
def _surely(before: float, uniform: float, after: float) -> bool:
    """Whether the arm with the best mean is drawn, by bounds on the weights of those before it and after it."""
    return before + ROUNDING <= uniform and uniform * (1.0 + after) + ROUNDING <= 1.0


@inlined
def _bounds(rows: Array, lead: int) -> tuple[float, float]:
    """What the arms before the leading one weigh at most, and those after it, by the evidence in the scores."""
    first, then = NEVER, NEVER
    for i in range(rows.shape[0]):
        if i < lead:
            first = min(first, rows[i, SCORE])
        elif i > lead:
            then = min(then, rows[i, SCORE])
    return lead * math.exp(-first), (rows.shape[0] - 1 - lead) * math.exp(-then)


@inlined
def _settle(rows: Array, lead: int, own: Own) -> None:
    """Keep bounds on the weights, down to a mean at which they are some three times as large."""
    kept = own[4]
    if lasts(rows, lead, own):
        for i in range(rows.shape[0]):
            rows[i, SCORE] = 1.0 / rows[i, SCORE]
        kept[FLOOR] = lower(rows, lead, own)
        kept[BOUND], kept[THEN] = _bounds(rows, lead)


@inlined
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    kept, uniform = own[4], luck[s, 0]
    lead = int(kept[LEADER])
    if rows[lead, MEAN] >= kept[FLOOR] and _surely(kept[BOUND], uniform, kept[THEN]):
        return lead
    best, _, unplayed = leading(rows)
    if unplayed >= 0:
        return unplayed
    terms, lead = logs(best, own), -1
    for i in range(rows.shape[0]):
        rows[i, SCORE] = evidence(rows, i, best, terms, own, NEVER)
        if lead < 0 and rows[i, SCORE] == 0.0:
            lead = i
    before, after = _bounds(rows, lead)
    if _surely(before, uniform, after):
        if not rows[lead, MEAN] >= kept[FLOOR]:
            _settle(rows, lead, own)
        return lead
    total = 0.0
    for i in range(rows.shape[0]):
        rows[i, SCORE] = math.exp(-rows[i, SCORE])
        total += rows[i, SCORE]
    rest, arm = uniform * total, -1
    for i in range(rows.shape[0]):
        if rows[i, SCORE] > 0.0:
            arm = i
            rest -= rows[i, SCORE]
            if rest < 0.0:
                break
    return arm


@inlined
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    note(rows, arm, reward, own)


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, note, block, actions, t, rows, own, luck, low, span)


class MED(EvidencePolicy):
    """MED, minimum empirical divergence, of Honda and Takemura (2010, 2011), drawn at random and without a horizon."""

    uniforms = 1
    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)
    by_arm = True

    def probabilities(self, observation: Any) -> Array:
        copy: MED = Copies(self).one()
        arm = copy.pick(copy._rows, copy._t, copy._own, np.full((1, 1), 2.0), 0)  # no uniform: all weights are needed
        if self._rows[arm, COUNT] == 0.0:
            return copy.problem_given().distribution_of(arm)
        return np.asarray(copy._rows[:, SCORE] / copy._rows[:, SCORE].sum())

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The rate ``sum gap_i / D_i ln(t)`` of Lai and Robbins, or with ``bounded`` of Burnetas and Katehakis."""
        return self.rates("MED rate", "Honda and Takemura 2010, 2011 (leading term)", problem, instance)
