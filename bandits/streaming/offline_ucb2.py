"""UCB2 with memory for every arm: the reference that streaming policies are held against.

All arms are stored unseen, pulled once each, and then in epochs: the arm with the largest index ``mean_i +
sqrt((1 + alpha) ln(e t / tau(r_i)) / (2 tau(r_i)))`` is pulled ``max(1, tau(r_i + 1) - tau(r_i))`` times, after which
``r_i`` grows by 1. Here ``tau(r) = ceil((1 + alpha)^r)`` and ``t`` counts the pulls so far. Ties go to the lowest
index.

With ``first_m`` only the arms that arrive while there is room are stored and played, and the others ignored: the regret
is linear unless the best arm is among them, which under a random order has probability ``m / K``.

Reference: P. Auer, N. Cesa-Bianchi, P. Fischer, *Finite-time Analysis of the Multiarmed Bandit Problem*, Machine
Learning 47, 2002, Figure 2 (from memory).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import flag, positive
from bandits.contract import Bound, Instance
from bandits.streaming.offline import load, stored
from bandits.streaming.policy import StreamingPolicy
from bandits.streaming.problem import Action, StreamProblem
from bandits.streaming.theory import StreamInstance, rewards_fit


class OfflineUCB2(StreamingPolicy):
    """UCB2 over stored arms.

    Args:
        alpha: growth of the epochs, > 0.
        first_m: whether to play the first arms only where the memory cannot hold all.
    """

    def __init__(self, alpha: float = 0.25, first_m: bool = False) -> None:
        self.alpha = positive("alpha", alpha)
        self.first_m = flag("first_m", first_m)

    def slots_required(self, problem: StreamProblem) -> int:
        return stored(problem, self.first_m)

    def memory_words(self, problem: StreamProblem) -> int:
        return 3 * self.slots_required(problem) + 1

    def _begin(self, problem: StreamProblem, rng: np.random.Generator) -> list[Action]:
        arms = self.slots_required(problem)
        self._width = problem.width
        self._counts, self._sums = np.zeros(arms), np.zeros(arms)
        self._epochs = np.zeros(arms, dtype=np.int64)
        self._tau = np.ones(arms)
        self._arm, self._pulls = 0, self._pull(0, 1)
        return [*load(arms), self._pulls]

    def _respond(self, mean: float) -> list[Action]:
        arm, n = self._arm, self._pulls.n
        self._counts[arm] += n
        self._sums[arm] += mean * n
        if arm + 1 < len(self._counts) and self._counts[arm + 1] == 0.0:
            self._arm, length = arm + 1, 1
        else:
            self._arm = arm = self._best()
            after = math.ceil((1.0 + self.alpha) ** (int(self._epochs[arm]) + 1))
            length = max(1, after - int(self._tau[arm]))
            self._epochs[arm] += 1
            self._tau[arm] = after
        self._pulls = self._pull(self._arm, length)
        return [self._pulls]

    def _best(self) -> int:
        t = float(self._horizon - self._left)
        bonus = (1.0 + self.alpha) * np.log(math.e * t / self._tau) / (2.0 * self._tau)
        return int(np.argmax(self._sums / self._counts + self._width * np.sqrt(bonus)))

    def regret_bounds(self, problem: StreamProblem, instance: Instance) -> Sequence[Bound]:
        """The order ``sqrt(K t ln t)`` of optimism; none where only the first arms are stored."""
        if not isinstance(instance, StreamInstance):
            return ()
        arms = problem.n_arms
        if self.slots_required(problem) < arms:
            return ()
        return (
            Bound(
                "sqrt(K t ln t)",
                "order",
                lambda t: np.sqrt(arms * t * np.log(np.maximum(t, math.e))),
                "fixed",
                "classical",
                "convention",
                rewards_fit(problem, instance),
            ),
        )
