"""One learner on all rounds, which ignores groups: the baseline of the paper's experiments.

It has no guarantee for a group (other than that of all rounds); contexts that hold the groups' indicators let it know
them all the same.

Reference: Acharya et al., *Oracle Efficient Algorithms for Groupwise Regret*, ICLR 2024, experiments.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.contract import Bound, Instance
from bandits.groupwise.learners import BaseLearner
from bandits.groupwise.problem import ALWAYS_ON, Mask, RegressionProblem
from bandits.groupwise.regression import Meta, Only, RegressionPolicy
from bandits.groupwise.ridge import OnlineRidge
from bandits.groupwise.theory import RegressionInstance, group_of, ridge_term, unit_labels


class GlobalLearner(RegressionPolicy):
    """A single base learner.

    Args:
        base_learner: "oridge", "vaw" or "ogd", by its name or as ``{"name": ..., "parameters": {...}}``, or a function
            that makes an object with ``predict(x)`` and ``update(x, y)``.
        clip: None, or the interval [low, high] that predictions are clipped to.
    """

    def __init__(
        self,
        base_learner: BaseLearner = "oridge",
        clip: Sequence[float] | None = None,
    ) -> None:
        super().__init__(base_learner, clip, play="mixture")

    def _prepare(self, problem: RegressionProblem) -> tuple[int, Meta]:
        return 1, Only()

    def _awake(self, groups: Mask) -> Mask:
        return np.ones((len(groups), 1), dtype=np.int8)

    def regret_bounds(self, problem: RegressionProblem, instance: Instance) -> Sequence[Bound]:
        """Of clipped ridge and the forward forecaster, on all rounds: ``F + ln det(A_t / lambda)``."""
        learner = self._learners
        if not isinstance(instance, RegressionInstance) or ALWAYS_ON not in instance.groups:
            return ()
        if not isinstance(learner, OnlineRidge) or not (learner.forward or self.clip == [0.0, 1.0]):
            return ()
        return (
            Bound(
                "ridge bound",
                "upper",
                lambda times: ridge_term(instance, ALWAYS_ON, times, learner.penalty, 1.0, prior=True),
                group_of(ALWAYS_ON, instance.kind),
                "Azoury and Warmuth 2001; Vovk 2001" + ("" if learner.forward else "; derived for clipped ridge"),
                "recalled" if learner.forward else "derived",
                (unit_labels(instance),),
            ),
        )
