"""MOSS, the minimax optimal strategy in the stochastic case.

After playing every arm once, play the arm with the largest

    mean_i + width sqrt(max(0, ln(T / (K n_i))) / n_i),

where ``n_i`` counts the plays of arm ``i`` before, ``T`` is the horizon and ``K`` the number of arms. Ties go to the
lowest index. An arm's index changes only when it is played: the clock of the tournament (``kinetic.py``) stands still.

Reference: J.-Y. Audibert and S. Bubeck, *Minimax policies for adversarial and stochastic bandits*, COLT 2009; the
constant from T. Lattimore and C. Szepesvári, *Bandit Algorithms*, 2020, Algorithm 7 and Theorem 9.1, whose index
``sqrt((4 / n) ln+(T / (K n)))`` for parameter 1 is this one for parameter ``width / 2``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import integer
from bandits.arms.kinetic import Arms, climb, follow, rival, settle, tournament
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import inlined, kernel

Own = tuple[float, float]
"""Width of the rewards, and horizon over the number of arms."""


@inlined
def _index(rows: Array, arm: int, now: float) -> float:
    return float(rows[arm, 0])


@inlined
def _stands(rows: Array, winner: int, loser: int, top: float, below: float, now: float) -> float:
    return math.inf


@inlined
def _clock(t: int, own: Own) -> float:
    return 0.0


@inlined
def _learn(rows: Array, arm: int, reward: float, own: Own) -> None:
    width, share = own
    n, total = rows[arm, 1] + 1.0, rows[arm, 2] + reward
    index = total / n
    if n < share:  # else the logarithm is not positive
        index += width * math.sqrt(math.log(share / n) / n)
    rows[arm, 0], rows[arm, 1], rows[arm, 2] = index, n, total


@kernel
def _follow(arm: int, reward: float, t: int, rows: Array, winners: Arms, until: Array, own: Own) -> int:
    return follow(_index, _stands, _clock, _learn, arm, reward, t, rows, winners, until, own)


@inlined
def _coast(block: Block, actions: Actions, s: int, arm: int, level: float, rows: Array) -> int:
    """Play an arm that has no logarithm left as long as its mean exceeds ``level``; returns the round that follows."""
    n, total = rows[arm, 1], rows[arm, 2]
    while True:
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        n, total = n + 1.0, total + reward
        actions[s] = arm
        s += 1
        if s == actions.size or not total / n > level:
            break
    rows[arm, 0], rows[arm, 1], rows[arm, 2] = total / n, n, total
    return s


@kernel
def _play(block: Block, actions: Actions, rows: Array, winners: Arms, until: Array, own: Own) -> int:
    """As ``play`` of ``kinetic.py``; rounds in which the leader has no logarithm left keep its numbers in registers."""
    s, before, arm = 0, -1, settle(_index, _stands, 0.0, rows, winners, until)
    while s < actions.size:
        level = rival(_index, arm, 0.0, rows, winners, until) if arm == before else math.inf
        while True:
            if rows[arm, 1] >= own[1]:
                s = _coast(block, actions, s, arm, level, rows)
            else:
                reward = block.levels[s * block.stride, arm] + block.noise[s]
                if block.binary:
                    reward = 1.0 if reward > 0.0 else 0.0
                _learn(rows, arm, reward, own)
                actions[s] = arm
                s += 1
            if s == actions.size or not rows[arm, 0] > level:
                break
        climb(_index, _stands, arm, 0.0, rows, winners, until)
        before, arm = arm, settle(_index, _stands, 0.0, rows, winners, until)
    return arm


class MOSS(BanditPolicy):
    """MOSS of Audibert and Bubeck (2009).

    Args:
        horizon: the ``T`` of the index, >= 1; None takes the problem's.
    """

    decided = True
    by_arm = True

    def __init__(self, horizon: int | None = None) -> None:
        self.horizon = None if horizon is None else integer("horizon", horizon)

    def _horizon_of(self, problem: BanditProblem) -> int:
        horizon = problem.horizon if self.horizon is None else self.horizon
        if horizon is None:
            raise ValueError("MOSS needs a horizon: the problem has horizon=None and none was given")
        return horizon

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        self._arm = 0
        self._rows = np.zeros((problem.n_actions, 3))  # index, number of plays, sum of rewards
        self._rows[:, 0] = math.inf
        self._winners, self._until = tournament(problem.n_actions)
        self._own = float(problem.width), self._horizon_of(problem) / problem.n_actions

    def choose(self, observation: Any) -> int:
        return self._arm

    def learn(self, action: int, reward: float) -> None:
        self._arm = _follow(action, reward, 1, self._rows, self._winners, self._until, self._own)

    def play(self, block: Block, actions: Actions) -> None:
        self._arm = _play(block, actions, self._rows, self._winners, self._until, self._own)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 9.1: ``19.5 width sqrt(K T) + sum gap_i`` at the horizon, and so at no time before it more."""
        if not isinstance(instance, ArmsInstance):
            return ()
        gaps, horizon = gaps_of(instance), self._horizon_of(problem)
        if gaps is None:
            return ()
        value = 39.0 * (problem.width / 2.0) * math.sqrt(problem.n_actions * horizon) + float(np.sum(gaps))
        return (
            Bound(
                "MOSS bound",
                "upper",
                lambda t: np.full(np.shape(t), value),
                "fixed",
                "Lattimore and Szepesvári 2020, Theorem 9.1",
                "exact",
                (
                    *holds(instance, STATIONARY, problem=problem),
                    Assumption("the horizon of the index is that of the run", horizon == problem.horizon),
                    Assumption("the horizon is at least the number of arms", horizon >= problem.n_actions),
                ),
                time="at the horizon",
            ),
        )
