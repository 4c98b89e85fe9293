"""A policy that learns from every row of a log, and is evaluated by what it would have played."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from bandits.arguments import flag
from bandits.contract import Array, Policy, check_plays
from bandits.logged.policy import MOST, wrapped_policy
from bandits.logged.problem import Decision, Logged, LoggedBlocks, LoggedProblem, over_offered
from bandits.offers import offers
from bandits.registry import Component


class OffPolicy(Policy[LoggedProblem, Decision, Array, Logged]):
    """Another policy that learns from every row, whatever arm was played in it.

    Before a row it tells the probabilities with which the wrapped policy would play now, given the context: exact ones
    where the policy has them (``Policy.probabilities``), else 1 for the arm that it draws, which is as unbiased and
    scatters more. Then the wrapped policy learns the arm that was played and its reward; rewards are not weighted.

    What it plays in a row is decided by rows before and its own draws, so that the weighted reward of the row has the
    mean reward of that play as its mean, and the sum over rows is unbiased for the value of the sequence of policies
    played (a martingale; derived here), wherever each arm that it may play was possible. This is no theorem on regret:
    the wrapped policy's own guarantees are about what comes of arms it chose itself, and one that weighs feedback by
    its own probabilities (such as Exp3) learns something else here.

    Arms that are not offered get nothing: their probability is spread over those that are in proportion, or evenly
    where there is nothing to spread.

    The wrapped policy must learn from actions that it did not choose. Few cannot (Tsallis-INF, which weighs feedback by
    the probability of its own draw) and say so in the first row that shows another arm: ``Replay`` plays those.

    Args:
        policy: for arms with or without contexts: a registered name or ``module:Class``,
            ``{"name": ..., "parameters": {...}}``, or an object, which is copied.
        exact: whether it is asked for its probabilities; where they take a quadrature, as Thompson sampling's do, a
            row then takes milliseconds.
    """

    plays = (LoggedProblem,)

    def __init__(self, policy: Component = "ucb1", exact: bool = True) -> None:
        self.policy, self.exact = policy, flag("exact", exact)
        self._wrapped = wrapped_policy(policy)

    def reset(self, problem: LoggedProblem, rng: np.random.Generator) -> None:
        check_plays(self._wrapped, problem.played, "what the log is about", name="policy")
        self._problem, self._player = problem, copy.deepcopy(self._wrapped)
        self._player.reset(problem.played, rng)
        self._exact = self.exact and not self._player.decided

    def choose(self, observation: Decision) -> Array:
        seen = self._problem.checked_observation(observation)
        return over_offered(self._plan(seen.context), seen.offered)

    def update(self, observation: Decision, action: Array, feedback: Logged) -> None:
        seen, told = self._problem.checked_observation(observation), self._problem.checked_feedback(feedback)
        self._player.update(seen.context, told.action, told.reward)

    def probabilities(self, observation: Decision) -> Array:
        seen = self._problem.checked_observation(observation)
        return over_offered(self._player.probabilities(seen.context), seen.offered)

    def leap(self, environment: Any, most: int) -> int:
        """Rows in blocks, without an observation each."""
        if not offers(environment, LoggedBlocks):
            return 0
        block = environment.block(min(most, MOST))
        table = np.empty(block.offered.shape)
        rows = zip(block.contexts, block.actions.tolist(), block.rewards.tolist(), strict=True)
        for t, (context, action, reward) in enumerate(rows):
            table[t] = self._plan(context)
            self._player.update(context, action, reward)
        environment.absorb(over_offered(table, block.offered))
        return len(table)

    def _plan(self, context: Array) -> Array:
        """What the wrapped policy would play, before arms that are not offered are left out."""
        plan = None
        if self._exact:
            try:
                plan = self._player.probabilities(context)
            except TypeError:  # it has none in closed form
                self._exact = False
        arm = self._player.choose(context)
        return plan if plan is not None else self._problem.distribution_of(int(arm))
