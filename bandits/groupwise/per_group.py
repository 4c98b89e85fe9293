"""The learner of one group alone: a diagnostic of the groupwise reduction's ingredients.

In the group's rounds it plays as ``Z_g`` inside the reduction does, elsewhere a constant. Where groups overlap, no
single policy can play every group's learner on all of the group's rounds; this one is honest about one group only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bandits.contract import Problem
from bandits.groupwise.learners import Learner
from bandits.groupwise.policy import Mask, columns_of
from bandits.groupwise.regression import Meta, Only, RegressionPolicy


class PerGroup(RegressionPolicy):
    """The base learner of one group.

    Args:
        group: name of the group.
        base_learner: "oridge", "vaw", "ogd", or a function that makes an object with ``predict(x)`` and
            ``update(x, y)``.
        penalty: lambda of ridge and of the forward forecaster, > 0.
        clip: None, or the interval [low, high] that predictions are clipped to.
        diameter: of the ball of gradient descent, > 0.
        norm: bound on the length of contexts for gradient descent, > 0; None for the one that the problem declares.
        fallback: prediction outside the group.
    """

    def __init__(
        self,
        group: str,
        base_learner: str | Callable[[], Learner] = "oridge",
        penalty: float = 1.0,
        clip: Sequence[float] | None = None,
        diameter: float = 2.0,
        norm: float | None = None,
        fallback: float = 0.0,
    ) -> None:
        super().__init__(base_learner, penalty, clip, diameter, norm, "mixture", fallback)
        self.group = group

    def _prepare(self, problem: Problem) -> tuple[int, Meta]:
        self._column = columns_of([self.group], problem.groups, "group")
        return 1, Only()

    def _awake(self, groups: Mask) -> Mask:
        return np.take(groups, self._column, axis=1)
