"""Champion towers: a ladder of levels, each with one stored champion, a batch size, a quota and a counter.

An arriving arm is pulled ``b_0`` times and challenges the champion of level 0. When ``q_l`` arms have challenged on
level ``l``, its champion is pulled ``b_(l+1)`` times and challenges the champion of level ``l + 1``, and level ``l`` is
emptied. A challenger wins if its mean is larger than the mean with which the champion won. At the end of the stream the
champions that are left are pulled once more, the highest level first, and the best mean is committed to.

References: S. Assadi, C. Wang, *Exploration with Limited Memory*, STOC 2020, arXiv 2004.04666 (the tower), through the
published experiments of C. Wang, ICML 2023, arXiv 2306.02208 (batches and quotas, corrected: the running best of the
final choice is kept, promotions and final pulls count). Constants of the bounds are derived: the descendant of the best
arm loses at level ``l`` at most ``sqrt(2 ln(2 q_l) u / b_l) eps`` in expectation, and the losses add up.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bandits.arguments import flag, one_of
from bandits.defaults import default
from bandits.streaming.policy import StreamingPolicy
from bandits.streaming.problem import CURRENT, Action, Drop, Store, StreamProblem


class Level(NamedTuple):
    """Batch size ``b_l`` and quota ``q_l`` of a level; the quota of the highest level is not used."""

    batch: int
    quota: int


class ChampionTower(StreamingPolicy):
    """A tower; a family member says its levels.

    Args:
        resample_champion: whether the champion is pulled anew, as often as its challenger, at every comparison.
        final_batch: pulls of each champion that is left at the end: "b0", or "log" for ``b_0 ceil(ln 2L)`` with ``L``
            champions.
    """

    def __init__(self, resample_champion: bool = False, final_batch: str = "b0") -> None:
        self.resample_champion = flag("resample_champion", resample_champion)
        self.final_batch = one_of("final_batch", final_batch, ("b0", "log"))

    @abstractmethod
    def levels(self, problem: StreamProblem) -> Sequence[Level]:
        """The levels, from the lowest up."""

    @default
    def check(self, problem: StreamProblem) -> None:
        """See that the levels fit into the horizon. Here: they need not.

        Raises:
            ValueError: they do not.
        """

    def slots_required(self, problem: StreamProblem) -> int:
        """Largest ``r`` with ``1 + q_0 + q_0 q_1 + ...`` (``r`` terms) ``<= K``: the most champions at once."""
        arms = problem.n_arms
        used, group, slots = 0, 1, 0
        for level in self.levels(problem):
            used += group
            if used > arms:
                break
            slots, group = slots + 1, group * level.quota
        return slots

    def memory_words(self, problem: StreamProblem) -> int:
        return 3 * self.slots_required(problem) + 3

    def exploration(self, problem: StreamProblem) -> int:
        """Most pulls before the commitment."""
        arms = problem.n_arms
        total, group = self.slots_required(problem) * self._final(self.slots_required(problem), problem), 1
        for level in self.levels(problem):
            total += arms // group * level.batch * (2 if self.resample_champion else 1)
            group *= level.quota
        return total

    def _final(self, champions: int, problem: StreamProblem) -> int:
        batch = self.levels(problem)[0].batch
        return batch if self.final_batch == "b0" else batch * math.ceil(math.log(2 * champions))

    def _begin(self, problem: StreamProblem, rng: np.random.Generator) -> list[Action]:
        self.check(problem)
        self._problem = problem
        self._levels = list(self.levels(problem))
        self._free = list(range(self.slots_required(problem)))[::-1]
        self._slot = [-1] * len(self._levels)
        self._mean = [-math.inf] * len(self._levels)
        self._count = [0] * len(self._levels)
        self._level = 0  # on which the last pull was a challenge
        self._challenger = math.nan  # mean of a challenger that waits for the champion's new mean
        self._last: list[int] | None = None  # slots yet to be pulled for the final choice
        return [self._pull(CURRENT, self._levels[0].batch)]

    def _respond(self, mean: float) -> list[Action]:
        if self._last is not None:
            return self._choose_last(mean)
        level = self._level
        if self.resample_champion and self._slot[level] >= 0:
            if math.isnan(self._challenger):
                self._challenger = mean
                return [self._pull(self._slot[level], self._levels[level].batch)]
            self._mean[level], mean, self._challenger = mean, self._challenger, math.nan
        actions = self._place(level, mean)
        self._count[level] += 1
        if level < len(self._levels) - 1 and self._count[level] >= self._levels[level].quota:
            self._level = level + 1
            return [*actions, self._pull(self._slot[level], self._levels[level + 1].batch)]
        self._level = 0
        if self._arrived < self._arms:
            return [*actions, *self._next(self._levels[0].batch)]
        return [*actions, *self._end()]

    def _place(self, level: int, mean: float) -> list[Action]:
        """Let the challenger of ``level``, whose mean is known, win or lose."""
        champion = self._slot[level]
        wins = champion < 0 or mean > self._mean[level]
        if wins:
            self._mean[level] = mean
        if level == 0:
            if not wins:
                return []
            if champion < 0:
                self._slot[0] = self._free.pop()
            return [Store(self._slot[0])]
        challenger, self._slot[level - 1], self._count[level - 1] = self._slot[level - 1], -1, 0
        if wins:
            self._slot[level] = challenger
        loser = champion if wins else challenger
        if loser < 0:
            return []
        self._free.append(loser)
        return [Drop(loser)]

    def _end(self) -> list[Action]:
        self._last = [slot for slot in self._slot if slot >= 0]
        if len(self._last) == 1:
            return [self._commit(self._last[0])]
        self._final_pulls = self._final(len(self._last), self._problem)
        self._top, self._pick = -math.inf, -1
        return [self._pull(self._last[-1], self._final_pulls)]

    def _choose_last(self, mean: float) -> list[Action]:
        assert self._last is not None
        slot = self._last.pop()
        if mean > self._top:
            self._top, self._pick = mean, slot
        return [self._pull(self._last[-1], self._final_pulls)] if self._last else [self._commit(self._pick)]
