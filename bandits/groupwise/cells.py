"""One learner for each intersection of groups that occurs: strong where cells are few and well filled.

Every distinct set of groups has a learner of its own, made when the set is first seen. It competes with the best model
of every cell, and so of every group, but pays the cost of learning once a cell, of which there may be exponentially
many.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.groupwise.learners import BaseLearner
from bandits.groupwise.problem import Mask, RegressionProblem
from bandits.groupwise.regression import Meta, Only, RegressionPolicy


class GroupCells(RegressionPolicy):
    """A base learner a cell.

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
        self._cells: dict[bytes, int] = {}
        return 0, Only()

    def _awake(self, groups: Mask) -> Mask:
        which = [self._cells.setdefault(row.tobytes(), len(self._cells)) for row in groups]
        self._learners.grow(len(self._cells))
        awake = np.zeros((len(groups), len(self._cells)), dtype=np.int8)
        awake[np.arange(len(groups)), which] = 1
        return awake
