"""One learner for each intersection of groups that occurs: strong where cells are few and well filled.

Every distinct set of groups has a learner of its own, made when the set is first seen. It competes with the best model
of every cell, and so of every group, but pays the cost of learning once a cell, of which there may be exponentially
many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bandits.contract import Problem
from bandits.groupwise.learners import Learner
from bandits.groupwise.policy import Mask
from bandits.groupwise.regression import Meta, Only, RegressionPolicy


class GroupCells(RegressionPolicy):
    """A base learner a cell.

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
        self._cells: dict[bytes, int] = {}
        return 0, Only()

    def _awake(self, groups: Mask) -> Mask:
        which = [self._cells.setdefault(row.tobytes(), len(self._cells)) for row in groups]
        self._learners.grow(len(self._cells))
        awake = np.zeros((len(groups), len(self._cells)), dtype=np.int8)
        awake[np.arange(len(groups)), which] = 1
        return awake
