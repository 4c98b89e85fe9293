"""Game of arms: a king with a budget, and a champion among a random sample of the stream. Two stored arms.

Experimental. With ``U = 1 / eps^2 = (T / K)^(2/3)``: every newcomer adds ``U`` to the king's budget and is pulled
``2^l U`` times on levels ``l = 0, 1, ...``, paid from the budget, until its mean is at most ``est - eps / 5`` (the
king stays) or the budget cannot pay (the newcomer is crowned: pulled ``1.2 U`` times, ``est = min(max(mean, est +
gap / 2), 1)``, budget ``1.2 U``). If all ``floor(10 ln ln K)`` levels are passed, the king stays too. Independently,
each newcomer is sampled with probability ``1.5 / ln K``, pulled ``U ln K`` times, and kept if its mean is the largest
of the sample. When challenges and crownings have used more than ``10 K U`` pulls they stop, and the commitment is to
the sample's best instead of the king.

Reference: the published experiments of C. Wang, ICML 2023, arXiv 2306.02208, where the rule reads the gap between the
two best arms off the instance and has no answer to a newcomer that passes all levels. Here the gap is a parameter, and
such cases are counted in ``unanswered``.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.arguments import real
from bandits.streaming.policy import StreamingPolicy
from bandits.streaming.problem import CURRENT, Action, Advance, Store, StreamProblem
from bandits.streaming.theory import unit


class GameOfArms(StreamingPolicy):
    """The king-and-budget rule; needs at least 16 arms.

    Args:
        gap: distance between the best and the second-best mean, in (0, 1].
    """

    def __init__(self, gap: float) -> None:
        self.gap = real("gap", gap, 0.0, 1.0, closed="high")

    @property
    def unanswered(self) -> int:
        """Newcomers so far that passed all levels and were not crowned."""
        return self._unanswered

    def slots_required(self, problem: StreamProblem) -> int:
        return 2

    def memory_words(self, problem: StreamProblem) -> int:
        return 2 * 2 + 5

    def _begin(self, problem: StreamProblem, rng: np.random.Generator) -> list[Action]:
        arms = problem.n_arms
        if arms < 16:
            raise ValueError(f"GameOfArms needs at least 16 arms, the stream has {arms}")
        self._rng = rng
        self._unit = unit(problem)
        self._eps = self._unit**-0.5
        self._sample_pulls = math.ceil(self._unit * math.log(arms))
        self._crown_pulls = math.ceil(1.2 * self._unit)
        self._levels = math.floor(10.0 * math.log(math.log(arms)))
        self._share = 1.5 / math.log(arms)
        self._full = 0  # pulls of challenges and crownings
        self._estimate = self._eps / 2.0
        self._budget = 1.2 * self._unit
        self._king = self._sampled = -1  # slots
        self._sample_mean = -math.inf
        self._unanswered = 0
        self._stage = "sample"
        return [self._pull(CURRENT, self._sample_pulls)]

    def _respond(self, mean: float) -> list[Action]:
        if self._stage == "challenge":
            return self._challenged(mean)
        actions: list[Action] = []
        if self._stage == "crown":
            self._estimate = min(max(mean, self._estimate + self.gap / 2.0), 1.0)
            self._budget = 1.2 * self._unit
            self._king = self._place = 1 - self._sampled if self._king == self._sampled else self._king
            return [Store(self._king), *self._perhaps_sample()]
        if mean > self._sample_mean:
            self._sample_mean = mean
            actions = self._keep()
        return [*actions, *self._newcomer()]

    def _keep(self) -> list[Action]:
        """Keep the newcomer as the sample's best, in the king's slot if it is the king."""
        if self._sampled < 0:
            self._king = self._sampled = 0
            return [Store(0)]
        if self._place != CURRENT:
            self._sampled = self._place
            return []
        self._sampled = 1 - self._king if self._king == self._sampled else self._sampled
        return [Store(self._sampled)]

    def _newcomer(self) -> list[Action]:
        actions: list[Action] = []
        while self._arrived < self._arms:
            self._arrived += 1
            self._place, self._level = CURRENT, 0
            actions.append(Advance())
            if self._in_play():
                self._budget += self._unit
                return [*actions, self._challenge()]
            if self._rng.random() < self._share:
                return [*actions, self._sample()]
        return [*actions, self._commit(self._king if self._in_play() else self._sampled)]

    def _in_play(self) -> bool:
        return self._full <= 10.0 * self._arms * self._unit

    def _challenge(self) -> Action:
        """Pull the newcomer on its level, or for its crowning where the budget cannot pay."""
        pulls = math.ceil(2.0**self._level * self._unit)
        self._stage = "challenge"
        if self._budget < pulls:
            self._stage, pulls = "crown", self._crown_pulls
        else:
            self._budget -= pulls
        self._full += pulls
        return self._pull(CURRENT, pulls)

    def _challenged(self, mean: float) -> list[Action]:
        if mean > self._estimate - self._eps / 5.0:
            self._level += 1
            if self._level < self._levels:
                return [self._challenge()]
            self._unanswered += 1
        return self._perhaps_sample()

    def _perhaps_sample(self) -> list[Action]:
        return [self._sample()] if self._rng.random() < self._share else self._newcomer()

    def _sample(self) -> Action:
        """Pull the newcomer for the sample, wherever it now is."""
        self._stage = "sample"
        return self._pull(self._place, self._sample_pulls)
