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
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array, Bound, Policy, Problem
from bandits.arguments import integer, one_of
from bandits.groupwise.finite import check_losses, played
from bandits.groupwise.groupwise import SOURCE
from bandits.groupwise.mixture import GroupMixture
from bandits.groupwise.policy import Round
from bandits.kernels import kernel

Ints = NDArray[np.int64]


@kernel
def _minimise(costs: Array, table: Ints, out: Ints) -> None:
    for i in range(costs.shape[0]):
        best = np.inf
        for f in range(table.shape[0]):
            total = 0.0
            for x in range(table.shape[1]):
                total += costs[i, x, table[f, x]]
            if total < best:
                best = total
                out[i] = f


class PolicyClass:
    """A finite class of policies on finitely many contexts, and its offline oracle, by enumeration.

    Args:
        table: [n_policies][n_contexts] the action >= 0 of each policy in each context; at least two policies.

    Attributes:
        table: the same, as an array.

    Raises:
        ValueError: fewer than two policies, rows of different lengths, or an action that is no whole number >= 0.
    """

    def __init__(self, table: Sequence[Sequence[int]]) -> None:
        if len(table) < 2:
            raise ValueError(f"policies must hold at least two policies, got {len(table)}")
        for f, row in enumerate(table):
            if len(row) != len(table[0]) or len(row) == 0:
                raise ValueError(
                    f"policies must give an action for each context, policy 0 does for {len(table[0])}, policy {f} for "
                    f"{len(row)}"
                )
            for x, action in enumerate(row):
                integer(f"policies[{f}][{x}]", action, 0)
        self.table: Ints = np.array(table, dtype=np.int64)

    def minimise(self, costs: Array) -> Ints:
        """For each of the costs [n, n_contexts, n_actions] a policy [n] of least ``sum_x costs[x, f(x)]``.

        Ties go to the policy that comes first.
        """
        out = np.empty(len(costs), dtype=np.int64)
        _minimise(costs, self.table, out)
        return out

    def check_separator(self, separator: Sequence[int]) -> Ints:
        """The separator as an array.

        Raises:
            ValueError: a context that is not known or comes twice, or two policies that agree on all of them.
        """
        contexts = [integer(f"separator[{i}]", x, 0, self.table.shape[1] - 1) for i, x in enumerate(separator)]
        if len(set(contexts)) < len(contexts):
            raise ValueError(f"separator must name no context twice, got {contexts}")
        found: dict[tuple[int, ...], int] = {}
        for f, row in enumerate(self.table):
            other = found.setdefault(tuple(row[contexts].tolist()), f)
            if other != f:
                apart = np.flatnonzero(self.table[other] != row)
                way = f"add context {apart[0]}" if len(apart) else "they are the same policy; give it once"
                raise ValueError(
                    f"separator must hold, for every two policies, a context in which they differ; policies {other} "
                    f"and {f} agree on all of {contexts}: {way}"
                )
        return np.array(contexts, dtype=np.int64)


class ContextualFTPL(Policy[Round, Any, Array]):
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

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset({("policy_class", "full")})

    def __init__(
        self,
        separator: Sequence[int] | None = None,
        play: str = "expected",
        lengths: Sequence[int] | None = None,
        prior: Sequence[float] | None = None,
        expert_groups: Sequence[str] | None = None,
    ) -> None:
        if play == "mixture":
            raise ValueError("play must be expected or sample: actions have no average, got 'mixture'")
        self.play = one_of("play", play, ("expected", "sample"))
        self.separator = separator if separator is None else [integer("separator", x, 0) for x in separator]
        self._mixture = GroupMixture(lengths, prior, expert_groups)
        self.lengths, self.prior = self._mixture.lengths, self._mixture.prior
        self.expert_groups = self._mixture.expert_groups

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        """Forget everything.

        Raises:
            ValueError: the separator, or a parameter of the groups, does not fit the problem.
        """
        self._class, self._rng = PolicyClass(problem.policies), rng
        n_policies, n_contexts = self._class.table.shape
        self._separator = (
            np.arange(n_contexts) if self.separator is None else self._class.check_separator(self.separator)
        )
        s, log = len(self._separator), math.log(n_policies)
        self._spread = 2.0 * math.sqrt(s * log) + log  # M
        self._width = 1.0 if s == n_contexts else float(s)  # w
        self._sums = np.zeros((self._mixture.start(problem.groups), n_contexts, problem.n_actions))
        self.oracle_calls, self._pending = 0, False

    def choose(self, observation: Round) -> Any:
        """Probabilities [n_actions] of the actions in the round's context, or with "sample" an action."""
        self._mixture.wake(observation.groups)
        awake, self._context = np.flatnonzero(self._mixture.now), int(observation.context[0])
        n_learners, _, n_actions = self._sums.shape
        noise = self._rng.laplace(size=(n_learners, len(self._separator), n_actions))
        noise *= np.sqrt(self._width * self._mixture.rounds() / self._spread)[:, None, None]  # 1 / eps
        costs = self._sums[awake]
        costs[:, self._separator] += noise[awake]
        self._actions = np.zeros(n_learners, dtype=np.int64)
        self._actions[awake] = self._class.table[self._class.minimise(costs), self._context]
        self.oracle_calls += len(awake)
        self._pending = True
        q: Array = np.full(n_actions, 1.0 / n_actions)
        if len(awake):
            q = np.bincount(self._actions, self._mixture.p, n_actions).astype(np.float64)
        return played(q, self.play, self._rng)

    def update(self, observation: Round, action: Any, feedback: Array) -> None:
        """Learn the costs [n_actions] in [0, 1] of all actions in the round's context.

        Raises:
            RuntimeError: no decision was made since the last update.
            ValueError: costs that are not finite.
        """
        check_losses(self._pending, feedback, "action")
        self._mixture.learn(feedback[self._actions])
        self._sums[:, self._context] += self._mixture.now[:, None] * feedback
        self._pending = False

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """For each expert group, the learner's term and the meta learner's, the latter also with the run's state."""
        factor = 3.0 if self.lengths is None else 2.0

        def own(n: Array) -> Array:
            return np.asarray(factor * np.sqrt(self._width * self._spread * n))

        source = f"derived, after Syrgkanis, Krishnamurthy, Schapire 2016; {SOURCE}"
        return self._mixture.bounds(problem, facts, own, source)
