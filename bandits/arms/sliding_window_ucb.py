"""Sliding-window UCB: optimism that looks at the last ``tau`` rounds only, for means that change.

In round ``t`` let ``N_i`` and ``S_i`` be the number of plays and the sum of rewards of arm ``i`` in the ``tau`` rounds
before. Play an arm with ``N_i = 0`` if there is one, else the arm with the largest

    S_i / N_i + width sqrt(xi ln(min(t, tau)) / N_i).

Ties go to the lowest index.

Reference: A. Garivier and E. Moulines, *On Upper-Confidence Bound Policies for Switching Bandit Problems*, ALT 2011
(arXiv:0805.3415), Theorem 2.

The bound drawn follows the proof of Theorem 2 and evaluates its sums instead of estimating them. In units of ``width``,
an arm with gap at least ``D`` wherever it is worse than the best is wrongly played in ``t`` rounds at most

    ceil(t / tau) ceil(4 xi ln(min(t, tau)) / D^2) + changes * tau + 2 sum_{s<=t} min(1, P_s)      times in expectation:

``N_i >= 4 xi ln(min(t, tau)) / D^2`` makes the confidence width at most ``D / 2``, and ``tau`` rounds hold at most the
ceiling of that number of plays with fewer; ``tau`` rounds after a change the window is clean; otherwise one of two
confidence bounds fails, each with probability at most ``P_s = ceil(ln(m) / ln(1 + eta)) / m``, ``m = min(s, tau)``,
``eta = 4 sqrt(1 - 1 / (2 xi))``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, positive
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import OBLIVIOUS, ArmsInstance, dynamic_gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel


@kernel
def _choose(t: int, window: int, counts: Array, sums: Array, scale: float) -> int:
    best, arm = -math.inf, 0
    log = scale * math.log(min(t, window))
    for i in range(counts.size):
        if counts[i] == 0.0:
            return i
        index = sums[i] / counts[i] + math.sqrt(log / counts[i])
        if index > best:
            best, arm = index, i
    return arm


@kernel
def _learn(
    t: int, arm: int, reward: float, counts: Array, sums: Array, arms: NDArray[np.int64], rewards: Array
) -> None:
    place = (t - 1) % arms.size
    if t > arms.size:
        old = arms[place]
        counts[old] -= 1.0
        sums[old] -= rewards[place]
        if counts[old] == 0.0:
            sums[old] = 0.0  # leave no rounding error behind
    arms[place] = arm
    rewards[place] = reward
    counts[arm] += 1.0
    sums[arm] += reward


@kernel
def _play(
    block: Block,
    actions: Actions,
    t: int,
    counts: Array,
    sums: Array,
    arms: NDArray[np.int64],
    rewards: Array,
    scale: float,
) -> None:
    for s in range(actions.size):
        arm = _choose(t + s, arms.size, counts, sums, scale)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(t + s, arm, reward, counts, sums, arms, rewards)
        actions[s] = arm


class SlidingWindowUCB(BanditPolicy):
    """SW-UCB of Garivier and Moulines (2011).

    Args:
        window: ``tau`` in rounds, >= 1; None takes the authors' ``2 sqrt(horizon ln(horizon) / changes)``.
        changes: number of changes expected during the run, >= 1; used for the default window only.
        exploration: ``xi`` > 0. The theorem is about values above 1/2.
    """

    def __init__(self, window: int | None = None, changes: int = 1, exploration: float = 0.6) -> None:
        self.window = None if window is None else integer("window", window, most=10**8)
        self.changes = integer("changes", changes)
        self.exploration = positive("exploration", exploration)

    def _window_of(self, problem: BanditProblem) -> int:
        if self.window is not None:
            return self.window
        if problem.horizon is None:
            raise ValueError("SlidingWindowUCB needs a horizon or a window: the problem has horizon=None")
        return max(1, math.ceil(2.0 * math.sqrt(problem.horizon * math.log(problem.horizon) / self.changes)))

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        super().reset(problem, rng)
        self._t = 1
        self._counts = np.zeros(problem.n_actions)
        self._sums = np.zeros(problem.n_actions)
        self._arms = np.zeros(self._window_of(problem), dtype=np.int64)
        self._rewards = np.zeros(self._arms.size)
        self._scale = self.exploration * problem.width**2

    def choose(self, observation: Any) -> int:
        return _choose(self._t, self._arms.size, self._counts, self._sums, self._scale)

    def learn(self, action: int, reward: float) -> None:
        _learn(self._t, action, reward, self._counts, self._sums, self._arms, self._rewards)
        self._t += 1

    def play(self, block: Block, actions: Actions) -> None:
        _play(block, actions, self._t, self._counts, self._sums, self._arms, self._rewards, self._scale)
        self._t += actions.size

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 2, summed as above: largest gap times wrong plays, over the arms; at most the largest times t.

        Against the best arm of every round; where nothing changes, against the fixed best arm.
        """
        if not isinstance(instance, ArmsInstance):
            return ()
        dynamic, xi, window = dynamic_gaps_of(instance), self.exploration, self._window_of(problem)
        if dynamic is None or xi <= 0.5:
            return ()
        smallest, largest, changes = dynamic
        base, width = math.log1p(4.0 * math.sqrt(1.0 - 1.0 / (2.0 * xi))), problem.width
        m = np.arange(1.0, window + 1.0)
        failures = np.minimum(1.0, np.maximum(np.ceil(np.log(m) / base), 1.0) / m)
        missed = np.concatenate([[0.0], np.cumsum(failures)])

        def curve(t: Array) -> Array:
            full = np.minimum(t, window)
            sums = np.interp(full, np.arange(window + 1.0), missed) + (t - full) * failures[-1]
            few = np.ceil(4.0 * xi * np.log(np.maximum(full, 1.0)) * (width / smallest[:, None]) ** 2)
            plays = np.ceil(t / window) * few + changes * window + 2.0 * sums
            return np.asarray(np.minimum(largest @ plays, t * np.max(largest, initial=0.0)))

        return (
            Bound(
                "SW-UCB bound",
                "upper",
                curve,
                "dynamic" if instance.dynamic_gaps is not None else "fixed",
                "derived: the proof of Theorem 2 of Garivier and Moulines 2011 with its sums evaluated",
                "derived",
                holds(instance, OBLIVIOUS, problem=problem),
            ),
        )
