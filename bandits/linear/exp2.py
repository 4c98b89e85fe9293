"""Exp2: exponential weights on estimates of linear losses, with the exploration of an optimal design.

On the signed losses ``l = -r / M``,

    p ∝ exp(-eta Lhat),  q = (1 - gamma) p + gamma pi,  eta = sqrt(ln K / (3 d T)),  gamma = eta g,

pi the G-optimal design with ``g = max_a |a|^2_{V(pi)^-1}``, which keeps ``|eta lhat| <= 1``.

References: S. Bubeck, N. Cesa-Bianchi, S. Kakade, *Towards Minimax Policies for Online Linear Optimization with Bandit
Feedback*, COLT 2012; T. Lattimore and C. Szepesvári, *Bandit Algorithms*, draft, chapter 27 (analysis read up to the
choice of gamma).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bandits.arms.problem import Actions, Block
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.kernels import kernel
from bandits.linear.adversarial import AdversarialPolicy, Game, Kernels, Scale, draw, learn, weigh
from bandits.linear.problem import LinearActionsProblem
from bandits.linear.theory import LinearInstance


@kernel
def _play(block: Block, actions: Actions, game: Game, scale: Scale, uniforms: Array) -> None:
    eta, gamma, offset, unit = scale
    for s in range(actions.size):
        weigh(game, eta)
        arm = draw(game, gamma, uniforms[s])
        reward = block.levels[s * block.stride, arm] + block.noise[s]
        if block.binary:
            reward = 1.0 if reward > 0.0 else 0.0
        learn(game, arm, (offset - reward) / unit)
        actions[s] = arm


class Exp2(AdversarialPolicy):
    """Exponential weights on a fixed set against an oblivious adversary. Needs rewards in a finite range.

    Args:
        rate: eta > 0; None for ``sqrt(ln K / (3 d T))``, which needs a horizon.
        mixing: gamma in [0, 1], the share of the design; None for ``min(1, eta g)``.
        tolerance: of the design, in (0, 1].
    """

    kernels = Kernels(weigh, learn, _play)

    def best_rate(self, n_actions: int, rank: int, horizon: int) -> float:
        return math.sqrt(math.log(n_actions) / (3.0 * rank * horizon))

    def best_mixing(self, eta: float, value: float) -> float:
        return min(1.0, eta * value)

    def regret_bounds(self, problem: LinearActionsProblem, instance: Instance) -> Sequence[Bound]:
        """``M (ln K / eta + 2 gamma t + eta d t)``; with both tuned, at T, about ``2 M sqrt(3 d T ln K)``."""
        if not isinstance(instance, LinearInstance) or not problem.bounded:
            return ()
        eta, gamma, found = self.constants(problem)
        scale, log, rank = max(abs(problem.low), abs(problem.high)), math.log(problem.n_actions), found.rank
        start = log / eta if eta > 0.0 else 0.0
        return (
            Bound(
                "exp2 bound",
                "upper",
                lambda t: scale * (start + (2.0 * gamma + eta * rank) * t),
                "fixed",
                "Lattimore and Szepesvári, draft, chapter 27; the tuning is of this project",
                "derived",
                (
                    *self.assumed(instance, problem),
                    Assumption("gamma >= eta g", gamma >= eta * found.value * (1.0 - 1e-12)),
                ),
                time=self.claim,
            ),
        )
