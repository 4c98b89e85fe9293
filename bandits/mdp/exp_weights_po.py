"""Policy optimisation by exponential weights on standard estimates, as before magnitude reduction.

At every stage and in every state ``pi ∝ exp(-x)``, ``x = eta sum over the episodes of (Q - B)``, with the dilated
bonus B. Standard estimates can be very negative, which asks for a large ridge: ``eta = sqrt(ln A / (d K)) / H``,
``gamma = min(1 / 2, 2 eta d H)``, ``beta = eta H^2``; its bias costs the rate.

Reference: H. Luo, C.-Y. Wei, C.-W. Lee, *Policy Optimization in Adversarial MDPs: Improved Exploration via Dilated
Bonuses*, NeurIPS 2021 (from memory). It is what Y. Dai et al., ICML 2023, improve on; eta, gamma, beta are derived in
this project.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.mdp.policy_optimization import PolicyOptimization, exponential_rows
from bandits.mdp.problem import BanditLossProblem


class ExpWeightsPO(PolicyOptimization):
    """Exponential weights on standard estimates; a reconstruction. Regret of order ``(d H^6)^(1/3) K^(2/3)``."""

    source = (
        "the rate before Dai, Luo, Wei, Zimmert 2023: K^(2/3) as in their abstract, the rest a convention; the "
        "algorithm is a reconstruction, its constants are derived in this project"
    )

    def best_eta(self, problem: BanditLossProblem, episodes: int) -> float:
        return math.sqrt(math.log(max(problem.n_actions, 2)) / (problem.dimension * episodes)) / problem.n_stages

    def best_gamma(self, problem: BanditLossProblem, eta: float) -> float:
        return min(0.5, 2.0 * eta * problem.dimension * problem.n_stages)

    def step(self, x: Array, policy: Array) -> None:
        exponential_rows(x, policy)

    def rate(self, problem: BanditLossProblem, t: Array) -> Array:
        return np.cbrt(problem.dimension * problem.n_stages**6 * t**2)
