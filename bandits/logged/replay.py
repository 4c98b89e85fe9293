"""Replay by rejection: a policy plays on those rows of a log whose arm is the one that it would have played.

Reference: L. Li, W. Chu, J. Langford, X. Wang, *Unbiased Offline Evaluation of Contextual-bandit-based News Article
Recommendation Algorithms*, WSDM 2011, Algorithm 2 and Theorem 1 (from memory); that rows are thinned where arms are
not evenly likely is rejection sampling, derived here.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import not_owed
from bandits.arms.problem import BanditProblem
from bandits.contract import Array, Bound, Instance, Policy, can_play, check_plays
from bandits.copies import Copies
from bandits.logged.policy import MOST, AnyPolicy, wrapped_policy
from bandits.logged.problem import SLACK, Decision, Logged, LoggedBlocks, LoggedProblem, checked_table
from bandits.logged.theory import LoggedInstance, replayed
from bandits.offers import offers
from bandits.registry import Component


class Replay(Policy[LoggedProblem, Decision, Array, Logged]):
    """Another policy, replayed: it learns from a row only where the arm that it chooses is the arm that was played.

    Where rows are independent and arms are played uniformly, whatever the context, what the wrapped policy lives
    through is, in law, a run of its own in the world that the log is of, of as many rounds as rows match (Theorem 1 of
    Li and others), and so are their rewards. Where arms have other probabilities, a row that matches is kept
    with probability ``floor / probability``, ``floor`` being the smallest one in the log: then each context and choice
    is kept with the same probability ``floor``, and the same holds, at the price of rows. ``floor`` is taken from the
    log itself, which the theorem does not speak of. Arms that the logging policy could never play make it fail, and
    nothing in a log tells of them.

    A row that is not kept teaches nothing. A policy that looks at no context is asked once, and its choice stands until
    a row is kept; one that does is asked anew in each row, on a copy, which is dropped with the row; only the random
    stream moves on. Both are right in law, as whether a row is kept does not depend on the choice.

    The action is 1 for the arm chosen. The mean reward of matched rows is ``matched_reward / matched`` of the metrics.

    Args:
        policy: for arms with or without contexts: a registered name or ``module:Class``,
            ``{"name": ..., "parameters": {...}}``, or an object, which is copied.

    Raises:
        ValueError: in ``reset``, where some arms are not offered in some rows: its choices could not be kept to them.
    """

    plays = (LoggedProblem,)

    def __init__(self, policy: Component = "ucb1") -> None:
        self.policy = policy
        self._wrapped = wrapped_policy(policy)

    def reset(self, problem: LoggedProblem, rng: np.random.Generator) -> None:
        if not problem.all_offered:
            raise ValueError(
                "Replay needs a log in whose every row all arms are offered, got one where some are not: the policy "
                "would choose among others; OffPolicy plays such logs"
            )
        check_plays(self._wrapped, problem.played, "what the log is about", name="policy")
        self._stands = _stands(self._wrapped, problem)
        self._problem, self._player = problem, copy.deepcopy(self._wrapped)
        self._rng = rng.spawn(1)[0]
        self._player.reset(problem.played, rng)
        self._asked: AnyPolicy | None = None
        self._arm, self._awaits = -1, False

    def regret_bounds(self, problem: LoggedProblem, instance: Instance) -> Sequence[Bound]:
        """What follows from each bound of the wrapped policy that looks at no context, see ``theory.replayed``."""
        if not isinstance(instance, LoggedInstance) or instance.arms is None or not _stands(self._wrapped, problem):
            return ()
        return replayed(self._wrapped.regret_bounds(problem.played, instance.arms), problem, instance)

    def choose(self, observation: Decision) -> Array:
        seen = self._problem.checked_observation(observation)
        plan = self._problem.distribution_of(self._choice(seen.context))
        self._awaits = True
        return plan

    def update(self, observation: Decision, action: Array, feedback: Logged) -> None:
        seen, told = self._problem.checked_observation(observation), self._problem.checked_feedback(feedback)
        (played,) = checked_table(np.asarray(action)[None], seen.offered[None])
        if not self._awaits:
            raise not_owed()
        self._learn(seen.context, told, float(played[told.action]) >= 1.0 - SLACK)
        self._awaits = False

    def leap(self, environment: Any, most: int) -> int:
        """Rows in blocks, without an observation each."""
        if not offers(environment, LoggedBlocks):
            return 0
        block = environment.block(min(most, MOST))
        chosen, copies = np.empty(len(block.actions), dtype=np.int64), None
        rows = zip(block.actions.tolist(), block.probabilities.tolist(), block.rewards.tolist(), strict=True)
        for t, row in enumerate(rows):
            if copies is None and not self._stands:
                copies = Copies(self._player)
            chosen[t] = arm = self._choice(block.contexts[t], copies)
            if self._learn(block.contexts[t], Logged(*row), arm == row[0]):
                copies = None
        self._awaits = False
        environment.absorb((chosen[:, None] == np.arange(self._problem.n_actions)).astype(np.float64))
        return len(chosen)

    def _choice(self, context: Array, copies: Copies | None = None) -> int:
        """What the wrapped policy plays in this row; ``copies`` makes copies of it as it is."""
        if self._asked is None:
            self._asked = self._player if self._stands else (copies or Copies(self._player)).sharing()
            self._arm = int(self._asked.choose(context))
        return self._arm

    def _learn(self, context: Array, told: Logged, matches: bool) -> bool:
        """End the row: what was chosen for it stands, is dropped, or has its feedback; whether it has."""
        kept, stream = matches, None
        if matches and told.probability > self._problem.floor:
            stream = self._rng.bit_generator.state
            kept = bool(self._rng.random() < self._problem.floor / told.probability)
        if kept and self._asked is not None:
            try:
                self._asked.update(context, told.action, told.reward)
            except (RuntimeError, ValueError):  # refused: the row can be ended again
                if stream is not None:
                    self._rng.bit_generator.state = stream
                raise
            self._player = self._asked
        if kept or not self._stands:
            self._asked = None
        return kept


def _stands(policy: AnyPolicy, problem: LoggedProblem) -> bool:
    """Whether the policy looks at no context, so that its choice may stand for several rows."""
    low, high = problem.rewards
    return can_play(policy, BanditProblem(n_actions=problem.n_actions, horizon=problem.horizon, low=low, high=high))
