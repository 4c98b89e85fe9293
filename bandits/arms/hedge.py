"""Hedge: exponential weights when the losses of all arms are seen.

With losses in [0, 1] and their sums ``L`` over the rounds before, draw the arm of round ``t`` from ``p_i`` proportional
to ``exp(-eta_t L_i)``. Either ``eta = sqrt(8 ln K / T)`` throughout, or ``eta_t = sqrt(8 ln K / t)`` at any time.

Reference: N. Cesa-Bianchi and G. Lugosi, *Prediction, Learning, and Games*, Cambridge University Press 2006, Theorems
2.2 (fixed) and 2.3 (at any time); Y. Freund and R. E. Schapire, *A Decision-Theoretic Generalization of On-Line
Learning*, JCSS 55, 1997. The theorems speak of the mean loss ``<p, l>``, which is that of an arm drawn from ``p`` when
the losses do not depend on the draws (Section 4.2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import one_of, positive
from bandits.arms.policy import FullFeedbackPolicy
from bandits.arms.problem import Actions, Block, FullFeedbackProblem
from bandits.arms.theory import BOUNDED, OBLIVIOUS, ArmsInstance, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel


@kernel
def _choose(t: int, uniform: float, losses: Array, weights: Array, rate: float, anytime: bool) -> int:
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
    return arm


@kernel
def _learn(rewards: Array, losses: Array, high: float, span: float) -> None:
    for i in range(losses.size):
        losses[i] += (high - rewards[i]) / span


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
    rewards = np.empty(losses.size)
    for s in range(actions.size):
        actions[s] = _choose(t + s, uniforms[s], losses, weights, rate, anytime)
        for i in range(losses.size):
            rewards[i] = block.levels[s * block.stride, i] + block.noise[s]
            if block.binary:
                rewards[i] = 1.0 if rewards[i] > 0.0 else 0.0
        _learn(rewards, losses, high, span)


class Hedge(FullFeedbackPolicy):
    """Hedge, the exponentially weighted average forecaster, with a draw.

    Args:
        eta: "horizon" or "anytime" for the step sizes above, or a fixed step size > 0.
    """

    def __init__(self, eta: str | float = "horizon") -> None:
        self.eta = one_of("eta", eta, ("horizon", "anytime")) if isinstance(eta, str) else positive("eta", eta)

    def _step_of(self, problem: FullFeedbackProblem) -> float:
        """The fixed step size, or eta_1 of the decreasing one."""
        if not isinstance(self.eta, str):
            return self.eta
        rate = math.sqrt(8.0 * math.log(problem.n_actions))
        if self.eta == "anytime":
            return rate
        if problem.horizon is None:
            raise ValueError("Hedge needs a horizon, a number as eta, or eta='anytime': the problem has horizon=None")
        return rate / math.sqrt(problem.horizon)

    def reset(self, problem: FullFeedbackProblem, rng: np.random.Generator) -> None:
        if not problem.bounded:
            raise ValueError(f"Hedge needs a finite range of rewards: the problem has [{problem.low}, {problem.high}]")
        self._rng = rng
        self._t = 1
        self._high, self._span = problem.high, problem.high - problem.low
        self._rate, self._anytime = self._step_of(problem), self.eta == "anytime"
        self._losses = np.zeros(problem.n_actions)
        self._weights = np.ones(problem.n_actions)

    def choose(self, observation: Any) -> int:
        return _choose(self._t, self._rng.random(), self._losses, self._weights, self._rate, self._anytime)

    def probabilities(self, observation: Any) -> Array:
        eta = self._rate / math.sqrt(self._t) if self._anytime else self._rate
        weights = np.exp(-eta * (self._losses - self._losses.min()))
        return np.asarray(weights / weights.sum())

    def learn(self, rewards: Array) -> None:
        _learn(rewards, self._losses, self._high, self._span)
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

    def regret_bounds(self, problem: FullFeedbackProblem, instance: Instance) -> Sequence[Bound]:
        """Theorem 2.2, ``ln K / eta + eta t / 8``: ``sqrt(T ln K / 2)`` at the horizon it is tuned to. Theorem 2.3."""
        if not isinstance(instance, ArmsInstance):
            return ()
        if not problem.bounded or (self.eta == "horizon" and problem.horizon is None):
            return ()
        log, span, eta = math.log(problem.n_actions), problem.high - problem.low, self._step_of(problem)
        start = log / eta if log > 0.0 else 0.0

        def fixed(t: Array) -> Array:
            return span * (start + eta * t / 8.0)

        def decreasing(t: Array) -> Array:
            return np.asarray(span * (2.0 * np.sqrt(t * log / 2.0) + math.sqrt(log / 8.0)))

        anytime = self.eta == "anytime"
        return (
            Bound(
                "Hedge bound",
                "upper",
                decreasing if anytime else fixed,
                "fixed",
                f"Cesa-Bianchi and Lugosi 2006, Theorem {'2.3' if anytime else '2.2'}",
                "exact",
                holds(instance, OBLIVIOUS, BOUNDED),
                time="horizon-tuned" if not anytime else "anytime",
            ),
        )
