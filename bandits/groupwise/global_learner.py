"""One learner on all rounds, which ignores groups: the baseline of the paper's experiments.

It has no guarantee for a group (other than that of all rounds); contexts that hold the groups' indicators let it know
them all the same.

Reference: Acharya et al., *Oracle Efficient Algorithms for Groupwise Regret*, ICLR 2024, experiments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bandits.contract import Bound, Problem
from bandits.groupwise.learners import Learner
from bandits.groupwise.policy import ALWAYS_ON, Mask
from bandits.groupwise.regression import Meta, Only, RegressionPolicy
from bandits.groupwise.theory import group_of, ridge_term, unit_labels


class GlobalLearner(RegressionPolicy):
    """A single base learner.

    Args:
        base_learner: "oridge", "vaw", "ogd", or a function that makes an object with ``predict(x)`` and
            ``update(x, y)``.
        penalty: lambda of ridge and of the forward forecaster, > 0.
        clip: None, or the interval [low, high] that predictions are clipped to.
        diameter: of the ball of gradient descent, > 0.
        norm: bound on the length of contexts for gradient descent, > 0; None for the one that the problem declares.
    """

    def __init__(
        self,
        base_learner: str | Callable[[], Learner] = "oridge",
        penalty: float = 1.0,
        clip: Sequence[float] | None = None,
        diameter: float = 2.0,
        norm: float | None = None,
    ) -> None:
        super().__init__(base_learner, penalty, clip, diameter, norm, play="mixture")

    def _prepare(self, problem: Problem) -> tuple[int, Meta]:
        return 1, Only()

    def _awake(self, groups: Mask) -> Mask:
        return np.ones((len(groups), 1), dtype=np.int8)

    def regret_bounds(self, problem: Problem, facts: Mapping[str, Any]) -> Sequence[Bound]:
        """Of clipped ridge and the forward forecaster, on all rounds: ``F + ln det(A_t / lambda)``."""
        hindsight = facts.get("hindsight")
        known = self.base_learner == "vaw" or (self.base_learner == "oridge" and self.clip == [0.0, 1.0])
        if hindsight is None or not known or ALWAYS_ON not in problem.groups:
            return ()
        return (
            Bound(
                "ridge bound",
                "upper",
                lambda times: ridge_term(hindsight, ALWAYS_ON, times, self.penalty, 1.0, prior=True),
                group_of(ALWAYS_ON, hindsight.kind),
                "Azoury and Warmuth 2001; Vovk 2001; derived for clipped ridge",
                (unit_labels(facts),),
            ),
        )
