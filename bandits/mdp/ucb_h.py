"""UCB-H: Q-learning with a bonus for what was seldom seen, without a model.

After an episode, for each of its stages in turn, with ``n`` visits of the stage, state and action so far,

    alpha = (H + 1) / (H + n),    b = c sqrt(H^3 ln(S A K H / delta) / n),
    Q_h <- (1 - alpha) Q_h + alpha (r + V_{h+1}(next state) + b),    V_h = min(H - h, max Q_h),

from ``Q_h = H - h`` on. Tables belong to stages, so that learning after the episode is the same as within it. The
paper's ``c`` is a constant without a value: 1 here is a convention, and so is what ``bonus_scale`` multiplies.

On losses it plays with the rewards 1 - loss, for comparison: nothing is known of it there.

Reference: C. Jin, Z. Allen-Zhu, S. Bubeck, M. I. Jordan, *Is Q-learning Provably Efficient?*, NeurIPS 2018,
Algorithm 1, Theorem 1 (recalled). The UCB-H for arms of Audibert, Munos and Szepesvári (2009) is ``ucb_horizon``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import probability, real
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import kernel
from bandits.mdp.model import Ints
from bandits.mdp.policy import EpisodicPolicy, known_horizon, logarithm, told_rewards
from bandits.mdp.problem import BanditLossProblem, EpisodesProblem, EpisodicProblem, Trajectory
from bandits.mdp.theory import EpisodicInstance


class UCBH(EpisodicPolicy):
    """Optimistic Q-learning.

    Args:
        bonus_scale: c, multiplies the bonus, >= 0.
        delta: probability with which the bound may fail, in (0, 1).
    """

    plays = (EpisodicProblem, BanditLossProblem)

    def __init__(self, bonus_scale: float = 1.0, delta: float = 0.05) -> None:
        self.bonus_scale = real("bonus_scale", bonus_scale, 0.0, closed="low")
        self.delta = probability("delta", delta)

    def start(self, problem: EpisodesProblem) -> None:
        H, S, A = problem.n_stages, problem.n_states, problem.n_actions
        log = logarithm(problem, 1.0, known_horizon(self, problem), self.delta)
        self._bonus = self.bonus_scale * math.sqrt(H**3 * log)
        self._table = QTable(problem, np.repeat(np.arange(H, 0, -1.0), S * A).reshape(H, S, A))

    def plan(self) -> Ints:
        return self._table.best.copy()

    def learn(self, trajectory: Trajectory) -> bool:
        return self._table.learn(trajectory, self._bonus)

    def regret_bounds(self, problem: EpisodesProblem, instance: Instance) -> Sequence[Bound]:
        if not isinstance(problem, EpisodicProblem) or not isinstance(instance, EpisodicInstance):
            return ()
        size, H = problem.n_states * problem.n_actions, problem.n_stages
        return (
            Bound(
                "UCB-H rate",
                "order",
                lambda t: np.sqrt(size * float(H) ** 5 * t),
                "fixed",
                "Jin, Allen-Zhu, Bubeck, Jordan 2018, Theorem 1 [recall]; the constant is a convention",
                "convention",
                (Assumption("the bonus is theory's", self.bonus_scale == 1.0),),
            ),
        )


class QTable:
    """Values of stages, states and actions, learnt from trajectories.

    Args:
        problem: what is played; rewards that are told are used instead of those observed, and losses as 1 - loss.
        q: [n_stages, n_states, n_actions] first values.

    Attributes:
        best: [n_stages, n_states] the first best actions.
    """

    def __init__(self, problem: EpisodesProblem, q: Array) -> None:
        H, S = problem.n_stages, problem.n_states
        self._q, self._visits = q, np.zeros(q.shape, dtype=np.int64)
        self._values = np.zeros((H + 1, S))
        self._values[:H] = q.max(axis=2)
        self.best = np.zeros((H, S), dtype=np.int64)
        self._told = told_rewards(problem)
        self._shift = 1.0 if isinstance(problem, BanditLossProblem) else 0.0

    def learn(self, trajectory: Trajectory, bonus: float) -> bool:
        """Learn from an episode with ``bonus / sqrt(n)`` added to rewards; whether a best action has changed."""
        rewards = trajectory.rewards + self._shift
        if self._told is not None:
            stages = np.arange(len(rewards)) if len(self._told) > 1 else 0
            rewards = self._told[stages, trajectory.states[:-1], trajectory.actions]
        return bool(
            _learn(
                trajectory.states, trajectory.actions, rewards, bonus,
                self._q, self._visits, self._values, self.best,
            )
        )  # fmt: skip


@kernel
def _learn(
    states: Ints, actions: Ints, rewards: Array, bonus: float, q: Array, visits: Ints, values: Array, best: Ints
) -> bool:
    H, changed = actions.size, False
    for h in range(H):
        s, a = states[h], actions[h]
        visits[h, s, a] += 1
        n = visits[h, s, a]
        alpha = (H + 1.0) / (H + n)
        q[h, s, a] = (1.0 - alpha) * q[h, s, a] + alpha * (
            rewards[h] + values[h + 1, states[h + 1]] + bonus / math.sqrt(n)
        )
        first = 0
        for other in range(1, q.shape[2]):
            if q[h, s, other] > q[h, s, first]:
                first = other
        values[h, s] = min(float(H - h), q[h, s, first])
        changed |= first != best[h, s]
        best[h, s] = first
    return changed
