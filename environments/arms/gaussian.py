"""Gaussian arms: independent normal rewards with fixed means and one standard deviation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from bandits.arguments import integer, one_of, positive, reals
from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.contract import Array
from environments.arms.instance import StochasticInstance
from environments.arms.stochastic import StochasticArms


class GaussianArms(StochasticArms):
    """Arms that pay ``means[i] + sd * z`` with a standard normal ``z``.

    One ``z`` a round serves all arms, so that policies compared on the same tape meet the same luck. Rewards are
    unbounded; the learner is told the standard deviation (``problem.noise``).

    Args:
        means: [n_arms] finite mean rewards.
        sd: standard deviation of the rewards of every arm, > 0.
        horizon: number of rounds, >= 1.
        feedback: "bandit" or "full".
    """

    def __init__(
        self, means: Sequence[float], sd: float = 1.0, horizon: int = 10_000, feedback: str = "bandit"
    ) -> None:
        self.means = reals("means", means)
        integer("number of means", len(self.means), 1)
        self.sd = positive("sd", sd)
        self.feedback = one_of("feedback", feedback, ("bandit", "full"))
        values = np.array(self.means)
        instance = StochasticInstance(
            means=values,
            variances=np.full(len(values), self.sd**2),
            gaussian=True,
            divergences=(np.max(values) - values) ** 2 / (2.0 * self.sd**2),
        )
        kind = FullFeedbackProblem if feedback == "full" else BanditProblem
        problem = kind(
            n_actions=len(values), horizon=integer("horizon", horizon), low=-math.inf, high=math.inf, noise=self.sd
        )
        super().__init__(problem, instance)

    def _noise(self, n: int) -> Array:
        return self.sd * self._generator.standard_normal(n)
