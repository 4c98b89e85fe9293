"""What policies for a finite class of hypotheses with groups share: the play, and the bounds' dress."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from bandits.contract import Array, Assumption, Bound, Policy, Problem
from bandits.domain import one_of
from bandits.groupwise.policy import Mask, Round
from bandits.groupwise.theory import group_of


class FinitePolicy(Policy[Round, Any, Array]):
    """A distribution over the hypotheses, from the groups of the round. In rounds with no group it is uniform.

    Where the problem has contexts and a class of policies, these are the hypotheses; the play is their actions'.

    Args:
        play: "expected" plays the distribution itself, "sample" a hypothesis drawn from it.
    """

    accepts: ClassVar[frozenset[tuple[str, str]]] = frozenset({("finite_class", "full"), ("policy_class", "full")})

    def __init__(self, play: str = "expected") -> None:
        if play == "mixture":
            raise ValueError("play must be expected or sample: hypotheses have no average here, got 'mixture'")
        self.play = one_of("play", play, ("expected", "sample"))

    @abstractmethod
    def _prepare(self, problem: Problem) -> None:
        """Forget everything and size the state."""

    @abstractmethod
    def _distribution(self, groups: Mask) -> Array:
        """Weights [n_hypotheses] in a round with ``groups`` [n_groups]; zeros where no group is awake."""

    @abstractmethod
    def _learn(self, groups: Mask, losses: Array) -> None:
        """Learn the losses [n_hypotheses] of the round that ``_distribution`` was asked about last."""

    def reset(self, problem: Problem, rng: np.random.Generator) -> None:
        if problem.n_actions < 1:
            raise ValueError(
                f"{type(self).__name__} needs a finite class, the problem declares {problem.n_actions} actions"
            )
        self._n, self._rng, self._pending = len(problem.policies) or problem.n_actions, rng, False
        self._table, self._actions = np.array(problem.policies, dtype=np.int64).T, problem.n_actions
        self._prepare(problem)

    def choose(self, observation: Round) -> Any:
        q = self._distribution(observation.groups)
        total = float(q.sum())
        q = q / total if total > 0.0 else np.full(self._n, 1.0 / self._n)
        if self._table.size:  # the distribution over the actions of the policies in this context
            q = np.bincount(self._table[int(observation.context[0])], q, self._actions).astype(np.float64)
        self._pending = True
        u = self._rng.random()
        if self.play == "expected":
            return q
        return int(min(np.searchsorted(np.cumsum(q), u, side="right"), np.flatnonzero(q)[-1]))

    def update(self, observation: Round, action: Any, feedback: Array) -> None:
        """Learn from the losses in [0, 1] of all hypotheses [n_actions], or of the actions in the round's context.

        Raises:
            RuntimeError: no decision was made since the last update.
            ValueError: losses that are not finite.
        """
        if not self._pending:
            raise RuntimeError("update before choose: no decision awaits its losses")
        if not np.all(np.isfinite(feedback)):
            bad = int(np.argmin(np.isfinite(feedback)))
            raise ValueError(f"losses must be finite, got {feedback[bad]} of hypothesis {bad}")
        losses = feedback[self._table[int(observation.context[0])]] if self._table.size else feedback
        self._learn(observation.groups, losses)
        self._pending = False


def group_bound(
    group: str,
    curve: Callable[[Array], Array],
    source: str,
    facts: Mapping[str, Any],
    *more: Assumption,
    of_run: bool = False,
) -> Bound:
    """A bound on the regret in a group, known before or from the state of the run."""
    assumptions = (Assumption("losses do not depend on the learner's draws", bool(facts.get("oblivious"))), *more)
    name = f"bound for {group}, this run" if of_run else f"bound for {group}"
    return Bound(name, "upper", curve, group_of(group), source, assumptions, rate=not of_run, of_run=of_run)
