"""What arms share whose laws differ in more than their means: rewards are quantiles of one uniform a round."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from bandits.arms.problem import Actions, Block
from bandits.contract import Array
from environments.arms.stochastic import StochasticArms
from environments.record import Plays

CELLS = 1 << 18
"""Rewards of all arms that are worked out at once, about. No number of a run depends on it."""


class SampledArms(StochasticArms):
    """Arms that pay in each round the quantiles of their laws at one uniform, which decides the rewards of all.

    Blocks are tables of rewards. A play counts with its arm's mean in the metric ``expected_reward``.
    """

    @abstractmethod
    def _quantiles(self, uniforms: Array) -> Array:
        """The rewards [n_rounds, n_arms] of all arms, C-contiguous, at uniforms [n_rounds] in [0, 1)."""

    def _noise(self, n: int) -> Array:
        self._uniforms = self._generator.random(n)
        return np.zeros(n)

    def _levels(self, start: int, stop: int) -> tuple[Array, int, int]:
        end = min(stop, start + max(1, CELLS // self._n_arms))
        return self._quantiles(self._uniforms[start - self._first : end - self._first]), 1, end

    def _plays(self, block: Block, paid: Array, actions: Actions) -> Plays:
        means = self._means[actions]
        return Plays(means, paid - means, False)
