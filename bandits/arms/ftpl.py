"""Follow the perturbed leader, with exponential perturbations drawn afresh in every round.

With losses in [0, 1] and their sums ``L`` over the rounds before, play the arm with the smallest ``L_i - Z_i / eta``,
where the ``Z_i`` are independent exponential variables of mean 1 (ties: the lowest index).

Reference: A. Kalai and S. Vempala, *Efficient algorithms for online decision problems*, JCSS 71, 2005.

Bound, derived for losses that do not depend on the actions; ``H_K = 1 + 1/2 + ... + 1/K`` is the mean of ``max Z``. The
mean loss of every round, and so the regret, is the same if one ``Z`` serves all rounds. Let ``I_t`` be the leader with
the losses before round ``t``, and ``i`` the best arm.

1. Be the perturbed leader: ``sum_s l_s(I_(s+1)) - Z_(I_1) / eta <= L_i - Z_i / eta`` by induction over the rounds. With
   ``Z_(I_1) = max Z`` the mean of ``sum_s l_s(I_(s+1))`` is at most ``L_i + (H_K - 1) / eta``.
2. Memorylessness: given the others' perturbations, ``j`` leads if ``Z_j >= eta v`` for some ``v``, and a round raises
   ``v`` by at most ``l_t(j)``. So ``P(I_(t+1) = j) >= exp(-eta l_t(j)) P(I_t = j)``, and the mean loss of round ``t``
   exceeds that of ``I_(t+1)`` by at most ``sum_j P(I_t = j) l_t(j) (1 - exp(-eta l_t(j))) <= 1 - exp(-eta)``.

Together, after ``t`` rounds, the regret is at most ``(1 - exp(-eta)) t + (H_K - 1) / eta``. The default
``eta = sqrt((H_K - 1) / T)`` makes that at most ``2 sqrt((H_K - 1) T)``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import positive
from bandits.arms.policy import FullFeedbackPolicy
from bandits.arms.problem import Actions, Block, FullFeedbackProblem
from bandits.arms.theory import BOUNDED, OBLIVIOUS, ArmsInstance, holds
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel


@kernel
def _choose(perturbations: Array, losses: Array, eta: float) -> int:
    least, arm = math.inf, 0
    for i in range(losses.size):
        perturbed = losses[i] - perturbations[i] / eta
        if perturbed < least:
            least, arm = perturbed, i
    return arm


@kernel
def _learn(rewards: Array, losses: Array, high: float, span: float) -> None:
    for i in range(losses.size):
        losses[i] += (high - rewards[i]) / span


@kernel
def _play(
    block: Block, actions: Actions, perturbations: Array, losses: Array, high: float, span: float, eta: float
) -> None:
    rewards = np.empty(losses.size)
    for s in range(actions.size):
        actions[s] = _choose(perturbations[s], losses, eta)
        for i in range(losses.size):
            rewards[i] = block.levels[s * block.stride, i] + block.noise[s]
            if block.binary:
                rewards[i] = 1.0 if rewards[i] > 0.0 else 0.0
        _learn(rewards, losses, high, span)


class FTPL(FullFeedbackPolicy):
    """Follow the perturbed leader of Kalai and Vempala (2005), for experts, with exponential perturbations.

    Args:
        eta: inverse of the mean perturbation, > 0; None takes the default above from the horizon.
    """

    def __init__(self, eta: float | None = None) -> None:
        self.eta = None if eta is None else positive("eta", eta)

    def _step_of(self, problem: FullFeedbackProblem) -> float:
        if self.eta is not None:
            return self.eta
        if problem.horizon is None:
            raise ValueError("FTPL needs a horizon or eta: the problem has horizon=None")
        return math.sqrt(_spread(problem.n_actions) / problem.horizon) if problem.n_actions > 1 else 1.0

    def reset(self, problem: FullFeedbackProblem, rng: np.random.Generator) -> None:
        if not problem.bounded:
            raise ValueError(f"FTPL needs a finite range of rewards: the problem has [{problem.low}, {problem.high}]")
        self._rng = rng
        self._high, self._span = problem.high, problem.high - problem.low
        self._eta = self._step_of(problem)
        self._losses = np.zeros(problem.n_actions)

    def choose(self, observation: Any) -> int:
        return _choose(self._rng.standard_exponential(self._losses.size), self._losses, self._eta)

    def probabilities(self, observation: Any) -> Array:
        """With ``b_i = exp(-eta (L_i - min L))`` the integral of ``b_i prod_{j != i} (1 - b_j v)`` over v in [0, 1].

        Derived: that is the law of ``exp(-x)`` of the largest perturbed arm. Gauss' rule is exact for up to 200 arms,
        and within 1e-12 beyond, where the product falls like ``exp(-v sum b)``.
        """
        b = np.exp(self._eta * (self._losses.min() - self._losses))
        enough = min(b.size // 2 + 1, 100 + math.ceil(4.0 * math.sqrt(b.sum())))
        nodes, weights = np.polynomial.legendre.leggauss(enough)
        v = 0.5 * (nodes[:, None] + 1.0)
        others = np.exp(np.log1p(-b * v).sum(axis=1, keepdims=True) - np.log1p(-b * v))
        found = b * (0.5 * weights @ others)
        return np.asarray(found / found.sum())

    def learn(self, rewards: Array) -> None:
        _learn(rewards, self._losses, self._high, self._span)

    def play(self, block: Block, actions: Actions) -> None:
        step = max(1, (1 << 16) // self._losses.size)  # rounds whose perturbations are drawn at once
        for start in range(0, actions.size, step):
            part = actions[start : start + step]
            rounds = slice(start, start + part.size)
            levels = block.levels[rounds] if block.stride else block.levels
            _play(
                Block(levels, block.stride, block.noise[rounds], block.binary),
                part,
                self._rng.standard_exponential((part.size, self._losses.size)),
                self._losses,
                self._high,
                self._span,
                self._eta,
            )

    def regret_bounds(self, problem: FullFeedbackProblem, instance: Instance) -> Sequence[Bound]:
        """The bound derived above, at any time."""
        if not isinstance(instance, ArmsInstance):
            return ()
        if not problem.bounded or (self.eta is None and problem.horizon is None):
            return ()
        span, eta, spread = problem.high - problem.low, self._step_of(problem), _spread(problem.n_actions)
        return (
            Bound(
                "FTPL bound",
                "upper",
                lambda t: span * (-math.expm1(-eta) * t + spread / eta),
                "fixed",
                "derived: be the perturbed leader, and the memorylessness of exponential perturbations",
                "derived",
                holds(instance, OBLIVIOUS, BOUNDED),
                time="horizon-tuned",
            ),
        )


def _spread(n_arms: int) -> float:
    """``H_K - 1``, by how much the largest of the perturbations exceeds one of them in the mean."""
    return math.fsum(1.0 / i for i in range(2, n_arms + 1))
