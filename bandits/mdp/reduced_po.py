"""Policy optimisation by exponential weights on estimates of a reduced magnitude.

At every stage and in every state ``pi ∝ exp(-x)``, ``x = eta sum over the episodes of (Q - B)``, with the reduced
estimates Q of ``bandits.mdp.estimators`` and the dilated bonus B. They are less negative than standard ones by a root,
so that a smaller ridge will do: ``eta = sqrt(ln A / (d K)) / H``, ``gamma = min(1 / 2, 4 eta^2 d H^2)``, ``beta = eta
H^2``.

Reference: Y. Dai, H. Luo, C.-Y. Wei, J. Zimmert, *Refined Regret for Adversarial MDPs with Linear Function
Approximation*, ICML 2023, its second algorithm. Its abstract was at hand, its body was not: this is a reconstruction,
and eta, gamma, beta are derived in this project.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.mdp.policy_optimization import PolicyOptimization, exponential_rows
from bandits.mdp.problem import BanditLossProblem


class ReducedPO(PolicyOptimization):
    """Exponential weights on magnitude-reduced estimates; a reconstruction. Regret of order ``sqrt(d H^6 K)``."""

    reduced = True
    source = (
        "Dai, Luo, Wei, Zimmert 2023: sqrt(K), free of A, as in the abstract, the rest recalled; the algorithm is a "
        "reconstruction, its constants are derived in this project"
    )

    def best_eta(self, problem: BanditLossProblem, episodes: int) -> float:
        return math.sqrt(math.log(max(problem.n_actions, 2)) / (problem.dimension * episodes)) / problem.n_stages

    def best_gamma(self, problem: BanditLossProblem, eta: float) -> float:
        return min(0.5, 4.0 * eta**2 * problem.dimension * problem.n_stages**2)

    def step(self, x: Array, policy: Array) -> None:
        exponential_rows(x, policy)

    def rate(self, problem: BanditLossProblem, t: Array) -> Array:
        return np.sqrt(problem.dimension * problem.n_stages**6 * t)
