"""What the learner is told on arms with contexts, and how blocks of rounds with contexts are handed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from bandits.arguments import floats, reals, shown
from bandits.arms.problem import BanditProblem, Blocks
from bandits.contract import Array


@dataclass(frozen=True, kw_only=True)
class ContextualProblem(BanditProblem):
    """Arms with contexts: each observation is a context, after which one arm is played and its reward revealed.

    Attributes:
        contexts: the interval (low, high) of each coordinate of the observed context, at least one.

    Raises:
        ValueError: no interval, one that is not two finite numbers, ascending, or what ``BanditProblem`` refuses.
    """

    contexts: tuple[tuple[float, float], ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.contexts:
            raise ValueError("contexts must hold the interval of at least one coordinate, got ()")
        for i, interval in enumerate(self.contexts):
            ends = reals(f"contexts[{i}]", interval)
            if len(ends) != 2 or not ends[0] < ends[1]:
                raise ValueError(f"contexts[{i}] must be two numbers, ascending, got {shown(interval)}")

    def checked_observation(self, observation: Any) -> Array:
        """The context [n_coordinates], as ``check_contexts`` takes it."""
        context: Array = check_contexts(one_context(observation), np.array(self.contexts, dtype=np.float64))[0]
        return context


def one_context(observation: Any) -> Array:
    """A context [1, n_coordinates], of one that is a list, or a number where there is one coordinate.

    Raises:
        ValueError: it is not made of numbers.
    """
    return np.atleast_1d(floats("the context must be finite numbers", observation))[None]


def check_contexts(contexts: Array, intervals: Array) -> Array:
    """The contexts [n_rounds, n_coordinates], if all lie in their intervals [n_coordinates, 2].

    Raises:
        ValueError: one does not; the message gives the first.
    """
    low, high = intervals[:, 0], intervals[:, 1]
    if contexts.shape[1:] != low.shape:
        raise ValueError(f"the context must have {low.size} coordinate(s), got shape {contexts.shape[1:]}")
    inside = (contexts >= low) & (contexts <= high)
    if not inside.all():
        t, i = np.argwhere(~inside)[0]
        raise ValueError(
            f"the context must lie in [{low[i]:g}, {high[i]:g}], got {float(contexts[t, i])!r}: features are worked "
            "out on that interval only; declare the true one as the problem's contexts, or move the context into it"
        )
    return contexts


class ContextBlocks(Blocks, Protocol):
    """An environment that can hand out the contexts of a block of rounds, too."""

    def contexts(self, rounds: int) -> Array:
        """Contexts [rounds, n_coordinates] of the next rounds."""
