"""Successive elimination: play all arms still in the race in turn, drop those that are surely worse.

Phase ``r = 1, 2, ...`` plays every active arm once, in the order of their indices. After it, with the radius

    rho_r = width sqrt(ln(4 K r^2 / delta) / (2 r)),

every active arm whose mean lies more than ``2 rho_r`` below the largest active mean is dropped for good.

Reference: E. Even-Dar, S. Mannor, Y. Mansour, *Action Elimination and Stopping Conditions for the Multi-Armed Bandit
and Reinforcement Learning Problems*, JMLR 7, 2006; as a regret policy A. Slivkins, *Introduction to Multi-Armed
Bandits*, 2019, Section 1.3.

Regret: by Hoeffding's inequality an active mean errs by ``rho_r`` in phase ``r`` with probability at most
``delta / (2 K r^2)``, so all confidence intervals hold at once with probability at least ``1 - delta`` (pi^2 / 12 < 1).
Then the best arm stays, and arm ``i`` is dropped at the latest after the first phase ``r_i`` with ``4 rho_r < gap_i``.
Hence ``R_t <= sum_i gap_i min(r_i, t) + delta t max_i gap_i``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.arguments import probability
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import STATIONARY, ArmsInstance, gaps_of, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel

ACTIVE, POSITION, PHASE = 0, 1, 2


@kernel
def _learn(
    arm: int, reward: float, active: NDArray[np.int64], state: NDArray[np.int64], sums: Array, width: float, log: float
) -> None:
    sums[arm] += reward
    state[POSITION] += 1
    n = state[ACTIVE]
    if state[POSITION] < n:
        return
    state[POSITION] = 0
    r = state[PHASE]
    state[PHASE] += 1
    if n == 1:
        return
    best = -math.inf
    for j in range(n):
        best = max(best, sums[active[j]] / r)
    limit = best - 2.0 * width * math.sqrt((log + 2.0 * math.log(r)) / (2.0 * r))
    kept = 0
    for j in range(n):
        i = active[j]
        if sums[i] / r >= limit:
            active[kept] = i
            kept += 1
    state[ACTIVE] = kept


@kernel
def _play(
    block: Block,
    actions: Actions,
    active: NDArray[np.int64],
    state: NDArray[np.int64],
    sums: Array,
    width: float,
    log: float,
) -> None:
    for s in range(actions.size):
        arm = active[state[POSITION]]
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(arm, reward, active, state, sums, width, log)
        actions[s] = arm


class SuccessiveElimination(BanditPolicy):
    """Successive elimination of Even-Dar, Mannor and Mansour (2006), played for regret.

    Args:
        delta: probability with which some confidence interval may fail, in (0, 1); None takes ``1 / horizon``.
    """

    decided = True

    def __init__(self, delta: float | None = None) -> None:
        self.delta = None if delta is None else probability("delta", delta)

    def _delta_of(self, problem: BanditProblem) -> float:
        if self.delta is not None:
            return self.delta
        if problem.horizon is None:
            raise ValueError("SuccessiveElimination needs a horizon or delta: the problem has horizon=None")
        return 1.0 / problem.horizon

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        self._active = np.arange(problem.n_actions)
        self._state = np.array([problem.n_actions, 0, 1])
        self._sums = np.zeros(problem.n_actions)
        self._width = problem.width
        self._log = math.log(4.0 * problem.n_actions / self._delta_of(problem))

    def choose(self, observation: Any) -> int:
        return int(self._active[self._state[POSITION]])

    def learn(self, action: int, reward: float) -> None:
        _learn(action, reward, self._active, self._state, self._sums, self._width, self._log)

    def play(self, block: Block, actions: Actions) -> None:
        _play(block, actions, self._active, self._state, self._sums, self._width, self._log)

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """``sum_i gap_i min(r_i, t) + delta t max_i gap_i``, and never more than ``t max_i gap_i``."""
        if not isinstance(instance, ArmsInstance):
            return ()
        gaps = gaps_of(instance)
        if gaps is None:
            return ()
        gaps = gaps[gaps > 0]
        delta, largest = self._delta_of(problem), float(np.max(gaps, initial=0.0))
        log = math.log(4.0 * problem.n_actions / delta)
        phases = np.array([_last_phase(gap / max(problem.width, 1e-100), log) for gap in gaps])

        def curve(t: Array) -> Array:
            plays = np.minimum(phases[:, None], t[None, :])
            return np.asarray(np.minimum(gaps @ plays + delta * t * largest, t * largest))

        return (
            Bound(
                "successive elimination bound",
                "upper",
                curve,
                "fixed",
                "derived: Hoeffding's inequality in every phase, after Even-Dar, Mannor, Mansour 2006",
                "derived",
                holds(instance, STATIONARY, problem=problem),
            ),
        )


def _last_phase(gap: float, log: float) -> float:
    """Smallest ``r`` with ``4 rho_r < gap`` (rewards of width 1); ``rho_r`` falls with ``r`` because ``log > 2``."""
    low, high = 0, 1
    while 8.0 * (log + 2.0 * math.log(high)) >= gap**2 * high:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if 8.0 * (log + 2.0 * math.log(middle)) >= gap**2 * middle:
            low = middle
        else:
            high = middle
    return float(high)
