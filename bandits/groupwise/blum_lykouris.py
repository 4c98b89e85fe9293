"""Sleeping experts over all pairs of group and hypothesis, with AdaNormalHedge's weights.

The pair ``(g, f)`` is awake in the rounds of ``g`` and suffers the loss of ``f``. The regret in every group, against
every hypothesis, is at most ``sqrt(3 T_g (ln(G N) + ln(5/2 + 3/2 ln(1 + T))))``. It keeps ``G N`` weights and touches
them in every round: this is the prior work that enumerates the class.

Reference: A. Blum, T. Lykouris, *Advancing Subgroup Fairness via Sleeping Experts*, ITCS 2020 (arXiv 1909.08375; form
from recall), with the learner of Luo and Schapire 2015; the bound's constants are derived.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.contract import Bound, Instance
from bandits.groupwise.adanormalhedge import AdaNormalHedge, a_priori
from bandits.groupwise.finite import FiniteProblem, PairPolicy, class_size
from bandits.groupwise.theory import GroupwiseInstance, group_bound, oblivious


class BlumLykouris(PairPolicy):
    """AdaNormalHedge over pairs of group and hypothesis.

    Args:
        play: "expected" plays the distribution over hypotheses, "sample" a hypothesis drawn from it.
    """

    def _prepare(self, problem: FiniteProblem) -> None:
        pairs = len(problem.groups) * self._n
        self._meta = AdaNormalHedge()
        self._meta.start(np.full(pairs, 1.0 / pairs), trace=False)

    def regret_bounds(self, problem: FiniteProblem, instance: Instance) -> Sequence[Bound]:
        """For each group, ``sqrt(3 T_g (ln(G N) + ln(5/2 + 3/2 ln(1 + t))))``."""
        if not isinstance(instance, GroupwiseInstance):
            return ()
        prior = 1.0 / (len(problem.groups) * class_size(problem))
        return [
            group_bound(
                instance,
                group,
                lambda t, group=group: a_priori(instance.sizes(group, t), t, prior),  # type: ignore[misc]
                "Blum and Lykouris 2020 with Luo and Schapire 2015; constants derived",
                (oblivious(instance),),
            )
            for group in instance.groups
        ]
