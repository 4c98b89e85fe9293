"""Gaussian arms: independent normal rewards with fixed means and one standard deviation."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bandits.contract import Array, Problem
from bandits.domain import integer, one_of, positive, reals
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
        problem = Problem(
            "arms", self.feedback, len(self.means), integer("horizon", horizon), -math.inf, math.inf, self.sd
        )
        super().__init__(problem, np.array(self.means))

    def _noise(self, n: int) -> Array:
        return self.sd * self._generator.standard_normal(n)

    def _more_facts(self) -> Mapping[str, Any]:
        return {"variances": np.full(len(self.means), self.sd**2), "gaussian": True}

    def _divergences(self) -> Array:
        gaps: Array = np.max(self._means) - self._means
        return gaps**2 / (2.0 * self.sd**2)
