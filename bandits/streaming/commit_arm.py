"""Commit to one arm unseen, the first or one at random: baselines with linear regret."""

from __future__ import annotations

import numpy as np

from bandits.arguments import one_of
from bandits.streaming.policy import StreamingPolicy
from bandits.streaming.problem import Action, Advance, Store, StreamProblem


class CommitArm(StreamingPolicy):
    """Store one arm and pull it throughout.

    Args:
        which: "first", or "random" for an arrival chosen uniformly.
    """

    def __init__(self, which: str = "first") -> None:
        self.which = one_of("which", which, ("first", "random"))

    def slots_required(self, problem: StreamProblem) -> int:
        return 1

    def memory_words(self, problem: StreamProblem) -> int:
        return 1

    def _begin(self, problem: StreamProblem, rng: np.random.Generator) -> list[Action]:
        arms = problem.n_arms
        skipped = 0 if self.which == "first" else int(rng.integers(arms))
        return [*[Advance()] * skipped, Store(0), self._commit(0)]

    def _respond(self, mean: float) -> list[Action]:
        return [self._commit(0)]
