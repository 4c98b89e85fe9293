"""What *Learning to Relax* guarantees for policies that tune a solver: bounds against what theory says of the systems.

With ``d`` parameters, the tolerance ``eps``, and a bound ``K`` on iterations - 1:

* Theorem 2.1 (4), SOR, against the least sum of surrogate costs: to a bound of Tsallis-INF against the best fixed
  parameter it adds ``sum_s log(1 / eps) / (d log(alpha_s)^2)``.
* Theorem 2.2 in the form (29), SOR on shifted systems, Tsallis-INF-CB, against the surrogate at each optimum.
* Of order only, with constants 1 by convention, for the best number ``d`` of parameters: Theorem 2.3, SSOR-CG against
  its surrogate; Theorem 3.1, SSOR with random right-hand sides against the best fixed parameter; Theorem C.4, ChebCB
  for SSOR against the best parameter of each system.

Reference: M. Khodak, E. Chow, M.-F. Balcan, A. Talwalkar, *Learning to Relax: Setting Solver Parameters Across a
Sequence of Linear System Instances*, ICLR 2024 (arXiv 2310.02246v2).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from bandits.arms.theory import OBLIVIOUS, holds
from bandits.arms.tsallis_inf import TsallisINF
from bandits.contextual.cheb_cb import ChebCB
from bandits.contextual.theory import ContextualInstance
from bandits.contextual.tsallis_inf_cb import TsallisINFCB
from bandits.contract import Array, Assumption, Bound, Policy
from bandits.sor.problem import SolverProblem

SOURCE = "Khodak et al. 2024"
ROUNDING = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class SolverInstance(ContextualInstance):
    """The systems of a run and what solving them takes. Costs are iterations, losses iterations - 1.

    Attributes:
        method: "sor", "ssor" or "ssor_cg".
        epsilon: tolerance of the solves, relative to the right-hand side; absolute for "ssor".
        unknowns: of a system.
        independent: whether the systems are drawn independently.
        omega_max: largest parameter of the grid.
        theorem_grid: whether the grid is that of Theorem 2.1.
        reference_grid: whether there is a regret against the best fixed parameter of a finer grid.
        alpha: for SOR under Assumption 2.1: [horizon] difficulties ``tau + (1 - tau) max(beta_t^2, omega_max - 1)`` in
            (0, 1), of which Theorems 2.1 and 2.2 speak; else None, as all that follows.
        n_above_surrogate: number of costs in the run that exceed the surrogate (0 where Assumption 2.1 holds).
        covers_optimum: whether ``omega_max`` is at least the asymptotically best parameter of every system.
        context_width: C, the width of the interval of shifts.
        optimum_lipschitz: L*, the Lipschitz constant of the asymptotically best parameter as a function of the shift.
        mu: for SSOR-CG with a surrogate: [horizon] ``lambda_max(D A_t^-1)``, of which Theorem 2.3 speaks; else None.
        kappa: likewise: [horizon] condition numbers.
    """

    method: str
    epsilon: float
    unknowns: int
    independent: bool = False
    omega_max: float
    theorem_grid: bool = False
    reference_grid: bool = False
    alpha: Array | None = None
    n_above_surrogate: int | None = None
    covers_optimum: bool | None = None
    context_width: float | None = None
    optimum_lipschitz: float | None = None
    mu: Array | None = None
    kappa: Array | None = None

    @property
    def cost_ceiling(self) -> float | None:
        """``log(1 / epsilon) / log(1 / alpha_max)``, the smallest K that Theorems 2.1 and 2.2 allow."""
        return None if self.alpha is None else math.log(1.0 / self.epsilon) / -math.log(float(self.alpha.max()))

    @property
    def gamma(self) -> float | None:
        """Mean of ``1 / log^2 alpha_t``, by which the paper chooses the sizes of grids."""
        return None if self.alpha is None else float(np.mean(1.0 / np.log(self.alpha) ** 2))

    def consequences(
        self, policy: Policy[Any, Any, Any, Any], problem: SolverProblem, bounds: Sequence[Bound]
    ) -> Sequence[Bound]:
        """The theorems of this file about ``TsallisINF``, ``TsallisINFCB`` and ``ChebCB``."""
        if isinstance(policy, TsallisINF) and bounds:
            return [*self._orders(bounds), *self._theorem_2_1(policy, problem, bounds)]
        if isinstance(policy, TsallisINFCB):
            return self._theorem_2_2(policy, problem)
        if isinstance(policy, ChebCB) and self.method == "ssor":
            return [self._theorem_c_4(policy, problem)]
        return ()

    def _orders(self, bounds: Sequence[Bound]) -> list[Bound]:
        """Theorems 2.3 and 3.1, for Tsallis-INF that has ``bounds`` against the best fixed parameter."""
        if self.mu is not None and self.kappa is not None:
            roots, kappa = np.sqrt(self.mu), float(np.max(self.kappa))
            rate = math.log((roots.max() - 1.0) / (roots.max() + 1.0))
            factor = (math.log(math.sqrt(kappa) / self.epsilon) / rate) ** 2 * float(roots.mean())
            return [_rate("Tsallis-INF rate", factor, "surrogate", "Theorem 2.3", bounds[0].assumptions)]
        if self.method == "ssor" and self.reference_grid:
            factor = math.log(self.unknowns / self.epsilon) ** 6 * math.sqrt(self.unknowns)
            random = Assumption("right-hand sides are drawn independently", self.independent)
            return [_rate("Tsallis-INF rate", factor, "fine", "Theorem 3.1", (*bounds[0].assumptions, random))]
        return []

    def _theorem_2_1(self, policy: TsallisINF, problem: SolverProblem, bounds: Sequence[Bound]) -> list[Bound]:
        """Each of the upper ``bounds`` against the best fixed parameter, with what the grid adds."""
        if self.alpha is None:
            return []
        excess = self._excess(self.alpha, problem.n_actions)
        unit = problem.high - problem.low if isinstance(policy.scale, str) else policy.scale
        more = (self._on_the_grid, self._is_large(unit))

        def with_surrogate(bound: Bound) -> Bound:
            exact = bound.evidence == "exact" and bound.time == "at the horizon"  # the first term of (4) as printed
            return Bound(
                bound.name.replace("bound", "Theorem 2.1"),
                "upper",
                lambda t: bound.curve(t) + np.interp(t, np.arange(excess.size), excess),
                "surrogate",
                f"{SOURCE}, Theorem 2.1 (4); first term: {bound.source}",
                "exact" if exact else "derived",
                (*bound.assumptions, *more),
                bound.time,
            )

        return [with_surrogate(bound) for bound in bounds if bound.kind == "upper"]

    def _theorem_2_2(self, policy: TsallisINFCB, problem: SolverProblem) -> Sequence[Bound]:
        """The bound (29) on the cost beyond ``sum_s U_s(omega*(c_s))``, with ``K m`` for the printed ``m`` [derived].

        ``K m + 4 K sqrt(d m t) + (C L* / (m (omega_max - 1)) + 1/d) sum_s log(1/eps) / log^2 alpha_s`` with m bins.
        """
        if self.alpha is None or self.context_width is None or self.optimum_lipschitz is None:
            return ()
        if isinstance(policy.scale, str) and not problem.bounded:
            return ()
        d, bins = problem.n_actions, policy.bins
        unit = problem.high - problem.low if isinstance(policy.scale, str) else policy.scale
        bounds_losses = (
            policy.scale != "running_mean"
            and self.largest_loss is not None
            and self.largest_loss <= unit * (1.0 + ROUNDING)
        )
        sums = self._excess(self.alpha, 1)
        rate = self.context_width * self.optimum_lipschitz / (bins * (self.omega_max - 1.0)) + 1.0 / d
        assumptions = (
            *holds(self, OBLIVIOUS),
            Assumption("K bounds every loss", bounds_losses),
            self._is_large(unit),
            self._on_the_grid,
            Assumption("no cost exceeds the surrogate", self.n_above_surrogate == 0),
            Assumption("omega_max is at least omega* of every system", bool(self.covers_optimum)),
        )
        return (
            Bound(
                "Tsallis-INF-CB bound",
                "upper",
                lambda t: unit * (bins + 4.0 * np.sqrt(d * bins * t)) + rate * np.interp(t, np.arange(sums.size), sums),
                "instance_surrogate",
                f"{SOURCE}, Theorem 2.2 in the form (29), its first term in units of K [derived]",
                "derived",
                assumptions,
            ),
        )

    def _theorem_c_4(self, policy: ChebCB, problem: SolverProblem) -> Bound:
        """``d sqrt(m n t) + t sqrt(d n) / m + t sqrt(n) / d`` with n unknowns and m features; for SSOR only."""
        d, m, root = problem.n_actions, policy.n_features, math.sqrt(self.unknowns)
        text = "systems are independent, solved by SSOR to an absolute tolerance"
        return Bound(
            "ChebCB rate",
            "order",
            lambda t: root * (d * np.sqrt(m * t) + t * math.sqrt(d) / m + t / d),
            "dynamic",
            f"{SOURCE}, Theorem C.4 (logarithms left out; comparator: every function of the context)",
            "convention",
            (*holds(self, OBLIVIOUS), Assumption(text, self.independent)),
        )

    def _excess(self, alpha: Array, d: int) -> Array:
        """``sum_{s <= t} log(1 / eps) / (d log^2 alpha_s)`` [horizon + 1], from t = 0 on."""
        return np.concatenate([[0.0], np.cumsum(math.log(1.0 / self.epsilon) / (d * np.log(alpha) ** 2))])

    def _is_large(self, unit: float) -> Assumption:
        ceiling = self.cost_ceiling
        enough = ceiling is not None and unit * (1.0 + ROUNDING) >= ceiling
        return Assumption("K >= log(1/epsilon) / log(1/alpha_max)", enough)

    @property
    def _on_the_grid(self) -> Assumption:
        return Assumption("the grid is that of Theorem 2.1", self.theorem_grid)


def _rate(name: str, factor: float, comparator_class: str, theorem: str, assumptions: tuple[Assumption, ...]) -> Bound:
    """The order ``(factor t^2)^(1/3)``."""
    source = f"{SOURCE}, {theorem} (order only)"
    return Bound(name, "order", lambda t: np.cbrt(factor * t**2), comparator_class, source, "convention", assumptions)


def tuned_excess(
    horizon: ArrayLike,
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
