"""What theorems on logs ask of the instance, and how a policy's regret grows where it is replayed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from bandits.arms.theory import ArmsInstance
from bandits.contract import Array, Assumption, Bound, Instance
from bandits.delayed.theory import BEST_ARM, concave
from bandits.logged.problem import LoggedProblem


@dataclass(frozen=True, eq=False, kw_only=True)
class LoggedInstance(Instance):
    """What a theorem on logs may ask for.

    Attributes:
        uniform: arms were drawn evenly from those offered, whatever the context.
        independent: rows are independent of each other, of one law.
        floor: whether ``problem.floor`` is below every probability that the logging policy may give an arm, not only
            below those in the log.
        arms: the arms, as policies without contexts meet them; None where nobody knows.
    """

    uniform: bool
    independent: bool = False
    floor: bool = False
    arms: ArmsInstance | None = None


def replayed(bounds: Sequence[Bound], problem: LoggedProblem, instance: LoggedInstance) -> Sequence[Bound]:
    """Theorems on replay without contexts, from the wrapped policy's own.

    A choice stands until a row is kept, for a number of rows that is geometric with mean 1 / floor, whatever the choice
    and whatever came of choices before. So the regret over ``t`` rows is in the mean at most 1 / floor times that of
    the rounds begun, of which there are in the mean ``1 + floor (t - 1)``, independently of what happens in them; with
    a bound ``f`` that is concave,

        E R(t) <= f(1 + floor (t - 1)) / floor.

    Derived here.
    """
    assumptions = (
        Assumption("rows are independent, of one law", instance.independent),
        Assumption("no arm is less likely in any row than the floor", instance.floor),
    )
    return [
        replace(
            base,
            name=f"{base.name}, replayed",
            curve=partial(_stretched, base.curve, problem.floor),
            source=f"derived, with {base.source}",
            evidence="derived" if base.evidence == "exact" else base.evidence,
            assumptions=(*base.assumptions, *assumptions, concave(base, problem.horizon or 1)),
        )
        for base in bounds
        if base.comparator_class in BEST_ARM
        and base.kind != "lower"
        and base.time != "at the horizon"
        and base.delta is None
        and not base.data_dependent
    ]


def _stretched(curve: Callable[[Array], Array], floor: float, t: Array) -> Array:
    return np.asarray(curve(1.0 + floor * (t - 1.0)) / floor)
