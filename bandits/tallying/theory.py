"""What the theorems about tallying bandits ask of the instance."""

from __future__ import annotations

from abc import ABC, abstractmethod

from bandits.contract import Instance


class TallyingInstance(Instance, ABC):
    """A tallying bandit, as the analysis knows it.

    Repeated exposure optimality (REO) can be read in two ways. Pointwise: some action, repeated, comes to pay no less
    than any action ever pays. In the long run: some action, repeated, attains the best average reward of any endless
    sequence of actions; this follows from the first.
    """

    @property
    @abstractmethod
    def memory(self) -> int:
        """Number m >= 1 of the latest plays, the current one among them, that a reward depends on."""

    @property
    @abstractmethod
    def pointwise_reo(self) -> bool | None:
        """Whether REO holds pointwise; None where that is too large to be worked out."""

    @property
    @abstractmethod
    def long_run_reo(self) -> bool | None:
        """Whether REO holds in the long run; None where that is too large to be worked out."""
