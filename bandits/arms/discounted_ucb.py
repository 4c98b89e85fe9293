"""Discounted UCB: optimism that forgets geometrically, for means that change.

With the discount ``gamma``, before round ``t`` let ``N_i`` and ``S_i`` be the number of plays and the sum of rewards of
arm ``i``, a play ``s`` rounds before the last one counting ``gamma^s``, and ``n = sum_i N_i``. After playing every arm
once, play the arm with the largest

    S_i / N_i + 2 width sqrt(xi ln(n) / N_i).

Ties go to the lowest index. No count decays below ``2^-900``.

Reference: A. Garivier and E. Moulines, *On Upper-Confidence Bound Policies for Switching Bandit Problems*, ALT 2011
(arXiv:0805.3415), Theorem 1.

The bound drawn follows the proof of Theorem 1 and evaluates its sums instead of estimating them. In units of the range,
an arm with gap at least ``D`` wherever it is worse than the best is wrongly played in ``t`` rounds at most

    1 + ceil(t / L) ceil(A gamma^-(L - 1)) + changes * F + 2 sum_{s<t} min(1, P_s)      times in expectation, where

* ``A = 16 xi ln(n_t) / D^2`` makes the width at most ``D / 2`` once ``N_i >= A``; a stretch of
  ``L = ceil(1 / (1 - gamma))`` rounds holds at most ``ceil(A gamma^-(L - 1))`` plays with ``N_i < A``;
* from ``F = ceil(ln((1 - gamma) xi ln n_K) / ln gamma)`` rounds after a change on, the rewards before it move a mean by
  at most half the width;
* the other half covers the noise of one arm but for probability ``P_s = slices_s n_s^(-2 xi (1 - eta^2 / 16)) =
  slices_s / n_s`` with ``eta = 4 sqrt(1 - 1 / (2 xi))``. ``slices_s = ceil(ln(n_s / (xi ln n_s)) / ln(1 + eta))`` peels
  ``N_i`` between ``xi ln n_s``, below which half the width is the range or more, and the weight of all ``s`` rounds,
  ``n_s = (1 - gamma^s) / (1 - gamma)``.

A round changes one arm: instead of letting all counts and sums decay, a new play counts ``u = gamma^-t``. The index is
then ``mean_i + root / sqrt(N_i)`` with ``root = 2 width sqrt(xi ln(n) u)``, which grows with time and is the same for
all arms, so that the indices are lines over a clock, and few of them need be computed in a round (``kinetic.py``). All
units are divided by ``2^64`` whenever ``u`` passes 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import integer, positive, real
from bandits.arms.kinetic import Arms, climb, line, line_stands, rival, settle, tournament
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import BOUNDED, OBLIVIOUS, ArmsInstance, dynamic_gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import inlined, kernel

_STEP = 2.0**-64
_LEAST = 2.0**-900


@kernel
def _rescale(rows: Array, winners: Arms, until: Array, clock: Array, scale: float) -> None:
    """Divide all units by powers of two, which changes no digit, until a play counts at most 1."""
    while clock[0] > 1.0:
        clock[0] *= _STEP
        least, now = _LEAST * clock[0], scale * math.sqrt(clock[2] * clock[0])
        for j in range(until.size):
            until[j] *= math.sqrt(_STEP)
        for i in range(rows.shape[0]):
            rows[i, 1] /= math.sqrt(_STEP)
            rows[i, 2] *= _STEP
            rows[i, 3] *= _STEP
        for i in range(rows.shape[0]):
            if 0.0 < rows[i, 2] < least:
                rows[i, 3] *= least / rows[i, 2]
                rows[i, 2], rows[i, 1] = least, 1.0 / math.sqrt(least)
                climb(line, line_stands, i, now, rows, winners, until)


@inlined
def _count(
    arm: int,
    reward: float,
    rows: Array,
    winners: Arms,
    until: Array,
    clock: Array,
    discount: float,
    growth: float,
    scale: float,
) -> float:
    """Count a play, and return the root of the next round."""
    clock[0] *= growth
    if clock[0] > 1.0:
        _rescale(rows, winners, until, clock, scale)
    unit, others = clock[0], discount * (1.0 + clock[1])
    if others != clock[1]:
        clock[1], clock[2] = others, max(clock[2], math.log1p(others))
    rows[arm, 2] += unit
    rows[arm, 3] += unit * reward
    rows[arm, 0], rows[arm, 1] = rows[arm, 3] / rows[arm, 2], 1.0 / math.sqrt(rows[arm, 2])
    return float(scale * math.sqrt(clock[2] * unit))


@kernel
def _learn(
    arm: int,
    reward: float,
    rows: Array,
    winners: Arms,
    until: Array,
    clock: Array,
    discount: float,
    growth: float,
    scale: float,
) -> int:
    now = _count(arm, reward, rows, winners, until, clock, discount, growth, scale)
    climb(line, line_stands, arm, now, rows, winners, until)
    return settle(line, line_stands, now, rows, winners, until)


@kernel
def _play(
    block: Block,
    actions: Actions,
    arm: int,
    rows: Array,
    winners: Arms,
    until: Array,
    clock: Array,
    discount: float,
    growth: float,
    scale: float,
) -> int:
    s, before, ahead, now = 0, -1, 1, 0.0
    while s < actions.size:
        begin, later, level = s, 0.0, math.inf
        if arm == before:
            later = now * (1.0 + 0.5 * ahead * (growth - 1.0))
            level = rival(line, arm, later, rows, winners, until)
        while True:
            reward = block.levels[s * block.stride, arm] + block.noise[s]
            if block.binary:
                reward = 1.0 if reward > 0.0 else 0.0
            actions[s] = arm
            s += 1
            last, now = now, _count(arm, reward, rows, winners, until, clock, discount, growth, scale)
            if s == actions.size or not last <= now <= later or not line(rows, arm, now) > level:  # units may be new
                break
        if arm == before:
            ahead = 2 * (s - begin)
        climb(line, line_stands, arm, now, rows, winners, until)
        before, arm = arm, settle(line, line_stands, now, rows, winners, until)
    return arm


class DiscountedUCB(BanditPolicy):
    """D-UCB of Garivier and Moulines (2011).

    Args:
        discount: ``gamma`` in (0, 1); None takes the authors' ``1 - sqrt(changes / horizon) / 4``.
        changes: number of changes expected during the run, >= 1; used for the default discount only.
        exploration: ``xi`` > 0. The theorem is about values above 1/2.
    """

    decided = True

    def __init__(self, discount: float | None = None, changes: int = 1, exploration: float = 0.6) -> None:
        self.discount = None if discount is None else real("discount", discount, 0.0, 1.0)
        self.changes = integer("changes", changes)
        self.exploration = positive("exploration", exploration)

    def _discount_of(self, problem: BanditProblem) -> float:
        if self.discount is not None:
            return self.discount
        if problem.horizon is None:
            raise ValueError("DiscountedUCB needs a horizon or a discount: the problem has horizon=None")
        return 1.0 - math.sqrt(min(1.0, self.changes / problem.horizon)) / 4.0

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        self._arm = 0
        self._rows = np.zeros((problem.n_actions, 4))
        self._rows[:, 0] = math.inf
        self._winners, self._until = tournament(problem.n_actions)
        self._clock = np.array([1.0, -1.0, 0.0])  # unit, n - 1, ln(n)
        self._scale = 2.0 * problem.width * math.sqrt(self.exploration)
        self._discount = self._discount_of(problem)
        self._growth = min(1.0 / self._discount, 2.0**900)

    def choose(self, observation: Any) -> int:
        return self._arm

    def learn(self, action: int, reward: float) -> None:
        self._arm = _learn(
            action,
            reward,
            self._rows,
            self._winners,
            self._until,
            self._clock,
            self._discount,
            self._growth,
            self._scale,
        )

    def play(self, block: Block, actions: Actions) -> None:
        self._arm = _play(
            block,
            actions,
            self._arm,
            self._rows,
            self._winners,
            self._until,
            self._clock,
            self._discount,
            self._growth,
            self._scale,
        )

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 1, summed as above: largest gap times wrong plays, over the arms; at most the largest times t.

        Against the best arm of every round; where nothing changes, against the fixed best arm.
        """
        if not isinstance(instance, ArmsInstance):
            return ()
        dynamic, xi, gamma = dynamic_gaps_of(instance), self.exploration, self._discount_of(problem)
        if dynamic is None or xi <= 0.5 or not problem.bounded:
            return ()
        smallest, largest, changes = dynamic
        base = math.log1p(4.0 * math.sqrt(1.0 - 1.0 / (2.0 * xi)))
        stretch = math.ceil(1.0 / (1.0 - gamma) - 1e-9)
        initial = math.log((1.0 - gamma**problem.n_actions) / (1.0 - gamma))
        forget = math.ceil(math.log((1.0 - gamma) * xi * initial) / math.log(gamma)) if initial > 0.0 else 0

        def weight(rounds: Array) -> Array:
            return np.asarray(np.maximum(-np.expm1(rounds * math.log(gamma)) / (1.0 - gamma), 1.0))

        def curve(t: Array) -> Array:
            s = np.arange(
                1.0, min(np.max(t), 40.0 / (1.0 - gamma)) + 1.0
            )  # later weights are equal in double precision
            n = weight(s)
            with np.errstate(divide="ignore"):
                slices = np.maximum(np.ceil(np.log(n / (xi * np.log(n))) / base), 1.0)
            failures = np.minimum(1.0, slices / n)
            missed = np.interp(t - 1.0, np.append(0.0, s), np.append(0.0, np.cumsum(failures)))
            missed += np.maximum(t - 1.0 - s[-1], 0.0) * failures[-1]
            common = 1.0 + changes * max(forget, 0) + 2.0 * missed
            few = 16.0 * xi * np.log(weight(t)) * (problem.width / smallest[:, None]) ** 2
            plays = common + np.ceil(t / stretch) * np.ceil(few * gamma ** (1.0 - stretch))
            return np.asarray(np.minimum(largest @ plays, t * np.max(largest, initial=0.0)))

        return (
            Bound(
                "D-UCB bound",
                "upper",
                curve,
                "dynamic" if instance.dynamic_gaps is not None else "fixed",
                "derived: the proof of Theorem 1 of Garivier and Moulines 2011 with its sums evaluated",
                "derived",
                holds(instance, OBLIVIOUS, BOUNDED, problem=problem),
            ),
        )
