"""The heat equation on the unit square, stepped by Crank and Nicolson; each step is one solve by SSOR-CG.

With the 5-point Laplacian ``L = -n_x^2 A`` on ``(n_x - 1)^2`` interior points, zero on the boundary, diffusivity
``k(t)`` and forcing ``f``, the step from ``t`` to ``t + dt`` solves, at the half step ``h = t + dt / 2``,

    (I - S) u_new = (I + S) u + dt f(h),   S = k(h) dt L / 2,   from the start u_new = u.

Divided by ``g = k(h) dt n_x^2 / 2``, the matrix is ``A + (1 / g) I``, so that diffusivity plays the part of a shift.
The learner sees the diffusivity, and picks the relaxation parameter of the preconditioner (paper, appendix G.2).

    k(t) = max(a sin 2 pi t, -10 sin 2 pi t)
    f(t) = 32 bump with radius 1/8 around (1/2 + cos(16 pi t) / 4, 1/2 + sin(16 pi t) / 4)
    u(0) = bump with radius 1/4 around (1/2, 1/2)

with ``bump = exp(1 - 1 / (1 - distance^2 / radius^2))`` inside the radius and 0 outside [code]. (The paper's text
leaves out the 1 and prints cos in both places; its ``a`` is 0.01, its code's 0.1. Points are ordered as in the code, y
fastest.)
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence

import numpy as np
import scipy.fft
from numpy.typing import ArrayLike, NDArray

from bandits.arguments import integer, one_of, positive, real
from bandits.contract import Array
from bandits.registry import Component
from bandits.sor.problem import SolverProblem
from environments.sor.environment import Systems, TabulatedSolves, prefix_sums
from environments.sor.grids import points_of
from environments.sor.instance import Solves
from environments.sor.regions import LARGEST_SIDE, Square
from environments.sor.solve import check_tolerance, laplacian_product
from environments.sor.table import MEMORY_LIMIT, check_memory

SMALLEST = 1e-9
"""Smallest ``g`` that a step is divided by: at times without diffusion the matrix is the identity."""


def diffusivity(t: ArrayLike, amplitude: float) -> Array:
    """``k(t)``."""
    wave = np.sin(2.0 * np.pi * np.asarray(t, dtype=np.float64))
    return np.asarray(np.maximum(amplitude * wave, -10.0 * wave))


def bump(n_x: int, x: float, y: float, radius: float) -> Array:
    """The bump [(n_x - 1)^2] around ``(x, y)``."""
    points = np.arange(1, n_x) / n_x
    square = ((points[:, None] - x) ** 2 + (points[None, :] - y) ** 2).ravel() / radius**2
    inside = square < 1.0
    return np.exp(1.0 - 1.0 / np.where(inside, 1.0 - square, np.inf)) * inside


def forcing(n_x: int, t: float) -> Array:
    """``f(t)`` [(n_x - 1)^2]."""
    angle = 16.0 * math.pi * t
    return 32.0 * bump(n_x, 0.5 + 0.25 * math.cos(angle), 0.5 + 0.25 * math.sin(angle), 0.125)


def step_system(n_x: int, amplitude: float, dt: float, k: int, u: Array) -> tuple[float, Array, float]:
    """Step ``k`` (from 0) from the state ``u``: (shift, residual at the start [n], norm of b), all divided by g."""
    half = (k + 0.5) * dt
    g = max(0.5 * float(diffusivity(half, amplitude)) * dt * n_x**2, SMALLEST)
    drive, spread = dt * forcing(n_x, half), g * laplacian_product(n_x - 1, 4.0, u)
    return 1.0 / g, (drive - 2.0 * spread) / g, float(np.linalg.norm(u - spread + drive)) / g


@functools.lru_cache(maxsize=2)
def exact_steps(n_x: int, amplitude: float, dt: float, steps: int, context: str) -> Systems:
    """The systems along the exact solution of each step, which sine transforms give."""
    m = n_x - 1
    wave = 2.0 - 2.0 * np.cos(np.pi * np.arange(1, n_x) / n_x)
    eigenvalues = wave[:, None] + wave[None, :]
    u, shifts, norms = bump(n_x, 0.5, 0.5, 0.25), np.empty(steps), np.empty(steps)
    rhs = np.empty((steps, m * m))
    for k in range(steps):
        shifts[k], rhs[k], norms[k] = step_system(n_x, amplitude, dt, k, u)
        modes = scipy.fft.dstn(rhs[k].reshape(m, m), type=1) / (shifts[k] + eigenvalues)
        u = u + scipy.fft.idstn(modes, type=1).ravel()
    return Systems(shifts, rhs, norms, _contexts(amplitude, dt, steps, context))


def _contexts(amplitude: float, dt: float, steps: int, context: str) -> Array:
    return diffusivity((np.arange(steps) + (0.5 if context == "half" else 0.0)) * dt, amplitude)


class HeatEquation(TabulatedSolves):
    """Minus the SSOR-CG iterations of each time step, for each parameter of a grid.

    The iterations are tabulated along the exact solution; a simulation that goes on from its own iterates differs by
    the order of the tolerance (``HeatSimulation``). Nothing is random: every run has the same systems.

    Args:
        n_x: intervals to a side, >= 2; the systems have ``(n_x - 1)^2`` unknowns.
        amplitude: a, > 0.
        dt: time step, > 0.
        context: "start" or "half": which time of the step the diffusivity that the learner sees is of.
        grid: as in ``SorSequence``.
        tolerance: bound on the residual norm relative to that of b, in (0, 1).
        max_iter: largest number of iterations of a solve, >= 2.
        tau: factor of the surrogate in ``conjugate``, in (0, 1). Default: no surrogates.
        reference_step: as in ``SorSequence``.
        horizon: number of steps, >= 1.
        memory_limit: bytes that the tables of a run may take.

    Raises:
        ValueError: a parameter out of its domain, or a run that would take more than ``memory_limit``.
    """

    def __init__(
        self,
        n_x: int = 25,
        amplitude: float = 0.1,
        dt: float = 1e-3,
        context: str = "start",
        grid: Component | Sequence[float] = "even",
        tolerance: float = 1e-8,
        max_iter: int = 10_000,
        tau: float | None = None,
        reference_step: float | None = None,
        horizon: int = 1000,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self.n_x, self.amplitude, self.dt = (
            integer("n_x", n_x, 2, most=LARGEST_SIDE),
            positive("amplitude", amplitude),
            positive("dt", dt),
        )
        self.context, self.grid = one_of("context", context, ("start", "half")), grid
        self.tolerance = check_tolerance(tolerance, "tolerance")
        self.max_iter = integer("max_iter", max_iter, 2)
        self.tau = None if tau is None else real("tau", tau, 0.0, 1.0)
        self.reference_step = (
            None if reference_step is None else real("reference_step", reference_step, 0.0, 0.99, closed="high")
        )
        self.memory_limit = integer("memory_limit", memory_limit)
        points = points_of(grid)
        check_memory(integer("horizon", horizon), (n_x - 1) ** 2, len(points), memory_limit)
        problem = heat_problem(points, self.amplitude, self.dt, context, self.max_iter, horizon)
        how = Solves(
            "ssor_cg",
            points,
            self.tolerance,
            self.max_iter,
            self.tau,
            self.reference_step,
            memory_limit,
            False,
            plain=True,
        )
        super().__init__(problem, Square(n_x - 1), how)

    def draw(self, rng: np.random.Generator) -> Systems:
        return exact_steps(self.n_x, self.amplitude, self.dt, self.horizon, self.context)

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """The fewest and the most iterations of each step: of the grid, and with the parameter of ``instance``."""
        costs = np.column_stack([self._costs, self._optima()[1]])
        plays = -np.array([prefix_sums(costs.min(axis=1), times), prefix_sums(costs.max(axis=1), times)])
        curves = self.comparators(times)
        return {regret.name: curves[regret.comparator] - plays for regret in self.regrets()}


def heat_problem(grid: Array, amplitude: float, dt: float, context: str, max_iter: int, horizon: int) -> SolverProblem:
    """What a learner of the heat equation is told."""
    contexts = _contexts(amplitude, dt, horizon, context)
    high = float(contexts.max())
    return SolverProblem(
        n_actions=len(grid),
        horizon=horizon,
        low=-float(max_iter),
        high=-1.0,
        actions=tuple(grid.tolist()),
        contexts=((float(contexts.min()), high if high > contexts.min() else high + 1.0),),
    )
