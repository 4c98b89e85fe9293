"""The epsilon-best arm with one stored arm, by threshold challenges.

The stored arm keeps the mean ``v`` of its last challenge. A newcomer is pulled in levels ``l = 0..L`` of
``ceil(c A g^l / eps^2)`` fresh pulls and let pass at the first level with ``mean < v + theta eps``; if it passes all,
it replaces the stored arm and ``v`` is the last level's mean. ``L`` is the smallest number with
``g^L >= 1 + kappa ln t`` for the ``t``-th newcomer since the last replacement, and ``A = 1 + ln(1 / delta)`` (1 without
``delta``), ``eps = (K A / T)^(1/3)``. The stored arm is never pulled again before the commitment; ``v`` never falls.

Reference: T. Jin, K. Huang, J. Tang, X. Xiao, *Optimal Streaming Algorithms for Multi-Armed Bandits*, ICML 2021, arXiv
2410.17835 prove ``O(K eps^-2 ln(1/delta))`` pulls with one stored arm (abstract). The rule here is a reconstruction in
that manner with constants of its own, not the paper's algorithm. With ``c = 8``, ``kappa = 2`` and ``delta`` given, an
arm that is ``eps`` below the best is kept with probability of the order of ``delta`` (derived, a sketch).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import positive, probability, real
from bandits.contract import Array, Bound, Instance
from bandits.streaming.policy import StreamingPolicy
from bandits.streaming.problem import CURRENT, Action, Store, StreamProblem
from bandits.streaming.theory import StreamInstance, at_horizon, cube_root, fits, natural_scale, rewards_fit


class EpsBestSingle(StreamingPolicy):
    """Threshold challenges with one stored arm (reconstruction after Jin et al. 2021).

    Args:
        c: factor of all batches, > 0.
        theta: margin that a newcomer must show, in units of ``eps``, > 0.
        g: growth of the batches from level to level, > 1.
        kappa: growth of the levels with the logarithm of the number of newcomers, > 0.
        delta: probability of failure in (0, 1), or None for the rule that aims at the mean regret.
    """

    def __init__(
        self, c: float = 1.0, theta: float = 0.5, g: float = 1.5, kappa: float = 4.0, delta: float | None = None
    ) -> None:
        self.c = positive("c", c)
        self.theta = positive("theta", theta)
        self.g = real("g", g, 1.0)
        self.kappa = positive("kappa", kappa)
        self.delta = None if delta is None else probability("delta", delta)

    def slots_required(self, problem: StreamProblem) -> int:
        return 1

    def memory_words(self, problem: StreamProblem) -> int:
        return 2 + 4

    def _begin(self, problem: StreamProblem, rng: np.random.Generator) -> list[Action]:
        arms, horizon = problem.n_arms, problem.pulls
        a = 1.0 if self.delta is None else 1.0 + math.log(1.0 / self.delta)
        self._eps = 1.0 / cube_root(horizon / (arms * a))
        self._unit = self.c * a / self._eps**2
        self._value = -math.inf
        self._newcomers = self._level = 0
        self._fresh = True
        return [self._pull(CURRENT, self._size(0))]

    def _size(self, level: int) -> int:
        return max(1, math.ceil(self._unit * self.g**level))

    def _levels(self) -> int:
        need, level = 1.0 + self.kappa * math.log(max(self._newcomers, 1)), 0
        while self.g**level < need:
            level += 1
        return level

    @property
    def _threshold(self) -> float:
        return self._value + self.theta * self._eps

    def _respond(self, mean: float) -> list[Action]:
        kept: list[Action] = []
        if mean >= self._threshold:
            if self._value > -math.inf and self._level < self._levels():
                self._level += 1
                self._fresh = False
                return [self._pull(CURRENT, self._size(self._level))]
            self._value = mean
            self._newcomers = 0
            kept = [Store(0)]
        self._level = 0
        self._fresh = True
        self._newcomers += 1  # counts the arm that comes next
        return [*kept, *self._next(self._size(0))] if self._arrived < self._arms else [*kept, self._commit(0)]

    def _skim(self, means: Array) -> int:
        passes = means >= self._threshold
        first = int(np.argmax(passes))
        count = first if passes[first] else len(means)
        self._newcomers += count
        return count

    def regret_bounds(self, problem: StreamProblem, instance: Instance) -> Sequence[Bound]:
        """The order ``K^(1/3) T^(2/3)``, times ``ln(1/delta)^(1/3)`` where ``delta`` is given."""
        if not isinstance(instance, StreamInstance):
            return ()
        arms = problem.n_arms
        factor = 1.0 if self.delta is None else math.cbrt(max(math.log(1.0 / self.delta), 1.0))
        source = "abstract of Wang 2023, through Jin et al. 2021; with delta derived"
        assumptions = (*rewards_fit(problem, instance), fits("there are at least two arms", arms >= 2))
        return (
            at_horizon("single-arm bound", "order", factor * natural_scale(problem), source, "convention", assumptions),
        )
