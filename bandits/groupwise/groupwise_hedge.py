"""Groupwise regret over a finite class: one Hedge a group, mixed by AdaNormalHedge.

Hedge keeps the cumulative losses ``S`` of its own rounds and plays ``h_f ~ exp(-eta S_f)``, in its ``n``-th round with
``eta = sqrt(8 ln N / n)``, or with the number of its rounds, known in advance, for ``n``. Its regret is at most
``sqrt(2 n ln N) + sqrt(ln N / 8)``, or ``sqrt(n ln N / 2)`` with fixed ``eta`` at the end. The meta learner mixes the
groups, not pairs of group and hypothesis: its work in a round does not grow with the class.

Reference: N. Cesa-Bianchi, G. Lugosi, *Prediction, Learning, and Games*, 2006, Theorems 2.2 and 2.3 (recall); K.
Acharya et al., *Oracle Efficient Algorithms for Groupwise Regret*, ICLR 2024.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bandits.contract import Array, Assumption, Bound, Problem
from bandits.domain import integer
from bandits.groupwise.adanormalhedge import AdaNormalHedge
from bandits.groupwise.finite import FinitePolicy, group_bound
from bandits.groupwise.groupwise import SOURCE, prior_of
from bandits.groupwise.policy import Mask, columns_of


def hedge(sums: Array, rounds: Array) -> Array:
    """Hedge's distributions [n_learners, n_hypotheses] from cumulative losses of that shape.

    Args:
        sums: cumulative losses.
        rounds: [n_learners] the ``n`` of ``eta = sqrt(8 ln N / n)``.
    """
    eta = np.sqrt(8.0 * math.log(sums.shape[1]) / rounds)
    weights = np.exp(-eta[:, None] * (sums - sums.min(axis=1, keepdims=True)))
    distributions: Array = weights / weights.sum(axis=1, keepdims=True)
    return distributions


class GroupwiseHedge(FinitePolicy):
    """One Hedge a group, mixed by AdaNormalHedge.

    Args:
        play: "expected" plays the distribution over hypotheses, "sample" a hypothesis drawn from it.
        lengths: for fixed learning rates, the number of rounds of each expert group; None for the anytime schedule.
        prior: positive weights of the expert groups; None for uniform.
        expert_groups: names of the groups that get a learner; None for all. ``[always_on]`` is plain Hedge.
    """

    def __init__(
        self,
        play: str = "expected",
        lengths: Sequence[int] | None = None,
        prior: Sequence[float] | None = None,
        expert_groups: Sequence[str] | None = None,
    ) -> None:
        super().__init__(play)
        self.lengths = None if lengths is None else [integer(f"lengths[{i}]", n) for i, n in enumerate(lengths)]
        self.prior = prior if prior is None else list(prior)
        self.expert_groups = expert_groups if expert_groups is None else list(expert_groups)

    def _prepare(self, problem: Problem) -> None:
        self._columns = columns_of(self.expert_groups, problem.groups)
        self._names = [problem.groups[i] for i in self._columns]
        L = len(self._names)
        if self.lengths is not None and len(self.lengths) != L:
            raise ValueError(f"lengths must hold {L} numbers of rounds, one for each expert group, got {self.lengths}")
        self._meta = AdaNormalHedge(prior_of(self.prior, L))
        self._sums, self._counts = np.zeros((L, self._n)), np.zeros(L)

    def _distribution(self, groups: Mask) -> Array:
        self._now = np.take(groups, self._columns)
        self._awake = np.flatnonzero(self._now)
        n = self._counts + 1.0 if self.lengths is None else np.array(self.lengths, dtype=np.float64)
        self._h = hedge(self._sums[self._awake], n[self._awake])
        self._p = self._meta.distribution(self._now)
        q: Array = self._p[self._awake] @ self._h
        return q

    def _learn(self, groups: Mask, losses: Array) -> None:
        learners = np.zeros(len(self._names))
        learners[self._awake] = self._h @ losses
        self._meta.update(self._now, learners, self._p)
        self._sums[self._awake] += losses
        self._counts[self._awake] += 1.0

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """For each expert group, Hedge's term and the meta learner's, the latter also with the state of the run."""
        hindsight = facts.get("hindsight")
        if hindsight is None:
            return ()
        log = math.log(self._n)

        def bound(expert: int, group: str, of_run: bool) -> Bound:
            def curve(times: Array) -> Array:
                n = hindsight.sizes(group, times)
                if self.lengths is None:
                    own: Array = np.sqrt(2.0 * n * log) + math.sqrt(log / 8.0)
                else:
                    own = np.sqrt(n * log / 2.0)
                return own + self._meta.certificate(expert, n, times, of_run)

            end = np.array([float(problem.horizon or 0)])
            right = self.lengths is None or bool(hindsight.sizes(group, end)[0] == self.lengths[expert])
            known = Assumption("the declared numbers of rounds are right", right)
            return replace(group_bound(group, curve, SOURCE, facts, known, of_run=of_run), anytime=self.lengths is None)

        kinds = (False, True) if len(self._names) > 1 else (False,)  # an only learner is not mixed: both are the same
        return [bound(i, group, of_run) for i, group in enumerate(self._names) for of_run in kinds]
