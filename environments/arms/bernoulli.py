"""Bernoulli arms: rewards 0 or 1, independent, with fixed means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bandits.arguments import integer, one_of, reals, shown, some_of
from bandits.arms.problem import BanditProblem, FullFeedbackProblem
from bandits.contract import Array, Bound
from environments.arms.instance import StochasticInstance
from environments.arms.lower_bounds import (
    ASSUMED,
    LOWER,
    consistent_bound,
    kl_bernoulli,
    minimax_bounds,
    small_horizon_bound,
)
from environments.arms.stochastic import StochasticArms


class BernoulliArms(StochasticArms):
    """Arms that pay 1 with probability ``means[i]`` and 0 otherwise.

    One uniform a round decides the outcomes of all arms, so that policies compared on the same tape meet the same luck.

    Args:
        means: [n_arms] success probabilities in [0, 1]; or a prior from which they are drawn anew in every run: "beta",
            or ``{"name": "beta", "parameters": {"alpha": 2, "beta": 5}}``, with lists for arms of different priors.
        horizon: number of rounds, >= 1.
        feedback: "bandit" or "full".
        n_arms: number of arms, >= 1, where means are drawn.
        lower: which lower bounds to show, of "lai_robbins", "minimax", "small_horizon" and "consistent"; see
            ``environments.arms.lower_bounds``. There are none of means that are drawn.
        assume: of "small_horizon" and "consistent", those whose assumption about the policies is taken for granted; the
            others are shown in grey.

    Example:
        >>> import numpy as np
        >>> from environments import BernoulliArms
        >>> environment = BernoulliArms([0.2, 0.5], horizon=100)
        >>> environment.comparators(np.array([10, 100]))["best_arm"]
        array([ 5., 50.])
        >>> observation, info = environment.reset(seed=1)
        >>> environment.step(1)[1:]
        (1.0, False, False, {'feedback': 1.0})
    """

    binary = True

    def __init__(
        self,
        means: Sequence[float] | Mapping[str, Any] | str,
        horizon: int = 10_000,
        feedback: str = "bandit",
        n_arms: int | None = None,
        lower: Sequence[str] = ("lai_robbins",),
        assume: Sequence[str] = (),
    ) -> None:
        self.means = means if isinstance(means, Mapping | str) else reals("means", means, 0.0, 1.0, closed="both")
        self.feedback, self.n_arms = one_of("feedback", feedback, ("bandit", "full")), n_arms
        self.lower, self.assume = some_of("lower", lower, LOWER), some_of("assume", assume, ASSUMED)
        kind = FullFeedbackProblem if feedback == "full" else BanditProblem
        about: Any = {"horizon": integer("horizon", horizon), "reward_family": "bernoulli"}
        super().__init__(lambda n: kind(n_actions=integer("number of means", n), **about), self.means, n_arms)
        if self._law is not None and self._law[0] != "beta":
            raise ValueError(f"means must be drawn from a prior on [0, 1], which is beta, got {shown(means)}")

    def _instance_of(self, means: Array) -> StochasticInstance:
        best = np.max(means)
        return StochasticInstance(
            means=means,
            variances=means * (1.0 - means),
            bernoulli=True,
            family="bernoulli",
            bounded=True,
            divergences=kl_bernoulli(means, best),
        )

    def _lower_bounds(self) -> Sequence[Bound]:
        if self._prior is not None:
            return ()
        found: list[Bound] = []
        if "minimax" in self.lower:
            found += minimax_bounds(self._n_arms, self.horizon, None, drawn=False)
        for name, bound in (("small_horizon", small_horizon_bound), ("consistent", consistent_bound)):
            if name in self.lower:
                found.append(bound(self._instance, name in self.assume))
        return tuple(found)
