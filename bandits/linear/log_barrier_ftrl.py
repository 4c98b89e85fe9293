"""Follow the regularised leader with the log-barrier, whose analysis lets estimates be arbitrarily negative.

On the signed losses ``l = -r / M``,

    p = argmin over the simplex of eta <p, Lhat> + sum_a ln(1 / p_a),   p_a = 1 / (eta (Lhat_a - min Lhat) + lambda),

where lambda in [1, K] makes the sum 1; no exploration is mixed in. ``eta = sqrt(2 (K - 1) ln T / (d T))``.

Solving for lambda: the sum is at least 1 at lambda = 1, convex and decreasing, so that Newton's steps from there
increase to the root.

Reference: Y. Dai, H. Luo, C.-Y. Wei, J. Zimmert, *Refined Regret for Adversarial MDPs with Linear Function
Approximation*, ICML 2023, the case of one state and one step. Its abstract and opening were at hand, not its body:
this is a reconstruction, and the lemma and the constants below are derived in this project.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arms.problem import Actions, Block
from bandits.contract import Array, Bound, Instance
from bandits.kernels import kernel
from bandits.linear.adversarial import AdversarialPolicy, Game, Kernels, Scale, draw, learn
from bandits.linear.problem import LinearActionsProblem
from bandits.linear.theory import LinearInstance


@kernel
def log_barrier(losses: Array, eta: float, distribution: Array) -> None:
    """Fill in ``argmin over p of eta <p, losses> + sum_a ln(1 / p_a)`` [K], which has no entry 0."""
    least, root, total = np.min(losses), 1.0, 1.0
    for _ in range(100):
        total, slope = 0.0, 0.0
        for i in range(losses.size):
            p = 1.0 / (eta * (losses[i] - least) + root)
            distribution[i] = p
            total += p
            slope += p * p
        following = max(root, root + (total - 1.0) / slope)
        if total - 1.0 <= 1e-15 * losses.size or following == root:
            break
        root = following
    for i in range(losses.size):
        distribution[i] /= total


@kernel
def _fill(game: Game, eta: float) -> None:
    log_barrier(game.estimates, eta, game.distribution)


@kernel
def _play(block: Block, actions: Actions, game: Game, scale: Scale, uniforms: Array) -> None:
    eta, gamma, offset, unit = scale
    for s in range(actions.size):
        _fill(game, eta)
        arm = draw(game, gamma, uniforms[s])
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        learn(game, arm, (offset - reward) / unit)
        actions[s] = arm


class LogBarrierFTRL(AdversarialPolicy):
    """Log-barrier regularisation on a fixed set against an oblivious adversary; a reconstruction.

    Needs rewards in a finite range.

    Args:
        rate: eta > 0; None for ``sqrt(2 (K - 1) ln T / (d T))``, which needs a horizon.
        mixing: gamma in [0, 1], a share of the design; None for 0.
        tolerance: of the design, in (0, 1].
    """

    kernels = Kernels(_fill, learn, _play)

    def best_rate(self, n_actions: int, rank: int, horizon: int) -> float:
        return math.sqrt(2.0 * (n_actions - 1) * math.log(horizon) / (rank * horizon))

    def best_mixing(self, eta: float, value: float) -> float:
        return 0.0

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """``M ((K - 1) ln T / eta + eta d t / 2 + 2)``, derived in this project.

        With D the Bregman divergence of ``sum ln(1 / p)`` and ``y = q - p``, in each coordinate ``-y l - D / eta`` is
        at most ``eta p l^2 / 2`` if l < 0 < y, at most ``eta p^2 l^2 / 2`` if y < 0 < l, and at most 0 else, whatever
        the size of l. So stability costs ``(eta / 2) sum p lhat^2``, ``eta d / 2`` in expectation. The penalty is
        ``(K - 1) ln T`` at the best action mixed with a share 1 / T of the uniform distribution, which costs 2.
        """
        if not isinstance(instance, LinearInstance) or not problem.bounded or problem.horizon is None:
            return ()
        eta, gamma, found = self.constants(problem)
        if gamma > 0.0:
            return ()
        scale, rank = max(abs(problem.low), abs(problem.high)), found.rank
        penalty = (problem.n_actions - 1) * math.log(problem.horizon) / eta if eta > 0.0 else 0.0
        return (
            Bound(
                "log-barrier bound",
                "upper",
                lambda t: scale * (penalty + eta * rank * t / 2.0 + 2.0),
                "fixed",
                "derived in this project, after Dai, Luo, Wei, Zimmert 2023 (a reconstruction)",
                "derived",
                self.assumed(instance, problem),
                time=self.claim,
            ),
        )
