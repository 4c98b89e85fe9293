"""The surrogate cost of the paper, and its minimum over a sequence of systems.

Assumption 2.1 of the paper: some ``tau`` in (0, 1) has ``||C_omega^k||_2 <= (rho + tau (1 - rho))^k`` one sweep before
convergence, ``rho = rho(C_omega)``. The count is then at most the surrogate ``U(omega)`` (Lemma 2.1), which decreases
up to ``omega*`` and from there on increases, with a Lipschitz constant ``(1 - tau) log(1/tol) / (alpha log^2 alpha)``
for ``alpha = tau + (1 - tau) max(beta^2, omega_max - 1)``, provided that ``tau >= e^-2`` or
``beta^2 >= 4 e^-2 (1 - e^-2)``.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import real
from bandits.contract import Array
from bandits.kernels import kernel
from environments.sor.conjugate import LOWEST, cg_surrogate
from environments.sor.spectra import omega_star, sor_radius

STEP = 1e-3
"""Largest distance between the parameters over which the sum of surrogates is minimized."""


def surrogate(omega: ArrayLike, beta: ArrayLike, tau: float, tol: float = 1e-8) -> Array:
    """``U(omega) = 1 + log(1/tol) / -log(rho + tau (1 - rho))``, ``rho = rho(C_omega)`` (paper, Lemma 2.1).

    At least the count of an instance that satisfies Assumption 2.1 with ``tau``.

    Raises:
        ValueError: an argument out of its domain.
    """
    radius = sor_radius(omega, beta)
    slack = real("tau", tau, 0.0, 1.0)
    return np.asarray(1.0 + np.log(real("tol", tol, 0.0, 1.0)) / np.log(radius + slack * (1.0 - radius)))


@kernel
def _add_surrogates(betas: Array, tau: float, log_tol: float, candidates: Array, totals: Array) -> None:
    for beta in betas:
        star = 1.0 + (beta / (1.0 + math.sqrt(1.0 - beta * beta))) ** 2
        for c in range(candidates.size):
            w = candidates[c]
            radius = w - 1.0
            if w < star:
                radius = 0.25 * (w * beta + math.sqrt(max(w * w * beta * beta - 4.0 * radius, 0.0))) ** 2
            totals[c] += 1.0 + log_tol / math.log(radius + tau * (1.0 - radius))


def least_surrogates(
    betas: Array, tau: float, omega_max: float, times: NDArray[np.int64], tol: float = 1e-8, most: int = 5000
) -> Array:
    """``min over omega in (0, omega_max] of sum_{s <= t} U_s(omega)`` at each time ``t``.

    Every ``U_s`` decreases up to its ``omega*_s`` and increases from there, so a minimizer lies between the smallest
    and the largest of these. There the sum, which may have several minima, is evaluated on a grid of step 1e-3 and at
    the ``omega*_s`` themselves; where there are more than ``most`` of these, at that many quantiles. To the right of
    any parameter the sum rises at most with the sum of the Lipschitz constants (module docstring), so the value exceeds
    the true minimum by at most that times the largest gap between neighbours.

    Args:
        betas: [horizon] Jacobi radii in [0, 1).
        tau: slack in (0, 1).
        omega_max: largest parameter allowed, in (1, 2).
        times: [n_times] rounds, increasing, >= 1.
        tol: relative tolerance, in (0, 1).
        most: largest number of ``omega*_s`` that are candidates.

    Returns:
        [n_times] minima.
    """
    stars = np.unique(omega_star(betas))
    if stars.size > most:
        stars = stars[np.linspace(0, stars.size - 1, most).round().astype(np.int64)]
    low, high = min(stars[0], omega_max), min(stars[-1], omega_max)
    grid = np.linspace(low, high, math.ceil((high - low) / STEP) + 1)
    candidates = np.union1d(grid, stars[stars <= omega_max])
    totals, minima, start = np.zeros(candidates.size), np.empty(len(times)), 0
    for i, stop in enumerate(times):
        _add_surrogates(betas[start:stop], tau, math.log(tol), candidates, totals)
        minima[i], start = np.min(totals), stop
    return minima


def least_cg_surrogates(
    mu: Array,
    nu: Array,
    kappa: Array,
    tau: float,
    omega_max: float,
    times: NDArray[np.int64],
    tol: float = 1e-8,
) -> Array:
    """As ``least_surrogates`` for SSOR-CG: the least sums of ``conjugate.cg_surrogate`` on a grid of step 1e-3.

    The grid covers ``[2 sqrt(2) - 2, omega_max]``, where the surrogates are smooth.

    Args:
        mu: [horizon] see ``conjugate``.
        nu: [horizon] see ``conjugate``.
        kappa: [horizon] condition numbers.
        tau: factor in (0, 1].
        omega_max: largest parameter allowed, in (1, 2).
        times: [n_times] rounds, increasing, >= 1.
        tol: relative tolerance, in (0, 1).
    """
    candidates = np.linspace(LOWEST, omega_max, math.ceil((omega_max - LOWEST) / STEP) + 1)
    totals, minima, start = np.zeros(candidates.size), np.empty(len(times)), 0
    for i, stop in enumerate(times):
        for t in range(start, stop):
            totals += cg_surrogate(candidates, mu[t], nu[t], kappa[t], tau, tol)
        minima[i], start = np.min(totals), stop
    return minima
