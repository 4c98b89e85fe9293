"""Optimistic Q-learning for average rewards, by way of a discounted problem.

With ``gamma = 1 - 1 / H``, all of Q, Q^ and V equal to H at first, ``a`` the first largest of ``Q^(s, .)`` and n the
number of plays of (s, a) with this one,

    Q(s, a)  <-  (1 - alpha) Q(s, a) + alpha (r + gamma V(s') + c sqrt(H / n)),    alpha = (H + 1) / (H + n),
    Q^(s, a) <-  min(Q^(s, a), Q(s, a)),    V(s) <- max_a Q^(s, a).

``V(s')`` is read before the update, which matters where s' = s. Theory takes ``c = 4 sp sqrt(ln(2 T / delta))`` and

    H = min(sqrt(sp T / (S A)), (T / (S A ln(4 T / delta)))^(1/3)),

here at least 1. The authors' code runs with gamma = 0.99, c = 1 and ``H = gamma / (1 - gamma) = 99``, the preset
"authors", which is not the theorem's tuning. Rewards are those observed: none need be told.

Reference: C.-Y. Wei, M. Jafarnia-Jahromi, H. Luo, H. Sharma, R. Jain, *Model-free Reinforcement Learning in
Infinite-horizon Average-reward Markov Decision Processes*, ICML 2020 (arXiv 1910.07072): the order from its abstract,
the form from the authors' public code, the tuning recalled.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import affordable, one_of, probability, real
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import inlined, kernel
from bandits.mdp.average import AveragePolicy, largest, moved, reward_at
from bandits.mdp.model import Ints
from bandits.mdp.problem import AverageRewardProblem, Steps
from bandits.mdp.theory import AverageRewardInstance, average_bound, unscaled

Tuning = tuple[float, float, float]
"""H, gamma and c."""


@inlined
def _learn(
    state: int, action: int, reward: float, following: int, q: Array, upper: Array, counts: Ints, tuning: Tuning
) -> None:
    horizon, gamma, c = tuning
    value = upper[following, largest(following, upper)]
    counts[state, action] += 1
    n = counts[state, action]
    alpha = (horizon + 1.0) / (horizon + n)
    target = reward + gamma * value + c * math.sqrt(horizon / n)
    q[state, action] = new = (1.0 - alpha) * q[state, action] + alpha * target
    upper[state, action] = min(upper[state, action], new)


@kernel
def _pick(state: int, upper: Array) -> int:
    return largest(state, upper)


@kernel
def _take(
    state: int, action: int, reward: float, following: int, q: Array, upper: Array, counts: Ints, tuning: Tuning
) -> None:
    _learn(state, action, reward, following, q, upper, counts, tuning)


@kernel
def _play(steps: Steps, actions: Ints, q: Array, upper: Array, counts: Ints, tuning: Tuning) -> None:
    state = steps.state
    for step in range(actions.size):
        actions[step] = action = largest(state, upper)
        following = moved(steps, step, state, action)
        _learn(state, action, reward_at(steps, step, state, action), following, q, upper, counts, tuning)
        state = following


class OptimisticQ(AveragePolicy):
    """Optimistic Q-learning of Wei et al. (2020).

    Args:
        preset: "theory", which needs a horizon and a span, or "authors", the constants of the authors' code.
        span: sp, an upper bound on the span of the optimal bias, > 0; None for the problem's.
        delta: probability in (0, 1), of the theory's tuning.
        bonus_scale: factor of c, >= 0; 1 is the preset's.
    """

    decided = True

    def __init__(
        self,
        preset: str = "theory",
        span: float | None = None,
        delta: float = 0.05,
        bonus_scale: float = 1.0,
    ) -> None:
        self.preset = one_of("preset", preset, ("theory", "authors"))
        self.span = None if span is None else real("span", span, 0.0)
        self.delta = probability("delta", delta)
        self.bonus_scale = real("bonus_scale", bonus_scale, 0.0, closed="low")

    def start(self, problem: AverageRewardProblem) -> None:
        tuning, size = self._tuned(problem), problem.n_states * problem.n_actions
        affordable("n_states", f"3 tables of {problem.n_states} x {problem.n_actions} numbers", 3 * size)
        self._tuning = tuning
        self._q = np.full((problem.n_states, problem.n_actions), tuning[0])
        self._upper = self._q.copy()
        self._visits = np.zeros(self._q.shape, dtype=np.int64)

    def _tuned(self, problem: AverageRewardProblem) -> Tuning:
        if self.preset == "authors":
            return 0.99 / (1.0 - 0.99), 0.99, self.bonus_scale
        span = problem.span if self.span is None else self.span
        if span is None:
            raise ValueError(
                "OptimisticQ needs a span: give one, or have the problem tell it, or take preset 'authors'"
            )
        if problem.horizon is None:
            raise ValueError(
                "OptimisticQ is tuned to the horizon, the problem has horizon=None: tell one, or take preset 'authors'"
            )
        size, steps = problem.n_states * problem.n_actions, problem.horizon
        log = math.log(4.0 * steps / self.delta)
        horizon = max(1.0, min(math.sqrt(span * steps / size), (steps / (size * log)) ** (1.0 / 3.0)))
        c = self.bonus_scale * 4.0 * span * math.sqrt(math.log(2.0 * steps / self.delta))
        return horizon, 1.0 - 1.0 / horizon, c

    def pick(self, state: int) -> int:
        return _pick(state, self._upper)

    def take(self, state: int, action: int, reward: float, following: int) -> None:
        _take(state, action, reward, following, self._q, self._upper, self._visits, self._tuning)

    def play(self, steps: Steps, actions: Ints) -> None:
        _play(steps, actions, self._q, self._upper, self._visits, self._tuning)

    def regret_bounds(self, problem: AverageRewardProblem, instance: Instance) -> Sequence[Bound]:
        """Order ``sp (S A)^(1/3) t^(2/3)`` with the theory's tuning, the constant a convention."""
        if not isinstance(instance, AverageRewardInstance) or self.preset != "theory":
            return ()
        span = problem.span if self.span is None else self.span
        if span is None:
            return ()
        scale = span * (problem.n_states * problem.n_actions) ** (1.0 / 3.0)
        enough = Assumption("the span of the bias is at most the one given", span >= instance.span, instance.span)
        return (
            average_bound(
                "optimistic Q order",
                "order",
                lambda t: scale * t ** (2.0 / 3.0),
                "Wei et al. 2020, abstract (the constant is a convention)",
                instance,
                (enough, unscaled(self.bonus_scale)),
                delta=self.delta,
                time="horizon-tuned",
            ),
        )
