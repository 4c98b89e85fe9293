"""Feedback that arrives late: what the learner is told, and what a round reveals."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bandits.arguments import integer, shown
from bandits.contract import Array, Problem
from bandits.strays import Stray
from bandits.watch import revealed_by


@dataclass(frozen=True)
class Delayed(Problem):
    """Another problem, of which the feedback arrives late. Horizon and range of rewards are that problem's.

    Attributes:
        inner: the problem without delays.
        delay: rounds by which the feedback of every round is late, where that is one number and told; else None.

    Raises:
        ValueError: ``inner`` is no problem, or ``delay`` no whole number >= 0.

    Example:
        >>> from bandits import BanditProblem
        >>> Delayed(BanditProblem(n_actions=2, horizon=100), 5).horizon
        100
    """

    inner: Problem
    delay: int | None = None
    reveals_rewards = True
    horizon: int | None = field(init=False)
    low: float = field(init=False)
    high: float = field(init=False)

    def __post_init__(self) -> None:
        if not isinstance(self.inner, Problem):
            raise ValueError(f"inner must be a Problem, got {shown(self.inner)}")
        if self.delay is not None:
            integer("delay", self.delay, 0)
        for name in ("horizon", "low", "high"):
            object.__setattr__(self, name, getattr(self.inner, name))

    @property
    def declares_contexts(self) -> bool:  # type: ignore[override]
        """As without delays."""
        return self.inner.declares_contexts

    def checked_observation(self, observation: Any) -> Any:
        """As without delays."""
        return self.inner.checked_observation(observation)

    def distribution_of(self, action: Any) -> Array:
        """As without delays."""
        return self.inner.distribution_of(action)

    def stray(self, contexts: Any) -> Stray | None:
        """As without delays."""
        return self.inner.stray(contexts)

    def revealed(self, feedback: Arrivals) -> tuple[float, float] | None:
        """The smallest and the largest reward of all that has arrived; None where nothing reveals any."""
        found = [pair for pair in (revealed_by(self.inner, arrival.feedback) for arrival in feedback) if pair]
        return (min(low for low, _ in found), max(high for _, high in found)) if found else None


class Arrival(NamedTuple):
    """Feedback that has arrived.

    Attributes:
        time: the round it belongs to; the first round of a run is 0.
        action: the action of that round.
        feedback: what that round reveals, as without delay.
    """

    time: int
    action: int
    feedback: Any


Arrivals = tuple[Arrival, ...]
"""The feedback of a round: all that arrives at its end, earlier rounds first. Without delay, its own feedback alone."""
