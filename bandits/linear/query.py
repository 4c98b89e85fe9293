"""What the query policies share: a few actions are asked, a rule is inferred, and one action is played for ever.

They are for nearly linear rewards without noise (the query model). With noise the answers of several plays of an action
are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bandits.contract import Assumption, Bound
from bandits.linear.phased import PhasedPolicy
from bandits.linear.problem import LinearActionsProblem
from bandits.linear.theory import FIXED, NEARLY, NORMS, STEADY, LinearInstance, LinearModel, holds


class QueryPolicy(PhasedPolicy):
    """A policy that asks and commits. ``begin`` sets ``_asked``, the rewards of the actions asked in this run."""

    _asked: dict[int, float]

    @property
    def queries(self) -> int:
        """Number of different actions asked in the run so far."""
        return len(self._asked)


def asked_bound(instance: LinearInstance, most: int) -> Sequence[Bound]:
    """At most so many different actions are ever played, where the environment counts them."""
    if not instance.counts_queries:
        return ()
    source, many = "the number of actions that the policy may ask", float(most)
    return (Bound("may be asked", "upper", lambda t: np.minimum(t, many), "queries", source, "exact", time="no rate"),)


def query_bound(
    name: str, instance: LinearModel, problem: LinearActionsProblem, queries: float, slope: float
) -> Sequence[Bound]:
    """``queries gmax + slope t`` for a policy that asks and commits to an action with a gap of at most ``slope``.

    Derived in this project.
    """
    if instance.largest_gap is None:
        return ()
    gap, silent = instance.largest_gap, Assumption("rewards have no noise", instance.sub_gaussian == 0.0)
    return (
        Bound(
            name,
            "upper",
            lambda t: queries * gap + slope * t,
            "fixed",
            "derived in this project",
            "derived",
            (*holds(instance, problem, NEARLY, NORMS, STEADY, FIXED), silent),
            time="no rate",
        ),
    )
