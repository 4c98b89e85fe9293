"""Epsilon-greedy with decaying exploration.

In round ``t`` (counted from 1), with probability ``epsilon_t = min(1, c K / (d^2 t))`` play an arm drawn uniformly,
otherwise the arm with the largest mean. Ties go to the lowest index, and an arm never played counts as the best. One
uniform ``u`` a round decides both: explore if ``u < epsilon_t``, and then play arm ``floor(u K / epsilon_t)``.

Reference: P. Auer, N. Cesa-Bianchi, P. Fischer, *Finite-time Analysis of the Multiarmed Bandit Problem*, Machine
Learning 47, 2002, Figure 3 and Theorem 3.

The bound drawn is the proof of Theorem 3 with its sums evaluated instead of estimated; it needs neither ``c > 5`` nor
``d <= min gap``. Let ``x = sum_{s<t} epsilon_s / (2 K)``, half the expected number of exploring plays of an arm before
round ``t``, and ``D`` a gap divided by ``width``. By Bernstein's inequality an arm has at most ``x`` exploring plays
with probability at most ``exp(-x / 5)``, whatever the rewards; by Hoeffding's, the mean of ``s`` plays errs by
``D / 2`` in one direction with probability at most ``exp(-s D^2 / 2)``. Splitting ``s = 0, 1, ...`` at ``floor(x)``,

    P(arm i in round t) <= epsilon_t / K
                           + 2 exp(-x / 5) / (1 - exp(-D_i^2 / 2))
                           + (4 / D_i^2) exp(-D_i^2 floor(x) / 2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive, real
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import kernel


@kernel
def _choose(t: int, uniform: float, counts: Array, sums: Array, scale: float) -> int:
    epsilon = min(1.0, scale / t)
    if uniform < epsilon:
        return min(int(uniform / epsilon * counts.size), counts.size - 1)
    best, arm = -math.inf, 0
    for i in range(counts.size):
        if counts[i] == 0.0:
            return i
        mean = sums[i] / counts[i]
        if mean > best:
            best, arm = mean, i
    return arm


@kernel
def _play(block: Block, actions: Actions, uniforms: Array, t: int, counts: Array, sums: Array, scale: float) -> None:
    for s in range(actions.size):
        arm = _choose(t + s, uniforms[s], counts, sums, scale)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        counts[arm] += 1.0
        sums[arm] += reward
        actions[s] = arm


class EpsilonGreedy(BanditPolicy):
    """The epsilon_n-greedy policy of Auer, Cesa-Bianchi and Fischer (2002).

    Args:
        c: amount of exploration, > 0. The theorem's logarithmic rate asks for more than 5; the authors' experiments do
            best with far less (0.05 to 0.2).
        d: lower bound on the smallest gap in units of the rewards' range, in (0, 1].
    """

    by_arm = True

    def __init__(self, c: float = 0.15, d: float = 0.1) -> None:
        self.c = positive("c", c)
        self.d = real("d", positive("d", d), 0.0, 1.0, closed="high")

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        self._rng = rng
        self._t = 1
        self._counts = np.zeros(problem.n_actions)
        self._sums = np.zeros(problem.n_actions)
        self._scale = self.c * problem.n_actions / self.d**2

    def choose(self, observation: Any) -> int:
        return _choose(self._t, self._rng.random(), self._counts, self._sums, self._scale)

    def probabilities(self, observation: Any) -> Array:
        explore, best = min(1.0, self._scale / self._t), _choose(self._t, 1.0, self._counts, self._sums, self._scale)
        found = np.full(self._n_arms, explore / self._n_arms)
        found[best] += 1.0 - explore
        return found

    def learn(self, action: int, reward: float) -> None:
        self._t += 1
        self._counts[action] += 1.0
        self._sums[action] += reward

    def play(self, block: Block, actions: Actions) -> None:
        uniforms = self._rng.random(actions.size)
        _play(block, actions, uniforms, self._t, self._counts, self._sums, self._scale)
        self._t += actions.size

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The proof of Theorem 3 summed over rounds, and the theorem's rate ``(c / d^2) sum gap_i ln(t)``.

        The sum is cut off at the largest gap times t.
        """
        if not isinstance(instance, ArmsInstance) or not problem.sub_gaussian:
            return ()
        gaps = gaps_of(instance)
        if gaps is None:
            return ()
        gaps = gaps[gaps > 0]
        arms, scale, width = problem.n_actions, self.c * problem.n_actions / self.d**2, max(problem.width, 1e-100)
        slope, smallest = self.c / self.d**2 * float(np.sum(gaps)), float(np.min(gaps, initial=math.inf)) / width

        def summed(t: Array) -> Array:
            # The bound on a round's probability falls with the round, so its value at the start of a stretch serves
            # for the whole stretch; stretches grow by less than half a per cent.
            last = float(np.max(t))
            edges = np.unique(np.floor(np.geomspace(1.0, last + 1.0, 6000)))
            before = edges - 1.0
            full = min(math.floor(scale), last)  # rounds with epsilon = 1
            later = scale * np.log(np.maximum(edges, full + 1.0) / (full + 1.0))  # <= sum of scale / s
            x = (np.minimum(before, full) + later) / (2.0 * arms)
            regret = np.zeros_like(edges)
            for gap in gaps:
                rate = (gap / width) ** 2 / 2.0
                few = -np.exp(-x / 5.0) / np.expm1(-rate)
                tail = np.exp(-rate * np.floor(x)) / rate
                chance = np.minimum(1.0, np.minimum(1.0, scale / edges) / arms + 2.0 * (few + tail))
                regret[1:] += gap * np.cumsum(np.diff(edges) * chance[:-1])
            return np.asarray(np.minimum(np.interp(t, before, regret), t * np.max(gaps, initial=0.0)))

        return (
            Bound(
                "epsilon-greedy bound",
                "upper",
                summed,
                "fixed",
                "derived: the proof of Theorem 3 of Auer, Cesa-Bianchi, Fischer 2002 with its sums evaluated",
                "derived",
                holds(instance, STATIONARY, problem=problem),
            ),
            Bound(
                "epsilon-greedy rate",
                "order",
                lambda t: slope * np.log(np.maximum(t, 1.0)),
                "fixed",
                "Auer, Cesa-Bianchi, Fischer 2002, Theorem 3 (leading term)",
                "convention",
                (
                    *holds(instance, STATIONARY, problem=problem),
                    Assumption("c > 5", self.c > 5.0),
                    Assumption("d is at most the smallest gap divided by the range", self.d <= smallest),
                ),
            ),
        )
