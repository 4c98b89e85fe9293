"""The heat equation stepped for real: each solve starts from the state that the last one left.

The systems are those of ``heat``, but along the simulation's own path instead of the exact one. Nothing is tabulated,
so that fine grids fit into memory, and a round takes the time of its solve.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from bandits.arguments import affordable, check_action, integer, one_of, positive, shown
from bandits.contract import Array
from bandits.registry import Component
from environments.contract import Environment, Regret
from environments.record import Record
from environments.sor.grids import points_of
from environments.sor.heat import bump, diffusivity, heat_problem, step_system
from environments.sor.regions import LARGEST_SIDE
from environments.sor.settle import settle
from environments.sor.solve import check_tolerance, laplacian_product
from environments.sor.ssor_stencil import solve_ssor_stencil


class Scheme(NamedTuple):
    """A simulation without its parameters of relaxation; see ``HeatSimulation``."""

    n_x: int
    amplitude: float
    dt: float
    tolerance: float
    max_iter: int

    def step(self, k: int, u: Array, omega: float) -> tuple[Array, int]:
        """The state after step ``k`` and the iterations, at least 1; ``omega`` 0 is plain conjugate gradients."""
        shift, residual, norm = step_system(self.n_x, self.amplitude, self.dt, k, u)
        if norm == 0.0:
            return np.zeros_like(u), 1
        m, diagonal, still = self.n_x - 1, 4.0 + shift, np.zeros_like(u)

        def run(r: Array, target: float, most: int, x: Array) -> tuple[int, int]:
            return solve_ssor_stencil(m, diagonal, omega, r, target, most, x, True)

        def product(x: Array) -> Array:
            return laplacian_product(m, diagonal, x)

        solved = settle(run, product, residual, still, self.tolerance * norm, self.max_iter, relative=False)
        return u + solved.x, max(solved.iterations, 1)


@functools.lru_cache(maxsize=64)
def _fixed(scheme: Scheme, steps: int, omega: float) -> NDArray[np.int64]:
    """Cumulative iterations [steps] of a simulation with one parameter throughout."""
    u, counts = bump(scheme.n_x, 0.5, 0.5, 0.25), np.empty(steps, dtype=np.int64)
    for k in range(steps):
        u, counts[k] = scheme.step(k, u, omega)
    return np.asarray(np.cumsum(counts))


class HeatSimulation(Environment[Array, Any, float, int]):
    """Minus the SSOR-CG iterations of each step of a simulation that goes on from its own iterates.

    What a step costs depends on the actions before it, so that no theorem about arms applies: ``instance`` says
    nothing. Comparators are simulations of their own, one for each parameter of the grid and one by plain conjugate
    gradients; they are run when they are first asked for, which takes as long as that many runs.

    Args:
        n_x: intervals to a side, >= 2; the systems have ``(n_x - 1)^2`` unknowns.
        amplitude: a of the diffusivity, > 0.
        dt: time step, > 0.
        context: "start" or "half": which time of the step the diffusivity that the learner sees is of.
        grid: as in ``SorSequence``.
        tolerance: bound on the residual norm relative to that of b, in (0, 1).
        max_iter: largest number of iterations of a solve, >= 2.
        horizon: number of steps, >= 1.

    Raises:
        ValueError: a parameter out of its domain.
    """

    def __init__(
        self,
        n_x: int = 100,
        amplitude: float = 0.1,
        dt: float = 1e-3,
        context: str = "start",
        grid: Component | Sequence[float] = "even",
        tolerance: float = 1e-8,
        max_iter: int = 10_000,
        horizon: int = 300,
    ) -> None:
        self.n_x, self.amplitude, self.dt = (
            integer("n_x", n_x, 2, most=LARGEST_SIDE),
            positive("amplitude", amplitude),
            positive("dt", dt),
        )
        self.context, self.grid = one_of("context", context, ("start", "half")), grid
        self.tolerance, self.max_iter = check_tolerance(tolerance, "tolerance"), integer("max_iter", max_iter, 2)
        self._grid, self.horizon = points_of(grid), integer("horizon", horizon)
        affordable("horizon", f"the record of {horizon} steps", 2 * self.horizon)
        self._scheme = Scheme(n_x, self.amplitude, self.dt, self.tolerance, self.max_iter)
        self.problem = heat_problem(self._grid, self.amplitude, self.dt, context, self.max_iter, horizon)
        self.action_space = spaces.Discrete(len(self._grid))
        self.observation_space = spaces.Box(*self.problem.contexts[0], shape=(1,), dtype=np.float64)

    def draw(self, rng: np.random.Generator) -> int:
        """Nothing is random."""
        return 0

    def begin(self, tape: int) -> None:
        self.clock, self._cost, self._state = 0, 0, bump(self.n_x, 0.5, 0.5, 0.25)
        self._record = Record(("reward",))

    def observe(self) -> Array:
        at = min(self.clock, self.horizon - 1) + (0.5 if self.context == "half" else 0.0)
        return diffusivity(np.array([at * self.dt]), self.amplitude)

    def transition(self, action: Any) -> tuple[float, float]:
        self.check_running()
        check_action("action", action, len(self._grid))
        self._state, count = self._scheme.step(self.clock, self._state, float(self._grid[action]))
        self.clock += 1
        self._cost += count
        self._record.step(self.clock, (-float(self._cost),))
        return -float(count), -float(count)

    def metrics(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        return self._record.at(times)

    def comparators(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """Minus cumulative iterations: ``best_fixed``, the grid's best for the steps so far, ``worst``, ``cg``."""
        runs = np.array([_fixed(self._scheme, self.horizon, float(w))[times - 1] for w in self._grid])
        plain = _fixed(self._scheme, self.horizon, 0.0)[times - 1]
        found = {"best_fixed": runs.min(axis=0), "worst": runs.max(axis=0), "cg": plain}
        return {name: -values.astype(np.float64) for name, values in found.items()}

    def limits(self, times: NDArray[np.int64]) -> Mapping[str, Array]:
        """A solve takes from 1 to ``max_iter`` iterations; the comparators are the same in every run."""
        curves, plays = self.comparators(times), -np.array([times, times * self.max_iter])
        return {regret.name: curves[regret.comparator] - plays for regret in self.regrets()}

    def regrets(self) -> Sequence[Regret]:
        grid = "iterations beyond those of the best fixed parameter of the grid, on its own path"
        cg = "iterations beyond those of conjugate gradients, on their own path"
        return (
            Regret("grid", "reward", "best_fixed", "fixed path", grid, "iterations"),
            Regret("cg", "reward", "cg", "cg", cg, "iterations"),
        )

    def clairvoyant(self, comparator: str) -> int:
        if comparator != "best_fixed":
            raise ValueError(f"comparator must be best_fixed, got {shown(comparator)}")
        return int(np.argmin([_fixed(self._scheme, self.horizon, float(w))[-1] for w in self._grid]))
