"""The scale of a stream's regret, what theorems ask of the instance, and bounds that speak of the horizon.

With ``K`` arms and ``T`` pulls: ``u = (T / K)^(2/3)`` pulls of an arm, ``eps = u^(-1/2) = (K / T)^(1/3)``, and
``S = K u = T eps = K^(1/3) T^(2/3)``, the natural scale of the regret. Policies are tuned to ``T``, so that no bound
here holds before the horizon.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from bandits.arms.theory import STATIONARY, ArmsInstance, holds
from bandits.contract import Array, Assumption, Bound, Evidence
from bandits.streaming.problem import StreamProblem


@dataclass(frozen=True, eq=False, kw_only=True)
class StreamInstance(ArmsInstance):
    """A stream of arms, as the analysis knows it; theorems about arms hold for arms that are all stored.

    Attributes:
        means: [n_arms] in order of arrival, in reward units.
    """

    means: Array
    stationary: bool = True
    oblivious: bool = True
    changes: int | None = 0


def unit(problem: StreamProblem) -> float:
    """``u = (T / K)^(2/3)``."""
    return cube_root(problem.pulls / problem.n_arms) ** 2


def cube_root(value: float) -> float:
    """The cube root, exact for cubes of whole numbers (``math.cbrt(0.125)`` is not 0.5, and batches are rounded up)."""
    whole = round(math.cbrt(value))
    return float(whole) if whole**3 == value else math.cbrt(value)


def natural_scale(problem: StreamProblem) -> float:
    """``S = K^(1/3) T^(2/3)``."""
    return problem.n_arms * unit(problem)


def at_horizon(
    name: str,
    kind: Literal["upper", "lower", "order"],
    value: float,
    source: str,
    evidence: Evidence,
    assumptions: Sequence[Assumption],
    delta: float | None = None,
) -> Bound:
    """A bound on the regret at the horizon, and nowhere else."""
    return Bound(
        name,
        kind,
        lambda t: constant(t, value),
        "fixed",
        source,
        evidence,
        tuple(assumptions),
        "at the horizon",
        delta,
    )


def constant(times: Array, value: float) -> Array:
    """``value`` at all times."""
    return np.full(len(times), value)


def rewards_fit(problem: StreamProblem, instance: StreamInstance) -> tuple[Assumption, ...]:
    """What Hoeffding's inequality on [0, 1] asks of the rewards, and the proofs of their means."""
    narrow = problem.width <= 1.0 and np.min(instance.means) >= 0.0 and np.max(instance.means) <= 1.0
    return (
        *holds(instance, STATIONARY, problem=problem),
        Assumption("means lie in [0, 1] and rewards are 1/2-sub-Gaussian", bool(narrow)),
    )


def fits(text: str, value: bool) -> Assumption:
    """A hypothesis about the sizes of the problem."""
    return Assumption(text, bool(value))
