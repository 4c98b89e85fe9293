"""Exponential weights over all pairs of group and hypothesis, with a learning rate fixed by the horizon.

``chi_{g,f} ~ exp(eta R_{g,f})``, ``p_f ~ sum_g a_g chi_{g,f}``, ``R_{g,f} += a_g (l_hat - l_f)`` with ``eta = sqrt(2
ln(G N) / T)``. The regret in every group is at most ``sqrt(2 T ln(G N))``: small groups get the horizon's rate, not
their own.

Reference: in the manner of D. Lee, G. Noarov, M. Pai, A. Roth, *Online Minimax Multiobjective Optimization*, NeurIPS
2022 (form from recall, constants derived).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.contract import Bound, Instance
from bandits.groupwise.finite import FiniteProblem, PairPolicy, class_size
from bandits.groupwise.sleeping_hedge import SleepingHedge
from bandits.groupwise.theory import GroupwiseInstance, group_bound, oblivious


class ExpPairs(PairPolicy):
    """Exponential weights over pairs of group and hypothesis.

    Args:
        play: "expected" plays the distribution over hypotheses, "sample" a hypothesis drawn from it.
    """

    def _prepare(self, problem: FiniteProblem) -> None:
        pairs = len(problem.groups) * self._n
        self._meta = SleepingHedge()
        self._meta.start(np.full(pairs, 1.0 / pairs), problem.horizon)

    def regret_bounds(self, problem: FiniteProblem, instance: Instance) -> Sequence[Bound]:
        """For each group, ``sqrt(2 T ln(G N))`` at all times up to the horizon."""
        if not isinstance(instance, GroupwiseInstance) or problem.horizon is None:
            return ()
        limit = math.sqrt(2.0 * problem.horizon * math.log(len(problem.groups) * class_size(problem)))
        source, known = "Lee, Noarov, Pai, Roth 2022; constants derived", (oblivious(instance),)
        return [
            group_bound(instance, group, lambda t: np.full_like(t, limit), source, known, time="horizon-tuned")
            for group in instance.groups
        ]
