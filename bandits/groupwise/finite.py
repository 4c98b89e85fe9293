"""What policies for a finite class of hypotheses with groups share: the play, and what it is told."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from bandits.contract import Array
from bandits.copies import Copies
from bandits.groupwise.adanormalhedge import AdaNormalHedge
from bandits.groupwise.policy import GroupwisePolicy, check_context, check_play, losses_of, played
from bandits.groupwise.problem import ExpertsProblem, GroupwiseProblem, Mask, PolicyClassProblem, Round
from bandits.groupwise.sleeping_hedge import SleepingHedge

FiniteProblem = ExpertsProblem | PolicyClassProblem


class FinitePolicy(GroupwisePolicy[FiniteProblem, Any, Array]):
    """A distribution over the hypotheses, from the groups of the round.

    In rounds with no group it is uniform over them. Where the problem is a class of policies, these are the hypotheses,
    and the play is their actions'.

    Args:
        play: "expected" plays the distribution itself, "sample" a hypothesis drawn from it.
    """

    plays: ClassVar[tuple[type[GroupwiseProblem], ...]] = (ExpertsProblem, PolicyClassProblem)

    _takes = (-1.0, 0.0)

    def __init__(self, play: str = "expected") -> None:
        self.play = check_play(play)

    @abstractmethod
    def _prepare(self, problem: FiniteProblem) -> None:
        """Forget everything and size the state."""

    @abstractmethod
    def _distribution(self, groups: Mask) -> Array:
        """Weights [n_hypotheses] in a round with ``groups`` [n_groups]; zeros where no group is awake."""

    @abstractmethod
    def _take(self, groups: Mask, losses: Array) -> None:
        """Learn the losses [n_hypotheses] of the round that ``_distribution`` was asked about last."""

    def start(self, problem: FiniteProblem) -> None:
        self._n = class_size(problem)
        policies = problem.policies if isinstance(problem, PolicyClassProblem) else ()
        self._table = np.array(policies, dtype=np.int64).T  # [n_contexts, n_policies]
        self._prepare(problem)

    def _decide(self, context: Array, groups: Mask) -> Any:
        here = check_context(context, len(self._table)) if self._table.size else 0
        q = self._distribution(groups)
        total = float(q.sum())
        q = q / total if total > 0.0 else np.full(self._n, 1.0 / self._n)
        if self._table.size:  # the distribution over the actions of the policies in this context
            q = np.bincount(self._table[here], q, self._n_actions).astype(np.float64)
        return played(q, self.play, self._rng)

    def probabilities(self, observation: Round) -> Array:
        copy: FinitePolicy = Copies(self).one()
        copy.play = "expected"
        return np.array(copy.choose(observation))

    def _learn(self, context: Array, groups: Mask, feedback: Array) -> None:
        losses = losses_of(feedback, self._n_actions)
        self._take(groups, losses[self._table[int(context[0])]] if self._table.size else losses)


class PairPolicy(FinitePolicy):
    """Sleeping experts over all pairs of group and hypothesis: a pair is awake in the rounds of its group."""

    _meta: AdaNormalHedge | SleepingHedge

    def _distribution(self, groups: Mask) -> Array:
        self._awake = np.repeat(groups, self._n)
        self._p = self._meta.distribution(self._awake)
        q: Array = self._p.reshape(-1, self._n).sum(axis=0)
        return q

    def _take(self, groups: Mask, losses: Array) -> None:
        self._meta.update(self._awake, np.tile(losses, len(groups)), self._p)


def class_size(problem: FiniteProblem) -> int:
    """Number of hypotheses: of policies, where the problem has a class of them, else of actions."""
    return len(problem.policies) if isinstance(problem, PolicyClassProblem) else problem.n_actions
