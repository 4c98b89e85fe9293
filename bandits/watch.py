"""Rewards outside the range that a problem declares: each policy tells of them once, whatever its family.

``Policy`` has every ``update`` look at its feedback; leaps look at what a stretch revealed, so that they tell the same.
The reward is taken as it is: what the policy assumes of the range, and its bounds, then no longer hold. A policy that
has others play resets them by ``reset_within``: it tells, and they do not.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from numbers import Number
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.kernels import kernel
from bandits.strays import Strays

ROUNDING = 1e-9
"""Of the range's width: so far outside a reward may be by rounding."""


@kernel
def _within(smallest: NDArray[np.float64], largest: NDArray[np.float64], low: float, high: float) -> bool:
    within = True
    for i in range(smallest.size):
        within &= (low <= smallest[i]) & (largest[i] <= high)
    return within


class Watch:
    """The declared range, and how feedback is read.

    Args:
        problem: what is played; ``problem.revealed`` gives the smallest and the largest reward that a feedback reveals,
            ``problem.telling``, where there is one, what is said of such a reward.
        takes: the range of rewards that the policy takes, where that is another one: the means of a family, or the unit
            that its rule is for. ``problem.unit`` is the one that all policies of the problem take.

    Attributes:
        quick: the range [low, high] in which a feedback that is a float need not be looked at; empty where such a
            feedback is no reward (``problem.feedback_is_reward`` is False).
    """

    def __init__(self, problem: Any, takes: tuple[float, float] = (-math.inf, math.inf)) -> None:
        unit = problem.unit if problem.bounded else (-math.inf, math.inf)  # else means are in it, not rewards
        low, high = max(problem.low, takes[0], unit[0]), min(problem.high, takes[1], unit[1])
        slack = 0.0 if math.isinf(high - low) else ROUNDING * (high - low)
        self.low, self.high, self.declared = low - slack, high + slack, (low, high)
        self.quick = (self.low, self.high) if getattr(problem, "feedback_is_reward", True) else (math.inf, -math.inf)
        self.problem, self.told = problem, False

    def look(self, policy: Any, feedback: Any) -> None:
        """Tell, once, if a feedback to ``policy`` reveals a reward outside."""
        found = None if self.told else revealed_by(self.problem, feedback)
        if found is not None:
            self.see(policy, *found)

    def look_through(
        self, policy: Any, smallest: NDArray[np.float64], largest: NDArray[np.float64], at: Callable[[int], Any]
    ) -> None:
        """Tell, once, of the first of several feedbacks that reveals a reward outside.

        Args:
            policy: the policy.
            smallest: [n] the smallest reward that each feedback reveals.
            largest: [n] the largest one.
            at: the feedback of a position.
        """
        if self.told or _within(smallest, largest, self.low, self.high):
            return
        outside = np.flatnonzero((smallest < self.low) | (largest > self.high))
        if outside.size:  # else it is no number
            self.look(policy, at(int(outside[0])))

    def see(self, policy: Any, smallest: float, largest: float) -> None:
        """Tell, once, if the smallest or the largest reward that ``policy`` observed is outside."""
        if self.told or (self.low <= smallest and largest <= self.high):
            return
        if not (math.isfinite(smallest) and math.isfinite(largest)):  # no reward: only who learns nothing lets it pass
            return
        self.told = True
        outside, (low, high) = largest if largest > self.high else smallest, self.declared
        what = getattr(self.problem, "telling", "a reward of {}").format(_spelt(outside))
        whose, way_out = "the problem declares", "declare the true range as the problem's low and high"
        if self.problem.low <= outside <= self.problem.high:
            whose, way_out = "its rule is for", "shift and scale rewards into it"
            if getattr(policy, "family", None) is not None:
                whose, way_out = "rewards of its family have", "give it the family that they are of"
        warnings.warn(
            f"{type(policy).__name__} observed {what}, outside the range [{_spelt(low)}, {_spelt(high)}] that {whose} "
            f"(told once): what the policy assumes does not hold; {way_out}",
            RuntimeWarning,
            stacklevel=4,
        )


def revealed_by(problem: Any, feedback: Any) -> tuple[float, float] | None:
    """The smallest and the largest reward that a feedback reveals, of numbers and arrays of any kind, or None."""
    if isinstance(feedback, Number) or hasattr(feedback, "__array__"):
        feedback = np.asarray(feedback, dtype=np.float64)
    found: tuple[float, float] | None = problem.revealed(feedback) if problem.reveals_rewards else None
    return found


def watch_over(policy: Any, problem: Any, rng: Any = None) -> None:
    """Have a policy watch a problem's range, if one is declared and feedback reveals rewards; part of ``reset``.

    And what is declared of contexts.
    """
    if problem.declares_contexts:
        policy._strays = Strays(problem, None if policy._strays is None else policy._strays.told)
    elif policy._strays is not None:
        policy._strays = None
    before = policy._declared
    if before is not None and before.problem is problem:
        return
    watch = Watch(problem, getattr(policy, "_takes", (-math.inf, math.inf)))
    unbounded = math.isinf(watch.low) and math.isinf(watch.high)
    policy._declared = None
    if problem.reveals_rewards and not unbounded:
        policy._declared = watch
        policy._declared.told = before is not None and before.told and before.declared == policy._declared.declared


def reset_within(policy: Any, problem: Any, rng: np.random.Generator) -> None:
    """Reset a policy that plays for another one, whose watch stands for its own: it tells of no rewards or contexts.

    Args:
        policy: the policy.
        problem: what it is told.
        rng: as in ``Policy.reset``.
    """
    policy.reset(problem, rng)
    policy._declared = policy._strays = None


def _spelt(value: float) -> str:
    """A number in few digits where these are all of it."""
    text = f"{value:g}"
    return text if float(text) == value else repr(float(value))
