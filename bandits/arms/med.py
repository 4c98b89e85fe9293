"""MED: arms are drawn with probabilities that fall with the evidence against them.

After playing every arm once, draw arm ``i`` with a probability in proportion to

    exp(-n_i D_i),

where ``n_i`` counts the plays of arm ``i`` before, and ``D_i`` is how far its rewards are from having the best mean
seen (``evidence.py``): the divergence ``d(mean_i, mean*)``, or ``K_inf`` of its rewards. One uniform a round.
There is no logarithm of the round: it serves any horizon.

References: J. Honda, A. Takemura, *An Asymptotically Optimal Bandit Algorithm for Bounded Support Models*, COLT 2010,
and *An Asymptotically Optimal Policy for Finite Support Models in the Multiarmed Bandit Problem*, Machine Learning 85,
2011 [recall: probabilities and optimality].
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arms.evidence import EvidencePolicy, Own, evidence, leading, logs, note
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import SCORE, rounds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel

NEVER = 746.0
"""``exp`` of minus that is 0 in floating point."""


@kernel
def _pick(rows: Array, t: int, own: Own, luck: Array, s: int) -> int:
    best, _, unplayed = leading(rows)
    if unplayed >= 0:
        return unplayed
    terms, total = logs(best, own), 0.0
    for i in range(rows.shape[0]):
        rows[i, SCORE] = math.exp(-evidence(rows, i, best, terms, own, NEVER))
        total += rows[i, SCORE]
    rest, arm = luck[s, 0] * total, -1
    for i in range(rows.shape[0]):
        if rows[i, SCORE] > 0.0:
            arm = i
            rest -= rows[i, SCORE]
            if rest < 0.0:
                break
    return arm


@kernel
def _note(rows: Array, arm: int, reward: float, own: Own) -> None:
    note(rows, arm, reward, own)


@kernel
def _rounds(
    block: Block, actions: Actions, t: int, rows: Array, own: Own, luck: Array, low: float, span: float
) -> None:
    rounds(_pick, note, block, actions, t, rows, own, luck, low, span)


class MED(EvidencePolicy):
    """MED, minimum empirical divergence, of Honda and Takemura (2010, 2011), drawn at random and without a horizon."""

    pick, note, rounds = staticmethod(_pick), staticmethod(_note), staticmethod(_rounds)

    def luck(self, n_rounds: int) -> Array:
        return self._rng.random((n_rounds, 1))

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The rate ``sum gap_i / D_i ln(t)`` of Lai and Robbins, or with ``bounded`` of Burnetas and Katehakis."""
        return self.rates("MED rate", "Honda and Takemura 2010, 2011 (leading term)", problem, instance)
