"""Policies that count, plan, and play their plan until an epoch is over.

By doubling, an epoch ends when the pair of state and action that is about to be played has been played
``max(1, N_k(s, a))`` times in it, with ``N_k`` the count when it began. The test comes before the play: after it, every
epoch would end one visit early. What is observed enters the estimate when the next epoch begins.

Reference: T. Jaksch, R. Ortner, P. Auer, *Near-optimal Regret Bounds for Reinforcement Learning*, JMLR 11, 2010,
Figure 1 (recalled).
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NamedTuple

import numpy as np

from bandits.arguments import affordable
from bandits.contract import Array
from bandits.defaults import default
from bandits.kernels import inlined, kernel
from bandits.mdp.average import AveragePolicy, moved, reward_at
from bandits.mdp.model import Ints
from bandits.mdp.problem import AverageRewardProblem, Steps

TABLES = 3
"""Of states x actions x next states, that a plan needs at once: counts, frequencies, and what is around them."""


class Counts(NamedTuple):
    """What was observed of each pair of state and action.

    Attributes:
        moves: [n_states, n_actions, n_states] how often it led where.
        visits: [n_states, n_actions] how often it was played.
        before: [n_states, n_actions] how often when the epoch began.
        paid: [2, n_states, n_actions] sum of its rewards, and of their squares.
    """

    moves: Ints
    visits: Ints
    before: Ints
    paid: Array


@inlined
def note(counts: Counts, state: int, action: int, reward: float, following: int) -> None:
    """Count a step."""
    counts.moves[state, action, following] += 1
    counts.visits[state, action] += 1
    counts.paid[0, state, action] += reward
    counts.paid[1, state, action] += reward * reward


@inlined
def doubled(counts: Counts, state: int, action: int) -> bool:
    """Whether the epoch ends before this pair is played once more."""
    before = counts.before[state, action]
    return bool(counts.visits[state, action] - before >= max(1, before))


@kernel
def note_step(counts: Counts, state: int, action: int, reward: float, following: int) -> None:
    """``note``, for one step."""
    note(counts, state, action, reward, following)


@kernel
def play_until_doubled(
    steps: Steps, done: int, state: int, actions: Ints, policy: Ints, counts: Counts
) -> tuple[int, int]:
    """Play a policy from the step ``done`` of a block on, until the epoch or the block is over: how far, and where."""
    while done < actions.size:
        action = policy[state]
        if doubled(counts, state, action):
            break
        following = moved(steps, done, state, action)
        note(counts, state, action, reward_at(steps, done, state, action), following)
        actions[done] = action
        state, done = following, done + 1
    return done, state


class PlanningPolicy(AveragePolicy):
    """A policy that plans when an epoch begins.

    Attributes:
        plans: number of epochs begun in this run.
    """

    @abstractmethod
    def plan(self) -> None:
        """Fill in ``_policy`` [n_states] for an epoch whose first step is ``_t``, counted from 1, from ``_counts``."""

    @abstractmethod
    def over(self, state: int) -> bool:
        """Whether the epoch ends before an action is taken in ``state``; never twice before the same step."""

    @abstractmethod
    def record(self, state: int, action: int, reward: float, following: int) -> None:
        """Take in a step."""

    @abstractmethod
    def stretch(self, steps: Steps, done: int, state: int, actions: Ints) -> tuple[int, int]:
        """Play the plan from the step ``done`` on, as ``over`` and ``record`` have it: how far it went, and where."""

    @default
    def begin(self, problem: AverageRewardProblem) -> None:
        """Forget everything, as in ``start``; there are no tables yet. Here: there is nothing else."""

    def start(self, problem: AverageRewardProblem) -> None:
        self.begin(problem)
        n_states, n_actions = problem.n_states, problem.n_actions
        size = TABLES * n_states * n_actions * n_states
        affordable("n_states", f"{TABLES} tables of {n_states} x {n_actions} x {n_states} numbers", size)
        whole = np.zeros((2, n_states, n_actions), dtype=np.int64)
        moves = np.zeros((n_states, n_actions, n_states), dtype=np.int64)
        self._counts = Counts(moves, whole[0], whole[1], np.zeros((2, n_states, n_actions)))
        self._policy = np.zeros(n_states, dtype=np.int64)
        self._t, self.plans = 1, 0

    def pick(self, state: int) -> int:
        self._renew(state)
        return int(self._policy[state])

    def take(self, state: int, action: int, reward: float, following: int) -> None:
        self.record(state, action, reward, following)
        self._t += 1

    def play(self, steps: Steps, actions: Ints) -> None:
        done, state = 0, steps.state
        while done < len(actions):
            self._renew(state)
            so_far = done
            done, state = self.stretch(steps, done, state, actions)
            self._t += done - so_far

    def _renew(self, state: int) -> None:
        if self.plans == 0 or self.over(state):
            self.plan()
            self._counts.before[:] = self._counts.visits
            self.plans += 1

    @property
    def _estimate(self) -> Array:
        """Frequencies [n_states, n_actions, n_states] of the next states; rows of zeros where nothing was observed."""
        estimate: Array = self._counts.moves / np.maximum(1, self._counts.visits)[:, :, None]
        return estimate


class DoublingPolicy(PlanningPolicy):
    """A policy whose epochs end by doubling."""

    def over(self, state: int) -> bool:
        before = self._counts.before[state, action := self._policy[state]]
        return bool(self._counts.visits[state, action] - before >= max(1, before))

    def record(self, state: int, action: int, reward: float, following: int) -> None:
        note_step(self._counts, state, action, reward, following)

    def stretch(self, steps: Steps, done: int, state: int, actions: Ints) -> tuple[int, int]:
        return play_until_doubled(steps, done, state, actions, self._policy, self._counts)
