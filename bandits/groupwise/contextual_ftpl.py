"""Groupwise regret over policies on contexts: contextual follow the perturbed leader in every group.

A class holds ``N`` policies ``f``, maps from contexts to actions, of which a learner needs no more than an offline
oracle, ``argmin_f sum_x C[x, f(x)]`` for costs ``C`` [n_contexts, n_actions] of either sign. Each learner keeps the sum
``C`` of the costs of its own rounds, in the rows of their contexts. Before its ``n``-th round it hallucinates, for
every context of a separator ``S``, a vector of costs whose entries are Laplace variables of scale ``1/eps``, adds them
to ``C`` and plays the action of the oracle's policy. A separator holds, for every two policies, a context in which they
differ; here ``s = |S|``. Over all contexts, the *transductive* form, nothing needs to be separated.

For costs in [0, 1] that do not depend on the draws, the expected regret on the learner's ``n`` rounds is at most
``n w eps + M / eps`` (derived), where ``M = 2 sqrt(s ln N) + ln N``, ``w = s``, or ``w = 1`` in the transductive form:

* a round's costs shift the value of the noise at which an action is chosen in a given context by at most 1, and the
  density of Laplace noise changes by a factor of at most ``exp(eps)`` over it. So the next leader acts otherwise in
  this context with probability at most ``1 - exp(-eps) <= eps``, summed over the actions. Leaders that differ do so in
  ``S``; where ``S`` holds every context, the one of the round is all that matters;
* ``M`` bounds the expected maximum over ``N`` sums of ``s`` standard Laplace variables: these are sub-gamma with
  variance factor ``2 s`` and scale 1.

With ``eps = sqrt(M / (w n))`` for the number ``n`` of its rounds, known in advance, that is ``2 sqrt(w M n)``. The same
with the count of rounds so far for ``n`` gives ``3 sqrt(w M n)``, since the noise, drawn afresh, never shrinks. For
``N >= 3`` both are of the paper's order ``s^(3/4) sqrt(n ln N)``, ``s^(1/4) sqrt(n ln N)`` in the transductive form,
times at most ``2 sqrt(3)`` and ``3 sqrt(3)``; the paper's own constants are not known here.

Reference: V. Syrgkanis, A. Krishnamurthy, R. E. Schapire, *Efficient Algorithms for Adversarial Contextual Learning*,
ICML 2016 (arXiv 1602.02454; the algorithm from recall, with noise drawn afresh as in ``ftpl``; the bound's constants
derived); S. Boucheron, G. Lugosi, P. Massart, *Concentration Inequalities*, 2013, Corollary 2.6 (recall); K. Acharya et
al., *Oracle Efficient Algorithms for Groupwise Regret*, ICLR 2024.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from bandits.arguments import integers
from bandits.contract import Array, Bound, Instance
from bandits.groupwise.mixture import SOURCE, GroupMixture
from bandits.groupwise.policy import GroupwisePolicy, check_context, check_play, losses_of, played
from bandits.groupwise.policy_class import PolicyClass
from bandits.groupwise.problem import GroupwiseProblem, Mask, PolicyClassProblem


class ContextualFTPL(GroupwisePolicy[PolicyClassProblem, Any, Array]):
    """Contextual follow the perturbed leader a group, mixed by AdaNormalHedge.

    In rounds with no group it is uniform over the actions.

    Args:
        separator: contexts, by number, on which any two policies of the class differ; None for all contexts, the
            transductive form.
        play: "expected" plays the lottery over the actions of the groups' policies, "sample" draws one.
        lengths: for a fixed ``eps``, the number of rounds of each expert group; None for the anytime schedule.
        prior: positive weights of the expert groups; None for uniform.
        expert_groups: names of the groups that get a learner; None for all. ``[always_on]`` is plain contextual FTPL.

    Attributes:
        oracle_calls: calls of the offline oracle in this run: one a round and group awake.
    """

    plays: ClassVar[tuple[type[GroupwiseProblem], ...]] = (PolicyClassProblem,)
    _takes = (-1.0, 0.0)

    def __init__(
        self,
        separator: Sequence[int] | None = None,
        play: str = "expected",
        lengths: Sequence[int] | None = None,
        prior: Sequence[float] | None = None,
        expert_groups: Sequence[str] | None = None,
    ) -> None:
        self.play = check_play(play)
        self.separator = separator if separator is None else integers("separator", separator, 0)
        self._mixture = GroupMixture(lengths, prior, expert_groups)
        self.lengths, self.prior = self._mixture.lengths, self._mixture.prior
        self.expert_groups = self._mixture.expert_groups

    def start(self, problem: PolicyClassProblem) -> None:
        self._class = PolicyClass(problem.policies)
        n_policies, n_contexts = self._class.table.shape
        self._separator = (
            np.arange(n_contexts) if self.separator is None else self._class.check_separator(self.separator)
        )
        s, log = len(self._separator), math.log(n_policies)
        self._spread = 2.0 * math.sqrt(s * log) + log  # M
        self._width = 1.0 if s == n_contexts else float(s)  # w
        self._sums = np.zeros((self._mixture.start(problem.groups), n_contexts, problem.n_actions))
        self.oracle_calls = 0

    def _decide(self, context: Array, groups: Mask) -> Any:
        here = check_context(context, self._sums.shape[1])
        self._mixture.wake(groups)
        awake = np.flatnonzero(self._mixture.now)
        n_learners, n_actions = len(self._sums), self._n_actions
        noise = self._rng.laplace(size=(n_learners, len(self._separator), n_actions))
        noise *= np.sqrt(self._width * self._mixture.rounds() / self._spread)[:, None, None]  # 1 / eps
        costs = self._sums[awake]
        costs[:, self._separator] += noise[awake]
        self._actions = np.zeros(n_learners, dtype=np.int64)
        self._actions[awake] = self._class.table[self._class.minimise(costs), here]
        self.oracle_calls += len(awake)
        q: Array = np.full(n_actions, 1.0 / n_actions)
        if len(awake):
            q = np.bincount(self._actions, self._mixture.p, n_actions).astype(np.float64)
        return played(q, self.play, self._rng)

    def _learn(self, context: Array, groups: Mask, feedback: Array) -> None:
        costs = losses_of(feedback, self._n_actions)
        self._mixture.learn(costs[self._actions])
        self._sums[:, int(context[0])] += self._mixture.now[:, None] * costs

    def regret_bounds(self, problem: PolicyClassProblem, instance: Instance) -> Sequence[Bound]:
        """For each expert group, the learner's term and the meta learner's, the latter also with the run's state."""
        factor = 3.0 if self.lengths is None else 2.0

        def own(n: Array) -> Array:
            return np.asarray(factor * np.sqrt(self._width * self._spread * n))

        source = f"derived, after Syrgkanis, Krishnamurthy, Schapire 2016; {SOURCE}"
        return self._mixture.bounds(problem, instance, own, source)
