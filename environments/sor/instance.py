"""What the analysis of a sequence of systems may know: the constants of the paper's theorems in the run at hand."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandits.contract import Array
from bandits.sor.theory import SolverInstance
from environments.sor.conjugate import cg_surrogate, omega_cg
from environments.sor.grids import TheoremGrid
from environments.sor.regions import Region
from environments.sor.spectra import omega_star
from environments.sor.surrogates import surrogate
from environments.sor.table import CostTable


@dataclass(frozen=True)
class Solves:
    """How systems are solved, and what to compare with; see ``SorSequence`` for the meanings.

    With ``plain``, that is conjugate gradients without preconditioner, too: ``cg``.
    """

    method: str
    grid: Array
    tolerance: float
    max_iter: int
    tau: float | None
    reference_step: float | None
    memory_limit: int
    independent: bool
    spectral_points: int | None = None
    plain: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class TabulatedInstance(SolverInstance):
    """Systems all of whose costs are known.

    Attributes:
        costs: [horizon, n_actions] iterations under each parameter.
        cost_bound: K, such that losses (iterations - 1) are meant to lie in [0, K].
        n_exceed: number of costs with a larger loss.
        unfinished: number of solves that did not reach the tolerance.
        shifts: [horizon] multiples of the identity.
        beta: [horizon] Jacobi radii.
        tau: slack of Assumption 2.1; for SSOR-CG the factor of the surrogate; None where none is assumed.
        nu: for SSOR-CG with ``tau``: [horizon], see ``conjugate``; else None.
        cost_lipschitz: for SOR with ``tau``: L of Theorem 2.2, with ``L* = 6 L (omega_max - 1)`` where omega_max is the
            largest ``omega*``; else None.
        instance_surrogate: with ``tau``: [horizon] surrogate costs ``U_t(omega*_t)`` at the optimum of each system.
    """

    costs: NDArray[np.int32]
    cost_bound: float
    n_exceed: int
    unfinished: int
    shifts: Array
    beta: Array
    tau: float | None = None
    nu: Array | None = None
    cost_lipschitz: float | None = None
    instance_surrogate: Array | None = None


def instance_of(
    solves: Solves, region: Region, table: CostTable, shifts: Array, interval: tuple[float, float], cost_bound: float
) -> TabulatedInstance:
    """What is known of systems that have been tabulated.

    Args:
        solves: how.
        region: the region.
        table: costs [horizon, n_actions].
        shifts: [horizon] shifts.
        interval: where the shifts lie.
        cost_bound: K.
    """
    grid, exceed, largest = solves.grid, int(np.count_nonzero(table.costs - 1 > cost_bound)), int(table.costs.max())
    top, theory = float(grid[-1]), {"sor": _of_sor, "ssor_cg": _of_cg}.get(solves.method)
    known: dict[str, Any] = {}
    if solves.tau is not None and theory is not None:
        known = theory(table.costs, region, shifts, interval, grid, solves.tau, solves.tolerance)
    return TabulatedInstance(
        oblivious=True,
        bounded=exceed == 0,
        largest_loss=float(largest - 1),
        method=solves.method,
        epsilon=solves.tolerance,
        unknowns=region.n,
        independent=solves.independent,
        omega_max=top,
        theorem_grid=top > 1.0 and bool(np.allclose(grid, TheoremGrid(top, len(grid)).points, rtol=0.0, atol=1e-12)),
        reference_grid=solves.reference_step is not None,
        costs=table.costs,
        cost_bound=cost_bound,
        n_exceed=exceed,
        unfinished=table.unfinished,
        shifts=shifts,
        beta=region.beta(shifts),
        tau=solves.tau,
        **known,
    )


def _of_sor(
    costs: NDArray[np.int32],
    region: Region,
    shifts: Array,
    interval: tuple[float, float],
    grid: Array,
    tau: float,
    tol: float,
) -> dict[str, Any]:
    """Constants of Theorems 2.1 and 2.2 for systems that satisfy Assumption 2.1 with ``tau``; L* by Lemma E.1."""
    betas = region.beta(shifts)
    stars = omega_star(betas)
    beta, low = float(region.beta(interval[0])), float(interval[0])
    root = math.sqrt(1.0 - beta * beta)
    bracket = ((4.0 + low + 1.0) / (4.0 + low)) ** 2
    return {
        "alpha": tau + (1.0 - tau) * np.maximum(betas**2, grid[-1] - 1.0),
        "n_above_surrogate": int(np.count_nonzero(costs > surrogate(grid, betas[:, None], tau, tol) + 1e-9)),
        "instance_surrogate": surrogate(stars, betas, tau, tol),
        "covers_optimum": bool(stars.max() <= grid[-1] + 1e-9),
        "context_width": float(interval[1] - interval[0]),
        "optimum_lipschitz": 6.0 * beta * (1.0 + beta) / (root * (1.0 + root) ** 2) * bracket,
        "cost_lipschitz": (1.0 + beta) / (beta * root) * bracket,
    }


def _of_cg(
    costs: NDArray[np.int32],
    region: Region,
    shifts: Array,
    interval: tuple[float, float],
    grid: Array,
    tau: float,
    tol: float,
) -> dict[str, Any]:
    """What ``conjugate`` says of SSOR-CG; ``tau`` is the factor of its surrogate."""
    mu, nu, kappa = region.mu(shifts), region.nu(shifts, *interval), region.kappa(shifts)
    above = costs > cg_surrogate(grid, mu[:, None], nu[:, None], kappa[:, None], tau, tol) + 1e-9
    return {
        "mu": mu,
        "nu": nu,
        "kappa": kappa,
        "n_above_surrogate": int(np.count_nonzero(above)),
        "instance_surrogate": cg_surrogate(omega_cg(mu, nu), mu, nu, kappa, tau, tol),
    }
