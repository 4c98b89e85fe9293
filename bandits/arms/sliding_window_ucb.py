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

A round changes two arms, the one played and the one whose play leaves the window, and the root of the logarithm grows
with time and is the same for all: ``envelope.py`` finds the largest index. Nothing is ever subtracted from a sum of
rewards, so that no rounding error stays behind. The last ``tau`` rounds stand in a ring; whenever it is full, each
reward is replaced by the sum of those of its arm that come after it, which is what is left of them once it is gone,
and beside these grows the sum of what is new.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import integer, positive
from bandits.arms.envelope import envelope_of, put, winner
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import OBLIVIOUS, ArmsInstance, dynamic_gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel


@kernel
def _turn(old: Array, new: Array, arms: NDArray[np.int64], rewards: Array) -> None:
    for place in range(arms.size - 1, -1, -1):
        arm, reward = arms[place], rewards[place]
        rewards[place] = old[arm]
        old[arm] += reward
        new[arm] = 0.0


@kernel
def _learn(
    t: int,
    arm: int,
    reward: float,
    counts: Array,
    old: Array,
    new: Array,
    arms: NDArray[np.int64],
    rewards: Array,
    tree: Array,
    clock: Array,
    scale: float,
) -> None:
    window = arms.size
    place = (t - 1) % window
    if t < window:
        clock[0] = scale * math.sqrt(math.log(t + 1))
    if t > window:
        if place == 0:
            _turn(old, new, arms, rewards)
        gone = arms[place]
        counts[gone] -= 1.0
        old[gone] = rewards[place]
        if counts[gone] == 0.0:
            put(tree, gone, math.inf, 0.0, clock[0])
        elif gone != arm:
            put(tree, gone, (old[gone] + new[gone]) / counts[gone], 1.0 / math.sqrt(counts[gone]), clock[0])
    arms[place] = arm
    rewards[place] = reward
    counts[arm] += 1.0
    new[arm] += reward
    put(tree, arm, (old[arm] + new[arm]) / counts[arm], 1.0 / math.sqrt(counts[arm]), clock[0])


@kernel
def _play(
    block: Block,
    actions: Actions,
    t: int,
    counts: Array,
    old: Array,
    new: Array,
    arms: NDArray[np.int64],
    rewards: Array,
    tree: Array,
    clock: Array,
    scale: float,
) -> None:
    for s in range(actions.size):
        arm = winner(tree)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(t + s, arm, reward, counts, old, new, arms, rewards, tree, clock, scale)
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
        self._old, self._new = np.zeros(problem.n_actions), np.zeros(problem.n_actions)
        self._arms = np.zeros(self._window_of(problem), dtype=np.int64)
        self._rewards = np.zeros(self._arms.size)
        self._tree, self._clock = envelope_of(problem.n_actions), np.zeros(1)
        self._scale = problem.width * math.sqrt(self.exploration)

    @property
    def _state(self) -> tuple[Any, ...]:
        return (self._counts, self._old, self._new, self._arms, self._rewards, self._tree, self._clock, self._scale)

    def choose(self, observation: Any) -> int:
        return winner(self._tree)

    def learn(self, action: int, reward: float) -> None:
        _learn(self._t, action, reward, *self._state)
        self._t += 1

    def play(self, block: Block, actions: Actions) -> None:
        _play(block, actions, self._t, *self._state)
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
