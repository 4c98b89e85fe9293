"""One learner for each intersection of groups that occurs: strong where cells are few and well filled.

Every distinct set of groups has a learner of its own, made when the set is first seen. It competes with the best model
of every cell, and so of every group, but pays the cost of learning once a cell, of which there may be exponentially
many.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandits.groupwise.learners import BaseLearner
from bandits.groupwise.problem import Mask, RegressionProblem
from bandits.groupwise.regression import Meta, Only, RegressionPolicy
from bandits.kernels import kernel


@kernel
def _distinct(rows: Mask, first: NDArray[np.int64], which: NDArray[np.int64]) -> int:
    """Number the distinct rows as they come, by a hash table.

    Fills in where each is first seen [n_rows, what follows them is void] and the number of each row's [n_rows]; returns
    how many there are.
    """
    size, count = 1, 0
    while size < 2 * which.size:
        size *= 2
    table = np.full(size, -1)
    for t in range(which.size):
        code = 0
        for i in range(rows.shape[1]):
            code = (code ^ rows[t, i]) * 1099511628211 + 1
        slot = (code ^ (code >> 32)) & (size - 1)
        while table[slot] >= 0 and np.any(rows[first[table[slot]]] != rows[t]):
            slot = (slot + 1) & (size - 1)
        if table[slot] < 0:
            table[slot], first[count] = count, t
            count += 1
        which[t] = table[slot]
    return count


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
        first, which = np.empty(len(groups), dtype=np.int64), np.empty(len(groups), dtype=np.int64)
        distinct = groups[first[: _distinct(groups, first, which)]]
        cells = np.array([self._cells.setdefault(row.tobytes(), len(self._cells)) for row in distinct])
        self._learners.grow(len(self._cells))
        awake = np.zeros((len(groups), len(self._cells)), dtype=np.int8)
        awake[np.arange(len(groups)), cells[which]] = 1
        return awake
