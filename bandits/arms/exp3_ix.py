"""Exp3-IX: exponential weights with implicit exploration.

With losses in [0, 1] draw the arm of round ``t`` from ``p_i`` proportional to ``exp(-eta_t L_i)``, and after the loss
``l`` of the arm drawn add ``l / (p_i + gamma_t)`` to its ``L_i``, with ``gamma_t = eta_t / 2``. Either
``eta = sqrt(2 ln K / (K T))`` throughout, or ``eta_t = sqrt(ln K / (K t))`` at any time.

Reference: G. Neu, *Explore no more: Improved high-probability regret bounds for non-stochastic bandits*, NeurIPS 2015,
Algorithm 1 and Theorem 1.

Theorem 1: with probability at least ``1 - delta`` the regret is at most ``A + B ln(2 / delta)``, where
``A = 2 sqrt(2 K T ln K)`` and ``B = sqrt(2 K T / ln K) + 1`` for the fixed step size, ``A = 4 sqrt(K t ln K)`` and
``B = 2 sqrt(K t / ln K) + 1`` for the other. Derived for the mean: ``(regret - A) / B`` exceeds ``x`` with probability
at most ``min(1, 2 exp(-x))``, so that its mean is at most ``1 + ln 2``.

Derived, for losses that do not depend on the actions: the proof of Theorem 1 begins with
``sum_t l_t - min_i L_i <= ln K / eta_t + sum_s (eta_s / 2 + gamma_s) sum_i (estimates of round s)``. The estimates of a
round have means at most the losses, so that in the mean the regret is at most ``ln K / eta_t + K sum_s eta_s``: that is
``ln K / eta + K eta t``, or ``3 sqrt(K t ln K)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bandits.arguments import not_owed, one_of, positive
from bandits.arms.policy import BanditPolicy
from bandits.arms.problem import Actions, BanditProblem, Block
from bandits.arms.theory import BOUNDED, OBLIVIOUS, ArmsInstance, holds
from bandits.contract import Array, Bound, Instance, TimeClaim
from bandits.kernels import kernel


@kernel
def _choose(t: int, uniform: float, losses: Array, weights: Array, rate: float, anytime: bool) -> tuple[int, float]:
    """Draw an arm; returns it and its probability plus gamma_t."""
    eta = rate / math.sqrt(t) if anytime else rate
    least = losses[0]
    for i in range(1, losses.size):
        if losses[i] < least:
            least = losses[i]
    total = 0.0
    for i in range(losses.size):
        exponent = eta * (least - losses[i])
        weights[i] = math.exp(exponent) if exponent > -700.0 else 0.0
        total += weights[i]
    rest, arm = uniform * total, 0
    for i in range(losses.size):
        if weights[i] > 0.0:
            arm = i
            rest -= weights[i]
            if rest < 0.0:
                break
    return arm, weights[arm] / total + 0.5 * eta


@kernel
def _play(
    block: Block,
    actions: Actions,
    uniforms: Array,
    t: int,
    losses: Array,
    weights: Array,
    high: float,
    span: float,
    rate: float,
    anytime: bool,
) -> None:
    for s in range(actions.size):
        arm, denominator = _choose(t + s, uniforms[s], losses, weights, rate, anytime)
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        losses[arm] += (high - reward) / span / denominator
        actions[s] = arm


class Exp3IX(BanditPolicy):
    """Exp3-IX of Neu (2015).

    Args:
        eta: "horizon" or "anytime" for the step sizes above, or a fixed step size > 0.
    """

    def __init__(self, eta: str | float = "horizon") -> None:
        self.eta = one_of("eta", eta, ("horizon", "anytime")) if isinstance(eta, str) else positive("eta", eta)

    def _step_of(self, problem: BanditProblem) -> float:
        """The fixed step size, or eta_1 of the decreasing one."""
        if not isinstance(self.eta, str):
            return self.eta
        k = problem.n_actions
        if self.eta == "anytime":
            return math.sqrt(math.log(k) / k)
        if problem.horizon is None:
            raise ValueError("Exp3IX needs a horizon, a number as eta, or eta='anytime': the problem has horizon=None")
        return math.sqrt(2.0 * math.log(k) / (k * problem.horizon))

    def reset(self, problem: BanditProblem, rng: np.random.Generator) -> None:
        super().reset(problem, rng)
        if not problem.bounded:
            raise ValueError(f"Exp3IX needs a finite range of rewards: the problem has [{problem.low}, {problem.high}]")
        self._rng = rng
        self._t = 1
        self._high, self._span = problem.high, problem.high - problem.low
        self._rate, self._anytime = self._step_of(problem), self.eta == "anytime"
        self._losses = np.zeros(problem.n_actions)
        self._weights = np.ones(problem.n_actions)
        self._denominator = 0.0

    def choose(self, observation: Any) -> int:
        uniform = self._rng.random()
        arm, self._denominator = _choose(self._t, uniform, self._losses, self._weights, self._rate, self._anytime)
        return arm

    def learn(self, action: int, reward: float) -> None:
        if self._denominator == 0.0:
            raise not_owed()
        self._losses[action] += (self._high - reward) / self._span / self._denominator
        self._denominator = 0.0
        self._t += 1

    def play(self, block: Block, actions: Actions) -> None:
        _play(
            block,
            actions,
            self._rng.random(actions.size),
            self._t,
            self._losses,
            self._weights,
            self._high,
            self._span,
            self._rate,
            self._anytime,
        )
        self._t += actions.size

    def regret_bounds(self, problem: BanditProblem, instance: Instance) -> Sequence[Bound]:
        """The mean regret: directly, and from Theorem 1; the latter at the horizon only for the tuned fixed step."""
        if not isinstance(instance, ArmsInstance):
            return ()
        if not problem.bounded or (self.eta == "horizon" and problem.horizon is None):
            return ()
        k, span, eta = problem.n_actions, problem.high - problem.low, self._step_of(problem)
        log, tail = math.log(k), 1.0 + math.log(2.0)
        start = log / eta if k > 1 else 0.0
        integrated = "derived: Neu 2015, Theorem 1, integrated over the probability of failure"

        tuned: TimeClaim = "anytime" if self.eta == "anytime" else "horizon-tuned"

        def bound(name: str, curve: Callable[[Array], Array], source: str, time: TimeClaim = tuned) -> Bound:
            needs = holds(instance, OBLIVIOUS, BOUNDED)
            return Bound(name, "upper", curve, "fixed", source, "derived", needs, time)

        def direct(t: Array) -> Array:
            if self.eta == "anytime":
                return np.asarray(span * 3.0 * np.sqrt(k * log * t))
            return span * (start + k * eta * t)

        def theorem(t: Array) -> Array:
            a, b = (4.0, 2.0) if self.eta == "anytime" else (2.0 * math.sqrt(2.0), math.sqrt(2.0))
            return np.asarray(span * (a * np.sqrt(k * log * t) + tail * (b * np.sqrt(k * t / log) + 1.0)))

        mean = bound("Exp3-IX bound", direct, "derived: the mean of an inequality in the proof of Neu 2015, Theorem 1")
        if self.eta not in ("horizon", "anytime") or k == 1:
            return (mean,)
        return (
            mean,
            bound(
                "Exp3-IX bound, integrated",
                theorem,
                integrated,
                "anytime" if self.eta == "anytime" else "at the horizon",
            ),
        )
