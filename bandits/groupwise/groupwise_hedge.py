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
from collections.abc import Sequence

import numpy as np

from bandits.contract import Array, Bound, Instance
from bandits.groupwise.finite import FinitePolicy, FiniteProblem, class_size
from bandits.groupwise.mixture import GroupMixture
from bandits.groupwise.problem import Mask


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
        self._mixture = GroupMixture(lengths, prior, expert_groups)
        self.lengths, self.prior = self._mixture.lengths, self._mixture.prior
        self.expert_groups = self._mixture.expert_groups

    def _prepare(self, problem: FiniteProblem) -> None:
        self._sums = np.zeros((self._mixture.start(problem.groups), self._n))

    def _distribution(self, groups: Mask) -> Array:
        self._mixture.wake(groups)
        self._awake = np.flatnonzero(self._mixture.now)
        self._h = hedge(self._sums[self._awake], self._mixture.rounds()[self._awake])
        q: Array = self._mixture.p[self._awake] @ self._h
        return q

    def _take(self, groups: Mask, losses: Array) -> None:
        learners = np.zeros(len(self._sums))
        learners[self._awake] = self._h @ losses
        self._mixture.learn(learners)
        self._sums[self._awake] += losses

    def regret_bounds(self, problem: FiniteProblem, instance: Instance) -> Sequence[Bound]:
        """For each expert group, Hedge's term and the meta learner's, the latter also with the state of the run."""
        log = math.log(class_size(problem))

        def own(n: Array) -> Array:
            if self.lengths is None:
                return np.asarray(np.sqrt(2.0 * n * log) + math.sqrt(log / 8.0))
            return np.asarray(np.sqrt(n * log / 2.0))

        return self._mixture.bounds(problem, instance, own, evidence="recalled")
