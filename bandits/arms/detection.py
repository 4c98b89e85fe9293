"""What policies share that detect changes of the means and forget what they learned before them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from bandits.arms.problem import BanditProblem
from bandits.arms.scan import ScanPolicy
from bandits.arms.theory import BOUNDED, OBLIVIOUS, ArmsInstance, comparator_class, holds
from bandits.contract import Array, Assumption, Bound, Instance

NOW, ALARMS, SINCE = range(3)
"""Places of a clock [3]: rounds that have passed, alarms, and how many had passed at the last restart of all arms."""

SLACK = 1e-9
"""By how much a statistic of mapped rewards may be off by rounding, in units of a reward; far above what it is."""


class DetectingPolicy(ScanPolicy):
    """A policy that forgets when an alarm says that means have changed. Its own numbers begin with the clock."""

    @property
    def alarms(self) -> int:
        """Number of alarms in the run so far."""
        return int(self._own[0][ALARMS])


def new_clock() -> Array:
    """The clock of a run that begins."""
    return np.zeros(3)


def detection_rate(
    name: str, source: str, problem: BanditProblem, instance: Instance, under_the_root: Callable[[int], int]
) -> Sequence[Bound]:
    """``sqrt(f t ln t)``, an order, where ``f`` depends on the number of segments.

    There is none where segments have fewer rounds than there are arms, in the mean, as where means drift.

    Args:
        name: of the policy.
        source: where the theorem stands.
        problem: what is played.
        instance: what the analysis knows.
        under_the_root: ``f`` of the number of segments.
    """
    if not isinstance(instance, ArmsInstance) or instance.segments is None or not problem.bounded:
        return ()
    span, segments = problem.high - problem.low, instance.segments
    if problem.horizon is not None and segments * problem.n_actions > max(problem.horizon, problem.n_actions):
        return ()
    factor = under_the_root(segments)
    return (
        Bound(
            f"{name} rate",
            "order",
            lambda t: span * np.sqrt(factor * t * np.log(np.maximum(t, 2.0))),
            comparator_class(instance),
            f"{source}; the order alone is known here, the constant 1 is a convention",
            "convention",
            (
                *holds(instance, OBLIVIOUS, BOUNDED),
                Assumption("segments are long enough for each change to be detected (not checked)", segments == 1),
            ),
            time="horizon-tuned",
        ),
    )
