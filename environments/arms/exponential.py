"""Exponential arms: positive rewards, such as waiting times or yields, independent, with fixed means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import integer, one_of, reals
from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.arms.theory import divergences
from bandits.contract import Array
from environments.arms.instance import StochasticInstance
from environments.arms.sampled import SampledArms


class ExponentialArms(SampledArms):
    """Arms whose rewards are exponential variables with means ``means[i]``.

    One uniform a round decides the outcomes of all arms, so that policies compared on the same tape meet the same luck.
    Rewards are unbounded above, and sub-Gaussian with no parameter: the learner is told the family, and no noise.

    Args:
        means: [n_arms] in (0, 1e150], whose squares are numbers.
        horizon: number of rounds, >= 1.
        feedback: "bandit" or "full".

    Example:
        >>> import numpy as np
        >>> from environments import ExponentialArms
        >>> environment = ExponentialArms([0.5, 1.0], horizon=100)
        >>> environment.problem.reward_family, environment.problem.high
        ('exponential', inf)
        >>> round(environment.instance().lai_robbins, 4)
        2.5887
    """

    def __init__(self, means: Sequence[float], horizon: int = 10_000, feedback: str = "bandit") -> None:
        self.means = reals("means", means, 0.0, 1e150, closed="high")
        self.feedback = one_of("feedback", feedback, ("bandit", "full"))
        kind = FullFeedbackProblem if feedback == "full" else BanditProblem
        about: Any = {"horizon": integer("horizon", horizon), "high": math.inf, "reward_family": "exponential"}
        super().__init__(lambda n: kind(n_actions=integer("number of means", n), **about), self.means, None)

    def _instance_of(self, means: Array) -> StochasticInstance:
        return StochasticInstance(
            means=means,
            variances=means**2,
            family="exponential",
            divergences=divergences("exponential", means, float(np.max(means))),
        )

    def _quantiles(self, uniforms: Array) -> Array:
        return np.asarray(np.multiply.outer(-np.log1p(-uniforms), self._means))
