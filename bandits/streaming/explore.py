"""Explore-then-commit on a stream: every arriving arm is pulled ``n`` times, the best mean stays in the one slot.

The stored mean is remembered and the stored arm not pulled again until the commitment, so nothing adapts: the rule
commits to the first arm with the largest mean. ``n`` is cut to ``floor(T / K)``, at least 1.

For the largest error of ``K`` means, ``E max |mean_i - mu_i| <= sqrt(ln(2K) / (2n))``, and the arm committed to lies at
most twice that below the best: ``E R <= K n + T sqrt(2 ln(2K) / n)`` (derived).
"""

from __future__ import annotations

import math
from abc import abstractmethod

import numpy as np

from bandits.contract import Array, Assumption
from bandits.kernels import kernel
from bandits.streaming.policy import StreamingPolicy
from bandits.streaming.problem import CURRENT, Action, Store, StreamProblem
from bandits.streaming.theory import fits


@kernel
def _before_better(means: Array, best: float) -> int:
    """The number of means before the first one above ``best``, or of all."""
    for i in range(means.size):
        if means[i] > best:
            return i
    return means.size


class StreamExploration(StreamingPolicy):
    """Explore-then-commit with one stored arm; a family member says how many pulls an arm gets."""

    _fresh = True

    @abstractmethod
    def _wanted(self, problem: StreamProblem) -> int:
        """Pulls of each arm, before the cut to ``T // K``."""

    def pulls(self, problem: StreamProblem) -> int:
        """Pulls of each arm."""
        arms, horizon = problem.n_arms, problem.pulls
        return max(1, min(self._wanted(problem), horizon // arms))

    def slots_required(self, problem: StreamProblem) -> int:
        return 1

    def memory_words(self, problem: StreamProblem) -> int:
        return 2 + 3

    def _begin(self, problem: StreamProblem, rng: np.random.Generator) -> list[Action]:
        self._n = self.pulls(problem)
        self._best = -math.inf
        return [self._pull(CURRENT, self._n)]

    def _respond(self, mean: float) -> list[Action]:
        kept: list[Action] = []
        if mean > self._best:
            self._best = mean
            kept = [Store(0)]
        return [*kept, *self._next(self._n)] if self._arrived < self._arms else [*kept, self._commit(0)]

    def _skim(self, means: Array) -> int:
        return _before_better(means, self._best)

    def _sizes(self, problem: StreamProblem) -> tuple[Assumption, ...]:
        """The hypotheses of the bounds: at least two arms, and enough time for the pulls wanted."""
        arms, horizon = problem.n_arms, problem.pulls
        enough = self._wanted(problem) * arms <= horizon
        return fits("there are at least two arms", arms >= 2), fits("the exploration fits into the horizon", enough)
