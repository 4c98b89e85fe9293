"""Exponential weights on estimates whose negative part is reduced.

On losses ``l = (high - r) / (high - low)`` in [0, 1] and lifted features ``(a, 1)`` of rank d', with
``G(a, b) = a^T Sigma^-1 b`` and ``(x)_- = min(x, 0)``,

    lhat(a) = G(a, a_t) l - (G(a, a_t))_- + sum_b q(b) (G(a, b))_-

is unbiased, too, and at least ``-|a|_{Sigma^-1}``: by a root less negative than the plain estimate may be. So little
exploration does: ``eta = sqrt(ln K / (d' T))``, ``gamma = min(1 / 2, eta^2 g')``. The sum over b is exact here, in
O(K^2 d'); the paper samples it from a simulator (recalled).

Reference: Y. Dai, H. Luo, C.-Y. Wei, J. Zimmert, *Refined Regret for Adversarial MDPs with Linear Function
Approximation*, ICML 2023, the case of one state and one step. Its abstract and opening were at hand, not its body:
this is a reconstruction, and the tuning and the constants below are derived in this project.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arms.problem import Actions, Block
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import kernel
from bandits.linear.adversarial import AdversarialPolicy, Game, Kernels, Scale, draw, estimate, weigh
from bandits.linear.problem import LinearActionsProblem
from bandits.linear.theory import LinearInstance


@kernel
def _learn(game: Game, arm: int, loss: float) -> None:
    if not estimate(game, arm):
        return
    k, r = game.rows.shape
    for b in range(k):
        for j in range(r):
            game.solved[b, j] = 0.0
            for m in range(r):
                game.solved[b, j] += game.inverse[j, m] * game.rows[b, m]
    for a in range(k):
        inner, shift = 0.0, 0.0
        for j in range(r):
            inner += game.rows[a, j] * game.gain[j]
        for b in range(k):
            product = 0.0
            for j in range(r):
                product += game.rows[a, j] * game.solved[b, j]
            shift += game.distribution[b] * min(product, 0.0)
        game.estimates[a] += inner * loss - min(inner, 0.0) + shift


@kernel
def _play(block: Block, actions: Actions, game: Game, scale: Scale, uniforms: Array) -> None:
    eta, gamma, offset, unit = scale
    for s in range(actions.size):
        weigh(game, eta)
        arm = draw(game, gamma, uniforms[s])
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        _learn(game, arm, (offset - reward) / unit)
        actions[s] = arm


class MagnitudeReducedExp(AdversarialPolicy):
    """Exponential weights on magnitude-reduced estimates, against an oblivious adversary; a reconstruction.

    Needs rewards in a finite range.

    Args:
        rate: eta > 0; None for ``sqrt(ln K / (d' T))``, which needs a horizon.
        mixing: gamma in [0, 1], the share of the design; None for ``min(1 / 2, eta^2 g')``.
        tolerance: of the design, in (0, 1].
    """

    lifted = True
    kernels = Kernels(weigh, _learn, _play)

    def best_rate(self, n_actions: int, rank: int, horizon: int) -> float:
        return math.sqrt(math.log(n_actions) / (rank * horizon))

    def best_mixing(self, eta: float, value: float) -> float:
        return min(0.5, eta * eta * value)

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """``(high - low) (ln K / eta + eta d' t / (1 - gamma) + gamma t)``, derived in this project.

        With l in [0, 1], ``X = G l - (G)_-`` lies in ``[0, |G|]`` and ``lhat = X + E (G)_-``, so ``E lhat = l``,
        ``lhat >= -|a|_{Sigma^-1} >= -sqrt(g' / gamma) >= -1 / eta`` and ``E lhat^2 <= |a|^2_{Sigma^-1}``; and
        ``exp(-x) <= 1 - x + x^2`` for x >= -1.
        """
        if not isinstance(instance, LinearInstance) or not problem.bounded:
            return ()
        eta, gamma, found = self.constants(problem)
        if gamma >= 1.0:
            return ()
        scale, rank = problem.high - problem.low, found.rank
        penalty = math.log(problem.n_actions) / eta if eta > 0.0 else 0.0
        return (
            Bound(
                "magnitude-reduced bound",
                "upper",
                lambda t: scale * (penalty + (eta * rank / (1.0 - gamma) + gamma) * t),
                "fixed",
                "derived in this project, after Dai, Luo, Wei, Zimmert 2023 (a reconstruction)",
                "derived",
                (
                    *self.assumed(instance, problem),
                    Assumption("gamma >= eta^2 g'", gamma >= eta * eta * found.value * (1.0 - 1e-12)),
                ),
                time=self.claim,
            ),
        )
