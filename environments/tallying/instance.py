"""What the analysis may know of a tallying bandit; certificates are worked out when a theorem asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from bandits.contract import Array
from bandits.frozen import Frozen
from bandits.tallying.theory import TallyingInstance
from environments.tallying.losses import Given, Loss
from environments.tallying.optimum import long_run_optimum
from environments.tallying.tallies import Tallies, TooManyTalliesError

SMALL = 4096
"""Largest ``K^m`` for which tallies that are not pointwise REO are tried for long-run REO."""


@dataclass(frozen=True, eq=False)
class WeightedInstance(TallyingInstance):
    """A weighted tallying bandit.

    Both readings of REO are certified exactly (derived): pointwise by all attainable tallies, in the long run by the
    least average loss over all cycles of play.
    """

    tallies: Tallies

    @property
    def memory(self) -> int:
        return self.tallies.memory

    @property
    def steady_losses(self) -> Array:
        """Mean losses [n_actions] under endless repetition."""
        return self.tallies.steady

    @cached_property
    def pointwise_reo(self) -> bool | None:
        try:
            return self.tallies.pointwise.holds
        except TooManyTalliesError:
            return None

    @cached_property
    def long_run_reo(self) -> bool | None:
        if self.pointwise_reo:
            return True
        if self.tallies.n_actions**self.memory > SMALL:
            return None
        return bool(self.steady_losses.min() <= long_run_optimum(self.tallies).value + 1e-8)


def instance_of(weights: Frozen, losses: tuple[Loss, ...]) -> WeightedInstance:
    """The instance of these weights and losses, one for all environments that have them: jobs build many of one kind.

    With Python functions it is a new one, as what they do may change, and as they are not kept.

    Raises:
        ValueError: as ``Tallies``.
    """
    return (_made if any(isinstance(loss, Given) for loss in losses) else _shared)(weights, losses)


def _made(weights: Frozen, losses: tuple[Loss, ...]) -> WeightedInstance:
    return WeightedInstance(Tallies(weights.array, losses))


_shared = lru_cache(maxsize=4)(_made)
