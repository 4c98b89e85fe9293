"""Exponential weights for sleeping experts, with a learning rate fixed in advance.

``p_i ~ q_i exp(eta R_i)`` over the experts awake, where ``R_i`` is the regret to expert ``i`` on the rounds that it was
awake, and ``eta = sqrt(2 ln(N) / T)``. The regret on any expert's waking rounds is at most ``sqrt(2 T ln N)``: it
depends on ``T``, not on how often the expert was awake. Derived: by Hoeffding's lemma ``sum_i exp(eta R_i) <= N
exp(eta^2 t / 8)``, since the instantaneous regrets of a round have mean 0 under ``p`` and range at most 1.

Reference: in the manner of D. Lee, G. Noarov, M. Pai, A. Roth, *Online Minimax Multiobjective Optimization*, NeurIPS
2022 (form from recall, constants derived).
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.groupwise.problem import Mask
from bandits.kernels import kernel


@kernel
def _distribution(awake: Mask, prior: Array, R: Array, eta: float, p: Array) -> None:
    top, total = -math.inf, 0.0
    for i in range(p.size):
        if awake[i]:
            top = max(top, R[i])
    for i in range(p.size):
        p[i] = prior[i] * math.exp(eta * (R[i] - top)) if awake[i] else 0.0
        total += p[i]
    if total > 0.0:
        for i in range(p.size):
            p[i] /= total


@kernel
def _learn(awake: Mask, losses: Array, p: Array, R: Array) -> None:
    mean = 0.0
    for i in range(p.size):
        if awake[i]:
            mean += p[i] * losses[i]
    for i in range(p.size):
        if awake[i]:
            R[i] += mean - losses[i]


@kernel
def _run(awake: Mask, losses: Array, prior: Array, R: Array, eta: float, weights: Array) -> None:
    for s in range(weights.shape[0]):
        _distribution(awake[s], prior, R, eta, weights[s])
        _learn(awake[s], losses[s], weights[s], R)


class SleepingHedge:
    """Exponential weights over experts that sleep.

    Attributes:
        regrets: [n_experts] cumulative regret to each expert on the rounds that it was awake.
    """

    def start(self, prior: Array, horizon: int | None) -> None:
        """Forget everything.

        Args:
            prior: [n_experts] positive weights, summing to 1.
            horizon: number of rounds; None is refused.

        Raises:
            ValueError: no horizon.
        """
        if horizon is None:
            raise ValueError("hedge_sleeping fixes its learning rate by the horizon, and the problem declares none")
        self.prior = np.asarray(prior, dtype=np.float64)
        self.eta = math.sqrt(2.0 * math.log(self.prior.size) / horizon)
        self.regrets = np.zeros_like(self.prior)

    def distribution(self, awake: Mask) -> Array:
        """Probabilities [n_experts] of the experts awake [n_experts]; zeros where none is."""
        p = np.empty_like(self.prior)
        _distribution(awake, self.prior, self.regrets, self.eta, p)
        return p

    def update(self, awake: Mask, losses: Array, p: Array) -> None:
        """Learn the losses [n_experts] (read where awake) of the round in which ``p`` was the distribution."""
        _learn(awake, losses, p, self.regrets)

    def run(self, awake: Mask, losses: Array) -> Array:
        """The distributions [n, n_experts] of ``n`` rounds with the given losses, as round by round."""
        weights = np.empty(losses.shape)
        _run(awake, losses, self.prior, self.regrets, self.eta, weights)
        return weights
