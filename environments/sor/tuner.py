"""A solver that tunes its own relaxation parameter, for a program that solves one linear system after another.

    tuner = RelaxationTuner(method="ssor_cg", contexts=(0.0, 10.0))
    for step in steps:
        u = tuner.solve(A, b, x0=u, context=diffusivity).x

Each ``solve`` asks the policy for a parameter of the grid and solves; the policy observes what that cost. Nothing else
is learned from the matrix. A tuner pickles at any time, with all that it has learned.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bandits.arguments import check_seed, integer, is_list, one_of, reals, shown
from bandits.arms.problem import BanditProblem
from bandits.contract import Array, Policy, check_plays
from bandits.registry import POLICIES, Component
from bandits.seeds import stream
from bandits.sor.problem import SolverProblem
from environments.sor.assembly import assemble, grid_coupling
from environments.sor.grids import points_of
from environments.sor.kernels import CONVERGED, DIVERGED, Split, solve_csr
from environments.sor.settle import Run, Settled, in_units, settle
from environments.sor.solve import check_tolerance, times, vector
from environments.sor.ssor import solve_ssor
from environments.sor.ssor_stencil import solve_ssor_stencil
from environments.sor.stencil import solve_stencil


@dataclass(frozen=True)
class Tuned:
    """One solve.

    Attributes:
        x: [n] the last iterate.
        omega: the parameter that the policy chose.
        iterations: number of iterations; ``max_iter`` when the tolerance was not met.
        converged: whether it was met by ``b - A x``, formed anew from ``x``.
        seconds: wall-clock time of the solve, without checks of the input and without the policy.
        residual: ``||b - A x|| / ||b||`` (Euclidean), 0 where ``b`` is zero, infinite where the iteration diverged.
    """

    x: Array
    omega: float
    iterations: int
    converged: bool
    seconds: float
    residual: float


class RelaxationTuner:
    """Solves symmetric positive-definite systems and learns the relaxation parameter from what solves cost.

    Args:
        policy: a policy for arms or contexts under bandit feedback: by its name, as ``{"name": ..., "parameters":
            {...}}``, or an object, of which a copy learns. Default: "cheb_cb" where ``contexts`` are declared, else
            "tsallis_inf" with ``scale="running_mean"``.
        method: "sor", or "ssor_cg", conjugate gradients preconditioned by SSOR.
        grid: as in ``SorSequence``: parameters in (0, 2), ascending. Default: 20 from 1 to 1.95.
        contexts: interval (low, high) of a number that is given with each system, such as a diffusivity, a time step or
            a shift. Default: no context.
        tol: bound on the true residual norm relative to that of b, in (0, 1).
        max_iter: largest number of iterations of a solve, >= 2.
        cost: what the policy observes: "iterations", or "seconds" of wall-clock time, in units of the seconds per
            iteration of the first solve that took any.
        structure: "auto" uses a faster kernel where the matrix is a multiple of a shifted 5-point Laplacian on a square
            grid (row by row); "general" never does.
        horizon: number of solves, if known: for policies that need it.
        seed: of the policy's random choices.

    Attributes:
        history: (omega, iterations) of each solve so far.
        unfinished: number of solves that did not meet the tolerance.

    Raises:
        ValueError: a parameter out of its domain, or a policy that cannot play here.

    Example:
        >>> import numpy as np
        >>> import scipy.sparse as sp
        >>> from environments.sor.tuner import RelaxationTuner
        >>> A = sp.diags([-1.0, 2.1, -1.0], [-1, 0, 1], shape=(100, 100), format="csr")
        >>> tuner = RelaxationTuner(method="sor")
        >>> done = tuner.solve(A, np.ones(100))
        >>> done.converged, bool(np.linalg.norm(A @ done.x - 1.0) < 1e-7)
        (True, True)
    """

    def __init__(
        self,
        policy: Component | None = None,
        *,
        method: str = "sor",
        grid: Component | Sequence[float] = "even",
        contexts: tuple[float, float] | None = None,
        tol: float = 1e-8,
        max_iter: int = 10_000,
        cost: str = "iterations",
        structure: str = "auto",
        horizon: int | None = None,
        seed: int = 0,
    ) -> None:
        self.method, self.cost = one_of("method", method, ("sor", "ssor_cg")), cost
        one_of("cost", cost, ("iterations", "seconds"))
        self.structure = one_of("structure", structure, ("auto", "general"))
        self.tol, self.max_iter = check_tolerance(tol), integer("max_iter", max_iter, 2)
        self.grid, self.contexts = points_of(grid), contexts
        if contexts is not None:
            low, high = reals("contexts", contexts) if is_list(contexts) and len(contexts) == 2 else (0.0, 0.0)
            if not low < high:
                raise ValueError(f"contexts must be two numbers, low < high, got {shown(contexts)}")
        known: dict[str, Any] = {
            "n_actions": len(self.grid),
            "horizon": None if horizon is None else integer("horizon", horizon),
            "low": -float(max_iter) if cost == "iterations" else -math.inf,
            "high": -1.0 if cost == "iterations" else 0.0,
            "actions": tuple(self.grid.tolist()),
        }
        problem = BanditProblem(**known) if contexts is None else SolverProblem(**known, contexts=(contexts,))
        if policy is None:
            running = {"name": "tsallis_inf", "parameters": {"scale": "running_mean"}}
            policy = running if contexts is None else "cheb_cb"
        self.policy: Policy[Any, Any, int, float] = POLICIES.build(policy, "policy", Policy, type(problem))
        check_plays(self.policy, problem, "the tuner's problem", "policy")
        self.policy.reset(problem, stream(check_seed("seed", seed), of="RelaxationTuner"))
        self.history: list[tuple[float, int]] = []
        self.unfinished = 0
        self._unit: float | None = None

    def solve(self, A: Any, b: Any, *, x0: Any = None, context: float | None = None) -> Tuned:
        """Solve ``A x = b`` with a parameter of the policy's choice, and let it learn.

        Args:
            A: [n, n] real symmetric positive-definite matrix, sparse (CSR is fastest) or dense. One in single precision
                may be symmetric within the rounding of that.
            b: [n] right-hand side; 0 is solved by x = 0 at once.
            x0: [n] start; zero by default.
            context: what is known of the system beforehand, in the interval that was declared.

        Raises:
            ValueError: an argument of the wrong shape, not real, not finite, not symmetric, or a context that is
                missing, outside its interval, or not declared. Nothing is learned then.

        Warns:
            UserWarning: the first time that a solve does not meet the tolerance.
        """
        if (context is None) != (self.contexts is None):
            raise ValueError(f"context must be given where contexts are declared and only there, got {context!r}")
        parts = assemble(A)
        side = vector(b, parts.diagonal.size)
        start = np.zeros_like(side) if x0 is None else vector(x0, side.size, "x0")
        observation = None if context is None else np.array([context], dtype=np.float64)
        action = self.policy.choose(observation)
        omega = float(self.grid[action])
        started = time.perf_counter()
        solved = self._solved(parts, omega, side, start)
        seconds = time.perf_counter() - started
        self.policy.update(observation, action, -self._cost_of(solved.iterations, seconds))
        self.history.append((omega, solved.iterations))
        if solved.status != CONVERGED:
            self.unfinished += 1
            if self.unfinished == 1:
                self._warn(omega, solved)
        return Tuned(solved.x, omega, solved.iterations, solved.status == CONVERGED, seconds, solved.residual)

    def _solved(self, parts: Split, omega: float, b: Array, x: Array) -> Settled:
        m, g = grid_coupling(parts) if self.structure == "auto" else (0, 0.0)
        parts, exponent = in_units(parts)
        conjugate = self.method == "ssor_cg"
        g = math.ldexp(g, -exponent)
        d = float(parts.diagonal[0]) / g if m else 0.0

        def on_grid(r: Array, target: float, most: int, y: Array) -> tuple[int, int]:
            if conjugate:
                return solve_ssor_stencil(m, d, omega, r / g, target / g, most, y, True)
            return solve_stencil(m, d, omega, r / g, target / g, most, y)

        def on_any(r: Array, target: float, most: int, y: Array) -> tuple[int, int]:
            if conjugate:
                return solve_ssor(parts, omega, r, target, most, y, True)
            return solve_csr(parts, omega, r, target, most, y)

        run: Run = on_grid if m else on_any
        return settle(run, lambda y: times(parts, y), b, x, self.tol, self.max_iter, exponent=exponent)

    def _warn(self, omega: float, solved: Settled) -> None:
        how = f"in {self.max_iter} iterations"
        if solved.status == DIVERGED:
            how = "and was stopped: the iteration grows without bound, or A is not positive definite"
        warnings.warn(
            f"a solve with omega = {omega:g} did not reach the tolerance {self.tol:g} {how}; its relative residual is "
            f"{solved.residual:.2g}; later ones are counted in the attribute unfinished",
            stacklevel=3,
        )

    def _cost_of(self, iterations: int, seconds: float) -> float:
        if self.cost == "iterations":
            return float(max(iterations, 1))
        if self._unit is None:
            if iterations == 0:
                return 1.0
            self._unit = seconds / iterations
        return seconds / self._unit
