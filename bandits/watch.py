"""Rewards outside the range that a problem declares: each policy tells of them once, whatever its family.

``Policy`` has every ``update`` look at its feedback; on arms, contexts and runs of one action, leaps look at what a
stretch paid. The reward is taken as it is: what the policy assumes of the range, and its bounds, then no longer hold.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

Revealed = Callable[[Any], tuple[float, float] | None]
"""The smallest and the largest reward that a feedback reveals; None where it reveals none."""

ROUNDING = 1e-9
"""Of the range's width: so far outside a reward may be by rounding."""


class Watch:
    """The declared range, and how feedback is read.

    Args:
        low: smallest declared reward.
        high: largest declared reward.
        revealed: see ``Revealed``.
    """

    def __init__(self, low: float, high: float, revealed: Revealed) -> None:
        slack = 0.0 if math.isinf(high - low) else ROUNDING * (high - low)
        self.low, self.high, self.declared = low - slack, high + slack, (low, high)
        self.revealed, self.told = revealed, False

    def look(self, policy: Any, feedback: Any) -> None:
        """Tell, once, if a feedback to ``policy`` reveals a reward outside."""
        found = None if self.told else self.revealed(feedback)
        if found is not None:
            self.see(policy, *found)

    def see(self, policy: Any, smallest: float, largest: float) -> None:
        """Tell, once, if the smallest or the largest reward that ``policy`` observed is outside."""
        if self.told or (self.low <= smallest and largest <= self.high):
            return
        self.told = True
        outside, (low, high) = largest if largest > self.high else smallest, self.declared
        warnings.warn(
            f"{type(policy).__name__} observed a reward of {outside:g}, outside the range [{low:g}, {high:g}] that the "
            "problem declares (told once): what the policy assumes does not hold; declare the true range as the "
            "problem's low and high",
            RuntimeWarning,
            stacklevel=4,
        )


def watch_over(policy: Any, problem: Any, rng: Any = None) -> None:
    """Have a policy watch a problem's range, if one is declared and feedback reveals rewards; part of ``reset``."""
    before = policy._declared
    unbounded = math.isinf(problem.low) and math.isinf(problem.high)
    policy._declared = None
    if problem.reveals_rewards and not unbounded:
        policy._declared = Watch(problem.low, problem.high, problem.revealed)
        policy._declared.told = before is not None and before.told and before.declared == policy._declared.declared
