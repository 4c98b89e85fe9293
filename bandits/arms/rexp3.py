"""Rexp3: Exp3 that starts anew in batches, for means of which the variation is limited.

Exp3 (``exp3.py``) with ``gamma = min(1, sqrt(K ln K / ((e - 1) D)))``, that of a horizon ``D``, starts anew every ``D``
rounds. For a variation ``sum_t max_i |mean_i(t + 1) - mean_i(t)|`` of at most ``V``, in units of the range,
``D = ceil((K ln K)^(1/3) (T / V)^(2/3))``, at least 1 and at most ``T``.

Reference: O. Besbes, Y. Gur, A. Zeevi, *Stochastic Multi-Armed-Bandit Problem with Non-stationary Rewards*, NeurIPS
2014, from memory.

The bound drawn is derived in this project, from the lemma of the paper. In a batch with variation ``V_j`` let ``k`` be
the best fixed arm. If in some round its mean were more than ``2 V_j`` below the best, the best arm of that round would
be above ``k`` in all rounds of the batch, against the choice of ``k``. So in a batch of ``D`` rounds the best arm of
every round earns at most ``2 D V_j`` more than the best fixed one, against which Exp3 loses at most
``2 sqrt(e - 1) sqrt(D K ln K)``. In ``t`` rounds that makes, with ``V(t)`` the variation up to ``t``,

    2 sqrt(e - 1) sqrt(D K ln K) ceil(t / D) + 2 D V(t).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from bandits.arguments import integer, positive
from bandits.arms.exp3 import Exp3
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.scan import horizon_of, need_range
from bandits.arms.theory import BOUNDED, OBLIVIOUS, ArmsInstance, comparator_class, holds
from bandits.contract import Array, Bound, Instance


class Rexp3(BanditPolicy):
    """Rexp3 of Besbes, Gur and Zeevi (2014).

    Args:
        budget: ``V``, > 0, the variation of the means that is expected, in units of the range; used for the default
            batch only.
        batch: ``D`` in rounds, >= 1; None takes ``ceil((K ln K)^(1/3) (T / V)^(2/3))`` from the horizon ``T``.
    """

    def __init__(self, budget: float = 1.0, batch: int | None = None) -> None:
        self.budget = positive("budget", budget)
        self.batch = None if batch is None else integer("batch", batch)

    def _batch_of(self, problem: BanditProblem) -> int:
        if self.batch is not None:
            return self.batch
        horizon = horizon_of("Rexp3", None, problem, "give a batch, or play exp3_ix with eta: anytime")
        k = problem.n_actions
        most: float = (k * math.log(k)) ** (1.0 / 3.0) * (horizon / self.budget) ** (2.0 / 3.0)
        return max(1, math.ceil(min(most, horizon)))

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        need_range("Rexp3", problem, "sliding_window_ucb takes a declared noise instead of a range")
        self._exp3, self._rng, self._length = Exp3(), rng, self._batch_of(problem)
        self._told = replace(problem, horizon=self._length)
        self._begin()

    def _begin(self) -> None:
        self._exp3.reset(self._told, self._rng)
        self._left = self._length

    def _pass(self, rounds: int) -> None:
        self._left -= rounds
        if self._left == 0:
            self._begin()

    def choose(self, observation: Any) -> int:
        return self._exp3.choose(observation)

    def probabilities(self, observation: Any) -> Array:
        return self._exp3.probabilities(observation)

    def learn(self, action: int, reward: float) -> None:
        self._exp3.learn(action, reward)
        self._pass(1)

    def play(self, block: Block, actions: Actions) -> None:
        start = 0
        while start < actions.size:
            now = actions[start : start + self._left]
            self._exp3.play(block.since(start), now)
            self._pass(now.size)
            start += now.size

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The bound above, with the variation that the instance has up to each round."""
        if not isinstance(instance, ArmsInstance) or instance.variation is None or not problem.bounded:
            return ()
        if self.batch is None and problem.horizon is None:
            return ()
        k, span, batch = problem.n_actions, problem.high - problem.low, self._batch_of(problem)
        each = 2.0 * span * math.sqrt((math.e - 1.0) * batch * k * math.log(k))

        def curve(t: Array) -> Array:
            return np.asarray(each * np.ceil(t / batch) + 2.0 * batch * instance.variation_until(t))

        return (
            Bound(
                "Rexp3 bound",
                "upper",
                curve,
                comparator_class(instance),
                "derived in this project, by the lemma of Besbes, Gur, Zeevi 2014",
                "derived",
                holds(instance, OBLIVIOUS, BOUNDED),
                time="horizon-tuned",
            ),
        )
