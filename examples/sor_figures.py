"""The figures of *Learning to Relax* (Khodak et al., ICLR 2024) that show counts against the relaxation parameter.

    python examples/sor_figures.py asymptotic      figure 1, left and right
    python examples/sor_figures.py slack           figure 3
    python examples/sor_figures.py comparators     figure 1, centre
    python examples/sor_figures.py degenerate      figure 2, left
    python examples/sor_figures.py cg              figure 4

Each writes ``<name>.png``, ``.svg`` and ``.pdf`` to ``--out`` (default: ``results/sor_figures``). The figures of regret
and of total cost are studies: ``regretlab run sor/contextual sor/heat``.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import scipy.sparse as sp
from matplotlib.figure import Figure

from environments.sor.bounds import asymptotic_count, energy_bound, measured_tau
from environments.sor.conjugate import LOWEST, cg_surrogate, measured_cg_tau, omega_cg, triangle_excess
from environments.sor.instances import SHIFTS, grid_laplacian, truncated_normals
from environments.sor.regions import REGIONS
from environments.sor.solve import sor_laplacian
from environments.sor.spectra import defect_matrix, grid_jacobi_radius, omega_star, sor_radius
from environments.sor.surrogates import surrogate
from environments.sor.symmetric import ssor_cg
from environments.sor.table import tabulate
from experiments.report.colours import COLOURS, GREY
from experiments.report.figures import save
from experiments.report.style import FORMATS, STYLE, WIDTH

A = grid_laplacian(10)


def axes_beside(count: int, height: float = 2.9) -> tuple[Figure, Any]:
    """A figure with ``count`` pairs of axes side by side."""
    canvas = Figure(figsize=(WIDTH * count, height), layout="constrained")
    return canvas, canvas.subplots(1, count, squeeze=False)[0]


def asymptotic() -> Figure:
    """One right-hand side: the count beside the asymptotic estimate, the energy bound and the surrogate."""
    b, beta = truncated_normals(np.random.default_rng(1), 1, 100)[0], float(grid_jacobi_radius(10))
    star = float(omega_star(beta))
    omegas = np.sort(np.append(np.arange(1.0, 1.9901, 0.01), star))
    counts = np.array([sor_laplacian(10, b, float(w)).iterations for w in omegas])
    slacks = measured_tau(A, b, omegas)
    tau = max(float(slacks.max()), math.exp(-2))
    canvas, (left, right) = axes_beside(2)
    left.plot(omegas, counts, color=COLOURS[0], label="sweeps")
    left.plot(omegas, surrogate(omegas, beta, tau), color=COLOURS[1], label=f"surrogate U, tau = {tau:.3f}")
    left.plot(omegas, asymptotic_count(omegas, beta), color=COLOURS[2], linestyle="--", label="log eps / log rho")
    left.plot(omegas, energy_bound(A, omegas), color=COLOURS[3], linestyle="-.", label="bound from the energy norm")
    left.axvline(star, color=GREY, linewidth=0.8, linestyle=":", label=f"omega* = {star:.4f}")
    left.set(yscale="log", xlabel="omega", ylabel="sweeps to 1e-8", title="Count and its estimates")
    radius = sor_radius(omegas, beta)
    right.plot(omegas, slacks * (1 - radius), color=COLOURS[0], label="norm of C^k to the power 1/k, minus rho")
    right.plot(omegas, tau * (1 - radius), color=COLOURS[1], linestyle="--", label="tau (1 - rho)")
    right.set(xlabel="omega", ylabel="excess over the radius", title="How near to the asymptotics", ylim=(0, 0.11))
    for ax in (left, right):
        ax.legend()
    return canvas


def slack() -> Figure:
    """Jacobi radius and slack over the shifts of the experiments."""
    shifts = np.linspace(-0.15, 0.45, 97)
    rhs, beta = truncated_normals(np.random.default_rng(2), 97, 100), grid_jacobi_radius(10, shifts)
    taus = []
    for c, b, star in zip(shifts, rhs, omega_star(beta), strict=True):
        near = star + np.linspace(-0.02, 0.12, 8)  # where the slack is largest
        taus.append(measured_tau(A + c * sp.eye_array(100), b, np.append(np.linspace(1.0, 1.9, 7), near)).max())
    canvas, (left, right) = axes_beside(2, 2.6)
    left.plot(shifts, beta**2, color=COLOURS[0], label="beta^2")
    limit = 4 * math.exp(-2) * (1 - math.exp(-2))
    left.axhline(limit, color=GREY, linestyle="--", label=f"4/e^2 (1 - 1/e^2) = {limit:.3f}")
    left.set(xlabel="shift c", ylabel="squared Jacobi radius", ylim=(0.4, 1.02), title="Jacobi radius")
    right.plot(shifts, taus, color=COLOURS[1], label=f"tau, from {min(taus):.3f} to {max(taus):.3f}")
    right.axhline(math.exp(-2), color=GREY, linestyle="--", label="1/e^2")
    right.set(xlabel="shift c", ylabel="slack tau", ylim=(0.1, 0.35), title="Slack of Assumption 2.1")
    for ax in (left, right):
        ax.legend()
    return canvas


def comparators() -> Figure:
    """Mean count over 40 shifted systems for each parameter, and what choosing for each system gives."""
    omegas = np.arange(1.0, 1.9501, 0.005)
    canvas, axes = axes_beside(2)
    for ax, name in zip(axes, ("low_variance", "high_variance"), strict=True):
        rng = np.random.default_rng(3)
        shifts = SHIFTS.build(name).draw(rng, 40)
        costs = tabulate(A, shifts, truncated_normals(rng, 40, 100), omegas, cache=False).costs
        bounds = surrogate(omegas[None], grid_jacobi_radius(10, shifts)[:, None], 0.28)
        for values, colour, label in ((costs, COLOURS[0], "sweeps"), (bounds, COLOURS[1], "surrogate U, tau = 0.28")):
            means = values.mean(axis=0)
            best, each = float(omegas[means.argmin()]), float(values.min(axis=1).mean())
            ax.plot(omegas, means, color=colour, label=f"{label}: least {means.min():.1f} at {best:.3f}")
            ax.axhline(each, color=colour, linestyle=":", label=f"{label}, best of each system: {each:.1f}")
        ax.set(xlabel="omega", ylabel="mean of 40 systems", ylim=(10, 400), yscale="log")
        ax.set_title(name.replace("_", " ").capitalize())
        ax.legend()
    return canvas


def degenerate() -> Figure:
    """Random right-hand sides beside an eigenvector of C_1.4 with an eigenvalue of small modulus."""
    omegas = np.arange(1.0, 1.9001, 0.001)
    counts = tabulate(A, np.zeros(40), truncated_normals(np.random.default_rng(4), 40, 100), omegas, cache=False).costs
    values, vectors = np.linalg.eig(defect_matrix(A, 1.4))
    real = np.flatnonzero(np.abs(values.imag) < 1e-12)
    k = real[np.abs(values[real]).argmin()]
    special = vectors[:, k].real
    few = tabulate(A, np.zeros(1), special[None], omegas, cache=False).costs[0]
    canvas, (ax,) = axes_beside(1)
    ax.plot(omegas, counts.mean(axis=0), color=COLOURS[0], label="40 random right-hand sides: mean, range")
    ax.fill_between(omegas, counts.min(axis=0), counts.max(axis=0), color=COLOURS[0], alpha=0.25, linewidth=0)
    text = f"eigenvector, eigenvalue {abs(values[k]):.4f}: {few[np.isclose(omegas, 1.4)][0]} sweeps at 1.4"
    ax.plot(omegas, few, color=COLOURS[1], label=text)
    ax.set(
        xlabel="omega", ylabel="sweeps to 1e-8", yscale="log", ylim=(5, 300), title="A right-hand side that misleads"
    )
    ax.legend()
    return canvas


def cg() -> Figure:
    """SSOR-CG on both regions, two sizes and two shifts, beside its surrogate."""
    omegas, cases = (
        np.linspace(LOWEST, 1.9, 100),
        [(r, s, c) for r in ("square", "L") for s in (12, 32) for c in (0.0, 0.5)],
    )
    canvas = Figure(figsize=(WIDTH * 2.8, 4.6), layout="constrained")
    for ax, (region, size, c) in zip(canvas.subplots(2, 4, sharex=True).ravel(), cases, strict=True):
        place = REGIONS.build(region, side=size - 2)
        matrix = sp.csr_array(place.matrix + c * sp.eye_array(place.n))
        b = truncated_normals(np.random.default_rng(5), 1, place.n)[0]
        mu, nu, kappa = float(place.mu(c)), triangle_excess(matrix), float(place.kappa(c))
        tau = float(measured_cg_tau(matrix, b, omegas).max())
        counts = [ssor_cg(matrix, b, float(w)).iterations for w in omegas]
        ax.plot(omegas, counts, color=COLOURS[0], drawstyle="steps-mid", label="iterations")
        ax.plot(omegas, cg_surrogate(omegas, mu, nu, kappa, tau), color=COLOURS[1], label=f"surrogate, tau = {tau:.2f}")
        ax.axvline(float(omega_cg(mu, nu)), color=GREY, linewidth=0.8, linestyle=":", label="omega* of the surrogate")
        ax.set_title(f"{region}, n = {place.n}, c = {c:g}")
        ax.set_ylim(bottom=0)
        ax.legend()
    canvas.supxlabel("omega", fontsize=8)
    canvas.supylabel("SSOR-CG iterations to 1e-8", fontsize=8)
    return canvas


FIGURES: dict[str, Callable[[], Figure]] = {f.__name__: f for f in (asymptotic, slack, comparators, degenerate, cg)}


def main() -> None:
    """Draw the figures that are asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(FIGURES)} (default: all)")
    parser.add_argument("--out", type=Path, default=Path("results/sor_figures"))
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(FIGURES):
        parser.error(f"no figure {', '.join(sorted(unknown))}; there are {', '.join(FIGURES)}")
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.names or FIGURES:
        with mpl.rc_context(STYLE):
            canvas = FIGURES[name]()
            for ending in FORMATS:
                save(canvas, arguments.out / f"{name}.{ending}")
        print(arguments.out / f"{name}.png")


if __name__ == "__main__":
    main()
