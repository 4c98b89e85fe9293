"""The hardest arms for a horizon: the instances of the minimax lower bound, and a law over them in whose mean it holds.

Arm 0 has the mean ``m + D`` and the others ``m``, with the gap D of ``lower_bounds.py``; one of the others may be
raised to ``m + 2 D``. No policy has less than the bound on all of these instances. With the raised arm drawn in every
run, none with probability 1/2, no policy has less in the mean over the runs: that can be judged, and is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bandits.arguments import integer, one_of, positive, shown
from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.arms.theory import divergences
from bandits.contract import Array, Bound
from environments.arms.instance import StochasticInstance
from environments.arms.lower_bounds import hardest_gap, minimax_bounds
from environments.arms.priors import Prior
from environments.arms.stochastic import StochasticArms

MIDDLE = 0.5
"""The mean of arms that are neither the first nor raised."""


class _Raised(Prior):
    """Means with a raised arm that is drawn: none with probability 1/2."""

    def __init__(self, gap: float) -> None:
        self.gap = gap

    def law(self, n_arms: int) -> None:
        return None

    @property
    def support(self) -> tuple[float, float]:
        return MIDDLE, MIDDLE + 2.0 * self.gap

    def draw(self, rng: np.random.Generator, n_arms: int) -> Array:
        raised = int(rng.integers(1, n_arms)) if n_arms > 1 and rng.random() < 0.5 else 0
        return means_of(n_arms, self.gap, raised)


def means_of(n_arms: int, gap: float, raised: int) -> Array:
    """Means [n_arms] of an instance; with ``raised`` = 0 none is raised."""
    means = np.full(n_arms, MIDDLE)
    means[0] += gap
    if raised > 0:
        means[raised] += 2.0 * gap
    return means


class HardestArms(StochasticArms):
    """Bernoulli or Gaussian arms that are the hardest for a horizon, up to a constant.

    Args:
        n_arms: number of arms, >= 2.
        horizon: number of rounds, >= 1, for which they are the hardest.
        raised: the arm with the mean ``1/2 + 2 D``, 0 for none; "drawn" in every run: none with probability 1/2, else
            each of the others alike.
        distribution: "bernoulli" or "gaussian".
        sd: standard deviation of Gaussian rewards, > 0; without effect on Bernoulli ones.
        feedback: "bandit" or "full".
    """

    def __init__(
        self,
        n_arms: int = 10,
        horizon: int = 10_000,
        raised: int | str = "drawn",
        distribution: str = "bernoulli",
        sd: float = 1.0,
        feedback: str = "bandit",
    ) -> None:
        self.n_arms, rounds = integer("n_arms", n_arms, 2), integer("horizon", horizon)
        self.distribution = one_of("distribution", distribution, ("bernoulli", "gaussian"))
        self.sd, self.feedback = positive("sd", sd), one_of("feedback", feedback, ("bandit", "full"))
        if isinstance(raised, str) and raised != "drawn":
            raise ValueError(f"raised must be 'drawn' or the number of an arm, got {shown(raised)}")
        self.raised = raised if isinstance(raised, str) else integer("raised", raised, 0, n_arms - 1)
        self.binary = distribution == "bernoulli"
        gap, _ = hardest_gap(n_arms, rounds, None if self.binary else self.sd)
        means = _Raised(gap) if isinstance(raised, str) else means_of(n_arms, gap, raised).tolist()
        kind = FullFeedbackProblem if feedback == "full" else BanditProblem
        low, high, noise = (0.0, 1.0, None) if self.binary else (-math.inf, math.inf, self.sd)
        super().__init__(lambda n: kind(n_actions=n, horizon=rounds, low=low, high=high, noise=noise), means, n_arms)

    def _instance_of(self, means: Array) -> StochasticInstance:
        made = StochasticInstance(
            means=means,
            variances=means * (1.0 - means) if self.binary else np.full(len(means), self.sd**2),
            bernoulli=self.binary,
            bounded=self.binary,
            gaussian=not self.binary,
            divergences=divergences(self.distribution, means, float(np.max(means)), self.sd),
        )
        return replace(made, hard_for=self.horizon) if self.raised == "drawn" else made

    def _lower_bounds(self) -> Sequence[Bound]:
        sd = None if self.binary else self.sd
        return minimax_bounds(self.n_arms, self.horizon, sd, self.raised == "drawn")
