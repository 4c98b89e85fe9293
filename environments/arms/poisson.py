"""Poisson arms: rewards 0, 1, 2, ..., independent, with fixed means."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.special import pdtr

from bandits.arguments import affordable, integer, one_of, reals
from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.arms.theory import divergences
from bandits.contract import Array
from environments.arms.instance import StochasticInstance
from environments.arms.sampled import SampledArms


class PoissonArms(SampledArms):
    """Arms whose rewards are Poisson variables with means ``means[i]``: counts, of visits or sales.

    One uniform a round decides the outcomes of all arms, so that policies compared on the same tape meet the same luck.
    Rewards are unbounded above, and sub-Gaussian with no parameter: the learner is told the family, and no noise.

    Args:
        means: [n_arms] in [0, 1e9].
        horizon: number of rounds, >= 1.
        feedback: "bandit" or "full".

    Example:
        >>> import numpy as np
        >>> from environments import PoissonArms
        >>> environment = PoissonArms([0.5, 2.0], horizon=100)
        >>> environment.problem.reward_family, environment.problem.high
        ('poisson', inf)
        >>> round(environment.instance().lai_robbins, 4)
        1.8591
    """

    def __init__(self, means: Sequence[float], horizon: int = 10_000, feedback: str = "bandit") -> None:
        self.means = reals("means", means, 0.0, 1e9, closed="both")
        self.feedback = one_of("feedback", feedback, ("bandit", "full"))
        kind = FullFeedbackProblem if feedback == "full" else BanditProblem
        about: Any = {"horizon": integer("horizon", horizon), "high": math.inf, "reward_family": "poisson"}
        super().__init__(lambda n: kind(n_actions=integer("number of means", n), **about), self.means, None)
        reach = 9.0 * np.sqrt(self._means) + 40.0  # beyond, the chances are below a uniform's resolution
        self._firsts = np.maximum(0.0, np.floor(self._means - reach))
        counts = np.ceil(self._means + reach) - self._firsts
        affordable("means", f"the chances of {counts.sum():g} numbers", int(counts.sum()))
        self._chances = [pdtr(k + np.arange(n), m) for k, n, m in zip(self._firsts, counts, self._means, strict=True)]

    def _instance_of(self, means: Array) -> StochasticInstance:
        return StochasticInstance(
            means=means,
            variances=means,
            family="poisson",
            divergences=divergences("poisson", means, float(np.max(means))),
        )

    def _quantiles(self, uniforms: Array) -> Array:
        found = np.empty((len(uniforms), self._n_arms))
        for i, (first, chances) in enumerate(zip(self._firsts, self._chances, strict=True)):
            found[:, i] = first + np.searchsorted(chances[:-1], uniforms, side="right")
        return found
