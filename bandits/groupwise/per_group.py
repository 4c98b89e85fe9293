"""The learner of one group alone: a diagnostic of the groupwise reduction's ingredients.

In the group's rounds it plays as ``Z_g`` inside the reduction does, elsewhere a constant. Where groups overlap, no
single policy can play every group's learner on all of the group's rounds; this one is honest about one group only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.arguments import shown
from bandits.groupwise.learners import BaseLearner
from bandits.groupwise.problem import Mask, RegressionProblem, columns_of
from bandits.groupwise.regression import Meta, Only, RegressionPolicy


class PerGroup(RegressionPolicy):
    """The base learner of one group.

    Args:
        group: name of the group.
        base_learner: "oridge", "vaw" or "ogd", by its name or as ``{"name": ..., "parameters": {...}}``, or a function
            that makes an object with ``predict(x)`` and ``update(x, y)``.
        clip: None, or the interval [low, high] that predictions are clipped to.
        fallback: prediction outside the group.
    """

    def __init__(
        self,
        group: str,
        base_learner: BaseLearner = "oridge",
        clip: Sequence[float] | None = None,
        fallback: float = 0.0,
    ) -> None:
        super().__init__(base_learner, clip, "mixture", fallback)
        if not isinstance(group, str) or not group:
            raise ValueError(f"group must be the name of a group, got {shown(group)}")
        self.group = group

    def _prepare(self, problem: RegressionProblem) -> tuple[int, Meta]:
        self._column = columns_of([self.group], problem.groups, "group")
        return 1, Only()

    def _awake(self, groups: Mask) -> Mask:
        return np.take(groups, self._column, axis=1)
