"""Bernoulli arms: rewards 0 or 1, independent, with fixed means."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import rel_entr

from bandits.arguments import integer, one_of, reals
from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.contract import Array
from environments.arms.instance import StochasticInstance
from environments.arms.stochastic import StochasticArms


class BernoulliArms(StochasticArms):
    """Arms that pay 1 with probability ``means[i]`` and 0 otherwise.

    One uniform a round decides the outcomes of all arms, so that policies compared on the same tape meet the same luck.

    Args:
        means: [n_arms] success probabilities in [0, 1].
        horizon: number of rounds, >= 1.
        feedback: "bandit" or "full".

    Example:
        >>> import numpy as np
        >>> from environments import BernoulliArms
        >>> environment = BernoulliArms([0.2, 0.5], horizon=100)
        >>> environment.comparators(np.array([10, 100]))["best_arm"]
        array([ 5., 50.])
        >>> observation, info = environment.reset(seed=1)
        >>> environment.step(1)[1:]
        (0.0, False, False, {'feedback': 0.0})
    """

    binary = True

    def __init__(self, means: Sequence[float], horizon: int = 10_000, feedback: str = "bandit") -> None:
        self.means = reals("means", means, 0.0, 1.0, closed="both")
        integer("number of means", len(self.means), 1)
        self.feedback = one_of("feedback", feedback, ("bandit", "full"))
        values = np.array(self.means)
        best = np.max(values)
        instance = StochasticInstance(
            means=values,
            variances=values * (1.0 - values),
            bernoulli=True,
            bounded=True,
            divergences=rel_entr(values, best) + rel_entr(1.0 - values, 1.0 - best),
        )
        kind = FullFeedbackProblem if feedback == "full" else BanditProblem
        super().__init__(kind(n_actions=len(values), horizon=integer("horizon", horizon)), instance)

    def _noise(self, n: int) -> Array:
        return -self._generator.random(n)
