"""What the analysis of a sequence of systems may know: the constants of the paper's theorems in the run at hand.

Beside ``oblivious`` (True), ``stationary`` (False) and ``bounded`` (no cost above the bound):

* ``cost_bound``: K, such that losses (sweeps - 1) are meant to lie in [0, K]; ``n_exceed``: entries of the table with a
  larger loss; ``max_cost``: largest entry; ``unfinished``: entries that did not reach the tolerance.
* ``epsilon``: the tolerance; ``omega_max``: the largest parameter of the grid; ``theorem_grid``: whether the grid is
  that of Theorem 2.1; ``shifts`` and ``beta`` [horizon].
* with ``tau``: ``alpha`` [horizon], ``alpha_t = tau + (1 - tau) max(beta_t^2, omega_max - 1)``; ``alpha_max``;
  ``surrogate_slack`` [horizon], ``log(1/epsilon) / log^2 alpha_t``, which over d and summed is the middle term of (4);
  ``gamma``, the mean of ``1 / log^2 alpha_t``; ``cost_ceiling``, ``log(1/epsilon) / log(1/alpha_max)``, the smallest K
  that Theorem 2.1 allows; ``n_above_surrogate``, entries of the table above ``U_t`` (0 where Assumption 2.1 holds);
  ``instance_surrogate`` [horizon], ``U_t(omega*_t)``; ``covers_optimum``, whether omega_max is at least every
  ``omega*_t``; ``context_width``, the width of the interval of shifts; ``optimum_lipschitz``, L* of Lemma E.1, the
  Lipschitz constant of ``c -> omega*(c)`` on it, and ``cost_lipschitz``, L of Theorem 2.2, with ``L* = 6 L (omega_max -
  1)`` where omega_max is the largest ``omega*``.
* for SSOR-CG with ``tau``, instead: ``mu``, ``nu``, ``kappa`` [horizon] of ``conjugate``, ``instance_surrogate`` and
  ``n_above_surrogate``.
* ``method``, ``unknowns`` (of a system), ``independent`` (whether systems are drawn independently).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bandits.contract import Array
from environments.sor.conjugate import cg_surrogate, omega_cg
from environments.sor.domains import Domain
from environments.sor.grids import theorem_grid
from environments.sor.spectra import omega_star
from environments.sor.surrogates import surrogate
from environments.sor.table import CostTable


def cost_facts(table: CostTable, grid: Array, bound: float, epsilon: float) -> dict[str, Any]:
    """Facts about the costs.

    Args:
        table: costs [horizon, n_actions].
        grid: [n_actions] relaxation parameters.
        bound: K.
        epsilon: the tolerance.
    """
    exceed, top = int(np.count_nonzero(table.costs - 1 > bound)), float(grid[-1])
    return {
        "oblivious": True,
        "stationary": False,
        "bounded": exceed == 0,
        "cost_bound": bound,
        "n_exceed": exceed,
        "max_cost": int(table.costs.max()),
        "unfinished": table.unfinished,
        "epsilon": epsilon,
        "omega_max": top,
        "theorem_grid": top > 1.0 and bool(np.allclose(grid, theorem_grid(top, len(grid)), rtol=0.0, atol=1e-12)),
    }


def theory_facts(
    table: CostTable,
    grid: Array,
    domain: Domain,
    shifts: Array,
    interval: tuple[float, float],
    tau: float,
    epsilon: float,
) -> dict[str, Any]:
    """Constants of Theorems 2.1 and 2.2 for systems that satisfy Assumption 2.1 with ``tau``.

    Args:
        table: costs [horizon, n_actions].
        grid: [n_actions] relaxation parameters.
        domain: the region.
        shifts: [horizon] shifts.
        interval: where the shifts lie.
        tau: slack of Assumption 2.1.
        epsilon: the tolerance.
    """
    betas, precision = domain.beta(shifts), math.log(1.0 / epsilon)
    alpha = tau + (1.0 - tau) * np.maximum(betas**2, grid[-1] - 1.0)
    squares, stars = np.log(alpha) ** 2, omega_star(betas)
    above = table.costs > surrogate(grid, betas[:, None], tau, epsilon) + 1e-9
    beta, low = float(domain.beta(interval[0])), float(interval[0])
    root = math.sqrt(1.0 - beta * beta)
    bracket = ((4.0 + low + 1.0) / (4.0 + low)) ** 2
    return {
        "tau": tau,
        "alpha": alpha,
        "alpha_max": float(alpha.max()),
        "surrogate_slack": precision / squares,
        "gamma": float(np.mean(1.0 / squares)),
        "cost_ceiling": precision / -math.log(alpha.max()),
        "n_above_surrogate": int(np.count_nonzero(above)),
        "instance_surrogate": surrogate(stars, betas, tau, epsilon),
        "covers_optimum": bool(stars.max() <= grid[-1] + 1e-9),
        "context_width": float(interval[1] - interval[0]),
        "optimum_lipschitz": 6.0 * beta * (1.0 + beta) / (root * (1.0 + root) ** 2) * bracket,
        "cost_lipschitz": (1.0 + beta) / (beta * root) * bracket,
    }


def cg_facts(
    table: CostTable,
    grid: Array,
    domain: Domain,
    shifts: Array,
    interval: tuple[float, float],
    tau: float,
    epsilon: float,
) -> dict[str, Any]:
    """What ``conjugate`` says of SSOR-CG; arguments as ``theory_facts``, ``tau`` being the factor of its surrogate."""
    mu, nu, kappa = domain.mu(shifts), domain.nu(shifts, *interval), domain.kappa(shifts)
    costs = cg_surrogate(grid, mu[:, None], nu[:, None], kappa[:, None], tau, epsilon)
    return {
        "tau": tau,
        "mu": mu,
        "nu": nu,
        "kappa": kappa,
        "instance_surrogate": cg_surrogate(omega_cg(mu, nu), mu, nu, kappa, tau, epsilon),
        "n_above_surrogate": int(np.count_nonzero(table.costs > costs + 1e-9)),
    }
