"""A simulation that tunes its own solver, beside what one would otherwise use.

The heat equation on the unit square with a diffusivity that changes in time is stepped by Crank and Nicolson; each step
is a linear system with another matrix. The loop is this script's own; ``RelaxationTuner`` is all it takes from the
package. Every solver starts from the last state and reaches a residual of 1e-8 relative to the right-hand side.

    python examples/heat_tuning.py --n 25 50 100 --steps 500

Reported are wall-clock and processor seconds of the solves (with everything that a solver has to do anew for each
matrix, and with the policy's own time; on a busy machine only processor seconds can be compared), iterations, and the
largest relative residual. On small grids and for few steps tuning does not pay: a good fixed parameter is hardly worse.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
import scipy.sparse.linalg

from bandits import ChebCB, FixedAction, TsallisINF
from environments.sor.tuner import RelaxationTuner

DT, TOL = 1e-3, 1e-8
CONTEXTS = (0.0, 10.0)
Solve = Callable[[Any, Any, Any, float], tuple[Any, int]]


def diffusivity(t: float) -> float:
    """0.1 sin in the first half of a period, 10 sin in the second."""
    wave = float(np.sin(2 * np.pi * t))
    return max(0.1 * wave, -10.0 * wave)


def bump(n: int, x: float, y: float, radius: float) -> Any:
    """A smooth bump on the interior points of a grid of ``n`` intervals to a side."""
    points = np.arange(1, n) / n
    square = ((points[:, None] - x) ** 2 + (points[None, :] - y) ** 2) / radius**2
    return np.where(square < 1, np.exp(1 - 1 / np.where(square < 1, 1 - square, 1.0)), 0.0).ravel()


def systems(n: int, steps: int) -> Iterator[tuple[Any, Callable[[Any], Any], float]]:
    """(matrix, right-hand side as a function of the state, diffusivity at the start of the step) of each step."""
    line = sp.diags_array([-1.0, 2.0, -1.0], offsets=[-1, 0, 1], shape=(n - 1, n - 1))
    eye = sp.eye_array(n - 1)
    laplacian = sp.csr_array(n**2 * (sp.kron(eye, line) + sp.kron(line, eye)))
    laplacian.eliminate_zeros()  # kron leaves stored zeros
    unit = sp.eye_array((n - 1) ** 2, format="csr")
    for k in range(steps):
        half = (k + 0.5) * DT
        spread = 0.5 * diffusivity(half) * DT * laplacian
        force = 32.0 * bump(n, 0.5 + np.cos(16 * np.pi * half) / 4, 0.5 + np.sin(16 * np.pi * half) / 4, 0.125)
        yield sp.csr_array(unit + spread), lambda u, s=spread, f=force: u - s @ u + DT * f, diffusivity(k * DT)


def tuned(tuner: RelaxationTuner) -> Solve:
    """Solve with a tuner."""

    def solve(A: Any, b: Any, u: Any, context: float) -> tuple[Any, int]:
        found = tuner.solve(A, b, x0=u, context=context if tuner.contexts else None)
        return found.x, found.iterations

    return solve


def conjugate_gradients(A: Any, b: Any, u: Any, context: float) -> tuple[Any, int]:
    """Scipy's conjugate gradients without preconditioner."""
    count = 0

    def callback(_: Any) -> None:
        nonlocal count
        count += 1

    x, _ = scipy.sparse.linalg.cg(A, b, x0=u, rtol=TOL, atol=0.0, callback=callback)
    return x, count


def direct(A: Any, b: Any, u: Any, context: float) -> tuple[Any, int]:
    """A sparse direct solve; the matrix changes, so it is factorized in every step."""
    return scipy.sparse.linalg.splu(sp.csc_array(A), permc_spec="MMD_AT_PLUS_A").solve(b), 0


def multigrid() -> Solve | None:
    """Conjugate gradients preconditioned by algebraic multigrid, set up anew for each matrix; None without pyamg."""
    try:
        import pyamg
    except ImportError:
        return None

    def solve(A: Any, b: Any, u: Any, context: float) -> tuple[Any, int]:
        residuals: list[float] = []
        hierarchy = pyamg.ruge_stuben_solver(sp.csr_matrix(A))
        x = hierarchy.solve(b, x0=u, tol=TOL, accel="cg", residuals=residuals)
        return x, len(residuals) - 1

    return solve


def simulate(n: int, steps: int, solve: Solve) -> tuple[float, float, int, float]:
    """(wall-clock and processor seconds in the solver, iterations, largest relative residual) of a simulation."""
    u, seconds, busy, iterations, worst = bump(n, 0.5, 0.5, 0.25), 0.0, 0.0, 0, 0.0
    for A, rhs, context in systems(n, steps):
        b = rhs(u)
        start, start_busy = time.perf_counter(), time.process_time()
        u, count = solve(A, b, u, context)
        seconds += time.perf_counter() - start
        busy += time.process_time() - start_busy
        iterations += count
        worst = max(worst, float(np.linalg.norm(b - A @ u) / np.linalg.norm(b)))
    return seconds, busy, iterations, worst


def solvers() -> dict[str, Callable[[], Solve | None]]:
    """A fresh solver of each kind."""

    def tuner(policy: Any = None, **arguments: Any) -> Callable[[], Solve]:
        return lambda: tuned(RelaxationTuner(policy, method="ssor_cg", tol=TOL, **arguments))

    return {
        "SSOR-CG, omega = 1": tuner(FixedAction(value=1.0)),
        "SSOR-CG, omega = 1.5": tuner(FixedAction(value=1.5)),
        "SSOR-CG, tuned (Tsallis-INF)": tuner(TsallisINF(scale="running_mean")),
        "SSOR-CG, tuned (ChebCB)": tuner(ChebCB(), contexts=CONTEXTS),
        "SSOR-CG, tuned on seconds (ChebCB)": tuner(ChebCB(), contexts=CONTEXTS, cost="seconds"),
        "SSOR-CG, omega = 1.5, any sparse matrix": tuner(FixedAction(value=1.5), structure="general"),
        "SSOR-CG, tuned (ChebCB), any sparse matrix": tuner(ChebCB(), contexts=CONTEXTS, structure="general"),
        "scipy cg": lambda: conjugate_gradients,
        "scipy splu in every step": lambda: direct,
        "pyamg + cg, set up in every step": multigrid,
    }


def main() -> None:
    """Print a table for each grid."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--n", type=int, nargs="+", default=[25, 50, 100], help="intervals to a side")
    parser.add_argument("--steps", type=int, default=500, help="time steps")
    parser.add_argument("--only", nargs="+", default=[""], metavar="TEXT", help="solvers whose name has one of these")
    arguments = parser.parse_args()
    chosen = {name: make for name, make in solvers().items() if any(text in name for text in arguments.only)}
    for make in chosen.values():  # compile everything before the clock starts
        if solve := make():
            simulate(6, 3, solve)
    for n in arguments.n:
        print(f"\n{(n - 1) ** 2} unknowns, {arguments.steps} steps")
        print(f"{'':44}{'seconds':>9}{'cpu':>9}{'iterations':>12}{'residual':>11}")
        for name, make in chosen.items():
            if solve := make():
                seconds, busy, iterations, worst = simulate(n, arguments.steps, solve)
                print(f"{name:44}{seconds:9.3f}{busy:9.3f}{iterations or '-':>12}{worst:11.1e}", flush=True)
            else:
                print(f"{name:44}{'not installed':>20}")


if __name__ == "__main__":
    main()
