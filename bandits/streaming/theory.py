"""The scale of a stream's regret, and bounds that speak of the horizon.

With ``K`` arms and ``T`` pulls: ``u = (T / K)^(2/3)`` pulls of an arm, ``eps = u^(-1/2) = (K / T)^(1/3)``, and
``S = K u = T eps = K^(1/3) T^(2/3)``, the natural scale of the regret. Policies are tuned to ``T``, so that no bound
here holds before the horizon.

Facts that streams give: ``means`` [n_arms] in order of arrival, ``stationary``, ``oblivious``, ``bernoulli``,
``order``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from bandits.arms.theory import STATIONARY, holds
from bandits.contract import Array, Assumption, Bound, Problem
from bandits.streaming.policy import stream_of


def unit(problem: Problem) -> float:
    """``u = (T / K)^(2/3)``."""
    arms, horizon = stream_of(problem)
    return cube_root(horizon / arms) ** 2


def cube_root(value: float) -> float:
    """The cube root, exact for cubes of whole numbers (``math.cbrt(0.125)`` is not 0.5, and batches are rounded up)."""
    whole = round(math.cbrt(value))
    return float(whole) if whole**3 == value else math.cbrt(value)


def natural_scale(problem: Problem) -> float:
    """``S = K^(1/3) T^(2/3)``."""
    arms, _ = stream_of(problem)
    return arms * unit(problem)


def at_horizon(
    name: str, kind: Literal["upper", "lower", "order"], value: float, source: str, assumptions: Sequence[Assumption]
) -> Bound:
    """A bound on the regret at the horizon, and nowhere else."""
    return Bound(name, kind, lambda t: constant(t, value), "fixed", source, tuple(assumptions), anytime=False)


def constant(times: Array, value: float) -> Array:
    """``value`` at all times."""
    return np.full(len(times), value)


def rewards_fit(problem: Problem, facts: Mapping[str, Any]) -> tuple[Assumption, ...]:
    """What Hoeffding's inequality on [0, 1] asks of the rewards, and the proofs of their means."""
    means = facts.get("means")
    narrow = problem.width <= 1.0 and means is not None and np.min(means) >= 0.0 and np.max(means) <= 1.0
    return (
        *holds(facts, STATIONARY),
        Assumption("means lie in [0, 1] and rewards are 1/2-sub-Gaussian", bool(narrow)),
    )


def fits(text: str, value: bool) -> Assumption:
    """A hypothesis about the sizes of the problem."""
    return Assumption(text, bool(value))
