"""KL-UCRL: optimism over a ball of the Kullback-Leibler divergence around the frequencies.

With ``n = max(1, N(s, a))`` the ball of a pair has the radius

    e(s, a) = (ln(S A / delta) + (S - 1) ln(e (1 + n / (S - 1)))) / n

(``ln(S A / delta) / n`` for S = 1), which covers all n at once; all else is as in UCRL2. With ``radius: original`` it
is ``C / n`` of Filippi et al., which needs the horizon T (taken for at least 3, for ln ln T):

    C = S (B + ln(B + 1 / ln T) (1 + 1 / (B + 1 / ln T))),    B = ln(2 e S^2 A ln T / delta).

References: S. Filippi, O. Cappé, A. Garivier, *Optimism in Reinforcement Learning and Kullback-Leibler Divergence*,
Allerton 2010 (recalled). The default radius is that of A. Jonsson et al., *Planning in Markov Decision Processes with
Gap-Dependent Sample Complexity*, NeurIPS 2020 (recalled); to take it here is this project's choice.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import one_of, probability, real
from bandits.contract import Array, Bound, Instance
from bandits.mdp.average import needed_rewards
from bandits.mdp.epochs import DoublingPolicy
from bandits.mdp.extended import extended_value_iteration
from bandits.mdp.problem import AverageRewardProblem
from bandits.mdp.theory import AverageRewardInstance, average_bound, diameter_of, unscaled

LARGEST = 2_000_000
"""S x A x Gamma up to which balls of the divergence are planned with: a sweep takes some 160 logarithms an entry."""


def check_size(policy: object, problem: AverageRewardProblem) -> None:
    """See that planning with balls of the divergence is affordable. Gamma is not told beforehand: S stands for it.

    Raises:
        ValueError: it is not.
    """
    size = problem.n_states**2 * problem.n_actions
    if size > LARGEST:
        raise ValueError(
            f"{type(policy).__name__} plans for S x A x S up to {LARGEST}, got {problem.n_states} states and "
            f"{problem.n_actions} actions, {size}: take UCRL2B or OptimisticQ"
        )


def divergence_budget(n: Array, n_states: int, n_actions: int, delta: float) -> Array:
    """``n e`` of pairs that were played ``n`` times, >= 1: what the likelihood ratio test of a row may reach."""
    log = math.log(n_states * n_actions / delta)
    if n_states == 1:
        return np.full(np.shape(n), log)
    return np.asarray(log + (n_states - 1) * (1.0 + np.log1p(n / (n_states - 1))))


class KLUCRL(DoublingPolicy):
    """KL-UCRL of Filippi, Cappé and Garivier (2010). It needs the mean rewards.

    Args:
        radius: "own" (any time), or "original" (of the paper; needs a horizon).
        delta: probability in (0, 1) with which the confidence sets may fail.
        bonus_scale: factor of all radii, >= 0; 1 is the theory's.

    Attributes:
        plans: number of epochs begun in this run.
    """

    decided = True

    def __init__(self, radius: str = "own", delta: float = 0.05, bonus_scale: float = 1.0) -> None:
        self.radius = one_of("radius", radius, ("own", "original"))
        self.delta = probability("delta", delta)
        self.bonus_scale = real("bonus_scale", bonus_scale, 0.0, closed="low")

    def begin(self, problem: AverageRewardProblem) -> None:
        self._rewards = needed_rewards(self, problem)
        check_size(self, problem)
        if self.radius == "original" and problem.horizon is None:
            raise ValueError("KLUCRL with radius 'original' needs a horizon: the problem has horizon=None")

    def plan(self) -> None:
        n = np.maximum(1, self._counts.visits)
        radii, precision = self.bonus_scale * self._budget(n) / n, 1.0 / math.sqrt(self._t)
        found = extended_value_iteration("kl", self._rewards, self._estimate, radii[:, :, None], precision)
        self._policy = found.policy

    def _budget(self, n: Array) -> Array:
        n_states, n_actions, horizon = self._n_states, self._n_actions, self._problem.horizon
        if self.radius == "own" or horizon is None:
            return divergence_budget(n, n_states, n_actions, self.delta)
        log = math.log(max(3, horizon))
        b = math.log(2.0 * math.e * n_states**2 * n_actions * log / self.delta)
        return np.full(n.shape, n_states * (b + math.log(b + 1.0 / log) * (1.0 + 1.0 / (b + 1.0 / log))))

    def regret_bounds(self, problem: AverageRewardProblem, instance: Instance) -> Sequence[Bound]:
        """Order ``D S sqrt(A t ln t)``, the constant a convention."""
        if not isinstance(instance, AverageRewardInstance) or (diameter := diameter_of(instance)) is None:
            return ()
        scale, actions = diameter * problem.n_states, problem.n_actions
        return (
            average_bound(
                "KL-UCRL order",
                "order",
                lambda t: scale * np.sqrt(actions * t * np.log(t)),
                "Filippi, Cappé, Garivier 2010 (recalled; the constant is a convention)",
                instance,
                (instance.finite_diameter, unscaled(self.bonus_scale)),
                delta=self.delta,
            ),
        )
