"""Bernoulli arms: rewards 0 or 1, independent, with fixed means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import rel_entr

from bandits.contract import Array, Problem
from bandits.domain import integer, one_of, reals
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
        >>> world = BernoulliArms([0.2, 0.5], horizon=100)
        >>> world.comparators(np.array([10, 100]))["best_arm"]
        array([ 5., 50.])
        >>> observation, info = world.reset(seed=1)
        >>> world.step(1)[1:]
        (0.0, False, False, {'feedback': 0.0})
    """

    binary = True

    def __init__(self, means: Sequence[float], horizon: int = 10_000, feedback: str = "bandit") -> None:
        self.means = reals("means", means, 0.0, 1.0, closed="both")
        integer("number of means", len(self.means), 1)
        self.feedback = one_of("feedback", feedback, ("bandit", "full"))
        super().__init__(
            Problem("arms", self.feedback, len(self.means), integer("horizon", horizon)), np.array(self.means)
        )

    def _noise(self, n: int) -> Array:
        return -self._generator.random(n)

    def _more_facts(self) -> Mapping[str, Any]:
        return {"variances": self._means * (1.0 - self._means), "bernoulli": True}

    def _divergences(self) -> Array:
        p, q = self._means, np.max(self._means)
        return np.asarray(rel_entr(p, q) + rel_entr(1.0 - p, 1.0 - q))
