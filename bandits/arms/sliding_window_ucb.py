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
until the window is full and is the same for all: the index is computed as ``mean_i + 1 / sqrt(N_i) * root``, and over
stretches of some rounds a tree keeps its value at their end (``tournament.py``), which is the index itself once the
window is full.

Nothing is ever subtracted from a sum of rewards, so that no rounding error stays behind. The last ``tau`` rounds stand
in a ring. Whenever it is full, each reward in it gives way to the sum of those of its arm that came later, which is
what will be left of them once it is gone, and beside these grows the sum of what is new.
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
from bandits.arms.tournament import after, build, first, put, rival, tree_of
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

COUNT, OLD, NEW, MEAN, WIDTH = 0, 1, 2, 3, 4
"""Columns of the state [n_arms, 5]: count, sums of what the ring holds from its last turn and since, line."""


@kernel
def _look_ahead(now: int, window: int, state: Array, tree: Array, clock: Array, scale: float) -> None:
    """Set the clock to a round; where its stretch is over, bound all indices by their values at the next one's end."""
    clock[0], clock[1] = now, scale * math.sqrt(math.log(now))
    if now > clock[2]:
        clock[2] = min(window, now + 16 + state.shape[0] // 16)
        clock[3] = scale * math.sqrt(math.log(clock[2]))
        for i in range(state.shape[0]):
            tree[tree.size // 2 + i] = state[i, MEAN] + state[i, WIDTH] * clock[3]
        build(tree)


@inlined
def _best(state: Array, tree: Array, clock: Array) -> int:
    arm = first(tree, tree[1])
    root = clock[1]
    if root == clock[3]:
        return arm
    best = state[arm, MEAN] + state[arm, WIDTH] * root
    i = first(tree, best)
    while i >= 0:
        index = state[i, MEAN] + state[i, WIDTH] * root
        if index > best or (index == best and i < arm):
            best, arm = index, i
        i = after(tree, i, best)
    return arm


@kernel
def _turn(state: Array, arms: NDArray[np.int64], rewards: Array) -> None:
    """Replace each reward in the ring by what will be left of its arm's once it is gone."""
    for place in range(arms.size - 1, -1, -1):
        arm, reward = arms[place], rewards[place]
        rewards[place] = state[arm, OLD]
        state[arm, OLD] += reward
        state[arm, NEW] = 0.0


@inlined
def _slide(t: int, place: int, arm: int, reward: float, state: Array, arms: NDArray[np.int64], rewards: Array) -> int:
    """Put round ``t`` in a place of the ring, and return the arm of the play that leaves the window, or ``arm``."""
    gone = arm
    if t > arms.size:
        if place == 0:
            _turn(state, arms, rewards)
        gone = arms[place]
        state[gone, COUNT] -= 1.0
        state[gone, OLD] = rewards[place]
    arms[place], rewards[place] = arm, reward
    state[arm, COUNT] += 1.0
    state[arm, NEW] += reward
    return gone


@inlined
def _line(arm: int, state: Array, root: float) -> float:
    """Set the line of an arm, and return its index."""
    count = state[arm, COUNT]
    if count > 0.0:
        state[arm, MEAN] = (state[arm, OLD] + state[arm, NEW]) / count
        state[arm, WIDTH] = 1.0 / math.sqrt(count)
    else:
        state[arm, MEAN], state[arm, WIDTH] = math.inf, 0.0
    return float(state[arm, MEAN] + state[arm, WIDTH] * root)


@inlined
def _follow(
    t: int,
    place: int,
    arm: int,
    reward: float,
    state: Array,
    arms: NDArray[np.int64],
    rewards: Array,
    tree: Array,
    clock: Array,
    scale: float,
) -> int:
    """Take in the reward of round ``t``, which goes to a place in the ring, and return the arm of the next."""
    gone, now = _slide(t, place, arm, reward, state, arms, rewards), min(t + 1, arms.size)
    put(tree, arm, _line(arm, state, clock[3]))
    if gone != arm:
        put(tree, gone, _line(gone, state, clock[3]))
    if clock[0] < now:
        _look_ahead(now, arms.size, state, tree, clock, scale)
    return _best(state, tree, clock)


@kernel
def _learn(
    t: int,
    arm: int,
    reward: float,
    state: Array,
    arms: NDArray[np.int64],
    rewards: Array,
    tree: Array,
    clock: Array,
    scale: float,
) -> int:
    return _follow(t, (t - 1) % arms.size, arm, reward, state, arms, rewards, tree, clock, scale)


@kernel
def _play(
    block: Block,
    actions: Actions,
    t: int,
    arm: int,
    state: Array,
    arms: NDArray[np.int64],
    rewards: Array,
    tree: Array,
    clock: Array,
    scale: float,
) -> int:
    """Play a block from round ``t`` on, and return the arm of the round that follows it.

    Where an arm is played again and the window is full, it stays as long as its index exceeds those of all others, of
    which a round changes one at the most; until then its own leaf in the tree is not kept up.
    """
    s, place, before = 0, (t - 1) % arms.size, -1
    while s < actions.size:
        stays = (arm == before) & (t + s > arms.size)
        level, index = rival(tree, arm) if stays else 0.0, 0.0
        while True:
            reward = block.levels[s * block.stride, arm] + block.noise[s]
            if block.binary:
                reward = 1.0 if reward > 0.0 else 0.0
            actions[s] = before = arm
            now, ring = t + s, place
            s, place = s + 1, place + 1 if place + 1 < arms.size else 0
            if not stays:
                arm = _follow(now, ring, arm, reward, state, arms, rewards, tree, clock, scale)
                break
            gone = _slide(now, ring, arm, reward, state, arms, rewards)
            if gone != arm:
                put(tree, gone, _line(gone, state, clock[3]))
                level = rival(tree, arm)
            index = _line(arm, state, clock[3])
            if s == actions.size or not index > level:
                put(tree, arm, index)
                arm = _best(state, tree, clock)
                break
    return arm


class SlidingWindowUCB(BanditPolicy):
    """SW-UCB of Garivier and Moulines (2011).

    Args:
        window: ``tau`` in rounds, >= 1; None takes the authors' ``2 sqrt(horizon ln(horizon) / changes)``.
        changes: number of changes expected during the run, >= 1; used for the default window only.
        exploration: ``xi`` > 0. The theorem is about values above 1/2.
    """

    decided = True

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
        self._t, self._arm = 1, 0
        self._state = np.zeros((problem.n_actions, 5))
        self._state[:, MEAN] = math.inf
        self._arms = np.zeros(self._window_of(problem), dtype=np.int64)
        self._rewards = np.zeros(self._arms.size)
        self._tree, self._clock = tree_of(problem.n_actions), np.zeros(4)  # round, root, those of the stretch's end
        self._scale = problem.width * math.sqrt(self.exploration)

    def choose(self, observation: Any) -> int:
        return self._arm

    def learn(self, action: int, reward: float) -> None:
        ring = self._arms, self._rewards
        self._arm = _learn(self._t, action, reward, self._state, *ring, self._tree, self._clock, self._scale)
        self._t += 1

    def play(self, block: Block, actions: Actions) -> None:
        ring = self._arms, self._rewards
        self._arm = _play(block, actions, self._t, self._arm, self._state, *ring, self._tree, self._clock, self._scale)
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
