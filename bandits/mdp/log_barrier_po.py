"""Policy optimisation by the log barrier, whose analysis lets estimates be arbitrarily negative.

At every stage and in every state

    pi = argmin over p of <p, x> + sum_a ln(1 / p_a),   x = eta sum over the episodes of (Q - B),

with standard estimates Q and the dilated bonus B; ``eta = sqrt(A ln K / (d K)) / H``, ``gamma = 0.001``, ``beta = eta
H^2``.

Reference: Y. Dai, H. Luo, C.-Y. Wei, J. Zimmert, *Refined Regret for Adversarial MDPs with Linear Function
Approximation*, ICML 2023, its first algorithm. Its abstract was at hand, its body was not: this is a reconstruction,
and eta, gamma, beta are derived in this project.
"""

from __future__ import annotations

import math

import numpy as np

from bandits.contract import Array
from bandits.kernels import kernel
from bandits.linear.log_barrier_ftrl import log_barrier
from bandits.mdp.policy_optimization import PolicyOptimization
from bandits.mdp.problem import BanditLossProblem


class LogBarrierPO(PolicyOptimization):
    """Policy optimisation with the log barrier; a reconstruction. Regret of order ``sqrt(A d H^6 K)``."""

    source = (
        "Dai, Luo, Wei, Zimmert 2023: sqrt(K) as in the abstract, the rest recalled; the algorithm is a "
        "reconstruction, its constants are derived in this project"
    )

    def best_eta(self, problem: BanditLossProblem, episodes: int) -> float:
        log = math.log(max(episodes, 2))
        return math.sqrt(problem.n_actions * log / (problem.dimension * episodes)) / problem.n_stages

    def best_gamma(self, problem: BanditLossProblem, eta: float) -> float:
        return 1e-3

    def step(self, x: Array, policy: Array) -> None:
        _log_barrier_rows(x, policy)

    def rate(self, problem: BanditLossProblem, t: Array) -> Array:
        return np.sqrt(problem.n_actions * problem.dimension * problem.n_stages**6 * t)


@kernel
def _log_barrier_rows(x: Array, policy: Array) -> None:
    for i in range(x.shape[0]):
        log_barrier(x[i], 1.0, policy[i])
