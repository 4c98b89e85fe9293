"""Tsallis-INF on discretised contexts: one Tsallis-INF for each of ``m`` bins of the context's interval.

With ``C`` the width of the interval, the centres are ``h_j = low + (C / m) (j - 1/2)``, j = 1..m, and a round belongs
to the bin whose centre is nearest (the lower one on ties). Each bin has its own clock, cumulative losses and scale; all
share the actions. With one bin this is Tsallis-INF itself.

Reference: M. Khodak, E. Chow, M.-F. Balcan, A. Talwalkar, *Learning to Relax*, ICLR 2024, Algorithm 5, Theorems 2.2 and
E.1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bandits.arguments import integer
from bandits.arms.tsallis_inf import TsallisINF
from bandits.contextual.policy import ContextualPolicy
from bandits.contextual.problem import ContextualProblem, one_context
from bandits.contract import Array
from bandits.watch import reset_within

MOST_BINS = 10_000
"""Most bins: each has a learner."""


class TsallisINFCB(ContextualPolicy):
    """Tsallis-INF-CB of Khodak et al. (2024), for one coordinate of context.

    Args:
        bins: number of bins m, >= 1. The paper's experiments have 5, and 6 for the heat equation [code].
        scale: unit of the losses in each bin, as in ``TsallisINF``: "running_mean" (the paper's code), "range", or a
            number > 0 that bounds the losses.
        on_exceed: as in ``TsallisINF``.
        interval: see ``ContextualPolicy``.

    Attributes:
        n_exceed: number of losses outside [0, K] in this run.
    """

    def __init__(
        self,
        bins: int = 5,
        scale: str | float = "running_mean",
        on_exceed: str = "warn",
        interval: Sequence[float] | None = None,
    ) -> None:
        super().__init__(interval)
        self.bins, policy = integer("bins", bins, most=MOST_BINS), TsallisINF(scale=scale, on_exceed=on_exceed)
        self.scale, self.on_exceed = policy.scale, policy.on_exceed

    def begin(self, problem: ContextualProblem, intervals: Array) -> None:
        if len(intervals) != 1:
            raise ValueError(f"TsallisINFCB takes one coordinate of context, the problem has {len(intervals)}")
        low, high = intervals[0].tolist()
        self._centres = low + (high - low) / self.bins * (np.arange(self.bins) + 0.5)
        self._policies = [TsallisINF(scale=self.scale, on_exceed=self.on_exceed) for _ in range(self.bins)]
        for policy in self._policies:
            reset_within(policy, problem, self._rng)
        self._largest = problem.high

    @property
    def n_exceed(self) -> int:
        """Number of losses outside [0, K] in this run."""
        return sum(policy.n_exceed for policy in self._policies)

    def decide(self, context: Array) -> int:
        return self._policies[self._bin(context)].choose(context)

    def probabilities(self, observation: Any) -> Array:
        context = self.checked(one_context(observation))[0]
        return self._policies[self._bin(context)].probabilities(context)

    def learn(self, context: Array, action: int, loss: float) -> None:
        self._policies[self._bin(context)].update(context, action, self._largest - loss)

    def _bin(self, context: Array) -> int:
        return int(np.argmin(np.abs(self._centres - context[0])))
