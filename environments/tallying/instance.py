"""What the analysis may know of a tallying bandit; certificates are worked out when a theorem asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

from bandits.contract import Array
from bandits.frozen import Frozen
from bandits.tallying.theory import TallyingInstance
from environments.tallying.losses import Loss
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


@lru_cache(maxsize=4)
def instance_of(weights: Frozen, losses: tuple[Loss, ...]) -> WeightedInstance:
    """The instance of these weights and losses, one for all environments that have them: jobs build many of one kind.

    Raises:
        ValueError: as ``Tallies``.
    """
    return WeightedInstance(Tallies(weights.array.copy(), losses))
