"""What the learner is told on arms with contexts, and how blocks of rounds with contexts are handed out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from bandits.arguments import reals
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
                raise ValueError(f"contexts[{i}] must be two numbers, ascending, got {interval!r}")


class ContextBlocks(Blocks, Protocol):
    """An environment that can hand out the contexts of a block of rounds, too."""

    def contexts(self, rounds: int) -> Array:
        """Contexts [rounds, n_coordinates] of the next rounds."""
