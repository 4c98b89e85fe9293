"""What policies for a finite class of hypotheses with groups share: the play, and what it is told."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from bandits.contract import Array, Policy, Problem
from bandits.arguments import one_of
from bandits.groupwise.policy import Mask, Round


class FinitePolicy(Policy[Round, Any, Array]):
    """A distribution over the hypotheses, from the groups of the round.

    In rounds with no group it is uniform over them.
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
        self._n, self._rng, self._pending = class_size(problem), rng, False
        self._table, self._actions = np.array(problem.policies, dtype=np.int64).T, problem.n_actions
        self._prepare(problem)

    def choose(self, observation: Round) -> Any:
        q = self._distribution(observation.groups)
        total = float(q.sum())
        q = q / total if total > 0.0 else np.full(self._n, 1.0 / self._n)
        if self._table.size:  # the distribution over the actions of the policies in this context
            q = np.bincount(self._table[int(observation.context[0])], q, self._actions).astype(np.float64)
        self._pending = True
        return played(q, self.play, self._rng)

    def update(self, observation: Round, action: Any, feedback: Array) -> None:
        """Learn from the losses in [0, 1] of all hypotheses [n_actions], or of the actions in the round's context.

        Raises:
            RuntimeError: no decision was made since the last update.
            ValueError: losses that are not finite.
        """
        check_losses(self._pending, feedback, "action" if self._table.size else "hypothesis")
        losses = feedback[self._table[int(observation.context[0])]] if self._table.size else feedback
        self._learn(observation.groups, losses)
        self._pending = False


def class_size(problem: Problem) -> int:
    """Number of hypotheses: of policies, where the problem has a class of them, else of actions."""
    return len(problem.policies) or problem.n_actions


def played(q: Array, play: str, rng: np.random.Generator) -> Any:
    """The play by probabilities ``q`` [n]: these themselves, or with "sample" a number drawn by them.

    Takes one uniform of ``rng`` in either case.
    """
    u = rng.random()
    if play == "expected":
        return q
    return int(min(np.searchsorted(np.cumsum(q), u, side="right"), np.flatnonzero(q)[-1]))


def check_losses(pending: bool, losses: Array, kind: str) -> None:
    """See that a decision awaits ``losses`` [n], one of each "hypothesis" or "action", and that these are finite.

    Raises:
        RuntimeError: no decision was made since the last update.
        ValueError: a loss that is not finite.
    """
    if not pending:
        raise RuntimeError("update before choose: no decision awaits its losses")
    if not np.all(np.isfinite(losses)):
        bad = int(np.argmin(np.isfinite(losses)))
        raise ValueError(f"losses must be finite, got {losses[bad]} of {kind} {bad}")
