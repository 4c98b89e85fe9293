"""What learners and worlds of grouped rounds say to each other: observations, lotteries, blocks of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.arguments import did_you_mean

Mask = NDArray[np.int8]

ALWAYS_ON = "always_on"
"""Name of the group that every round belongs to; regret in it is ordinary regret."""


class Round(NamedTuple):
    """What the learner sees before it predicts.

    Attributes:
        context: [dimension] features; empty where the world gives none.
        groups: [n_groups] 1 for each group that the round belongs to, else 0, in the order of ``problem.groups``.
    """

    context: Array
    groups: Mask


class Lottery(NamedTuple):
    """Plays of which one is drawn; the world charges the expected loss.

    Attributes:
        values: [n_plays, ...] plays.
        weights: [n_plays] probabilities, >= 0 with sum 1.
    """

    values: NDArray[Any]
    weights: Array


class Rows(NamedTuple):
    """A block of coming rounds, for compiled policies.

    Attributes:
        contexts: [n, dimension].
        groups: [n, n_groups].
        labels: [n] revealed after each prediction.
    """

    contexts: Array
    groups: Mask
    labels: Array


class RowBlocks(Protocol):
    """A world that can hand out blocks of rows and account for the predictions made in them."""

    clock: int

    def next_rows(self, number: int) -> Rows:
        """The next rows, at least 1 and at most ``number`` of them."""

    def absorb(self, values: Array, weights: Array) -> float:
        """Account for the lotteries ``values`` and ``weights`` [n, n_plays] in the next ``n`` rounds; the last loss."""


def columns_of(
    names: Sequence[str] | None, known: Sequence[str], parameter: str = "expert_groups"
) -> NDArray[np.int64]:
    """Positions of the named groups among the known ones; of all for None.

    Raises:
        ValueError: a name that is not known or comes twice, or no name at all; the message lists those known.
    """
    chosen = list(known if names is None else names)
    position = {name: i for i, name in enumerate(known)}
    for name in chosen:
        if name not in position:
            near = did_you_mean(name, known)
            raise ValueError(f"{parameter} names the group {name!r}{near}; known: {', '.join(known) or 'none'}")
    if len(set(chosen)) < len(chosen) or not chosen:
        raise ValueError(f"{parameter} must name at least one group and none twice, got {chosen}")
    return np.array([position[name] for name in chosen], dtype=np.int64)
