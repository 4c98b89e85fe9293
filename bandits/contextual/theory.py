"""Theorem 2.2 of *Learning to Relax*: what Tsallis-INF-CB guarantees for SOR on shifted systems.

Facts asked of a solver's world, beside those of ``TsallisINF``: ``alpha`` [horizon], ``alpha_max``, ``epsilon``,
``omega_max``, ``context_width`` C, ``optimum_lipschitz`` L* (of ``c -> omega*(c)``), ``covers_optimum`` (whether
``omega_max`` is at least every ``omega*_t``) and ``n_above_surrogate`` (costs above the surrogate).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bandits.arms.theory import OBLIVIOUS, holds
from bandits.contract import Array, Assumption, Bound, Problem

SOURCE = "Khodak, Chow, Balcan, Talwalkar 2024"


def tuned_excess(
    horizon: Any,
    epsilon: float,
    alpha_max: float,
    width: float,
    lipschitz: float,
    gamma: float,
    *,
    printed: bool = False,
) -> Array:
    """The closed form of Theorem 2.2, for ``d`` and ``m`` of Theorem E.1.

    Minimising (29) gives ``4 log(1/eps) (24 C L T^3 gamma^2 / log^2 alpha_max)^(1/4)`` [derived], beside the first term
    ``K m = K (54 C^3 L^3 gamma^2 T log^2 alpha_max)^(1/4)``. The paper prints (30), ``(54 C^3 L^3 T / log^2
    alpha_max)^(1/4) + 4 log(1/eps) / log(1/alpha_max) (24 C L T^3)^(1/4)``, which seems to lose a power of gamma.

    Args:
        horizon: T, a number or [n].
        epsilon: relative tolerance.
        alpha_max: largest difficulty, in (0, 1).
        width: C, the width of the interval of shifts.
        lipschitz: L.
        gamma: mean of ``1 / log^2 alpha_t``.
        printed: the form (30) of the paper.
    """
    t, square, cl = np.asarray(horizon, dtype=np.float64), math.log(alpha_max) ** 2, width * lipschitz
    precision = math.log(1.0 / epsilon)
    if printed:
        return np.asarray(
            (54.0 * cl**3 * t / square) ** 0.25 + 4.0 * precision * (24.0 * cl * t**3) ** 0.25 / square**0.5
        )
    bins = (54.0 * cl**3 * gamma**2 * t * square) ** 0.25
    return np.asarray(precision * (bins / square**0.5 + 4.0 * (24.0 * cl * t**3 * gamma**2 / square) ** 0.25))


def theorem_2_2(
    problem: Problem, facts: Mapping[str, Any], bins: int, unit: float, bounded: bool = True
) -> Sequence[Bound]:
    """The bound (29), with ``K m`` in place of the printed ``m`` [derived].

    ``K m + 4 K sqrt(d m t) + (C L* / (m (omega_max - 1)) + 1/d) sum_s log(1/eps) / log^2 alpha_s``, on the cost beyond
    ``sum_s U_s(omega*(c_s))``.

    Args:
        problem: the problem.
        facts: see the module; without them there is no bound.
        bins: m.
        unit: K.
        bounded: whether K is meant to bound the losses.
    """
    if "optimum_lipschitz" not in facts or "alpha" not in facts:
        return ()
    d, width = problem.n_actions, float(facts["context_width"])
    precision, top = math.log(1.0 / facts["epsilon"]), float(facts["omega_max"])
    alpha_max = float(facts["alpha_max"])
    sums = np.concatenate([[0.0], np.cumsum(precision / np.log(np.asarray(facts["alpha"])) ** 2)])
    rate = width * float(facts["optimum_lipschitz"]) / (bins * (top - 1.0)) + 1.0 / d
    assumptions = (
        *holds(facts, OBLIVIOUS),
        Assumption("K bounds every loss", bounded and facts.get("max_cost", math.inf) - 1 <= unit * (1.0 + 1e-9)),
        Assumption("K >= log(1/epsilon) / log(1/alpha_max)", unit * -math.log(alpha_max) >= precision * (1.0 - 1e-12)),
        Assumption("the grid is that of Theorem 2.1", bool(facts.get("theorem_grid", False))),
        Assumption("no cost exceeds the surrogate", facts.get("n_above_surrogate", 1) == 0),
        Assumption("omega_max is at least omega* of every system", bool(facts.get("covers_optimum", False))),
    )
    return (
        Bound(
            "Tsallis-INF-CB bound",
            "upper",
            lambda t: unit * (bins + 4.0 * np.sqrt(d * bins * t)) + rate * np.interp(t, np.arange(sums.size), sums),
            "instance_surrogate",
            f"{SOURCE}, Theorem 2.2 in the form (29), its first term in units of K [derived]", "derived",
            assumptions,
        ),
    )
