"""Epsilon-greedy on contexts: mostly the action whose linear model predicts the least loss.

In round ``t``, with probability ``epsilon_t = min(1, c / t^(1/3))`` an action drawn uniformly, else the least
``theta_i f`` (see ``ridge``). One uniform ``u`` a round decides both: explore if ``u < epsilon_t``, and then play
action ``floor(u d / epsilon_t)`` of ``d``.

Reference: J. Langford and T. Zhang, *The Epoch-Greedy Algorithm for Contextual Multi-armed Bandits*, NeurIPS 2007: the
``T^(2/3)`` rate of exploring at random for a share ``t^(-1/3)`` of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import real
from bandits.arms.problem import Actions, Block
from bandits.contextual.problem import ContextualProblem
from bandits.contextual.ridge import RidgePolicy, pick_row, play_rows
from bandits.contract import Array, Bound, Instance


class ContextualEpsilonGreedy(RidgePolicy):
    """Epsilon-greedy on Chebyshev features of the context.

    Args:
        c: amount of exploration, >= 0.
        n_features: see ``RidgePolicy``.
        ridge: see ``RidgePolicy``.
        interval: see ``ContextualPolicy``.
    """

    by_arm = True

    def __init__(
        self, c: float = 0.5, n_features: int = 6, ridge: float = 1.0, interval: Sequence[float] | None = None
    ) -> None:
        super().__init__(n_features, ridge, None, interval)
        self.c = real("c", c, 0.0, closed="low")

    def _forced(self, uniforms: Array) -> NDArray[np.int64]:
        """The exploring actions [n_rounds] from now on, -1 where the models decide."""
        d = len(self._ridge.theta)
        epsilon = np.minimum(1.0, self.c * np.arange(self._t, self._t + uniforms.size) ** (-1.0 / 3.0))
        explore = uniforms < epsilon
        share = np.divide(uniforms, epsilon, out=np.zeros_like(uniforms), where=explore)
        return np.where(explore, np.minimum((share * d).astype(np.int64), d - 1), -1)

    def pick(self, row: Array) -> int:
        forced = int(self._forced(self._rng.random(1))[0])
        return forced if forced >= 0 else pick_row(row, np.zeros(len(self._ridge.theta)), self._ridge)

    def probabilities(self, observation: Any) -> Array:
        n = len(self._ridge.theta)
        explore = min(1.0, self.c * self._t ** (-1.0 / 3.0))
        found = np.full(n, explore / n)
        found[pick_row(self.features_of(observation), np.zeros(n), self._ridge)] += 1.0 - explore
        return found

    def play(self, block: Block, features: Array, actions: Actions) -> None:
        forced = self._forced(self._rng.random(actions.size))
        weights = np.zeros((actions.size, len(self._ridge.theta)))
        play_rows(block, features, actions, weights, forced, self._high, self._ridge, True)
        self._t += actions.size

    def regret_bounds(self, problem: ContextualProblem, instance: Instance) -> Sequence[Bound]:
        """The rate ``K (d n)^(1/3) t^(2/3)`` of exploring uniformly."""
        if not problem.bounded:
            return ()
        rates = self.rate(problem, instance, "epsilon-greedy rate", "Langford and Zhang 2007, Theorem 1", 1.0 / 3.0)
        return tuple(replace(b, curve=lambda t, b=b: b.curve(t) * t ** (1.0 / 6.0)) for b in rates)  # type: ignore[misc]
