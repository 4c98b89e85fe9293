"""What every paging policy shares: which predictions it needs, and the block driver of the compiled path."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from bandits.contract import Playable, Policy
from bandits.defaults import default
from bandits.offers import offers
from bandits.paging.problem import Departures, Eviction, PagingProblem, Prediction, Request, RequestBlocks, Requests


class PagingPolicy(Policy[PagingProblem, Request, Eviction, bool]):
    """A paging policy with a compiled loop over blocks of requests. The feedback is whether the request was a fault.

    Attributes:
        prediction: the kind of prediction that the policy needs, or None.
        force: whether a policy that needs bits takes bits of the other kind too.
    """

    plays: ClassVar[tuple[type[PagingProblem], ...]] = (PagingProblem,)
    prediction: ClassVar[Prediction | None] = None
    force: bool = False

    def reset(self, problem: PagingProblem, rng: np.random.Generator) -> None:
        """Empty the cache.

        Raises:
            ValueError: the environment does not give the kind of prediction that the policy needs.
        """
        bits = self.force and problem.prediction in ("discard", "phase")
        if self.prediction is not None and problem.prediction != self.prediction and not bits:
            gives = "none" if problem.prediction is None else f"{problem.prediction} ones"
            raise ValueError(
                f"{type(self).__name__} needs {self.prediction} predictions, the environment gives {gives}"
            )
        self._empty(problem, rng)

    @abstractmethod
    def _empty(self, problem: PagingProblem, rng: np.random.Generator) -> None:
        """Size and clear the state."""

    @abstractmethod
    def play(self, block: Requests) -> Departures:
        """Serve a block; the departures and the state afterwards must equal those of ``choose`` and ``update``."""

    @default
    def pass_by(self, environment: Playable[Request, Eviction, bool], most: int) -> int:
        """As ``leap``, where the environment knows what the policy does there, which is not played. Here: nowhere."""
        return 0

    def leap(self, environment: Playable[Request, Eviction, bool], most: int) -> int:
        if type(self).leap is PagingPolicy.leap and (passed := self.pass_by(environment, most)):
            return passed  # one with a leap of its own says itself where it is not played
        if not offers(environment, RequestBlocks):
            return 0
        block = environment.block(most)
        environment.absorb(self.play(block))
        return len(block.pages)
