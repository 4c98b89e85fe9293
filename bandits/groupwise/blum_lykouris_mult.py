"""Multiplicative weights over all pairs of group and hypothesis, with a guarantee relative to each group's best loss.

Weights start at 1. In a round with groups ``a``: ``p_f ~ sum_g a_g w_{g,f}``, and with the losses ``l`` and ``l_hat =
p.l`` every ``w_{g,f}`` is multiplied by ``beta^{a_g (l_f - beta l_hat)}``. The sum of all weights never grows, so for
every group and hypothesis ``L_g <= (L_g(f) + ln(G N) / ln(1/beta)) / beta``.

Reference: A. Blum, T. Lykouris, *Advancing Subgroup Fairness via Sleeping Experts*, ITCS 2020; A. Blum, Y. Mansour,
*From External to Internal Regret*, JMLR 8, 2007 (form from recall; that the sum never grows was checked).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import real
from bandits.contract import Array, Bound, Instance
from bandits.groupwise.finite import FinitePolicy, FiniteProblem, class_size
from bandits.groupwise.problem import Mask
from bandits.groupwise.theory import GroupwiseInstance, group_bound, oblivious


class BlumLykourisMult(FinitePolicy):
    """Multiplicative weights over pairs of group and hypothesis.

    Args:
        beta: base of the weights, in (0, 1): nearer to 1 learns more slowly and pays a smaller factor.
        play: "expected" plays the distribution over hypotheses, "sample" a hypothesis drawn from it.
    """

    def __init__(self, beta: float = 0.9, play: str = "expected") -> None:
        super().__init__(play)
        self.beta = real("beta", beta, 0.0, 1.0)

    def _prepare(self, problem: FiniteProblem) -> None:
        self._log_weights = np.zeros((len(problem.groups), self._n))

    def _distribution(self, groups: Mask) -> Array:
        rows = self._log_weights[groups == 1]
        if len(rows) == 0:
            self._q = np.zeros(self._n)
        else:
            weights = np.exp(rows - rows.max()).sum(axis=0)
            self._q = weights / weights.sum()
        return self._q

    def _take(self, groups: Mask, losses: Array) -> None:
        gains = (losses - self.beta * float(self._q @ losses)) * math.log(self.beta)
        self._log_weights[groups == 1] += gains

    def regret_bounds(self, problem: FiniteProblem, instance: Instance) -> Sequence[Bound]:
        """For each group, ``(1/beta - 1) L_g* + ln(G N) / (beta ln(1/beta))``."""
        if not isinstance(instance, GroupwiseInstance):
            return ()
        constant = math.log(len(problem.groups) * class_size(problem)) / (self.beta * -math.log(self.beta))
        return [
            group_bound(
                instance,
                group,
                lambda t, group=group: (1.0 / self.beta - 1.0) * instance.best(group, t) + constant,  # type: ignore[misc]
                "Blum and Mansour 2007; Blum and Lykouris 2020; derived: the sum of weights never grows",
                (oblivious(instance),),
                time="no rate",
            )
            for group in instance.groups
        ]
