"""UCBVI: optimistic value iteration on the empirical model, with a bonus for what was seldom seen.

With ``N`` visits of a state and an action, the empirical law ``P`` of its next state, and ``L = ln(5 S A K H /
delta)``, backwards over the stages of the coming episode

    Q_h = min(Q_h of the episode before, H - h, r + P V_{h+1} + b),    V_h = max Q_h,

and ``H - h`` where ``N = 0``. The bonus ``b`` is, with "hoeffding",

    7 H L / sqrt(N),

and with "bernstein", with ``N'_{h+1}(y)`` visits of ``y`` at the next stage,

    sqrt(8 L Var_P V_{h+1} / N) + 14 H L / (3 N)
        + sqrt((8 / N) sum_y P(y) min(10^4 H^3 S^2 A L^2 / max(1, N'_{h+1}(y)), H^2)),

whose last term is 0 at the last stage. The paper clips at ``H``; values of the best policy are at most ``H - h``, so
that clipping there keeps optimism (derived). Where rewards are not told, their empirical means are used, with
``sqrt(L / (2 N))`` added to the bonus (Hoeffding, derived).

At the sizes of small studies the constants of theory exceed ``H`` after any number of visits that fits into them: the
first action is played for ever. ``bonus_scale`` below 1 learns, and is not the theorem's.

Reference: M. G. Azar, I. Osband, R. Munos, *Minimax Regret Bounds for Reinforcement Learning*, ICML 2017, Algorithm 2,
Theorems 1 and 2 (recalled; the constants of the bernstein bonus agree with those of a public implementation).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import one_of, probability, real
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.frozen import read_only
from bandits.kernels import kernel
from bandits.mdp.counts import Counts
from bandits.mdp.model import Ints
from bandits.mdp.policy import EpisodicPolicy, known_horizon, logarithm, told_rewards
from bandits.mdp.problem import EpisodesProblem, EpisodicProblem, Trajectory
from bandits.mdp.theory import EpisodicInstance


class UCBVI(EpisodicPolicy):
    """Optimistic value iteration.

    Args:
        bonus: "hoeffding" or "bernstein".
        clip: values are at most the "remaining" number of stages, or the "horizon" H, as in the paper.
        bonus_scale: multiplies the bonus, >= 0; 1 is theory's.
        delta: probability with which the bound may fail, in (0, 1).
    """

    def __init__(
        self, bonus: str = "hoeffding", clip: str = "remaining", bonus_scale: float = 1.0, delta: float = 0.05
    ) -> None:
        self.bonus = one_of("bonus", bonus, ("hoeffding", "bernstein"))
        self.clip = one_of("clip", clip, ("remaining", "horizon"))
        self.bonus_scale = real("bonus_scale", bonus_scale, 0.0, closed="low")
        self.delta = probability("delta", delta)

    def start(self, problem: EpisodesProblem) -> None:
        H, S, A = problem.n_stages, problem.n_states, problem.n_actions
        self._log = logarithm(problem, 5.0, known_horizon(self, problem), self.delta)
        self._counts = Counts(problem)
        self._told = told_rewards(problem)
        caps = np.arange(H, 0, -1.0) if self.clip == "remaining" else np.full(H, float(H))
        self._q: Array = np.repeat(caps, S * A).reshape(H, S, A)

    def plan(self) -> Ints:
        counts = self._counts
        S, A = self._q.shape[1:]
        rewards = np.empty((counts.own, S, A)) if self._told is None else self._told
        if self._told is None:
            rewards[:] = (counts.paid / np.maximum(1, counts.visits)).reshape(rewards.shape)
        actions = np.zeros(self._q.shape[:2], dtype=np.int64)
        _plan(
            counts.own, counts.visits, counts.sizes, counts.states, counts.times, counts.at, read_only(rewards),
            self._told is None, self.bonus == "bernstein", self.clip == "remaining",
            self._log, self.bonus_scale, self._q, actions,
        )  # fmt: skip
        return actions

    def learn(self, trajectory: Trajectory) -> bool:
        self._counts.add(trajectory, self._problem.n_actions)
        return True

    def regret_bounds(self, problem: EpisodesProblem, instance: Instance) -> Sequence[Bound]:
        if not isinstance(problem, EpisodicProblem) or not isinstance(instance, EpisodicInstance):
            return ()
        if problem.horizon is None:
            return ()
        H, S, A = problem.n_stages, problem.n_states, problem.n_actions
        L = logarithm(problem, 5.0, problem.horizon, self.delta)

        def hoeffding(t: Array) -> Array:
            return np.asarray(20.0 * H**1.5 * L * np.sqrt(S * A * t) + 250.0 * H**2 * S**2 * A * L**2)

        def bernstein(t: Array) -> Array:
            lower = 2500.0 * H**2 * S**2 * A * L**2 + 4.0 * H**1.5 * np.sqrt(t * L)
            return np.asarray(30.0 * H * L * np.sqrt(S * A * t) + lower)

        of_bernstein = self.bonus == "bernstein"
        return (
            Bound(
                f"UCBVI, {self.bonus}",
                "upper",
                bernstein if of_bernstein else hoeffding,
                "fixed",
                f"Azar, Osband, Munos 2017, Theorem {2 if of_bernstein else 1} [recall]",
                "recalled",
                (
                    instance.shared_stages,
                    Assumption("the bonus is theory's", self.bonus_scale == 1.0),
                    Assumption("mean rewards are told", problem.rewards is not None),
                ),
                "horizon-tuned",
                self.delta,
            ),
        )


@kernel
def _plan(
    own: int,
    visits: Ints,
    sizes: Ints,
    states: Ints,
    times: Ints,
    at: Ints,
    rewards: Array,
    unsure: bool,
    bernstein: bool,
    remaining: bool,
    log: float,
    scale: float,
    q: Array,
    actions: Ints,
) -> None:
    """Lower ``q`` [n_stages, n_states, n_actions] by one backward pass, and fill in its first best actions."""
    H, S, A = q.shape
    first_order = 1e4 * float(H) ** 3 * S * S * A * log * log
    ahead, here = np.zeros(S), np.empty(S)
    corrections = np.zeros(S)
    for h in range(H - 1, -1, -1):
        paid = rewards[h if rewards.shape[0] > 1 else 0]
        if bernstein and h < H - 1:
            for y in range(S):
                corrections[y] = min(first_order / max(1, at[h + 1, y]), float(H) * H)
        cap = H - h if remaining else H
        for s in range(S):
            for a in range(A):
                row = ((h if own > 1 else 0) * S + s) * A + a
                n = visits[row]
                if n > 0:
                    mean = square = correction = 0.0
                    for i in range(sizes[row]):
                        p, v = times[row, i] / n, ahead[states[row, i]]
                        mean += p * v
                        square += p * v * v
                        correction += p * corrections[states[row, i]]
                    if bernstein:
                        variance = max(0.0, square - mean * mean)
                        bonus = math.sqrt(8.0 * log * variance / n) + 14.0 * H * log / (3.0 * n)
                        if h < H - 1:
                            bonus += math.sqrt(8.0 * correction / n)
                    else:
                        bonus = 7.0 * H * log / math.sqrt(n)
                    if unsure:
                        bonus += math.sqrt(log / (2.0 * n))
                    q[h, s, a] = min(q[h, s, a], cap, paid[s, a] + mean + scale * bonus)
                if a == 0 or q[h, s, a] > here[s]:
                    here[s], actions[h, s] = q[h, s, a], a
        ahead, here = here, ahead
