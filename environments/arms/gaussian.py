"""Gaussian arms: independent normal rewards with fixed means and one standard deviation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

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
        means: [n_arms] finite mean rewards; or a prior from which they are drawn anew in every run: "normal", "beta",
            or ``{"name": "normal", "parameters": {"mean": 0, "deviation": 2}}``.
        sd: standard deviation of the rewards of every arm, > 0.
        horizon: number of rounds, >= 1.
        feedback: "bandit" or "full".
        n_arms: number of arms, >= 1, where means are drawn.
    """

    def __init__(
        self,
        means: Sequence[float] | Mapping[str, Any] | str,
        sd: float = 1.0,
        horizon: int = 10_000,
        feedback: str = "bandit",
        n_arms: int | None = None,
    ) -> None:
        self.means = means if isinstance(means, Mapping | str) else reals("means", means)
        self.sd, self.n_arms = positive("sd", sd), n_arms
        self.feedback = one_of("feedback", feedback, ("bandit", "full"))
        kind = FullFeedbackProblem if feedback == "full" else BanditProblem
        about: Any = {"horizon": integer("horizon", horizon), "low": -math.inf, "high": math.inf, "noise": self.sd}
        about |= {"reward_family": "gaussian"}
        super().__init__(lambda n: kind(n_actions=integer("number of means", n), **about), self.means, n_arms)

    def _instance_of(self, means: Array) -> StochasticInstance:
        with np.errstate(over="ignore"):  # infinite then
            divergences = (np.max(means) - means) ** 2 / (2.0 * self.sd**2)
        return StochasticInstance(
            means=means,
            variances=np.full(len(means), self.sd**2),
            gaussian=True,
            family="gaussian",
            divergences=divergences,
        )
