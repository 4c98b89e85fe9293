"""Regret bounds of Tsallis-INF, with ``d`` arms and losses in [0, K].

* ``eta_t = 2 / sqrt(t)``: ``4 K sqrt(d t) + K`` at any time (Zimmert and Seldin 2021, Theorem 1, for K = 1; Khodak et
  al. 2024, Theorem B.2).
* Reduced variance, ``eta_t = 4 / sqrt(t)``: ``K (2 sqrt(d t) + 10 d ln t + 16)`` (Zimmert and Seldin 2021, Theorem 1).
* Fixed ``eta``, derived: as the estimates are not negative, following the regularised leader costs at most
  ``K (4 (sqrt(d) - 1) / eta + eta sqrt(d) t / 2)``. At the horizon that is at most ``4.5 K sqrt(d T)`` with
  ``eta = 1 / sqrt(T)``, and ``2 K sqrt(2 d T)``, the constant of Theorem B.1 of Khodak et al., with
  ``eta = sqrt(8 / T)``.
* Solver worlds, against the best surrogate cost: Theorem 2.1 (4) of Khodak et al. adds
  ``sum_s log(1 / epsilon) / (d log(alpha_s)^2)`` to the above. Of order only, with constants 1 by convention:
  Theorem 2.3 for SSOR-CG against its surrogate, and Theorem 3.1 for SSOR with random right-hand sides against the best
  fixed parameter; both are for the best number ``d`` of parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bandits.arms.theory import BOUNDED, OBLIVIOUS, holds
from bandits.contract import Array, Assumption, Bound, Problem

ZIMMERT_SELDIN = "Zimmert and Seldin 2021, Theorem 1"
ROUNDING = 1e-9


def tsallis_bounds(
    problem: Problem, facts: Mapping[str, Any], step: float | None, scale: str | float, reduced_variance: bool
) -> list[Bound]:
    """The bounds that speak of a Tsallis-INF policy.

    Args:
        problem: as in ``Policy.regret_bounds``.
        facts: likewise; ``alpha`` [horizon] and ``epsilon`` in solver worlds.
        step: the fixed step size, tuned to ``problem.horizon``, or None for the decreasing one.
        scale: "range", "running_mean", or the number ``K``.
        reduced_variance: whether the estimator is the reduced-variance one.
    """
    unit = problem.high - problem.low if isinstance(scale, str) else scale
    if not math.isfinite(unit):
        return []
    assumptions = _assumptions(problem, facts, scale)
    finite = [*_finite_arms(problem, unit, assumptions, step, reduced_variance), *_orders(facts, assumptions)]
    if "alpha" not in facts or "epsilon" not in facts:
        return finite
    precision, logs = math.log(1.0 / facts["epsilon"]), np.log(np.asarray(facts["alpha"], dtype=float))
    excess = np.concatenate([[0.0], np.cumsum(precision / (problem.n_actions * logs**2))])
    more = (
        Assumption("the grid is that of Theorem 2.1", bool(facts.get("theorem_grid", False))),
        Assumption(
            "K >= log(1/epsilon) / log(1/alpha_max)", bool(unit * (1.0 + ROUNDING) >= precision / -float(logs.max()))
        ),
    )
    return finite + [_surrogate(bound, excess, more) for bound in finite if bound.kind == "upper"]


def _assumptions(problem: Problem, facts: Mapping[str, Any], scale: str | float) -> tuple[Assumption, ...]:
    if scale == "range":
        return holds(facts, OBLIVIOUS, BOUNDED)
    if isinstance(scale, str):
        return (*holds(facts, OBLIVIOUS), Assumption("K bounds every loss (the running mean does not)", False))
    largest = facts["max_cost"] - 1 if "max_cost" in facts else problem.high - problem.low
    return (*holds(facts, OBLIVIOUS), Assumption("K bounds every loss", bool(largest <= scale * (1.0 + ROUNDING))))


def _finite_arms(
    problem: Problem, unit: float, assumptions: tuple[Assumption, ...], step: float | None, reduced_variance: bool
) -> list[Bound]:
    d, root = problem.n_actions, math.sqrt(problem.n_actions)

    def bound(name: str, curve: Callable[[Array], Array], source: str, anytime: bool = True) -> Bound:
        return Bound(name, "upper", curve, "fixed", source, assumptions, anytime)

    if reduced_variance:
        return [
            bound(
                "Tsallis-INF RV bound",
                lambda t: unit * (2.0 * np.sqrt(d * t) + 10.0 * d * np.log(t) + 16.0),
                f"{ZIMMERT_SELDIN} (reduced-variance estimators)",
            )
        ]
    if step is None:
        source = f"{ZIMMERT_SELDIN}; Khodak et al. 2024, Theorem B.2 (in units of K)"
        return [bound("Tsallis-INF bound", lambda t: unit * (4.0 * np.sqrt(d * t) + 1.0), source)]
    c = step * math.sqrt(problem.horizon or 1)  # 1 or sqrt(8)
    if c > 2.0:
        source = "Khodak et al. 2024, Theorem B.1, with the step size that its constant needs"
    else:
        source = "derived: Khodak et al. 2024, Theorem B.1, with the constant for eta = 1/sqrt(T)"
    return [
        bound("Tsallis-INF bound", lambda t: (4.0 / c + c / 2.0) * unit * np.sqrt(d * t), source, anytime=False),
        bound(
            "Tsallis-INF bound at any time",
            lambda t: unit * (4.0 * (root - 1.0) / step + step * root * t / 2.0),
            "derived: follow the regularised leader with a fixed step size",
        ),
    ]


def _orders(facts: Mapping[str, Any], assumptions: tuple[Assumption, ...]) -> list[Bound]:
    """Theorems 2.3 and 3.1, where the world is theirs."""
    if facts.get("method") == "ssor_cg" and "mu" in facts:
        roots, kappa = np.sqrt(facts["mu"]), float(np.max(facts["kappa"]))
        rate = math.log((roots.max() - 1.0) / (roots.max() + 1.0))
        factor = (math.log(math.sqrt(kappa) / facts["epsilon"]) / rate) ** 2 * float(roots.mean())
        source, against = "Khodak et al. 2024, Theorem 2.3 (order only)", "surrogate"
    elif facts.get("method") == "ssor" and "unknowns" in facts:
        n, random = facts["unknowns"], bool(facts.get("independent", False))
        factor = math.log(n / facts["epsilon"]) ** 6 * math.sqrt(n)
        source, against = "Khodak et al. 2024, Theorem 3.1 (order only)", "fine"
        assumptions = (*assumptions, Assumption("right-hand sides are drawn independently", random))
    else:
        return []
    return [Bound("Tsallis-INF rate", "order", lambda t: np.cbrt(factor * t**2), against, source, assumptions)]


def _surrogate(bound: Bound, excess: Array, more: tuple[Assumption, ...]) -> Bound:
    def curve(t: Array) -> Array:
        return bound.curve(t) + np.interp(t, np.arange(excess.size), excess)

    return Bound(
        bound.name.replace("bound", "Theorem 2.1"),
        "upper",
        curve,
        "surrogate",
        f"Khodak et al. 2024, Theorem 2.1 (4); first term: {bound.source}",
        (*bound.assumptions, *more),
        bound.anytime,
    )
