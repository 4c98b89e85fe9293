"""Optimism over histories where contexts are hidden: values of each context are raised by a bonus, and cut at 1.

After each episode its context is told. With the counts N and shares P of each context, frozen between doublings (see
``bandits.mdp.latent``), the plan over histories is that of ``bandits.mdp.histories`` on

    alpha_m = min(1, R_m + P_m alpha' + c1 sqrt(Var_{P_m}(alpha') iota / max(1, N)) + c2 iota / max(1, N)),

``iota = 2 ln(2 M S A H K / delta)``. With c1 = c2 = 1 all values are cut at 1 at first, actions tie, and the smallest
one is played for hundreds of episodes.

Reference: R. Zhou, R. Wang, S. Du, *Horizon-Free and Variance-Dependent Reinforcement Learning for Latent Markov
Decision Processes*, ICML 2023 (arXiv 2210.11604). Its abstract and set-up were at hand, its body was not: the outline
and iota are the paper's, c1, c2 and the rule of refreshing are derived in this project.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import at_least_zero, one_of, probability
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.mdp.histories import Bonus
from bandits.mdp.latent import LatentPlanner
from bandits.mdp.problem import LatentProblem
from bandits.mdp.theory import LatentInstance

CONSTANTS = {"theory": (1.0, 1.0), "scaled": (0.1, 0.02)}
"""c1 and c2 by name."""


class LatentOptimism(LatentPlanner):
    """Value-optimistic planning over histories; a reconstruction. Needs the horizon.

    Args:
        constants: "theory", c1 = c2 = 1; or "scaled", c1 = 0.1 and c2 = 0.02, of which no theorem speaks.
        c1: of the term of the variance, >= 0; None for that of ``constants``.
        c2: of the term in 1 / N, >= 0; None for that of ``constants``.
        delta: probability of failure, in (0, 1).
    """

    def __init__(
        self, constants: str = "theory", c1: float | None = None, c2: float | None = None, delta: float = 0.05
    ) -> None:
        self.constants = one_of("constants", constants, CONSTANTS)
        self.c1 = None if c1 is None else at_least_zero("c1", c1)
        self.c2 = None if c2 is None else at_least_zero("c2", c2)
        self.delta = probability("delta", delta)

    @property
    def factors(self) -> tuple[float, float]:
        """c1 and c2."""
        first, second = CONSTANTS[self.constants]
        return first if self.c1 is None else self.c1, second if self.c2 is None else self.c2

    def bonus(self, problem: LatentProblem, counts: Array) -> Bonus:
        if problem.horizon is None:
            raise ValueError("LatentOptimism needs a horizon: the problem has horizon=None")
        size = problem.n_contexts * problem.n_states * problem.n_actions * problem.n_stages * problem.horizon
        iota = 2.0 * math.log(2.0 * size / self.delta)
        (c1, c2), share = self.factors, iota / np.maximum(1.0, counts)
        return Bonus(c1 * np.sqrt(share), c2 * share, 1.0)

    def regret_bounds(self, problem: LatentProblem, instance: Instance) -> Sequence[Bound]:
        """``sqrt(Var* M Gamma S A t)``, up to a constant and logarithms, free of H but for those.

        The paper's Var* was not read: Var is that of an episode's reward under the best policy over histories.
        """
        if not isinstance(instance, LatentInstance):
            return ()
        rate = instance.rate * instance.support
        assumptions = (
            Assumption("an episode earns at most 1", instance.largest_total <= 1.0 + 1e-9, instance.largest_total),
            Assumption("c1 = c2 = 1, as in theory", self.factors == (1.0, 1.0)),
        )
        return (
            Bound(
                "sqrt(Var M Gamma S A t), Var of the best policy",
                "order",
                lambda t: np.sqrt(rate * t),
                "fixed",
                "abstract of Zhou, Wang, Du 2023; the constant is a convention, Var a stand-in for the paper's Var*",
                "convention",
                assumptions,
                time="horizon-tuned",
            ),
        )
